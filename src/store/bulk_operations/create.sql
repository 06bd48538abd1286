-- Begins a bulk operation, held by who made it.
--
-- $1 action    $2 filter    $3 options    $4 dry run    $5 reason    $6 holder    $7 held for so many milliseconds
-- $8 operation    $9 idempotency key or null    $10 SHA-256 of the request's body    $11 who asks
--
-- Answers the operation; no row if the idempotency key is known, see find_idempotency.sql.
--
-- Safe under concurrency: its id is drawn here, from the sequence of job ids, so jobs that were stored before have
-- smaller ones. Keys meet at idempotency_key_is_used_once, where the second writer waits for the first.
with drawn as materialized (
    select presque_internal.new_job_id(0, presque_internal.next_seq()) as id
),
keyed as (
    insert into presque_internal.idempotency as known (operation, key, body_hash, job_ids, duplicates)
    select $8, $9, $10, array[id], array[false]
    from drawn
    where $9::text is not null
    on conflict (operation, key) do update
    set
        created_at = now(), body_hash = excluded.body_hash, job_ids = excluded.job_ids,
        duplicates = excluded.duplicates, claim_id = null
    where known.created_at < now() - interval '24 hours'
    returning key
),
created as (
    insert into presque_internal.bulk_operation
        (id, action, filter, options, dry_run, reason, created_by, holder, held_until)
    select
        id, $1, $2::jsonb, $3::jsonb, $4, $5, $11::text::json ->> 'actor', $6,
        now() + $7 * interval '1 millisecond'
    from drawn
    where $9::text is null or exists (select from keyed)
    returning
        id, action, state, filter::text as filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason,
        last_error, created_by, created_at, finished_at, options::text as options, counted, cursor_queue_id, cursor,
        fresh_from, chunk
),
-- A preview changes nothing. Of payloads, the log holds nothing.
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'bulk.created', 'bulk', created.id::text,
        jsonb_build_object(
            'action', created.action, 'filter', presque_internal.shown_filter(created.filter::jsonb),
            'options', created.options::jsonb)
        || case when created.reason is null then '{}' else jsonb_build_object('reason', created.reason) end,
        by.*
    from created
    cross join json_to_record($11::text::json) as by (actor text, request_id text, ip inet)
    where not created.dry_run
)
select
    id, action, state, filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason, last_error,
    created_by, created_at, finished_at, options, counted, cursor_queue_id, cursor, fresh_from, chunk
from created

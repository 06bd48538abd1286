-- Ends a bulk operation that is running.
--
-- $1 id    $2 who asks
--
-- Answers the operation as it is now, and whether this ended it; no row if there is none. Who works on it hears of it
-- when the jobs in hand are done. Safe under concurrency: a writer that waits for another sees the state that one
-- left, and the row is locked first, so what is answered is what is there; jobs that are in
-- hand may still be counted. Served by the primary key.
with known as materialized (
    select
        id, action, state, filter::text as filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason,
        last_error, created_by, created_at, finished_at, options::text as options, counted, cursor_queue_id, cursor,
        fresh_from, chunk
    from presque_internal.bulk_operation
    where id = $1
    for update
),
ended as (
    update presque_internal.bulk_operation
    set state = 'cancelled', finished_at = now()
    from known
    where bulk_operation.id = known.id and known.state = 'running'
    returning bulk_operation.id, bulk_operation.state, bulk_operation.finished_at
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select 'bulk.cancelled', 'bulk', known.id::text, jsonb_build_object('processed', known.processed), by.*
    from ended
    join known on known.id = ended.id
    cross join json_to_record($2::text::json) as by (actor text, request_id text, ip inet)
    where not known.dry_run
)
select
    known.id, action, coalesce(ended.state, known.state) as state, filter, dry_run, matched, processed, skipped, failed,
    sample_job_ids, reason, last_error, created_by, created_at, coalesce(ended.finished_at, known.finished_at) as finished_at,
    options, counted, cursor_queue_id, cursor, fresh_from, chunk, ended.id is not null as ended
from known
left join ended on ended.id = known.id

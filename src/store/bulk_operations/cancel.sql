-- Ends a bulk operation that is running.
--
-- $1 id    $2 who asks
--
-- Answers the operation as it is now, and whether this ended it; no row if there is none. Who works on it hears of it
-- when the jobs in hand are done. Safe under concurrency: a writer that waits for another sees the state that one
-- left, and the row is locked first, so what is answered is what is there. Served by the primary key.
with known as materialized (
    select id, state, finished_at
    from presque_internal.bulk_operation
    where id = $1
    for update
),
ended as (
    update presque_internal.bulk_operation
    set state = 'cancelled', finished_at = now()
    from known
    where bulk_operation.id = known.id and known.state = 'running'
    returning
        bulk_operation.id, bulk_operation.state, bulk_operation.finished_at, bulk_operation.processed,
        bulk_operation.dry_run
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select 'bulk.cancelled', 'bulk', ended.id::text, jsonb_build_object('processed', ended.processed), by.*
    from ended
    cross join json_to_record($2::text::json) as by (actor text, request_id text, ip inet)
    where not ended.dry_run
)
select
    operation.id, action, coalesce(ended.state, known.state) as state, filter::text as filter,
    operation.dry_run, matched, operation.processed, skipped, failed, sample_job_ids, reason, last_error, created_by, created_at,
    coalesce(ended.finished_at, known.finished_at) as finished_at, options, counted, cursor_queue_id, cursor,
    fresh_from, chunk, ended.id is not null as ended
from known
join presque_internal.bulk_operation as operation on operation.id = known.id
left join ended on ended.id = known.id

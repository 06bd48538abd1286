-- Stores how far a bulk operation is.
--
-- $1 id    $2 holder    $3 held for so many milliseconds more; 0 lets go of it
-- $4 matched    $5 samples    $6 whether all are counted    $7 queue id and    $8 id up to which it has come
-- $9 the smallest id of fresh jobs, or null    $10 jobs to go on with
-- $11 processed, $12 skipped and $13 failed since it was last stored    $14 an error, or null
-- $15 the state it is to have
--
-- Answers the operation as it is now; no row if another server has taken it up. One that was cancelled meanwhile
-- stays so, and keeps what was done. Safe under concurrency: the holder is the fence. Served by the primary key.
with saved as (
    update presque_internal.bulk_operation
    set
        held_until = now() + $3 * interval '1 millisecond',
        matched = $4, sample_job_ids = $5, counted = $6, cursor_queue_id = $7, cursor = $8, fresh_from = $9, chunk = $10,
        processed = processed + $11, skipped = skipped + $12, failed = failed + $13,
        last_error = coalesce($14, last_error),
        finished_at = case when state <> 'running' then finished_at when $15 <> 'running' then now() end,
        state = case when state <> 'running' then state else $15 end
    where id = $1 and holder = $2
    returning
        id, action, state, filter::text as filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason,
        last_error, created_by, created_at, finished_at, options::text as options, counted, cursor_queue_id, cursor,
        fresh_from, chunk
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail)
    select
        'bulk.' || saved.state, 'bulk', saved.id::text,
        jsonb_strip_nulls(jsonb_build_object(
            'processed', saved.processed, 'skipped', saved.skipped, 'failed', saved.failed,
            'last_error', saved.last_error))
    from saved
    -- Ended here.
    where saved.finished_at = now() and saved.state in ('completed', 'failed') and not saved.dry_run
)
select
    id, action, state, filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason, last_error,
    created_by, created_at, finished_at, options, counted, cursor_queue_id, cursor, fresh_from, chunk
from saved

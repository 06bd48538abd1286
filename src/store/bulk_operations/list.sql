-- Bulk operations, the newest first.
--
-- $1 this id only, or null    $2 ids below this one, or null    $3 how many
--
-- Ids ascend with time and end the order. Reads one snapshot and locks nothing. Served by the primary key.
select
    id, action, state, filter::text as filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason,
    last_error, created_by, created_at, finished_at, options::text as options, counted, cursor_queue_id, cursor, fresh_from, chunk
from presque_internal.bulk_operation
where ($1::uuid is null or id = $1) and ($2::uuid is null or id < $2)
order by id desc
limit $3

-- Takes up the bulk operation that nobody has worked on for longest.
--
-- $1 holder    $2 for so many milliseconds
--
-- Answers the operation; no row if there is none to work on. Safe under concurrency: its row is locked, passed over
-- where another server has it, and held from then on; what the holder before stores is refused. Served by
-- bulk_operation_to_do.
update presque_internal.bulk_operation
set holder = $1, held_until = now() + $2 * interval '1 millisecond'
where id = (
    select id
    from presque_internal.bulk_operation
    where state = 'running' and held_until <= now()
    order by held_until
    limit 1
    for update skip locked
)
returning
    id, action, state, filter::text as filter, dry_run, matched, processed, skipped, failed, sample_job_ids, reason,
    last_error, created_by, created_at, finished_at, options::text as options, counted, cursor_queue_id, cursor, fresh_from, chunk

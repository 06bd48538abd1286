-- A queue in service, with its counts.
--
-- $1 name
--
-- `available` counts what a fetch could take now, due delayed jobs among it. Folded sums
-- and deltas not folded yet are read in one snapshot, so every committed change is
-- counted once; nothing is counted row by row but what became due in the last second and was not promoted.
--
-- Served by queue_in_service, tally_not_folded and scheduled_in_order.
select
    queue.name,
    queue.policy,
    queue.paused_at is not null as paused,
    (
        counts.ready
        + (
            select count(*)
            from presque_internal.scheduled
            where scheduled.queue_id = queue.queue_id and scheduled.run_after <= now()
        )
    )::bigint as available,
    counts.started,
    counts.failed
from presque_internal.queue
join presque_internal.queue_count_now as counts on counts.queue_id = queue.queue_id
where queue.name = $1 and queue.deleted_at is null

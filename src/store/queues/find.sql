-- A queue in service, with its counts.
--
-- $1 name
--
-- `available` counts what a fetch could take now, due delayed jobs among it. Folded sums
-- and deltas not folded yet are read in one snapshot, so every committed change is
-- counted once; nothing is counted row by row but delayed jobs that are due.
--
-- Served by queue_in_service, tally_of_queue and scheduled_in_order.
select
    queue.name,
    queue.policy,
    queue.paused_at is not null as paused,
    (
        coalesce(folded.ready, 0) + recent.ready
        + (
            select count(*)
            from presque_internal.scheduled
            where
                scheduled.queue_id = queue.queue_id
                and scheduled.lane = 0
                and scheduled.run_after <= now()
        )
    )::bigint as available,
    (coalesce(folded.started, 0) + recent.started)::bigint as started,
    (coalesce(folded.failed, 0) + recent.failed)::bigint as failed
from presque_internal.queue
left join presque_internal.queue_count as folded on folded.queue_id = queue.queue_id
cross join lateral (
    select
        coalesce(sum(ready), 0) as ready,
        coalesce(sum(started), 0) as started,
        coalesce(sum(failed), 0) as failed
    from presque_internal.tally
    where tally.queue_id = queue.queue_id
) as recent
where queue.name = $1 and queue.deleted_at is null

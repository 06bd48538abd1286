-- The ids of the workers registered on a queue, sorted byte by byte, and its counters.
--
-- $1 queue name
--
-- Answers one row, zeros for a queue never seen: the workers stand beside the queue, which
-- they outlive. One snapshot. Served by worker_on_queue and queue_in_service.
select
    array(
        select worker_id
        from presque_internal.worker_queue
        where queue = $1
        order by worker_id collate "C"
    ) as workers,
    coalesce(counts.started, 0) as started,
    coalesce(counts.failed, 0) as failed
from (select) as always
left join presque_internal.queue on queue.name = $1 and queue.deleted_at is null
left join presque_internal.queue_count_now as counts on counts.queue_id = queue.queue_id

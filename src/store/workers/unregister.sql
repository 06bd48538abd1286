-- Takes a worker off a queue; off its last one, it is gone.
--
-- $1 worker id    $2 queue name
--
-- The worker's row is locked first, as in register.sql, so that two calls for one worker
-- follow each other. A statement that waited sees the queues as of its own start: at
-- worst a worker without a queue stays listed until it is unregistered again.
-- Served by the primary key of worker, worker_on_queue and worker_queue_of_worker.
with worker as materialized (
    select id
    from presque_internal.worker
    where id = $1
    for update
),
left_queue as (
    delete from presque_internal.worker_queue
    using worker
    where worker_queue.worker_id = worker.id and worker_queue.queue = $2
)
delete from presque_internal.worker
using worker as locked
where
    worker.id = locked.id
    and not exists (
        select
        from presque_internal.worker_queue as other
        where other.worker_id = $1 and other.queue <> $2
    )

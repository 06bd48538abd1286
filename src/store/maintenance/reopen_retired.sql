-- Lets the purge look again at retired ids that it was done with, and that hold jobs all the same; answers how
-- many.
--
-- A server's statement sees a queue in service for seconds after it was retired; somebody's own transaction, which
-- enqueues with SQL, may for hours, and its jobs are there when it commits.
--
-- Safe under concurrency: one update of rows that nothing else changes any more. A walk over all queues, once a
-- minute; served by ready_in_order, scheduled_in_order and pending_job.
with reopened as (
    update presque_internal.queue
    set purged_at = null
    where
        deleted_at is not null
        and purged_at is not null
        and (
            exists (select from presque_internal.ready as r where r.queue_id = queue.queue_id)
            or exists (select from presque_internal.scheduled as s where s.queue_id = queue.queue_id)
            or exists (select from presque_internal.pending as p where p.queue_id = queue.queue_id)
        )
    returning queue_id
)
select count(*) as reopened
from reopened

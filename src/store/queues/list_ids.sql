-- The ids of queues that are or that jobs are left of, from one on; or of those with these names. In order.
--
-- $1 names, or null    $2 this id and higher ones
--
-- Reads one snapshot and locks nothing. Served by the primary key and job_by_id.
select queue_id
from presque_internal.queue
where
    queue_id >= $2
    and ($1::text[] is null or name = any ($1))
    and (
        deleted_at is null
        or exists (select from presque_internal.job where job.queue_id = queue.queue_id)
    )
order by queue_id

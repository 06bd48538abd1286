-- The ids of the workers registered on a queue, sorted byte by byte.
--
-- $1 queue name
--
-- Served by worker_on_queue.
select worker_id
from presque_internal.worker_queue
where queue = $1
order by worker_id collate "C"

-- The names of all queues in service, sorted byte by byte.
--
-- Served by queue_in_service.
select name
from presque_internal.queue
where deleted_at is null
order by name collate "C"

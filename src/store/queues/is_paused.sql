-- Whether a queue in service is paused.
--
-- $1 name
--
-- Served by queue_in_service.
select paused_at is not null as paused
from presque_internal.queue
where name = $1 and deleted_at is null

-- The ids of all queues that there were and are, or of those with these names, in order.
--
-- $1 names, or null
--
-- Reads one snapshot and locks nothing. Served by the primary key.
select queue_id
from presque_internal.queue
where $1::text[] is null or name = any ($1)
order by queue_id

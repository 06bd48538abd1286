-- How many jobs wait in some queues, about: so that a list knows whether to gather them.
--
-- $1 queue names, or null for all
--
-- Reads one snapshot. Served by queue_in_service and tally_not_folded.
select coalesce(sum(counts.ready + counts.scheduled + counts.retryable), 0)::bigint
from presque_internal.queue
join presque_internal.queue_count_now as counts on counts.queue_id = queue.queue_id
where queue.deleted_at is null and ($1::text[] is null or queue.name = any ($1))

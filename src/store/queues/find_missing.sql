-- The first of some queues that is not in service.
--
-- $1 names
--
-- Safe under concurrency: a snapshot. Served by queue_in_service.
select name
from unnest($1::text[]) with ordinality as given (name, n)
where not exists (select from presque_internal.queue where queue.name = given.name and deleted_at is null)
order by n
limit 1

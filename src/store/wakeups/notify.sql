-- Tells every server that jobs came into these queues.
--
-- $1 queue names    $2 who says it: a server need not hear itself
--
-- In a transaction of its own, never in one that writes: a commit with NOTIFY takes a lock
-- of the whole database. A hint: whoever misses it finds the jobs by polling.
select pg_notify('presque_jobs', $2 || ' ' || name)
from unnest($1::text[]) as given (name)

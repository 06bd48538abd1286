-- Moves what waits for jobs that have ended: up to $1 of those, and $2 dependencies.
--
-- Answers the queues that jobs can be claimed from now, and how many of each; and in a row without a queue, how many ended
-- jobs were resolved, or as many as asked for if there is more to do. Safe under concurrency: see
-- routines/run_resolve.sql.
select queue, jobs
from presque_internal.run_resolve($1, $2)

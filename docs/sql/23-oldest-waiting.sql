-- The jobs that have waited longest.
select id, queue, kind, priority, attempt, now() - run_after as waits, error_message
from presque.jobs_live
where state = 'available'
order by run_after, id
limit 20

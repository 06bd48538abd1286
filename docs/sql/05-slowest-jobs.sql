-- The jobs whose last attempt ran longest.
--
-- What the list does not sort by is looked up for the twenty only.
select id, queue, kind, state, run_ms, wait_ms, worker_id, tags, finished_at
from (
    select id, queue, finished_at
    from presque.job_history
    where finished_at >= now() - interval '1 day'
    order by run_ms desc nulls last, id
    limit 20
) as slowest
join presque.job_history using (id, queue, finished_at)
order by run_ms desc nulls last, id

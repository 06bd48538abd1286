-- What waits in each queue, and since when.
--
-- Counts the jobs: of millions, presque.queue_counts tells the same at once.
select queue, count(*) as jobs, now() - min(run_after) as oldest
from presque.jobs_live
where state = 'available'
group by queue
order by jobs desc, queue

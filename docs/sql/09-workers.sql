-- What each worker did: attempts, failures, seconds that its jobs ran.
select
    worker_id, count(*) as attempts, count(*) filter (where outcome in ('failed', 'lost', 'timed_out')) as failed,
    round(sum(run_ms) / 1000.0) as busy_s
from presque.job_attempts
where finished_at >= now() - interval '1 day'
group by worker_id
order by attempts desc, worker_id

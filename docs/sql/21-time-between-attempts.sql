-- How long jobs that failed waited for their next attempt, in seconds.
select
    queue, attempt as failed_attempt, count(*) as retries,
    round(avg(date_part('epoch', next_started_at - finished_at))::numeric, 3) as mean_s,
    round(max(date_part('epoch', next_started_at - finished_at))::numeric, 3) as longest_s
from (
    select
        queue, attempt, error_class, finished_at,
        lead(started_at) over (partition by job_id order by attempt) as next_started_at
    from presque.job_attempts
    -- The first attempt of most jobs is the only one.
    where finished_at >= now() - interval '1 day' and (attempt > 1 or error_class is not null)
) as attempt
where error_class is not null and next_started_at is not null
group by queue, failed_attempt
order by queue, failed_attempt

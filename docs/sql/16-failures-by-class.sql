-- Failed attempts per day and class of error.
select
    date_trunc('day', finished_at, 'UTC') as day, error_class, count(*) as failed, count(distinct job_id) as jobs
from presque.job_attempts
where finished_at >= now() - interval '7 days' and error_class is not null
group by day, error_class
order by day, failed desc, error_class

-- What each tenant's jobs cost, at 0.04 an hour of a worker; jobs are tagged like tenant:7.
--
-- Leaves out jobs that were enqueued before twice that time: so only those days are looked at. The bound is a subquery,
-- which is computed once: the bare function would be called for each job.
select
    tag as tenant, count(*) as jobs, round(sum(run_ms) / 3600000.0, 3) as run_hours,
    round(0.04 * sum(run_ms) / 3600000.0, 4) as cost
from presque.job_history
join presque.job_tags using (id)
where
    tag like 'tenant:%' and finished_at >= now() - interval '30 days'
    and job_tags.id >= (select presque.uuid7_floor(now() - 2 * interval '30 days'))
group by tag
order by cost desc nulls last, tenant

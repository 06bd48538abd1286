-- Jobs and mean run time of each tenant, for whom jobs are tagged like tenant:7.
--
-- Leaves out jobs that were enqueued before twice that time: so only those days are looked at. The bound is a subquery,
-- which is computed once: the bare function would be called for each job.
select tag as tenant, count(*) as jobs, avg(run_ms)::integer as run_mean_ms
from presque.job_history
join presque.job_tags using (id)
where
    tag like 'tenant:%' and finished_at >= now() - interval '30 days'
    and job_tags.id >= (select presque.uuid7_floor(now() - 2 * interval '30 days'))
group by tag
order by jobs desc, tenant

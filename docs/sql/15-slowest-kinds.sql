-- Where the time goes: kinds of jobs by how long they ran in all.
select
    queue, kind, sum(completed + failed + released) as attempts, round(sum(run_ms_sum) / 3600000.0, 2) as run_hours,
    round(100.0 * sum(run_ms_sum) / sum(sum(run_ms_sum)) over (), 1) as share_pct,
    max(run_ms_max) as slowest_ms
from presque.queue_stats_day
where bucket >= now() - interval '30 days'
group by queue, kind
order by run_hours desc, queue, kind
limit 20

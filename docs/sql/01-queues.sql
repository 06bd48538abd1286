-- Each queue: how much was done, how much failed, how long jobs waited and ran.
--
-- From the sums by hour; for the last hour, presque.queue_stats_minute has the same columns.
select
    queue, sum(completed) as done, sum(failed) as failed,
    round(100.0 * sum(failed) / nullif(sum(completed + failed), 0), 2) as error_pct,
    round(presque.hist_quantile(presque.hist_sum(wait_hist), 0.95)) as wait_p95_ms,
    round(presque.hist_quantile(presque.hist_sum(run_hist), 0.95)) as run_p95_ms
from presque.queue_stats_hour
where bucket >= now() - interval '1 day'
group by queue
order by done desc, queue

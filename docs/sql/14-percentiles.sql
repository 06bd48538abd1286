-- Percentiles of waiting and running per queue, from histograms: 9 % off at most, over any time in milliseconds.
select
    queue, sum(completed) as done,
    round(presque.hist_quantile(presque.hist_sum(wait_hist), 0.5)) as wait_p50_ms,
    round(presque.hist_quantile(presque.hist_sum(wait_hist), 0.99)) as wait_p99_ms,
    round(presque.hist_quantile(presque.hist_sum(run_hist), 0.5)) as run_p50_ms,
    round(presque.hist_quantile(presque.hist_sum(run_hist), 0.99)) as run_p99_ms
from presque.queue_stats_day
where bucket >= now() - interval '30 days'
group by queue
order by queue

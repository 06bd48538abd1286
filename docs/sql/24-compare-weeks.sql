-- The last seven full days beside the seven before.
select
    queue,
    sum(completed) filter (where is_new) as done, sum(completed) filter (where not is_new) as done_before,
    round(100.0 * sum(failed) filter (where is_new) / nullif(sum(completed + failed) filter (where is_new), 0), 2) as error_pct,
    round(100.0 * sum(failed) filter (where not is_new) / nullif(sum(completed + failed) filter (where not is_new), 0), 2)
        as error_pct_before,
    round(presque.hist_quantile(presque.hist_sum(wait_hist) filter (where is_new), 0.95)) as wait_p95_ms,
    round(presque.hist_quantile(presque.hist_sum(wait_hist) filter (where not is_new), 0.95)) as wait_p95_ms_before
from presque.queue_stats_day
cross join lateral (select date_trunc('day', now(), 'UTC') as today) as clock
cross join lateral (select bucket >= today - interval '7 days' as is_new) as week
where bucket >= today - interval '14 days' and bucket < today
group by queue
order by queue

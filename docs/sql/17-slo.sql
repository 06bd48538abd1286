-- The share of attempts that began within about 60 seconds, from histograms: quick over any time.
--
-- Counts up to the end of the bucket that holds 60 seconds, 65.5 s.
select
    queue, sum(started) as attempts,
    round(
        100.0 * sum((select sum(n) from unnest(wait_hist[1:presque.hist_bucket(60000)]) as bucket (n)))
        / nullif(sum((select sum(n) from unnest(wait_hist) as bucket (n))), 0), 3) as within_pct
from presque.queue_stats_day
where bucket >= now() - interval '30 days'
group by queue
order by within_pct, queue

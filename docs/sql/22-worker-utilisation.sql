-- How busy workers were: the share of the time that one job of theirs ran. A worker with ten at once reaches 1000 %.
select
    worker_id, sum(completed) as done, sum(failed) as failed, round(sum(busy_ms) / 1000.0) as busy_s,
    round(100.0 * sum(busy_ms) / (extract(epoch from interval '1 day') * 1000), 2) as busy_pct
from presque.worker_stats_minute
where bucket >= now() - interval '1 day'
group by worker_id
order by busy_pct desc, worker_id

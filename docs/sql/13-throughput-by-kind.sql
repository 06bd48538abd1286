-- Jobs done and failed per day and kind.
select
    bucket as day, kind, sum(completed) as done, sum(failed) as failed, sum(lost) as lost,
    round(sum(run_ms_sum) / 3600000.0, 1) as run_hours
from presque.queue_stats_day
where bucket >= now() - interval '30 days'
group by day, kind
order by day, kind

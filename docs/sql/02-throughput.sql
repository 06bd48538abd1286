-- Jobs done and failed per hour and queue, for a chart with the hour as its time.
select bucket as hour, queue, sum(enqueued) as enqueued, sum(completed) as done, sum(failed) as failed
from presque.queue_stats_hour
where bucket >= now() - interval '1 day'
group by hour, queue
order by hour, queue

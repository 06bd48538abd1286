-- Do queues grow? What came in and what went out per day; above 0 more came in.
select
    bucket as day, queue, sum(enqueued) as came_in, sum(completed + discarded + cancelled) as went_out,
    sum(enqueued - completed - discarded - cancelled) as growth
from presque.queue_stats_day
where bucket >= now() - interval '7 days'
group by day, queue
order by day, queue

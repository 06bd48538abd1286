-- The deepest that queues were in each step of a range of time, by queue or all together.
--
-- $1 by what: queue or none    $2 this queue only, or null    $3 from    $4 to, not included
-- $5 the length of a step, in milliseconds
--
-- Of all together: what the queues held in the same minute, added up. Reads samples, and locks
-- nothing. Served by queue_depth_by_age.
select
    key, date_bin($5 * interval '1 millisecond', minute, timestamptz '2000-01-01 00:00:00+00') as at,
    max(available)::bigint as available, max(running)::bigint as running, max(latency_ms)::bigint as latency_ms
from (
    select
        case $1 when 'queue' then queue.name else '' end as key, depth.minute, sum(depth.available_max) as available,
        sum(depth.running_max) as running, max(depth.latency_ms_max) as latency_ms
    from presque_internal.queue_depth_minute as depth
    cross join lateral (
        select name
        from presque_internal.queue
        where queue_id = depth.queue_id
        limit 1
    ) as queue
    where depth.minute >= $3 and depth.minute < $4 and ($2::text is null or queue.name = $2)
    group by 1, 2
) as by_minute
group by 1, 2
order by 1, 2

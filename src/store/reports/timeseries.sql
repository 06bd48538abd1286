-- Sums for each step of a range of time, by queue or kind or all together.
--
-- $1 by what: queue, kind or none    $2 this queue only, or null    $3 this kind only, or null
-- $4 from what: minute, hour or day    $5 from    $6 to, not included
-- $7 the length of a step, in milliseconds    $8 which histogram: wait, run or none
--
-- Reads sums that are at most 5 seconds behind, and locks nothing. Served by the indexes of
-- queue_minute, queue_hour and queue_day by time.
with part as (
    select queue_id, kind, minute as at, enqueued, started, completed, failed, discarded, wait_hist, run_hist
    from presque_internal.queue_minute
    where $4 = 'minute' and minute >= $5 and minute < $6
    union all
    select queue_id, kind, hour, enqueued, started, completed, failed, discarded, wait_hist, run_hist
    from presque_internal.queue_hour
    where $4 = 'hour' and hour >= $5 and hour < $6
    union all
    select queue_id, kind, day, enqueued, started, completed, failed, discarded, wait_hist, run_hist
    from presque_internal.queue_day
    where $4 = 'day' and day >= $5 and day < $6
)
select
    case $1 when 'queue' then queue.name when 'kind' then part.kind else '' end as key,
    date_bin($7 * interval '1 millisecond', part.at, timestamptz '2000-01-01 00:00:00+00') as at,
    sum(part.enqueued)::bigint as enqueued, sum(part.started)::bigint as started,
    sum(part.completed)::bigint as completed, sum(part.failed)::bigint as failed,
    sum(part.discarded)::bigint as discarded,
    presque_internal.hist_sum(case $8 when 'wait' then part.wait_hist when 'run' then part.run_hist end) as hist
from part
cross join lateral (
    -- By its key, row by row: a join may read the sums once for each queue.
    select name
    from presque_internal.queue
    where queue_id = part.queue_id
    limit 1
) as queue
where ($2::text is null or queue.name = $2) and ($3::text is null or part.kind = $3)
group by 1, 2
order by 1, 2

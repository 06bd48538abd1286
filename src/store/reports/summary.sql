-- Sums of a range of time, by queue or kind or all together.
--
-- $1 by what: queue, kind or none    $2 this queue only, or null    $3 this kind only, or null
-- Minutes from $4 to before $5 and from $6 to before $7, hours from $5 to before $8 and from $9 to
-- before $6, days from $8 to before $9: each part of the range from the coarsest sums that fit.
--
-- Reads sums that are at most 5 seconds behind, and locks nothing. A queue that was purged counts
-- with its name. Served by the indexes of queue_minute, queue_hour and queue_day by time.
with part as (
    select
        queue_id, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled, wait_ms_sum,
        wait_ms_max, run_ms_sum, run_ms_max, wait_hist, run_hist
    from presque_internal.queue_minute
    where minute >= $4 and minute < $5
    union all
    select
        queue_id, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled, wait_ms_sum,
        wait_ms_max, run_ms_sum, run_ms_max, wait_hist, run_hist
    from presque_internal.queue_minute
    where minute >= $6 and minute < $7
    union all
    select
        queue_id, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled, wait_ms_sum,
        wait_ms_max, run_ms_sum, run_ms_max, wait_hist, run_hist
    from presque_internal.queue_hour
    where hour >= $5 and hour < $8
    union all
    select
        queue_id, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled, wait_ms_sum,
        wait_ms_max, run_ms_sum, run_ms_max, wait_hist, run_hist
    from presque_internal.queue_hour
    where hour >= $9 and hour < $6
    union all
    select
        queue_id, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled, wait_ms_sum,
        wait_ms_max, run_ms_sum, run_ms_max, wait_hist, run_hist
    from presque_internal.queue_day
    where day >= $8 and day < $9
)
select
    case $1 when 'queue' then queue.name when 'kind' then part.kind else '' end as key,
    sum(part.enqueued)::bigint as enqueued, sum(part.started)::bigint as started,
    sum(part.completed)::bigint as completed, sum(part.failed)::bigint as failed, sum(part.lost)::bigint as lost,
    sum(part.released)::bigint as released, sum(part.discarded)::bigint as discarded,
    sum(part.cancelled)::bigint as cancelled, sum(part.wait_ms_sum)::bigint as wait_ms_sum,
    max(part.wait_ms_max)::bigint as wait_ms_max, sum(part.run_ms_sum)::bigint as run_ms_sum,
    max(part.run_ms_max)::bigint as run_ms_max, presque_internal.hist_sum(part.wait_hist) as wait_hist,
    presque_internal.hist_sum(part.run_hist) as run_hist
from part
cross join lateral (
    -- By its key, row by row: a join may read the sums once for each queue.
    select name
    from presque_internal.queue
    where queue_id = part.queue_id
    limit 1
) as queue
where ($2::text is null or queue.name = $2) and ($3::text is null or part.kind = $3)
group by 1
order by 2 desc, 1

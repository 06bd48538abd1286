-- Sums of a range of time, by worker.
--
-- Minutes from $1 to before $2.
--
-- Reads sums that are at most 5 seconds behind, and locks nothing. Served by worker_queue_minute_by_age.
select
    worker as key, 0::bigint as enqueued, sum(started)::bigint as started, sum(completed)::bigint as completed,
    sum(failed)::bigint as failed, 0::bigint as lost, 0::bigint as released, 0::bigint as discarded,
    0::bigint as cancelled, 0::bigint as wait_ms_sum, 0::bigint as wait_ms_max, sum(busy_ms)::bigint as run_ms_sum,
    0::bigint as run_ms_max, null::bigint[] as wait_hist, null::bigint[] as run_hist
from presque_internal.worker_queue_minute
where minute >= $1 and minute < $2
group by worker
order by completed desc, worker

-- What monitoring is told of queues: those with the most jobs by name, the others together.
--
-- $1 how many by name
--
-- From counters, which are at most 5 seconds old, so that ten thousand queues cost ten thousand
-- small rows and nothing else; the age of the oldest job from samples, as looking for it may walk over
-- what an old snapshot keeps. Locks nothing. Served by the primary key of queue_count, pending_tally_of_queue and
-- queue_depth_once.
with counted as materialized (
    select
        queue.queue_id, queue.name, queue.paused_at is not null as paused, c.ready, c.scheduled, c.retryable, c.running,
        c.completed, c.discarded, c.cancelled, c.gone_completed, c.gone_discarded, c.gone_cancelled, c.enqueued,
        c.failed, c.lost, c.released, pending.jobs as pending, c.wait_ms_sum, c.run_ms_sum, c.wait_hist, c.run_hist,
        row_number() over (order by c.enqueued desc nulls last, queue.queue_id) as place
    from presque_internal.queue
    left join lateral (
        select *
        from presque_internal.queue_count
        where queue_count.queue_id = queue.queue_id
        limit 1
    ) as c on true
    cross join lateral (
        select coalesce(sum(jobs), 0) as jobs
        from presque_internal.pending_tally
        where pending_tally.queue_id = queue.queue_id
    ) as pending
    where queue.deleted_at is null
)
select
    case when place <= $1 then name else '_other' end as queue, bool_or(paused) as paused,
    coalesce(greatest(sum(pending), 0), 0)::bigint as pending,
    coalesce(greatest(sum(ready), 0), 0)::bigint as available,
    coalesce(greatest(sum(scheduled), 0), 0)::bigint as scheduled,
    coalesce(greatest(sum(retryable), 0), 0)::bigint as retryable,
    coalesce(greatest(sum(running), 0), 0)::bigint as running,
    coalesce(greatest(sum(completed - gone_completed), 0), 0)::bigint as completed_now,
    coalesce(greatest(sum(discarded - gone_discarded), 0), 0)::bigint as discarded_now,
    coalesce(greatest(sum(cancelled - gone_cancelled), 0), 0)::bigint as cancelled_now,
    coalesce(sum(enqueued), 0)::bigint as enqueued, coalesce(sum(completed), 0)::bigint as completed,
    coalesce(sum(failed), 0)::bigint as failed, coalesce(sum(lost), 0)::bigint as lost,
    coalesce(sum(released), 0)::bigint as released, coalesce(sum(wait_ms_sum), 0)::bigint as wait_ms_sum,
    coalesce(sum(run_ms_sum), 0)::bigint as run_ms_sum, presque_internal.hist_sum(wait_hist) as wait_hist,
    presque_internal.hist_sum(run_hist) as run_hist,
    coalesce(max(
        case
            when ready > 0 or scheduled > 0 or retryable > 0
            then (
                select depth.latency_ms_max / 1000.0
                from presque_internal.queue_depth_minute as depth
                where depth.queue_id = counted.queue_id and depth.minute > now() - interval '2 minutes'
                order by depth.minute desc
                limit 1
            )
        end
    ), 0)::double precision as latency_seconds
from counted
group by 1
order by 1

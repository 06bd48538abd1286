-- Queues in service with all that is known of them, sorted byte by byte.
--
-- $1 this name only, or null    $2 names that contain this, or null    $3 names after this
-- one, or null    $4 how many
--
-- Counts are folded sums and what is not folded yet, read once for all queues in one
-- snapshot. Served by queue_in_service, the primary key of queue_count, tally_not_folded,
-- queue_minute_once, pending_tally_of_queue, ready_in_order and scheduled_in_order.
with recent as materialized (
    select
        queue_id, sum(ready) as ready, sum(scheduled) as scheduled, sum(retryable) as retryable,
        sum(running) as running, sum(completed - gone_completed) as completed,
        sum(discarded - gone_discarded) as discarded, sum(cancelled - gone_cancelled) as cancelled,
        sum(enqueued) as enqueued, sum(completed) as completed_now, sum(failed) as failed
    from presque_internal.tally
    where xid >= (select presque_internal.tally_begin())
    group by queue_id
),
listed as materialized (
    select *
    from presque_internal.queue
    where
        deleted_at is null
        and ($1::text is null or name = $1)
        and ($2::text is null or strpos(name, $2) > 0)
        and ($3::text is null or name collate "C" > $3)
    order by name collate "C"
    limit $4
)
select
    listed.name, presque_internal.default_policy() || listed.policy as policy,
    listed.paused_at, listed.paused_by, listed.pause_reason, listed.resume_at, listed.version, listed.created_at,
    listed.updated_at,
    (
        select coalesce(sum(jobs), 0)
        from presque_internal.pending_tally
        where pending_tally.queue_id = listed.queue_id
    )::bigint as pending,
    (coalesce(folded.ready, 0) + coalesce(recent.ready, 0) + due.waiting)::bigint as available,
    (coalesce(folded.scheduled, 0) + coalesce(recent.scheduled, 0) - due.delayed)::bigint as scheduled,
    (coalesce(folded.retryable, 0) + coalesce(recent.retryable, 0) - due.failed)::bigint as retryable,
    (coalesce(folded.running, 0) + coalesce(recent.running, 0))::bigint as running,
    (coalesce(folded.completed - folded.gone_completed, 0) + coalesce(recent.completed, 0))::bigint as completed,
    (coalesce(folded.discarded - folded.gone_discarded, 0) + coalesce(recent.discarded, 0))::bigint as discarded,
    (coalesce(folded.cancelled - folded.gone_cancelled, 0) + coalesce(recent.cancelled, 0))::bigint as cancelled,
    oldest.at as oldest_available_at,
    coalesce((extract(epoch from now() - oldest.at) * 1000)::bigint, 0) as latency_ms,
    ((coalesce(rate.enqueued, 0) + coalesce(recent.enqueued, 0)) / rate.minutes)::double precision as enqueued_per_min,
    ((coalesce(rate.completed, 0) + coalesce(recent.completed_now, 0)) / rate.minutes)::double precision
        as completed_per_min,
    ((coalesce(rate.failed, 0) + coalesce(recent.failed, 0)) / rate.minutes)::double precision as failed_per_min,
    (
        select count(*)
        from presque_internal.worker
        where
            listed.name = any (worker.queues)
            and worker.last_heartbeat_at > now() - 3 * worker.heartbeat_ms * interval '1 millisecond'
    ) as workers
from listed
left join presque_internal.queue_count as folded on folded.queue_id = listed.queue_id
left join recent on recent.queue_id = listed.queue_id
cross join lateral (
    -- What became due and was not promoted yet: about a second's worth.
    select
        count(*) as waiting, count(*) filter (where not retryable) as delayed,
        count(*) filter (where retryable) as failed
    from presque_internal.scheduled
    where scheduled.queue_id = listed.queue_id and scheduled.run_after <= now()
) as due
cross join lateral (select presque_internal.oldest_available(listed.queue_id) as at) as oldest
cross join lateral (
    -- Of the minute before this one and of what there is of this one.
    select
        sum(enqueued) as enqueued, sum(completed) as completed, sum(failed) as failed,
        1 + extract(second from now()) / 60 as minutes
    from presque_internal.queue_minute
    where
        queue_minute.queue_id = listed.queue_id
        and queue_minute.minute >= date_trunc('minute', now()) - interval '1 minute'
) as rate
order by listed.name collate "C"

-- A queue in service with its counts and the payloads of its first claimable jobs, in the
-- order in which they would be fetched.
--
-- $1 name    $2 how many jobs    $3 how many bytes of payloads, at most
--
-- The counts are those of find.sql. Reads one snapshot and locks nothing: a fetch may take
-- any of these jobs meanwhile. What has no size on record counts as the largest payload.
-- Served by queue_in_service, tally_not_folded, scheduled_in_order, ready_in_order and
-- job_by_id; the lateral LIMIT leaves no plan that would read all jobs.
with target as materialized (
    select queue_id, name, policy, paused_at is not null as paused
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
waiting as materialized (
    (
        select lane, false as was_scheduled, null::timestamptz as due_at, seq, queue_id, job_id
        from presque_internal.ready
        where queue_id = (select queue_id from target)
        order by lane, seq
        limit $2
    )
    union all
    (
        select lane, true, run_after, seq, queue_id, job_id
        from presque_internal.scheduled
        where queue_id = (select queue_id from target) and run_after <= now()
        order by lane, run_after, seq
        limit $2
    )
),
sized as (
    select
        waiting.lane, waiting.was_scheduled, waiting.due_at, waiting.seq, waiting.queue_id, waiting.job_id,
        sum(job.bytes) over (order by waiting.lane, waiting.was_scheduled, waiting.due_at, waiting.seq) as bytes
    from waiting
    cross join lateral (
        select coalesce(payload_bytes, 4194304) as bytes
        from presque_internal.job
        where job.queue_id = waiting.queue_id and job.id = waiting.job_id
        limit 1
    ) as job
    order by waiting.lane, waiting.was_scheduled, waiting.due_at, waiting.seq
    limit $2
)
select
    target.name,
    target.policy,
    target.paused,
    (
        counts.ready
        + (
            select count(*)
            from presque_internal.scheduled
            where scheduled.queue_id = target.queue_id and scheduled.run_after <= now()
        )
    )::bigint as available,
    counts.started,
    counts.failed,
    array(
        select job.payload::text
        from sized
        cross join lateral (
            select payload
            from presque_internal.job
            where job.queue_id = sized.queue_id and job.id = sized.job_id
            limit 1
        ) as job
        where sized.bytes <= $3
        order by sized.lane, sized.was_scheduled, sized.due_at, sized.seq
    ) as payloads
from target
join presque_internal.queue_count_now as counts on counts.queue_id = target.queue_id

-- Cancels up to $1 jobs that have not started by the time they had, oldest first.
--
-- $1 how many    $2 since how many milliseconds at most, null for whenever; see leases/list_over.sql
--
-- Answers the ids of those whose time is over, and whether each was cancelled. One that runs
-- is left alone and looked at again a minute later, for it may come back; one that is final
-- is taken off the list. A claim cancels such a job instead of handing it out.
--
-- Safe under concurrency: `skip locked` gives each to one server. The row that is deleted
-- is the job's state, so of a claim and this one finds it.
--
-- Rows of `ready` are never updated, so `ctid` holds. `any (array[...])` where = would do: only
-- so is each row looked up by itself, see ARCHITECTURE.md.
--
-- Served by expiring_in_order, job_by_id, ready_in_order, ready_again, scheduled_of_job, pending_job and
-- dependency_once.
with due as materialized (
    select queue_id, job_id
    from presque_internal.expiring
    where expires_at <= now() and expires_at >= coalesce(now() - $2 * interval '1 millisecond', '-infinity')
    order by expires_at
    limit $1
    for update skip locked
),
target as materialized (
    select
        due.queue_id, due.job_id, job.dedup_key, job.kind, job.own_lane,
        presque_internal.job_id_seq(due.job_id) as own_seq
    from due
    cross join lateral (
        select dedup_key, kind, -2 * priority + 1 as own_lane
        from presque_internal.job
        where job.queue_id = due.queue_id and job.id = due.job_id
        limit 1
    ) as job
),
running as materialized (
    select target.queue_id, target.job_id
    from target
    cross join lateral (
        select
        from presque_internal.lease
        where lease.queue_id = target.queue_id and lease.job_id = target.job_id
        limit 1
    ) as lease
),
left_own_place as (
    delete from presque_internal.ready
    using target
    where
        ready.queue_id = any (array[target.queue_id]) and ready.lane = target.own_lane and ready.seq = target.own_seq
        and ready.job_id = target.job_id
    returning ready.job_id, ready.attempt, ready.failed_attempts, ready.eligible_at, 'ready' as place
),
left_ready as (
    delete from presque_internal.ready
    where ctid = any (array(
        select again.ctid
        from target
        cross join lateral (
            select ctid
            from presque_internal.ready
            where ready.queue_id = target.queue_id and ready.job_id = target.job_id and ready.lane % 2 = 0
            limit 1
        ) as again
    ))
    returning ready.job_id, ready.attempt, ready.failed_attempts, ready.eligible_at, 'ready'
),
left_scheduled as (
    delete from presque_internal.scheduled
    using target
    where scheduled.queue_id = any (array[target.queue_id]) and scheduled.job_id = target.job_id
    returning
        scheduled.job_id, scheduled.attempt, scheduled.failed_attempts, scheduled.run_after,
        case when retryable then 'retryable' else 'scheduled' end
),
left_pending as (
    delete from presque_internal.pending
    using target
    where pending.queue_id = any (array[target.queue_id]) and pending.job_id = target.job_id
    returning pending.job_id, 0, 0, null::timestamptz, 'pending'
),
gone as materialized (
    select target.*, place.attempt, place.failed_attempts, place.eligible_at, place.place
    from (
        select * from left_own_place
        union all
        select * from left_ready
        union all
        select * from left_scheduled
        union all
        select * from left_pending
    ) as place
    join target using (job_id)
),
ended as (
    insert into presque_internal.done (
        queue_id, job_id, state, kind, attempt, failed_attempts, eligible_at, cancel_reason)
    select queue_id, job_id, 'cancelled', kind, attempt, failed_attempts, eligible_at, 'expired'
    from gone
),
freed as (
    delete from presque_internal.dedup
    using gone
    where
        dedup.queue_id in (gone.queue_id, 0)
        and dedup.key = gone.dedup_key
        and dedup.job_id = gone.job_id
        and dedup.until in ('started', 'finished')
),
wait_for_nobody as (
    delete from presque_internal.dependency
    using gone
    where gone.place = 'pending' and dependency.queue_id = any (array[gone.queue_id]) and dependency.job_id = gone.job_id
),
looked_at_again as (
    update presque_internal.expiring
    set expires_at = now() + interval '1 minute'
    from running
    where expiring.queue_id = any (array[running.queue_id]) and expiring.job_id = running.job_id
),
off_the_list as (
    delete from presque_internal.expiring
    using due
    where
        expiring.queue_id = any (array[due.queue_id]) and expiring.job_id = due.job_id
        and not exists (select from running where running.job_id = due.job_id)
),
counted as (
    insert into presque_internal.tally (queue_id, kind, cancelled, ready, scheduled, retryable)
    select
        queue_id, kind, count(*), -count(*) filter (where place = 'ready'),
        -count(*) filter (where place = 'scheduled'), -count(*) filter (where place = 'retryable')
    from gone
    group by queue_id, kind
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select queue_id, -count(*)
    from gone
    where place = 'pending'
    group by queue_id
)
select due.job_id, exists (select from gone where gone.job_id = due.job_id) as cancelled
from due

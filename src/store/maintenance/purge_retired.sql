-- Cancels up to $1 jobs that wait under a retired queue id (reason `purged` or `queue_deleted`).
--
-- $1 how many rows of each table
--
-- Answers how many jobs it cancelled and how many unique keys it set free; 0 and 0 when
-- nothing is left to do. One queue at a time: of those that still hold something, the one
-- that was retired first.
--
-- Safe under concurrency: `skip locked` lets several servers work side by side; a row is
-- deleted, and so cancelled, by one of them. Ids are marked as purged only when they have
-- been out of service for a minute, longer than any statement that still saw them in
-- service may run, and nothing waits or runs under them; what comes later all the same is found by
-- reopen_retired.sql.
--
-- Served by queue_to_purge, ready_in_order, scheduled_in_order, pending_job, dependency_once,
-- dedup_key_is_held_once, job_by_id and lease_of_job.
with target as materialized (
    select queue_id, retired_as
    from presque_internal.queue
    where
        deleted_at is not null
        and purged_at is null
        and (
            exists (select from presque_internal.ready as r where r.queue_id = queue.queue_id)
            or exists (select from presque_internal.scheduled as s where s.queue_id = queue.queue_id)
            or exists (select from presque_internal.pending as p where p.queue_id = queue.queue_id)
            or exists (select from presque_internal.dedup as d where d.queue_id = queue.queue_id)
        )
    order by deleted_at, queue_id
    limit 1
),
waiting as materialized (
    select ctid
    from presque_internal.ready
    where queue_id = (select queue_id from target)
    limit $1
    for update skip locked
),
delayed as materialized (
    select ctid
    from presque_internal.scheduled
    where queue_id = (select queue_id from target)
    limit $1
    for update skip locked
),
gone_waiting as (
    delete from presque_internal.ready
    where ctid = any (array(select ctid from waiting))
    returning queue_id, job_id, kind, attempt, failed_attempts, eligible_at, false as retryable
),
gone_delayed as (
    delete from presque_internal.scheduled
    where ctid = any (array(select ctid from delayed))
    returning queue_id, job_id, kind, attempt, failed_attempts, run_after as eligible_at, retryable
),
pending as materialized (
    select ctid
    from presque_internal.pending
    where queue_id = (select queue_id from target)
    limit $1
    for update skip locked
),
gone_pending as (
    delete from presque_internal.pending
    where ctid = any (array(select ctid from pending))
    returning queue_id, job_id, kind
),
gone as (
    select *, 'ready' as place from gone_waiting
    union all
    select *, 'scheduled' from gone_delayed
    union all
    select queue_id, job_id, kind, 0, 0, null, false, 'pending' from gone_pending
),
wait_for_nobody as (
    delete from presque_internal.dependency
    using gone_pending as gone
    where dependency.queue_id = any (array[gone.queue_id]) and dependency.job_id = gone.job_id
),
cancelled as (
    insert into presque_internal.done
        (queue_id, job_id, state, kind, attempt, failed_attempts, eligible_at, cancel_reason)
    select queue_id, job_id, 'cancelled', kind, attempt, failed_attempts, eligible_at,
        (select retired_as from target)
    from gone
),
counted as (
    insert into presque_internal.tally (queue_id, kind, cancelled, ready, scheduled, retryable)
    select
        queue_id, kind, count(*),
        -count(*) filter (where place = 'ready'), -count(*) filter (where place = 'scheduled' and not retryable),
        -count(*) filter (where retryable)
    from gone
    group by queue_id, kind
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select queue_id, -count(*)
    from gone_pending
    group by queue_id
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id = (select queue_id from target)
        and key = any (array(
            select key
            from presque_internal.dedup
            where queue_id = (select queue_id from target)
            limit $1
        ))
    returning key
),
-- And keys that hold in all queues, of the jobs that are cancelled here.
freed_everywhere as (
    delete from presque_internal.dedup
    using (
        select gone.job_id, job.dedup_key
        from gone
        cross join lateral (
            select dedup_key
            from presque_internal.job
            where job.queue_id = gone.queue_id and job.id = gone.job_id and job.dedup_queue_id = 0
            limit 1
        ) as job
    ) as held
    where dedup.queue_id = 0 and dedup.key = any (array[held.dedup_key]) and dedup.job_id = held.job_id
        and dedup.until in ('started', 'finished')
),
finished as (
    update presque_internal.queue
    set purged_at = now()
    where
        deleted_at < now() - interval '1 minute'
        and purged_at is null
        and not exists (select from presque_internal.dedup as d where d.queue_id = queue.queue_id)
        and not exists (select from presque_internal.ready as r where r.queue_id = queue.queue_id)
        and not exists (select from presque_internal.scheduled as s where s.queue_id = queue.queue_id)
        and not exists (select from presque_internal.pending as p where p.queue_id = queue.queue_id)
        and not exists (select from presque_internal.lease as l where l.queue_id = queue.queue_id)
)
select (select count(*) from gone) as cancelled, (select count(*) from freed) as freed

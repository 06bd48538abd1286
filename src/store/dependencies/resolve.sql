-- Moves jobs whose dependencies have ended: to where they can be claimed, to those that wait for their time, or, if one
-- of them failed, to an end of their own. And notes for batches what became of their jobs.
--
-- $1 how many ended jobs    $2 how many edges
--
-- Answers the queues that jobs can be claimed from now, and how many of each; and in a row without a queue, how many
-- ended jobs were resolved, or as many as asked for if there is more to do.
--
-- Safe under concurrency: one at a time, by a transaction-level advisory lock, so that of two jobs that one waits for the
-- second sees that the first has ended. Of a cancel of the waiting job and this, one finds its row in `pending`. If there
-- are more edges than $2, the ends stay for the next time, and the edges that were looked at are gone.
--
-- Served by the primary key of ended_job, dependency_on_job, dependency_once, pending_job, batch_job_once, job_by_id and
-- dedup_key_is_held_once.
with resolver as materialized (
    select pg_try_advisory_xact_lock(hashtextextended('presque.resolve', 0)) as alone
),
ended as materialized (
    select n, queue_id, job_id, state
    from presque_internal.ended_job
    where (select alone from resolver)
    order by n
    limit $1
),
-- What is last said of a job is what it is.
latest as materialized (
    select distinct on (queue_id, job_id) queue_id, job_id, state
    from ended
    order by queue_id, job_id, n desc
),
edge as materialized (
    select latest.state, waiter.*
    from latest
    cross join lateral (
        select queue_id, job_id, on_job_id
        from presque_internal.dependency
        where dependency.on_queue_id = latest.queue_id and dependency.on_job_id = latest.job_id
        limit $2
    ) as waiter
    where latest.state <> 'reopened'
    limit $2
),
resolved as (
    delete from presque_internal.ended_job
    where n = any (array(select n from ended where (select count(*) from edge) < $2))
),
member as (
    update presque_internal.batch_job
    set state = nullif(latest.state, 'reopened')
    from latest
    where batch_job.queue_id = any (array[latest.queue_id]) and batch_job.job_id = latest.job_id
    returning batch_job.batch_id, batch_job.state
),
reopened as (
    update presque_internal.batch
    set state = 'running', finished_at = null
    where id = any (array(select batch_id from member where state is null)) and state <> 'running'
),
to_check as (
    insert into presque_internal.batch_check (batch_id)
    select distinct batch_id
    from member
    where state is not null
    on conflict (batch_id) do nothing
),
waiter as materialized (
    select
        its.queue_id, its.job_id, its.fails and pending.on_failure = 'cancel' as fails
    from (
        select queue_id, job_id, bool_or(state <> 'completed') as fails
        from edge
        group by queue_id, job_id
    ) as its
    cross join lateral (
        select on_failure
        from presque_internal.pending
        where pending.queue_id = its.queue_id and pending.job_id = its.job_id
        limit 1
    ) as pending
),
moving as materialized (
    select *
    from waiter
    where
        fails
        or not exists (
            select
            from presque_internal.dependency as other
            where
                other.queue_id = waiter.queue_id and other.job_id = waiter.job_id
                and not exists (
                    select from edge where edge.job_id = other.job_id and edge.on_job_id = other.on_job_id)
        )
),
cut as (
    delete from presque_internal.dependency
    using (
        select queue_id, job_id, on_job_id
        from edge
        union
        select other.queue_id, other.job_id, other.on_job_id
        from moving
        cross join lateral (
            select queue_id, job_id, on_job_id
            from presque_internal.dependency
            where dependency.queue_id = moving.queue_id and dependency.job_id = moving.job_id
            limit 100
        ) as other
        where moving.fails
    ) as gone
    where
        dependency.queue_id = any (array[gone.queue_id]) and dependency.job_id = gone.job_id
        and dependency.on_job_id = gone.on_job_id
),
left_pending as (
    delete from presque_internal.pending
    using moving
    where pending.queue_id = any (array[moving.queue_id]) and pending.job_id = moving.job_id
    returning pending.queue_id, pending.job_id, pending.kind, moving.fails
),
moved as materialized (
    select
        gone.*, job.priority, job.payload_bytes, job.dedup_key, greatest(job.run_after, now()) as run_after,
        job.run_after > now() as delayed, case when not gone.fails then presque_internal.next_seq() end as seq
    from left_pending as gone
    cross join lateral (
        select priority, payload_bytes, dedup_key, run_after
        from presque_internal.job
        where job.queue_id = gone.queue_id and job.id = gone.job_id
        limit 1
    ) as job
),
made_ready as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes, attempt, failed_attempts, releases)
    select queue_id, -2 * priority, seq, job_id, kind, run_after, payload_bytes, 0, 0, 0
    from moved
    where not fails and not delayed
),
made_scheduled as (
    insert into presque_internal.scheduled
        (queue_id, lane, run_after, seq, job_id, kind, payload_bytes, attempt, failed_attempts, releases, retryable)
    select queue_id, -2 * priority, run_after, seq, job_id, kind, payload_bytes, 0, 0, 0, false
    from moved
    where not fails and delayed
),
cancelled as (
    insert into presque_internal.done (queue_id, job_id, state, kind, attempt, failed_attempts, cancel_reason)
    select queue_id, job_id, 'cancelled', kind, 0, 0, 'dependency_failed'
    from moved
    where fails
),
freed as (
    delete from presque_internal.dedup
    using moved
    where
        moved.fails
        and dedup.queue_id in (moved.queue_id, 0)
        and dedup.key = moved.dedup_key
        and dedup.job_id = moved.job_id
        and dedup.until in ('started', 'finished')
),
counted as (
    insert into presque_internal.tally (queue_id, kind, cancelled, ready, scheduled)
    select
        queue_id, kind, count(*) filter (where fails), count(*) filter (where not fails and not delayed),
        count(*) filter (where not fails and delayed)
    from moved
    group by queue_id, kind
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select queue_id, -count(*)
    from moved
    group by queue_id
)
select queue.name as queue, count(*) as jobs
from moved
cross join lateral (
    select name
    from presque_internal.queue
    where queue.queue_id = moved.queue_id
    limit 1
) as queue
where not moved.fails and not moved.delayed
group by queue.name
union all
select null, case when (select count(*) from edge) < $2 then (select count(*) from ended) else $1 end

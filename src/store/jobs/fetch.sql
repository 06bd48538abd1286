-- Takes up to $2 jobs off a queue and finishes them: delivered at most once.
--
-- $1 queue name    $2 how many    $3 worker id or null
-- $4 how many bytes of payloads: fewer jobs than $2 if more would be larger, but one always
--
-- Answers a row for each job, in order; one row without a job if there is none or the
-- queue is paused; no row if no such queue is in service. Due delayed jobs go first, by
-- the time they became due, then the others, first in, first out.
--
-- Safe under concurrency: `for update skip locked` lets fetchers pass each other, so a
-- row is taken by exactly one of them, and the materialized CTEs keep LIMIT exact. The
-- locked rows are deleted by `ctid`, which holds because their tables update no row.
-- The key of a taken job is set free only if that job still holds it.
--
-- Served by scheduled_in_order, ready_in_order, job_by_id, dedup_key_is_held_once. The
-- lateral LIMIT and the arrays leave no other plan: a join could be planned on a table
-- that is still empty, and read all of it once it is not.
with target as materialized (
    select queue_id, paused_at is not null as paused
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
due as materialized (
    select ctid as place, queue_id, lane, run_after as eligible_at, seq, job_id, true as was_due
    from presque_internal.scheduled
    where
        queue_id = (select queue_id from target where not paused)
        and lane = 0
        and run_after <= now()
    order by run_after, seq
    limit $2
    for update skip locked
),
fresh as materialized (
    select ctid as place, queue_id, lane, eligible_at, seq, job_id, false as was_due
    from presque_internal.ready
    where queue_id = (select queue_id from target where not paused) and lane = 1
    order by seq
    limit $2 - (select count(*) from due)
    for update skip locked
),
sized as materialized (
    select
        locked.place, locked.was_due,
        sum(job.bytes) over in_order as bytes,
        row_number() over in_order as number
    from (select * from due union all select * from fresh) as locked
    cross join lateral (
        select coalesce(payload_bytes, 4194304) as bytes
        from presque_internal.job
        where job.queue_id = locked.queue_id and job.id = locked.job_id
        limit 1
    ) as job
    window in_order as (order by locked.lane, case when locked.was_due then locked.eligible_at end, locked.seq)
),
taken_due as (
    delete from presque_internal.scheduled
    where ctid = any (array(select place from sized where was_due and (bytes <= $4 or number = 1)))
    returning queue_id, lane, run_after as eligible_at, seq, job_id, kind, attempt, failed_attempts
),
taken_fresh as (
    delete from presque_internal.ready
    where ctid = any (array(select place from sized where not was_due and (bytes <= $4 or number = 1)))
    returning queue_id, lane, eligible_at, seq, job_id, kind, attempt, failed_attempts
),
taken as materialized (
    select
        t.queue_id, t.lane, t.eligible_at, t.seq, t.job_id, t.kind, t.attempt, t.failed_attempts,
        t.was_due, job.payload, job.dedup_key
    from (
        select *, true as was_due from taken_due
        union all
        select *, false from taken_fresh
    ) as t
    cross join lateral (
        select payload, dedup_key
        from presque_internal.job
        where job.queue_id = t.queue_id and job.id = t.job_id
        limit 1
    ) as job
),
finished as (
    insert into presque_internal.done
        (queue_id, job_id, state, outcome, kind, attempt, failed_attempts, worker, eligible_at, started_at)
    select queue_id, job_id, 'completed', 'delivered', kind, attempt + 1, failed_attempts, $3, eligible_at, now()
    from taken
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id = (select queue_id from target)
        and key = any (array(select dedup_key from taken where dedup_key is not null))
        and job_id = any (array(select job_id from taken))
        and until = 'started'
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, started, completed, ready, scheduled)
    select
        queue_id, kind, $3, (select registration from presque_internal.worker where id = $3),
        count(*), count(*), -count(*) filter (where not was_due), -count(*) filter (where was_due)
    from taken
    group by queue_id, kind
)
select target.paused, taken.job_id, taken.payload::text as payload
from target
left join taken on true
order by taken.lane, case when taken.was_due then taken.eligible_at end, taken.seq

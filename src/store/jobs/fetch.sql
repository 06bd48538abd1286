-- Takes up to $2 jobs off a queue and finishes them: delivered at most once. For one request,
-- or for several together.
--
-- $1 queue name    $2 how many    $3 worker ids, one for each of them; null for nobody
-- $4 how many bytes of payloads: fewer jobs than $2 if more would be larger, but one always
--
-- Answers a row for each job, in order; one row without a job if there is none, if the
-- queue is paused, or if it hands out leases to workers that name themselves (classic_ack),
-- which is claim.sql's to do; no row if no such queue is in service. Jobs that had expired
-- are cancelled instead of handed out, and counted in each row.
--
-- The order, and what makes it safe under concurrency, are those of leases/claim.sql.
-- The key of a taken job is set free only if that job still holds it.
--
-- Served by scheduled_in_order, ready_in_order, job_by_id, dedup_key_is_held_once. The
-- lateral LIMIT and the arrays leave no other plan: a join could be planned on a table
-- that is still empty, and read all of it once it is not.
with recursive target as materialized (
    select
        queue_id,
        paused_at is not null as paused,
        $3::text[] is not null and coalesce(policy ->> 'classic_ack', 'auto') = 'lease' as leases,
        -- As many of the next jobs as the answer has room for, so that none is locked that
        -- will not be taken; nobody looks where that many of the largest would fit.
        case
            when $2 * coalesce((policy ->> 'payload_max_bytes')::bigint, 262144) <= $4 then $2
            else (
                select greatest(1, count(*))
                from (
                    select sum(job.bytes) over (order by head.lane, head.seq) as total
                    from (
                        select lane, seq, job_id
                        from presque_internal.ready
                        where ready.queue_id = queue.queue_id
                        order by lane, seq
                        limit $2
                    ) as head
                    cross join lateral (
                        select coalesce(payload_bytes, 4194304) as bytes
                        from presque_internal.job
                        where job.queue_id = queue.queue_id and job.id = head.job_id
                        limit 1
                    ) as job
                ) as sizes
                where total <= $4
            )
        end as room
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
lane_of as (
    select queue_id, (-32768)::smallint as lane
    from target
    where not paused and not leases
    union all
    select
        lane_of.queue_id,
        least(
            (
                select lane
                from presque_internal.ready
                where ready.queue_id = lane_of.queue_id and ready.lane > lane_of.lane
                order by lane
                limit 1
            ),
            (
                select lane
                from presque_internal.scheduled
                where scheduled.queue_id = lane_of.queue_id and scheduled.lane > lane_of.lane
                order by lane
                limit 1
            )
        )
    from lane_of
    where lane_of.lane is not null
),
locked as materialized (
    select at.queue_id, found.*
    from (
        select queue_id, lane
        from lane_of
        where lane > -32768
        order by lane
    ) as at
    cross join lateral (
        select *
        from (
            select
                ctid as place, false as was_scheduled, false as was_retryable, lane, eligible_at, seq, job_id, kind,
                attempt, failed_attempts
            from presque_internal.ready
            where ready.queue_id = at.queue_id and ready.lane = at.lane
            order by seq
            limit (select room from target)
            for update skip locked
        ) as waiting
        union all
        select *
        from (
            select ctid, true, retryable, lane, run_after, seq, job_id, kind, attempt, failed_attempts
            from presque_internal.scheduled
            where scheduled.queue_id = at.queue_id and scheduled.lane = at.lane and run_after <= now()
            order by run_after, seq
            limit (select room from target)
            for update skip locked
        ) as due
    ) as found
    limit (select room from target)
),
sized as materialized (
    select
        locked.*, row_number() over in_order as place_in_answer,
        sum(job.bytes) over in_order as bytes
    from locked
    cross join lateral (
        select coalesce(payload_bytes, 4194304) as bytes
        from presque_internal.job
        where job.queue_id = locked.queue_id and job.id = locked.job_id
        limit 1
    ) as job
    window in_order as (
        order by locked.lane, locked.was_scheduled, case when locked.was_scheduled then locked.eligible_at end,
            locked.seq)
),
taken as materialized (
    select numbered.*, case when not expired then ($3::text[])[slot] end as worker
    from (
        select
            sized.*, job.payload, job.dedup_key, job.expired,
            count(*) filter (where not job.expired) over (order by sized.place_in_answer) as slot
        from sized
        cross join lateral (
            select payload, dedup_key, coalesce(expires_at <= now(), false) as expired
            from presque_internal.job
            where job.queue_id = sized.queue_id and job.id = sized.job_id
            limit 1
        ) as job
        where sized.bytes <= $4 or sized.place_in_answer = 1
    ) as numbered
),
left_ready as (
    delete from presque_internal.ready
    where ctid = any (array(select place from taken where not was_scheduled))
),
left_scheduled as (
    delete from presque_internal.scheduled
    where ctid = any (array(select place from taken where was_scheduled))
),
finished as (
    insert into presque_internal.done (
        queue_id, job_id, state, outcome, kind, attempt, failed_attempts, worker, eligible_at, started_at,
        cancel_reason)
    select
        queue_id, job_id,
        case when expired then 'cancelled' else 'completed' end,
        case when not expired then 'delivered' end,
        kind, attempt + (not expired)::integer, failed_attempts,
        worker, eligible_at,
        case when not expired then now() end,
        case when expired then 'expired' end
    from taken
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id = any (array(select queue_id from target) || 0)
        and key = any (array(select dedup_key from taken where dedup_key is not null))
        and job_id = any (array(select job_id from taken))
        and until in ('started', 'finished')
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, started, completed, cancelled, ready, scheduled, retryable)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.taken, sums.taken, sums.expired, -sums.ready, -sums.scheduled, -sums.retryable
    from (
        select
            queue_id, kind, worker, count(*) filter (where not expired) as taken,
            count(*) filter (where expired) as expired,
            count(*) filter (where not was_scheduled) as ready,
            count(*) filter (where was_scheduled and not was_retryable) as scheduled,
            count(*) filter (where was_retryable) as retryable
        from taken
        group by queue_id, kind, worker
    ) as sums
)
select
    target.paused, target.leases,
    (select count(*) from taken where expired) as expired,
    handed_out.job_id, handed_out.payload::text as payload
from target
left join taken as handed_out on not handed_out.expired
order by handed_out.place_in_answer

-- Takes up to $2 jobs off a queue and finishes them: delivered at most once. For one request,
-- or for several together.
--
-- $1 queue name    $2 how many    $3 worker ids, one for each of them; null for nobody
-- $4 how many bytes of payloads: fewer jobs than $2 if more would be larger, but one always
-- One element for each lane that is known to this server, see engine/lanes.rs:
-- $5 lane    $6 nothing is left up to this number
-- $7 a quick look: in the known lanes only, and not for what is due    $8 floors may rise
--
-- Answers a row for each job, in order; one row without a job if there is none, if the
-- queue is paused, or if it hands out leases to workers that name themselves (classic_ack),
-- which is claim.sql's to do; no row if no such queue is in service. Jobs that had expired
-- are cancelled instead of handed out. The first row says how many, and what was seen of the
-- lanes, as leases/claim.sql does.
--
-- The order, and what makes it safe under concurrency, are those of leases/claim.sql.
-- The key of a taken job is set free only if that job still holds it.
--
-- Served by scheduled_in_order, ready_in_order, job_by_id, dedup_key_is_held_once. The
-- lateral LIMIT and the arrays leave no other plan: a join could be planned on a table
-- that is still empty, and read all of it once it is not.
with recursive target as materialized (
    select
        queue_id, paused_at is not null as paused,
        $3::text[] is not null and coalesce(policy ->> 'classic_ack', 'auto') = 'lease' as leases,
        coalesce((policy ->> 'payload_max_bytes')::bigint, 262144) as payload_max_bytes
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
begun as materialized (
    select clock_timestamp() as at
    from (select count(*) from target) as found
),
known as materialized (
    select *
    from unnest($5::smallint[], $6::bigint[]) as given (lane, floor)
),
-- As in leases/claim.sql.
looked as (
    select queue_id, (-32768)::smallint as lane, null::bigint as head
    from begun
    cross join target
    where not paused and not leases and not $7::boolean
    union all
    select looked.queue_id, found.lane, found.head
    from looked
    cross join lateral (
        select lane, head
        from (
            select
                unknown.lane,
                (
                    select seq
                    from presque_internal.ready
                    where ready.queue_id = looked.queue_id and ready.lane = unknown.lane
                    order by seq
                    limit 1
                ) as head
            from (
                select lane
                from presque_internal.ready
                where
                    ready.queue_id = looked.queue_id and ready.lane > looked.lane
                    and ready.lane < coalesce((select min(lane) from known where known.lane > looked.lane), 32767)
                order by lane
                limit 1
            ) as unknown
            union all
            select
                next.lane,
                (
                    select seq
                    from presque_internal.ready
                    where ready.queue_id = looked.queue_id and ready.lane = next.lane and ready.seq > next.floor
                    order by seq
                    limit 1
                )
            from (
                select lane, floor
                from known
                where known.lane > looked.lane
                order by lane
                limit 1
            ) as next
        ) as nearest
        order by lane
        limit 1
    ) as found
),
lane_of as materialized (
    select lane, head
    from looked
    where lane > -32768
    union all
    select known.lane, known.floor + 1
    from target
    cross join known
    where not paused and not leases and $7
),
delayed_lane_of as (
    select queue_id, (-32768)::smallint as lane
    from target
    where not paused and not leases and not $7
    union all
    select
        delayed_lane_of.queue_id,
        (
            select lane
            from presque_internal.scheduled
            where scheduled.queue_id = delayed_lane_of.queue_id and scheduled.lane > delayed_lane_of.lane
            order by lane
            limit 1
        )
    from delayed_lane_of
    where delayed_lane_of.lane is not null
),
place as materialized (
    select lane, false as due, head
    from lane_of
    where head is not null
    union all
    select lane, true, null
    from delayed_lane_of
    where lane > -32768
),
timed as materialized (
    select extract(epoch from clock_timestamp() - begun.at) * 1000 as ms
    from begun
    cross join (select count(*) from place) as all_of_them
),
-- As many of the next jobs as the answer has room for, so that none is locked that
-- will not be taken; nobody looks where that many of the largest would fit.
roomy as materialized (
    select
        target.queue_id,
        case
            when $2 * payload_max_bytes <= $4 then $2
            else (
                select greatest(1, count(*))
                from (
                    select sum(bytes) over (order by lane, seq) as total
                    from (
                        select
                            at.lane, ahead.seq,
                            coalesce(
                                ahead.payload_bytes,
                                presque_internal.payload_bytes_of(target.queue_id, ahead.job_id)) as bytes
                        from (
                            select lane, head
                            from place
                            where not due
                            order by lane
                        ) as at
                        cross join lateral (
                            select seq, job_id, payload_bytes
                            from presque_internal.ready
                            where
                                ready.queue_id = target.queue_id and ready.lane = at.lane and ready.seq >= at.head
                            order by seq
                            limit $2
                        ) as ahead
                        limit $2
                    ) as first
                ) as sizes
                where total <= $4
            )
        end as room
    from target
    cross join timed
),
locked as materialized (
    select roomy.queue_id, taken.*
    from roomy
    cross join lateral (
        select found.*
        from (
            select lane, due, head
            from place
            order by lane, due
        ) as at
        cross join lateral (
            select *
            from (
                select
                    ctid as place, false as was_scheduled, false as was_retryable, lane, eligible_at, seq, job_id, kind,
                    attempt, failed_attempts, payload_bytes
                from presque_internal.ready
                where
                    not at.due
                    and ready.queue_id = roomy.queue_id and ready.lane = at.lane and ready.seq >= at.head
                order by seq
                limit roomy.room
                for update skip locked
            ) as waiting
            union all
            select *
            from (
                select
                    ctid, true, retryable, lane, run_after, seq, job_id, kind, attempt, failed_attempts, payload_bytes
                from presque_internal.scheduled
                where
                    at.due
                    and scheduled.queue_id = roomy.queue_id and scheduled.lane = at.lane and run_after <= now()
                order by run_after, seq
                limit roomy.room
                for update skip locked
            ) as due
        ) as found
        limit roomy.room
    ) as taken
),
sized as materialized (
    select *
    from (
        select
            locked.*, row_number() over in_order as place_in_answer,
            sum(
                coalesce(
                    locked.payload_bytes, presque_internal.payload_bytes_of(locked.queue_id, locked.job_id))
            ) over in_order as bytes
        from locked
        window in_order as (
            order by locked.lane, locked.was_scheduled, case when locked.was_scheduled then locked.eligible_at end,
                locked.seq)
    ) as numbered
    where bytes <= $4 or place_in_answer = 1
),
-- Those that had expired are nobody's; who would have got them gets as many fewer.
taken as materialized (
    select
        coalesce(job.expires_at <= now(), false) as expired, sized.*, job.payload, job.dedup_key,
        case when not coalesce(job.expires_at <= now(), false) then ($3::text[])[sized.place_in_answer] end as worker
    from sized
    cross join lateral (
        select payload, dedup_key, expires_at
        from presque_internal.job
        where job.queue_id = sized.queue_id and job.id = sized.job_id
        limit 1
    ) as job
),
what as materialized (
    select
        count(*) filter (where expired) as expired, coalesce(bool_or(was_scheduled), false) as some_scheduled,
        coalesce(bool_or(dedup_key is not null), false) as some_keyed
    from taken
),
left_ready as (
    delete from presque_internal.ready
    where ctid = any (array(select place from taken where not was_scheduled))
),
left_scheduled as (
    delete from presque_internal.scheduled
    where (select some_scheduled from what) and ctid = any (array(select place from taken where was_scheduled))
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
        (select some_keyed from what)
        and queue_id = any (array(select queue_id from target) || 0)
        and key = any (array(select dedup_key from taken where dedup_key is not null))
        and job_id = any (array(select job_id from taken where dedup_key is not null))
        and until in ('started', 'finished')
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, started, completed, cancelled, ready, scheduled, retryable, waits)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.taken, sums.taken, sums.expired, -sums.ready, -sums.scheduled, -sums.retryable, sums.waits
    from (
        select
            queue_id, kind, worker, count(*) filter (where not expired) as taken,
            count(*) filter (where expired) as expired,
            count(*) filter (where not was_scheduled) as ready,
            count(*) filter (where was_scheduled and not was_retryable) as scheduled,
            count(*) filter (where was_retryable) as retryable,
            array_agg(presque_internal.elapsed_ms(eligible_at, now())) filter (where not expired) as waits
        from taken
        group by queue_id, kind, worker
    ) as sums
),
seen as materialized (
    select lane, head
    from lane_of
    where not $7
    union all
    select lane, min(seq)
    from locked
    where $7
    group by lane
)
select
    target.paused, target.leases, handed_out.job_id, handed_out.place_in_answer, handed_out.payload::text as payload,
    about.*
from target
left join taken as handed_out on not handed_out.expired
left join lateral (
    select
        (select expired from what) as expired,
        array(select 1 from seen order by lane) as seen_queues,
        array(select lane from seen order by lane) as seen_lanes,
        array(select head from seen order by lane) as seen_heads,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
        case when $8::boolean then pg_current_xact_id()::text::bigint end as own_xid,
        pg_sequence_last_value('presque_internal.job_seq') as drawn,
        (select ms from timed)::double precision as look_ms,
        pg_postmaster_start_time() as started
    where
        handed_out.place_in_answer is not distinct from (select min(place_in_answer) from taken where not expired)
    offset 0
) as about on true
order by handed_out.place_in_answer

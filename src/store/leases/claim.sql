-- Claims jobs of the queues $1, in their order, each under a lease of its own; for one request,
-- or for several that ask for the same.
--
-- $1 queue names in order    $2 kinds, or null for all
-- One element for each job that is wanted, in the order of the requests:
-- $3 the number of its request, from 1    $15 the token of its lease
-- One element for each request:
-- $5 lease_ms, or null for what job and queue say    $6 worker or null
-- $4 how many of each queue, at most
-- $7 how many bytes of payloads: fewer jobs if more would be larger,
-- but one always    $8 idempotency key or null    $9 SHA-256 of the request's body
-- $10 whether nothing is claimed, and no key used, while one of the queues is not there
-- One element for each lane that is known to this server, see engine/lanes.rs:
-- $11 the place of its queue, from 1    $12 lane    $13 nothing is left up to this number
-- $14 a quick look: in the known lanes only, and not for what is due    $16 floors may rise
--
-- Answers a row for each job, in order, with its request; one row without a job if there is
-- none. The first row says which of the queues are paused and which are not there, how many
-- jobs were cancelled because they had expired, whether the idempotency key is known (then
-- nothing was claimed, see find_claim.sql), and what was seen of the lanes: the first number
-- in each, by which snapshot, how far numbers were drawn, and how long it took to look. The
-- transaction gets an id for that if it has none yet: every id that was given before its snapshot
-- is lower, which cannot be said of the snapshot's own xmax, the first id that had not ended.
--
-- Within a queue, lower lanes go first; within a lane what was promoted, then what is due,
-- then first in, first out. A claim costs an attempt, whatever becomes of it.
--
-- Safe under concurrency: `for update skip locked` lets claimers pass each other, so a row
-- is taken by exactly one of them; the laterals stop at their limits and lock nothing
-- beyond them. Rows of `ready` and `scheduled` are never updated, so `ctid` holds. Each
-- lease has a token of 122 random bits that no other claim ever has.
--
-- Served by queue_in_service, ready_in_order, scheduled_in_order, job_by_id,
-- dedup_key_is_held_once, attempt_of_job and idempotency_key_is_used_once.
with recursive keyed as (
    insert into presque_internal.idempotency as known (operation, key, body_hash, claim_id)
    select 'claim_jobs', $8, $9, gen_random_uuid()
    where $8::text is not null and not (select stops from missing)
    on conflict (operation, key) do update
    set created_at = now(), body_hash = excluded.body_hash, claim_id = excluded.claim_id, job_ids = null, duplicates = null
    where known.created_at < now() - interval '24 hours'
    returning claim_id
),
asked as materialized (
    select
        given.n, given.name, queue.queue_id, queue.paused,
        (queue.policy ->> 'max_attempts')::integer as max_attempts,
        (queue.policy ->> 'lease_ms')::bigint as lease_ms, (queue.policy ->> 'timeout_ms')::bigint as timeout_ms,
        (queue.policy ->> 'payload_max_bytes')::bigint as payload_max_bytes
    from unnest($1::text[]) with ordinality as given (name, n)
    left join lateral (
        select
            queue_id, paused_at is not null as paused, presque_internal.default_policy() || policy as policy
        from presque_internal.queue
        where name = given.name and deleted_at is null
        limit 1
    ) as queue on true
),
missing as materialized (
    select
        coalesce(array_agg(name order by n) filter (where queue_id is null), '{}') as queues,
        $10::boolean and bool_or(queue_id is null) as stops
    from asked
),
open as materialized (
    select *
    from asked
    where
        queue_id is not null and not paused and not (select stops from missing)
        and ($8::text is null or exists (select from keyed))
),
begun as materialized (
    select clock_timestamp() as at
    from (select count(*) from open) as opened
),
known as materialized (
    select *
    from unnest($11::integer[], $12::smallint[], $13::bigint[]) as given (n, lane, floor)
),
-- The lanes of each queue and the first that stands there, one probe for each lane and each gap
-- between those that are known.
looked as (
    select n, queue_id, (-32768)::smallint as lane, null::bigint as head
    from begun
    cross join open
    where not $14::boolean
    union all
    select looked.n, looked.queue_id, found.lane, found.head
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
                        and ($2::text[] is null or kind = any ($2))
                    order by seq
                    limit 1
                ) as head
            from (
                select lane
                from presque_internal.ready
                where
                    ready.queue_id = looked.queue_id and ready.lane > looked.lane
                    and ready.lane < coalesce(
                        (select min(known.lane) from known where known.n = looked.n and known.lane > looked.lane), 32767)
                order by lane
                limit 1
            ) as unknown
            union all
            select
                next.lane,
                (
                    select seq
                    from presque_internal.ready
                    where
                        ready.queue_id = looked.queue_id and ready.lane = next.lane and ready.seq > next.floor
                        and ($2::text[] is null or kind = any ($2))
                    order by seq
                    limit 1
                )
            from (
                select lane, floor
                from known
                where known.n = looked.n and known.lane > looked.lane
                order by lane
                limit 1
            ) as next
        ) as nearest
        order by lane
        limit 1
    ) as found
),
lane_of as materialized (
    select n, queue_id, lane, head
    from looked
    where lane > -32768
    union all
    select open.n, open.queue_id, known.lane, known.floor + 1
    from open
    join known on known.n = open.n
    where $14
),
-- The lanes of each queue in which something waits for its time, one probe each.
delayed_lane_of as (
    select n, queue_id, (-32768)::smallint as lane
    from open
    where not $14
    union all
    select
        delayed_lane_of.n, delayed_lane_of.queue_id,
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
    select n, lane, false as due, head
    from lane_of
    where head is not null
    union all
    select n, lane, true, null
    from delayed_lane_of
    where lane > -32768
),
timed as materialized (
    select extract(epoch from clock_timestamp() - begun.at) * 1000 as ms
    from begun
    cross join (select count(*) from place) as all_of_them
),
-- As many of the next jobs as the answer has room for, so that none is locked that will not be
-- taken; nobody looks where that many of the largest would fit.
roomy as materialized (
    select
        open.n, open.queue_id,
        case
            when $4 * payload_max_bytes <= $7 then $4
            else (
                select greatest(1, count(*))
                from (
                    select sum(bytes) over (order by lane, seq) as total
                    from (
                        select
                            at.lane, ahead.seq,
                            coalesce(
                                ahead.payload_bytes,
                                presque_internal.payload_bytes_of(open.queue_id, ahead.job_id)) as bytes
                        from (
                            select lane, head
                            from place
                            where place.n = open.n and not place.due
                            order by lane
                        ) as at
                        cross join lateral (
                            select seq, job_id, payload_bytes
                            from presque_internal.ready
                            where
                                ready.queue_id = open.queue_id and ready.lane = at.lane and ready.seq >= at.head
                                and ($2::text[] is null or kind = any ($2))
                            order by seq
                            limit $4
                        ) as ahead
                        limit $4
                    ) as first
                ) as sizes
                where total <= $7
            )
        end as room
    from open
    cross join timed
),
locked as materialized (
    select roomy.n, roomy.queue_id, taken.*
    from roomy
    cross join lateral (
        select found.*
        from (
            select lane, due, head
            from place
            where place.n = roomy.n
            order by lane, due
        ) as at
        cross join lateral (
            select *
            from (
                select
                    ctid as place, false as was_scheduled, false as was_retryable, lane, eligible_at, seq, job_id,
                    attempt, failed_attempts, releases, payload_bytes
                from presque_internal.ready
                where
                    not at.due
                    and ready.queue_id = roomy.queue_id and ready.lane = at.lane and ready.seq >= at.head
                    and ($2::text[] is null or kind = any ($2))
                order by seq
                limit roomy.room
                for update skip locked
            ) as waiting
            union all
            select *
            from (
                select
                    ctid, true, retryable, lane, run_after, seq, job_id, attempt, failed_attempts, releases,
                    payload_bytes
                from presque_internal.scheduled
                where
                    at.due
                    and scheduled.queue_id = roomy.queue_id and scheduled.lane = at.lane and run_after <= now()
                    and ($2::text[] is null or kind = any ($2))
                order by run_after, seq
                limit roomy.room
                for update skip locked
            ) as due
        ) as found
        limit roomy.room
    ) as taken
    limit cardinality($3::integer[])
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
            order by locked.n, locked.lane, locked.was_scheduled,
                case when locked.was_scheduled then locked.eligible_at end, locked.seq)
    ) as numbered
    where bytes <= $7 or place_in_answer = 1
),
-- Those that had expired are nobody's; who would have got them gets as many fewer.
taken as materialized (
    select
        coalesce(job.expires_at <= now(), false) as expired, sized.was_scheduled, sized.was_retryable, sized.place,
        sized.place_in_answer, sized.queue_id, job.kind, sized.job_id, sized.lane, sized.eligible_at,
        ($15::uuid[])[sized.place_in_answer] as token,
        sized.attempt + 1 as attempt, sized.failed_attempts, sized.releases,
        ($3::integer[])[sized.place_in_answer] as request,
        ($6::text[])[($3::integer[])[sized.place_in_answer]] as worker,
        coalesce(($5::bigint[])[($3::integer[])[sized.place_in_answer]], job.lease_ms, asked.lease_ms) as lease_ms,
        coalesce(job.max_attempts, asked.max_attempts) as max_attempts,
        coalesce(job.timeout_ms, asked.timeout_ms) as timeout_ms,
        job.dedup_key, asked.name, job.payload, job.priority, job.tags, job.headers, job.traceparent, job.created_at,
        job.batch_id
    from sized
    join asked on asked.n = sized.n
    cross join lateral (
        select
            kind, payload, priority, tags, headers, traceparent, created_at, batch_id, dedup_key, max_attempts, lease_ms,
            timeout_ms, expires_at
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
leased as (
    insert into presque_internal.lease (
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        expires_at, timeout_at, lease_ms, claim_id, has_key)
    select
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        now() + lease_ms * interval '1 millisecond',
        case when timeout_ms > 0 then now() + timeout_ms * interval '1 millisecond' end,
        lease_ms, (select claim_id from keyed), dedup_key is not null
    from taken
    where not expired
),
ended as (
    insert into presque_internal.done
        (queue_id, job_id, state, kind, attempt, failed_attempts, eligible_at, cancel_reason)
    select queue_id, job_id, 'cancelled', kind, attempt - 1, failed_attempts, eligible_at, 'expired'
    from taken
    where (select expired from what) > 0 and expired
),
freed as (
    delete from presque_internal.dedup
    where
        (select some_keyed from what)
        and queue_id = any (array(select queue_id from asked where queue_id is not null) || 0)
        and key = any (array(select dedup_key from taken where dedup_key is not null))
        and job_id = any (array(select job_id from taken where dedup_key is not null))
        and (until = 'started' or (until = 'finished' and job_id = any (array(select job_id from taken where expired))))
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, started, cancelled, ready, scheduled, retryable, running, waits)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.started, sums.expired, -sums.ready, -sums.scheduled, -sums.retryable, sums.started, sums.waits
    from (
        select
            queue_id, kind, worker, count(*) filter (where not expired) as started,
            count(*) filter (where expired) as expired,
            count(*) filter (where not was_scheduled) as ready,
            count(*) filter (where was_scheduled and not was_retryable) as scheduled,
            count(*) filter (where was_retryable) as retryable,
            array_agg(presque_internal.elapsed_ms(eligible_at, now())) filter (where not expired) as waits
        from (
            select
                queue_id, kind, case when not expired then worker end as worker, expired, was_scheduled, was_retryable,
                eligible_at
            from taken
        ) as taken
        group by queue_id, kind, worker
    ) as sums
),
seen as materialized (
    select n, lane, head
    from lane_of
    where not $14
    union all
    select n, lane, min(seq)
    from locked
    where $14
    group by n, lane
)
select
    claimed.request, claimed.job_id, claimed.name as queue, claimed.kind, claimed.payload::text as payload, claimed.attempt,
    claimed.failed_attempts, claimed.max_attempts, claimed.token,
    now() + claimed.lease_ms * interval '1 millisecond' as lease_expires_at, claimed.lease_ms,
    case when claimed.timeout_ms > 0 then now() + claimed.timeout_ms * interval '1 millisecond' end as timeout_at,
    claimed.priority::integer as priority, claimed.tags, claimed.headers::text as headers, claimed.traceparent,
    claimed.created_at, claimed.eligible_at as run_after, claimed.batch_id,
    (failure.row).error_class, (failure.row).error_message, (failure.row).error_stack,
    (failure.row).error_data::text as error_data, (failure.row).error_raw::text as error_raw,
    (failure.row).error_fingerprint, (failure.row).attempt as error_attempt, (failure.row).finished_at as error_at,
    about.paused_queues, about.missing_queues, about.expired, about.replayed, about.seen_queues, about.seen_lanes,
    about.seen_heads, about.xmin, about.own_xid, about.drawn, about.look_ms, about.started
from (select) as always
left join taken as claimed on not claimed.expired
left join lateral (
    select
        array(select name from asked where paused order by n) as paused_queues,
        (select queues from missing) as missing_queues,
        (select expired from what) as expired,
        $8::text is not null and not exists (select from keyed) as replayed,
        array(select n::integer from seen order by n, lane) as seen_queues,
        array(select lane from seen order by n, lane) as seen_lanes,
        array(select head from seen order by n, lane) as seen_heads,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
        case when $16::boolean then pg_current_xact_id()::text::bigint end as own_xid,
        pg_sequence_last_value('presque_internal.job_seq') as drawn,
        (select ms from timed)::double precision as look_ms,
        pg_postmaster_start_time() as started
    where
        claimed.place_in_answer is not distinct from (select min(place_in_answer) from taken where not expired)
    offset 0
) as about on true
left join lateral (
    select
        case
            when claimed.failed_attempts > 0
            then presque_internal.last_failure(claimed.queue_id, claimed.job_id, claimed.attempt)
        end as row
    offset 0
) as failure on true
order by claimed.place_in_answer

-- Claims jobs of one queue that are ready, each under a lease of its own: what most claims come to. It does what
-- claim.sql does with such, for one request or for several that ask for the same.
--
-- $1 queue name    $2 kinds, or null for all
-- One element for each job that is wanted, in the order of the requests:
-- $3 the number of its request, from 1    $4 the token of its lease
-- One element for each request:
-- $5 lease_ms, or null for what job and queue say    $6 worker or null
-- $7 how many bytes of payloads
-- One element for each lane that is known to this server, in order, see engine/lanes.rs:
-- $8 lane    $9 nothing is left up to this number    $10 whether floors may rise
--
-- Answers a row for each job, in order, with its request, or one without a job if there is none; the first row says
-- what was seen of the lanes, as in claim.sql. Nothing is claimed if there is more to it. No row at all: the queue is
-- paused or not there, or somebody waits in a lane that is not known or is due. A row without anything: the answer would
-- be too large, or a job expired, has a key that ends with its start, or was enqueued more than a day ago; such jobs are
-- locked until the end of the statement, and others pass them over. claim.sql knows about all of these. For
-- one job this takes half of PostgreSQL's time, the rest of which is the start of a plan with parts for all that may come.
--
-- Safe under concurrency: as claim.sql.
--
-- Served by queue_in_service, ready_in_order, scheduled_in_order and job_by_id.
with recursive open as materialized (
    select
        queue_id, (policy ->> 'max_attempts')::integer as max_attempts, (policy ->> 'lease_ms')::bigint as lease_ms,
        (policy ->> 'timeout_ms')::bigint as timeout_ms, clock_timestamp() as begun_at
    from (
        select queue_id, presque_internal.default_policy() || policy as policy
        from presque_internal.queue
        where name = $1 and deleted_at is null and paused_at is null
        limit 1
    ) as queue
),
-- The lanes in which something waits for its time, one probe each.
delayed_lane_of as (
    select queue_id, (-32768)::smallint as lane
    from open
    union all
    select
        queue_id,
        (
            select lane
            from presque_internal.scheduled
            where scheduled.queue_id = delayed_lane_of.queue_id and scheduled.lane > delayed_lane_of.lane
            order by lane
            limit 1
        )
    from delayed_lane_of
    where lane is not null
),
-- What is known covers all: nobody stands between the known lanes, and nothing is due.
known as materialized (
    select open.queue_id, begun_at
    from open
    where
        not exists (
            select
            from unnest((-32768)::smallint || $8::smallint[], $8::smallint[] || 32767::smallint) as gap (above, below)
            cross join lateral (
                select
                from presque_internal.ready
                where ready.queue_id = open.queue_id and ready.lane > gap.above and ready.lane < gap.below
                limit 1
            ) as unknown
        )
        and not exists (
            select
            from delayed_lane_of
            cross join lateral (
                select
                from presque_internal.scheduled
                where
                    scheduled.queue_id = delayed_lane_of.queue_id and scheduled.lane = delayed_lane_of.lane
                    and run_after <= now()
                order by run_after
                limit 1
            ) as due
        )
),
-- The first of each lane, whoever holds it.
head_of as materialized (
    select
        known.queue_id, given.lane,
        (
            select seq
            from presque_internal.ready
            where
                ready.queue_id = known.queue_id and ready.lane = given.lane and ready.seq > given.floor
                and ($2::text[] is null or kind = any ($2))
            order by seq
            limit 1
        ) as head
    from known
    cross join unnest($8::smallint[], $9::bigint[]) with ordinality as given (lane, floor, n)
    order by given.n
),
timed as materialized (
    select extract(epoch from clock_timestamp() - begun_at) * 1000 as ms
    from known
    cross join (select count(*) from head_of) as all_of_them
),
locked as materialized (
    select head_of.queue_id, first.*
    from timed
    cross join head_of
    cross join lateral (
        select ctid as place, lane, eligible_at, seq, job_id, attempt, failed_attempts, releases, payload_bytes
        from presque_internal.ready
        where
            ready.queue_id = head_of.queue_id and ready.lane = head_of.lane and ready.seq >= head_of.head
            and ($2::text[] is null or kind = any ($2))
        order by seq
        limit cardinality($3::integer[])
        for update skip locked
    ) as first
    limit cardinality($3::integer[])
),
-- In the order in which they were locked.
found as materialized (
    select
        row_number() over () as n, locked.place, locked.queue_id, locked.job_id, locked.lane, locked.eligible_at,
        locked.attempt + 1 as attempt, locked.failed_attempts, locked.releases,
        ($4::uuid[])[row_number() over ()] as token, ($3::integer[])[row_number() over ()] as request,
        ($6::text[])[($3::integer[])[row_number() over ()]] as worker,
        coalesce(
            ($5::bigint[])[($3::integer[])[row_number() over ()]], job.lease_ms, open.lease_ms) as lease_ms,
        coalesce(job.max_attempts, open.max_attempts) as max_attempts,
        coalesce(job.timeout_ms, open.timeout_ms) as timeout_ms,
        job.kind, job.payload, job.priority, job.tags, job.headers, job.traceparent, job.created_at,
        job.batch_id, job.dedup_key is not null as has_key,
        count(*) over () = (select count(*) from locked)
            and bool_and(
                not coalesce(job.expires_at <= now(), false)
                and (job.dedup_key is null or job.dedup_until <> 'started')) over ()
            and sum(coalesce(locked.payload_bytes, job.payload_bytes, $7 + 1)) over () <= $7 as fits
    from locked
    cross join open
    cross join lateral (
        select
            kind, payload, payload_bytes, priority, tags, headers, traceparent, created_at, batch_id, dedup_key,
            dedup_until, max_attempts, lease_ms, timeout_ms, expires_at
        from presque_internal.job
        where
            job.queue_id = locked.queue_id
            and job.id = locked.job_id
            -- Partitions of other days are not even opened. Written out, as a function that is not inlined would be
            -- parsed by each statement.
            and job.id >= (lpad(to_hex((extract(epoch from now() - interval '1 day') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
            and job.id < (lpad(to_hex((extract(epoch from now() + interval '1 hour') * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        limit 1
    ) as job
),
left_ready as (
    delete from presque_internal.ready
    where ctid = any (array(select place from found where fits))
),
leased as (
    insert into presque_internal.lease (
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        expires_at, timeout_at, lease_ms, has_key)
    select
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        now() + lease_ms * interval '1 millisecond',
        case when timeout_ms > 0 then now() + timeout_ms * interval '1 millisecond' end, lease_ms, has_key
    from found
    where fits
),
counted as (
    insert into presque_internal.tally (queue_id, kind, worker, registration, started, ready, running, waits)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.jobs, -sums.jobs, sums.jobs, sums.waits
    from (
        select
            queue_id, kind, worker, count(*) as jobs,
            array_agg(presque_internal.elapsed_ms(eligible_at, now())) as waits
        from found
        where fits
        group by queue_id, kind, worker
    ) as sums
)
select
    claimed.n, claimed.request, claimed.job_id, $1::text as queue, claimed.kind, claimed.payload::text as payload,
    claimed.attempt, claimed.failed_attempts, claimed.max_attempts, claimed.token,
    now() + claimed.lease_ms * interval '1 millisecond' as lease_expires_at, claimed.lease_ms,
    case when claimed.timeout_ms > 0 then now() + claimed.timeout_ms * interval '1 millisecond' end as timeout_at,
    claimed.priority::integer as priority, claimed.tags, claimed.headers::text as headers, claimed.traceparent,
    claimed.created_at, claimed.eligible_at as run_after, claimed.batch_id,
    (failure.row).error_class, (failure.row).error_message, (failure.row).error_stack,
    (failure.row).error_data::text as error_data, (failure.row).error_raw::text as error_raw,
    (failure.row).error_fingerprint, (failure.row).attempt as error_attempt, (failure.row).finished_at as error_at,
    about.*
from known
left join found as claimed on claimed.fits
left join lateral (
    select
        array(select head from head_of) as seen_heads,
        pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin,
        case when $10::boolean then pg_current_xact_id()::text::bigint end as own_xid,
        pg_sequence_last_value('presque_internal.job_seq') as drawn,
        (select ms from timed)::double precision as look_ms,
        pg_postmaster_start_time() as started
    where coalesce(claimed.n, 1) = 1 and (claimed.fits or not exists (select from locked))
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

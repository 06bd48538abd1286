-- Enqueues the jobs of many requests, without keys; each request's all or none.
--
-- $1 the names of the queues, each once
-- One element of each array for a job, in order:
-- $2 the number of its request, from 1    $3 its queue, by the place of the name from 1
-- $4 kinds    $5 payloads    $6 priorities, null for the queue's    $7 run_after    $8 delay_ms
-- $9 expires_at    $10 max_attempts    $11 lease_ms    $12 timeout_ms
-- $13 tags, as array literals    $14 headers, as JSON    $15 traceparent
-- Of jobs that somebody waits for, who shall have them at once:
-- $16 the token of the lease, or null    $17 its lease_ms, null for the job's    $18 worker or null
--
-- Answers a row for each job that is stored, and one with a `refusal` for each request that
-- is not: with the place of a job that is in the way. In no order: `n` says which. A job that is
-- for somebody is stored as claimed, unless it is delayed or its queue is paused; its row has the
-- token.
--
-- Safe under concurrency: it writes new rows only, and meets no other statement. `seq` is
-- drawn here, so order is the order of statements that do not overlap, and of the jobs in
-- one. The depth of a queue is soft: what others enqueue at this moment is not counted. A
-- purge that commits meanwhile leaves the jobs under the retired id, as if they had been
-- enqueued before it.
--
-- Served by queue_in_service and the primary key of worker. What the queues say is put into arrays, so that a job finds
-- it by its place and nothing is joined.
with target as materialized (
    select
        array_agg(coalesce(queue.queue_id, 0) order by named.n) as queue_ids,
        array_agg(coalesce(queue.priority, 0) order by named.n) as priorities,
        array_agg(coalesce(queue.payload_bytes_max, 0) order by named.n) as payload_bytes_max,
        array_agg(coalesce(queue.depth_max, 0) order by named.n) as depths_max,
        array_agg(queue.paused order by named.n) as paused,
        array_agg(queue.lease_ms order by named.n) as lease_ms,
        array_agg(queue.timeout_ms order by named.n) as timeout_ms,
        array_agg(queue.max_attempts order by named.n) as max_attempts
    from unnest($1::text[]) with ordinality as named (name, n)
    left join lateral (
        select
            queue_id, (policy ->> 'default_priority')::integer as priority,
            (policy ->> 'payload_max_bytes')::bigint as payload_bytes_max, (policy ->> 'max_depth')::bigint as depth_max,
            paused, (policy ->> 'lease_ms')::bigint as lease_ms, (policy ->> 'timeout_ms')::bigint as timeout_ms,
            (policy ->> 'max_attempts')::integer as max_attempts
        from (
            select
                queue_id, paused_at is not null as paused, presque_internal.default_policy() || policy as policy
            from presque_internal.queue
            where queue.name = named.name and queue.deleted_at is null
            limit 1
        ) as known
    ) as queue on true
),
decided as materialized (
    select
        given.*, octet_length(given.payload) as payload_bytes, target.queue_ids[given.queue] as queue_id,
        coalesce(given.wanted_priority, target.priorities[given.queue]) as priority,
        target.payload_bytes_max[given.queue] as payload_bytes_max,
        greatest(coalesce(given.not_before, now() + given.delay_ms * interval '1 millisecond'), now()) as run_after,
        given.token is not null and not target.paused[given.queue] as wanted
    from unnest(
        $2::integer[], $3::integer[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::bigint[],
        $9::timestamptz[], $10::integer[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[],
        $16::uuid[], $17::bigint[], $18::text[]
    ) with ordinality as given (
        request, queue, kind, payload, wanted_priority, not_before, delay_ms, expires_at, max_attempts, lease_ms,
        timeout_ms, tags, headers, traceparent, token, wanted_lease_ms, worker, n)
    cross join target
),
-- Queues whose depth is limited, and how many jobs wait there.
deep as materialized (
    select limited.place, limited.depth_max, presque_internal.depth_of(limited.queue_id) as depth
    from (
        select named.n as place, target.queue_ids[named.n] as queue_id, target.depths_max[named.n] as depth_max
        from target
        cross join generate_series(1, cardinality($1::text[])) as named (n)
        where target.depths_max[named.n] > 0
    ) as limited
),
wrong as materialized (
    select request, n
    from decided
    where queue_id = 0 or payload_bytes > payload_bytes_max
),
refused as materialized (
    select why.request, min(why.n) as n
    from (
        select request, n
        from wrong
        union all
        select request, n
        from (
            select
                sized.request, sized.n, sized.own, deep.depth_max - deep.depth as room,
                -- A request that is too many by itself takes nobody's room.
                count(*) filter (where sized.own <= deep.depth_max - deep.depth)
                    over (partition by sized.queue order by sized.n) as jobs
            from (
                select request, queue, n, count(*) over (partition by request, queue) as own
                from decided
                where
                    exists (select from deep)
                    and not exists (select from wrong where wrong.request = decided.request)
            ) as sized
            join deep on deep.place = sized.queue
        ) as asked
        where own > room or jobs > room
    ) as why
    group by why.request
),
fresh as materialized (
    select
        drawn.*, presque_internal.new_job_id(drawn.queue_id, drawn.seq) as id, drawn.run_after > now() as delayed,
        drawn.wanted and drawn.run_after <= now() and (drawn.expires_at is null or drawn.expires_at > now()) as handed
    from (
        select decided.*, presque_internal.next_seq() as seq
        from decided
        where not exists (select from refused where refused.request = decided.request)
    ) as drawn
),
stored as (
    insert into presque_internal.job (
        queue_id, id, kind, payload, payload_bytes, priority, run_after, expires_at, max_attempts, lease_ms,
        timeout_ms, tags, headers, traceparent)
    select
        queue_id, id, kind, payload::json, payload_bytes, priority, run_after, expires_at, max_attempts, lease_ms,
        timeout_ms, tags::text[], headers::json, traceparent
    from fresh
),
expiring as (
    insert into presque_internal.expiring (queue_id, job_id, expires_at)
    select queue_id, id, greatest(expires_at, now())
    from fresh
    where expires_at is not null
),
made_ready as (
    insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes)
    select queue_id, -2 * priority + 1, seq, id, kind, run_after, payload_bytes
    from fresh
    where not delayed and not handed
),
handed as materialized (
    select
        fresh.n, fresh.queue_id, fresh.id, fresh.kind, fresh.token, fresh.worker, fresh.priority, fresh.run_after,
        coalesce(fresh.max_attempts, target.max_attempts[fresh.queue]) as max_attempts,
        coalesce(fresh.wanted_lease_ms, fresh.lease_ms, target.lease_ms[fresh.queue]) as lease_ms,
        coalesce(fresh.timeout_ms, target.timeout_ms[fresh.queue]) as timeout_ms
    from fresh
    cross join target
    where fresh.handed
),
leased as (
    insert into presque_internal.lease (
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        expires_at, timeout_at, lease_ms, has_key)
    select
        queue_id, id, token, 1, 0, 0, max_attempts, -2 * priority + 1, kind, worker, run_after,
        now() + lease_ms * interval '1 millisecond',
        case when timeout_ms > 0 then now() + timeout_ms * interval '1 millisecond' end,
        lease_ms, false
    from handed
),
made_scheduled as (
    insert into presque_internal.scheduled (queue_id, lane, run_after, seq, job_id, kind, payload_bytes)
    select queue_id, -2 * priority, run_after, seq, id, kind, payload_bytes
    from fresh
    where delayed
),
counted as (
    insert into presque_internal.tally (queue_id, kind, enqueued, ready, scheduled)
    select
        queue_id, kind, count(*), count(*) filter (where not delayed and not handed), count(*) filter (where delayed)
    from fresh
    group by queue_id, kind
),
counted_handed as (
    insert into presque_internal.tally (queue_id, kind, worker, registration, started, running, waits)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker), sums.jobs, sums.jobs,
        -- Handed over at once.
        array_fill(0, array[sums.jobs::integer])
    from (
        select queue_id, kind, worker, count(*) as jobs
        from handed
        group by queue_id, kind, worker
    ) as sums
)
select
    fresh.n, fresh.request, fresh.id as job_id, fresh.delayed, fresh.run_after, null::text as refusal,
    null::bigint as "limit", null::bigint as actual,
    case when fresh.handed then fresh.token end as token, fresh.priority::integer as priority, now() as created_at,
    handed.max_attempts, handed.lease_ms, now() + handed.lease_ms * interval '1 millisecond' as lease_expires_at,
    case when handed.timeout_ms > 0 then now() + handed.timeout_ms * interval '1 millisecond' end as timeout_at
from fresh
left join lateral (
    select max_attempts, lease_ms, timeout_ms
    from handed
    where fresh.handed and handed.n = fresh.n
    offset 0
) as handed on true
union all
select
    refused.n, refused.request, null, null, null,
    case
        when decided.queue_id = 0 then 'queue_not_found'
        when decided.payload_bytes > decided.payload_bytes_max then 'payload_too_large'
        else 'queue_full'
    end,
    case when decided.payload_bytes > decided.payload_bytes_max then decided.payload_bytes_max else deep.depth_max end,
    case when decided.payload_bytes > decided.payload_bytes_max then decided.payload_bytes else deep.depth end,
    null, null, null, null, null, null, null
from refused
join decided on decided.n = refused.n
left join deep on deep.place = decided.queue

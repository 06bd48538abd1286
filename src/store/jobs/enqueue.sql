-- Enqueues jobs into any number of queues, all or none.
--
-- One element of each array for a job, in order:
-- $1 queue names    $2 kinds    $3 payloads    $4 priorities, null for the queue's
-- $5 run_after    $6 delay_ms    $7 expires_at    $8 max_attempts    $9 lease_ms
-- $10 timeout_ms    $11 tags, as array literals    $12 headers, as JSON    $13 traceparent
-- $14 unique keys    $15 their scope    $16 until    $17 window_ms    $18 on_conflict, each
-- null for the queue's
-- For all of them:
-- $19 failures to count (a classic PUT)    $20 worker id or null
-- $21 operation    $22 idempotency key or null    $23 SHA-256 of the request's body
-- $24 who enqueues them, or null
--
-- Answers a row for each job: the id it has, or that of the job that holds its key. If one
-- is refused, one row with the `refusal` of the first such, and nothing is stored but the
-- failure; likewise if `replayed`: the idempotency key is known, see find_idempotency.sql.
--
-- Safe under concurrency: `seq` is drawn here, so order is the order of statements that do
-- not overlap. Keys meet at dedup_key_is_held_once and idempotency_key_is_used_once; the
-- second writer waits for the first. What this statement's snapshot could not see (a key
-- taken meanwhile, a job claimed before it could be replaced) undoes it with try_again, and
-- the next try sees it. A purge that commits meanwhile leaves the jobs under the retired
-- id, as if they had been enqueued before it.
--
-- `any (array[...])` where = would do: only so is each row looked up by itself, see
-- ARCHITECTURE.md.
--
-- Served by queue_in_service, dedup_key_is_held_once, idempotency_key_is_used_once,
-- ready_in_order, ready_again, scheduled_of_job and the primary key of worker.
with given as materialized (
    select *
    from unnest(
        $1::text[], $2::text[], $3::text[], $4::integer[], $5::timestamptz[], $6::bigint[], $7::timestamptz[],
        $8::integer[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[],
        $14::text[], $15::text[], $16::text[], $17::bigint[], $18::text[]
    ) with ordinality as u (
        queue, kind, payload, priority, run_after, delay_ms, expires_at, max_attempts, lease_ms, timeout_ms,
        tags, headers, traceparent, dedup_key, dedup_scope, dedup_until, dedup_window_ms, on_conflict, n)
),
target as materialized (
    select queue_id, name, presque_internal.default_policy() || policy as policy
    from presque_internal.queue
    where name = any ($1) and deleted_at is null
),
-- With what the queue decides where the job does not.
decided as materialized (
    select
        given.n, target.queue_id, target.policy, given.kind, given.payload, given.expires_at, given.max_attempts,
        given.lease_ms, given.timeout_ms, given.tags, given.headers, given.traceparent, given.dedup_key,
        octet_length(given.payload) as payload_bytes,
        coalesce(given.priority, (target.policy ->> 'default_priority')::integer) as priority,
        greatest(coalesce(given.run_after, now() + given.delay_ms * interval '1 millisecond'), now()) as run_after,
        case coalesce(given.dedup_scope, target.policy ->> 'dedup_scope')
            when 'global' then 0
            else target.queue_id
        end as key_queue_id,
        coalesce(given.dedup_until, target.policy ->> 'dedup_until') as dedup_until,
        coalesce(given.dedup_window_ms, (target.policy ->> 'dedup_window_ms')::bigint) as dedup_window_ms,
        coalesce(given.on_conflict, target.policy ->> 'dedup_on_conflict') as on_conflict
    from given
    join target on target.name = given.queue
),
-- The first job of this request with a key stands for all that have it.
numbered as materialized (
    select
        decided.*,
        case
            when dedup_key is null then n
            else min(n) over (partition by key_queue_id, dedup_key)
        end as first_n
    from decided
),
-- Keys that are held by jobs of earlier requests.
present as materialized (
    select
        numbered.n as first_n, held.job_id,
        -- A job that is past its retention was final.
        coalesce(job.state, 'completed') as state,
        coalesce(job.run_after, now()) as run_after
    from numbered
    cross join lateral (
        select job_id
        from presque_internal.dedup
        where
            dedup.queue_id = numbered.key_queue_id
            and dedup.key = numbered.dedup_key
            and (dedup.until_at is null or dedup.until_at > now())
        limit 1
    ) as held
    left join lateral (
        select state, run_after
        from presque_internal.job_now
        where
            job_now.queue_id = presque_internal.job_id_queue(held.job_id)
            and job_now.id = held.job_id
        limit 1
    ) as job on true
    where numbered.dedup_key is not null and numbered.n = numbered.first_n
),
refused as materialized (
    select n, code, job_id, actual, "limit"
    from (
        select given.n, 'queue_not_found' as code, null::uuid as job_id, null::bigint as actual, null::bigint as "limit"
        from given
        where not exists (select from target where target.name = given.queue)
        union all
        -- A worker under a lease puts its job back: that is the lease's end, see settle.sql.
        select n, 'leases', null, null, null
        from decided
        where
            $19 > 0
            and policy ->> 'classic_ack' = 'lease'
            and exists (select from presque_internal.lease where lease.queue_id = decided.queue_id and lease.worker = $20)
        union all
        select n, 'payload_too_large', null, payload_bytes, (policy ->> 'payload_max_bytes')::bigint
        from decided
        where payload_bytes > (policy ->> 'payload_max_bytes')::bigint
        union all
        select
            asked.n, 'queue_full', null, counts.pending + counts.ready + counts.scheduled + counts.retryable,
            asked.max_depth
        from (
            select queue_id, min(n) as n, count(*) as jobs, (policy ->> 'max_depth')::bigint as max_depth
            from numbered
            where
                (policy ->> 'max_depth')::bigint > 0
                -- What is there already takes no room.
                and n = first_n
                and not exists (select from present where present.first_n = numbered.first_n)
            group by queue_id, policy
        ) as asked
        join presque_internal.queue_count_now as counts on counts.queue_id = asked.queue_id
        where counts.pending + counts.ready + counts.scheduled + counts.retryable + asked.jobs > asked.max_depth
        union all
        select n, 'no_window', null, null, null
        from decided
        where dedup_key is not null and dedup_until = 'window' and dedup_window_ms <= 0
        union all
        select numbered.n, 'duplicate_job', present.job_id, null, null
        from numbered
        left join present on present.first_n = numbered.first_n
        where
            (numbered.on_conflict = 'reject' and (present.job_id is not null or numbered.n > numbered.first_n))
            or (
                numbered.on_conflict = 'replace'
                and present.job_id is not null
                and present.state not in ('available', 'scheduled', 'retryable')
            )
    ) as why
    order by n
    limit 1
),
item as materialized (
    select
        drawn.*,
        present.job_id as present_id, present.state as present_state, present.run_after as present_run_after,
        coalesce(present.job_id, presque_internal.new_job_id(drawn.queue_id, drawn.seq)) as own_id
    from (
        select in_order.*, presque_internal.next_seq() as seq
        from (
            select *
            from numbered
            where not exists (select from refused)
            order by n
        ) as in_order
    ) as drawn
    left join present on present.first_n = drawn.first_n
),
outcome as materialized (
    select
        item.*,
        first_value(own_id) over of_key as id,
        n <> first_n or present_id is not null as duplicate,
        case
            when on_conflict = 'replace' and n = first_n then run_after
            when present_id is null then first_value(run_after) over of_key
            else present_run_after
        end as shown_run_after
    from item
    window of_key as (partition by first_n order by n)
),
keyed as (
    insert into presque_internal.idempotency as known (operation, key, body_hash, job_ids, duplicates)
    select $21, $22, $23, array_agg(id order by n), array_agg(duplicate order by n)
    from outcome
    where $22::text is not null
    having count(*) > 0
    on conflict (operation, key) do update
    set
        created_at = now(), body_hash = excluded.body_hash, job_ids = excluded.job_ids,
        duplicates = excluded.duplicates, claim_id = null
    where known.created_at < now() - interval '24 hours'
    returning key
),
accepted as materialized (
    select *
    from outcome
    where $22::text is null or exists (select from keyed)
),
fresh as materialized (
    select
        accepted.*,
        run_after > now() as delayed
    from accepted
    where not duplicate
),
held as (
    insert into presque_internal.dedup as known (queue_id, key, job_id, until, until_at)
    select
        key_queue_id, dedup_key, id, dedup_until,
        case dedup_until when 'window' then now() + dedup_window_ms * interval '1 millisecond' end
    from fresh
    where dedup_key is not null
    order by key_queue_id, dedup_key
    on conflict (queue_id, key) do update
    set job_id = excluded.job_id, until = excluded.until, until_at = excluded.until_at
    where known.until_at <= now()
    returning job_id
),
stored as (
    insert into presque_internal.job (
        queue_id, id, kind, payload, payload_bytes, priority, run_after, expires_at, max_attempts, lease_ms,
        timeout_ms, tags, headers, traceparent, dedup_key, dedup_until, dedup_queue_id, created_by)
    select
        queue_id, id, kind, payload::json, payload_bytes, priority, run_after, expires_at, max_attempts, lease_ms,
        timeout_ms, tags::text[], headers::json, traceparent, dedup_key,
        case when dedup_key is not null then dedup_until end, case when dedup_key is not null then key_queue_id end, $24
    from fresh
),
expiring as (
    insert into presque_internal.expiring (queue_id, job_id, expires_at)
    select queue_id, id, greatest(expires_at, now())
    from fresh
    where expires_at is not null
),
-- What replaces a waiting job takes its place in the queue, with its id.
replaced as materialized (
    select
        accepted.n, accepted.id, accepted.priority, accepted.run_after, accepted.payload, accepted.payload_bytes,
        presque_internal.job_id_queue(accepted.id) as queue_id,
        presque_internal.job_id_seq(accepted.id) as own_seq,
        -2 * job.priority + 1 as own_lane
    from accepted
    cross join lateral (
        select priority
        from presque_internal.job
        where job.queue_id = presque_internal.job_id_queue(accepted.id) and job.id = accepted.id
        limit 1
    ) as job
    where accepted.on_conflict = 'replace' and accepted.present_id is not null and accepted.n = accepted.first_n
),
left_own_place as (
    delete from presque_internal.ready
    using replaced
    where
        ready.queue_id = any (array[replaced.queue_id])
        and ready.lane = replaced.own_lane
        and ready.seq = replaced.own_seq
        and ready.job_id = replaced.id
    returning replaced.n, ready.attempt, ready.failed_attempts, ready.releases, ready.kind, false as retryable, true as was_ready,
        true as own_place
),
left_ready as (
    delete from presque_internal.ready
    using replaced
    where ready.queue_id = any (array[replaced.queue_id]) and ready.job_id = replaced.id and ready.lane % 2 = 0
    returning replaced.n, ready.attempt, ready.failed_attempts, ready.releases, ready.kind, false, true, false
),
left_scheduled as (
    delete from presque_internal.scheduled
    using replaced
    where scheduled.queue_id = any (array[replaced.queue_id]) and scheduled.job_id = replaced.id
    returning
        replaced.n, scheduled.attempt, scheduled.failed_attempts, scheduled.releases, scheduled.kind,
        scheduled.retryable, false, false
),
-- A place that a job leaves is never taken again; see ARCHITECTURE.md, claims.
moved as materialized (
    select
        placed.*, -2 * placed.priority + placed.stays::integer as lane,
        case when placed.stays then placed.own_seq else presque_internal.next_seq() end as seq
    from (
        select
            replaced.queue_id, replaced.id, replaced.own_seq, replaced.priority, replaced.run_after,
            replaced.payload_bytes, replaced.run_after > now() as delayed,
            left_it.own_place and replaced.own_lane = -2 * replaced.priority + 1 and replaced.run_after <= now() as stays,
            left_it.attempt, left_it.failed_attempts, left_it.releases, left_it.kind, left_it.retryable,
            left_it.was_ready
        from (
            select * from left_own_place
            union all
            select * from left_ready
            union all
            select * from left_scheduled
        ) as left_it
        join replaced using (n)
    ) as placed
),
rewritten as (
    update presque_internal.job
    set
        payload = replaced.payload::json, payload_bytes = replaced.payload_bytes, priority = replaced.priority,
        run_after = replaced.run_after, version = job.version + 1
    from replaced
    where job.queue_id = any (array[replaced.queue_id]) and job.id = replaced.id
),
made_ready as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes, attempt, failed_attempts, releases)
    select queue_id, -2 * priority + 1, seq, id, kind, run_after, payload_bytes, 0, 0, 0
    from fresh
    where not delayed
    union all
    select queue_id, lane, seq, id, kind, run_after, payload_bytes, attempt, failed_attempts, releases
    from moved
    where not delayed
    order by seq
),
made_scheduled as (
    insert into presque_internal.scheduled
        (queue_id, lane, run_after, seq, job_id, kind, payload_bytes, attempt, failed_attempts, releases, retryable)
    select queue_id, -2 * priority, run_after, seq, id, kind, payload_bytes, 0, 0, 0, false
    from fresh
    where delayed
    union all
    select
        queue_id, lane, run_after, seq, id, kind, payload_bytes, attempt, failed_attempts, releases, retryable
    from moved
    where delayed
    order by seq
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, enqueued, failed, ready, scheduled, retryable)
    select
        sums.queue_id, sums.kind, $20,
        (select registration from presque_internal.worker where id = $20),
        sums.enqueued, sums.failed, sums.ready, sums.scheduled, sums.retryable
    from (
        select
            queue_id, kind, sum(enqueued) as enqueued, sum(failed) as failed, sum(ready) as ready,
            sum(scheduled) as scheduled, sum(retryable) as retryable
        from (
            select queue_id, kind, 1 as enqueued, 0 as failed, (not delayed)::integer as ready,
                delayed::integer as scheduled, 0 as retryable
            from fresh
            union all
            select queue_id, kind, 0, 0, (not delayed)::integer - was_ready::integer,
                (delayed and not retryable)::integer - (not was_ready and not retryable)::integer,
                (delayed and retryable)::integer - (not was_ready and retryable)::integer
            from moved
            union all
            select queue_id, kind, 0, $19, 0, 0, 0
            from decided
            where $19 > 0 and not exists (select from refused where code = 'leases')
        ) as changes
        group by queue_id, kind
    ) as sums
),
-- What another statement did that this one's snapshot does not have.
overtaken as (
    select
        case
            when
                (select count(*) from held) < (select count(*) from fresh where dedup_key is not null)
                or (select count(*) from moved) < (select count(*) from replaced)
            then presque_internal.try_again()
            else false
        end as again
)
select
    accepted.n, accepted.id as job_id, accepted.duplicate,
    -- A key that holds in all queues may be held by a job of another one.
    case
        when presque_internal.job_id_queue(accepted.id) <> accepted.queue_id
        then (select name from presque_internal.queue where queue_id = presque_internal.job_id_queue(accepted.id))
    end as other_queue,
    case
        when accepted.present_state is not null and accepted.on_conflict <> 'replace' then accepted.present_state
        when accepted.shown_run_after > now() then 'scheduled'
        else 'available'
    end as state,
    accepted.shown_run_after as run_after,
    null::text as refusal, null::bigint as refused_n, null::bigint as refused_actual, null::bigint as refused_limit,
    false as replayed
from accepted
cross join overtaken
where not overtaken.again
union all
select
    0, refused.job_id, false, null, null, null, refused.code, refused.n, refused.actual, refused."limit",
    refused.n is null
from (select) as always
left join refused on true
where not exists (select from accepted)
order by 1

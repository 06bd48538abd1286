-- Claims jobs of the queues $1, in their order, each under a lease of its own; for one request,
-- or for several that ask for the same.
--
-- $1 queue names in order    $2 kinds, or null for all
-- One element of each array for each job that is wanted, in the order of the requests:
-- $3 the number of its request    $5 lease_ms, or null for what job and queue say
-- $6 worker or null
-- $4 how many of each queue, at most
-- $7 how many bytes of payloads: fewer jobs if more would be larger,
-- but one always    $8 idempotency key or null    $9 SHA-256 of the request's body
-- $10 whether nothing is claimed, and no key used, while one of the queues is not there
--
-- Answers a row for each job, in order, with its request; one row without a job if there is
-- none. Each row says which of the queues are paused and which are not there, how many jobs
-- were cancelled because they had expired, and whether the idempotency key is known: then
-- nothing was claimed, see find_claim.sql.
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
        given.n, given.name, queue.queue_id, queue.paused_at is not null as paused,
        presque_internal.default_policy() || queue.policy as policy,
        -- As many of the next jobs as the answer has room for, so that none is locked that
        -- will not be taken; nobody looks where that many of the largest would fit.
        case
            when $4 * coalesce((queue.policy ->> 'payload_max_bytes')::bigint, 262144) <= $7 then $4
            else (
                select greatest(1, count(*))
                from (
                    select sum(job.bytes) over (order by head.lane, head.seq) as total
                    from (
                        select lane, seq, job_id
                        from presque_internal.ready
                        where ready.queue_id = queue.queue_id and ($2::text[] is null or kind = any ($2))
                        order by lane, seq
                        limit $4
                    ) as head
                    cross join lateral (
                        select coalesce(payload_bytes, 4194304) as bytes
                        from presque_internal.job
                        where job.queue_id = queue.queue_id and job.id = head.job_id
                        limit 1
                    ) as job
                ) as sizes
                where total <= $7
            )
        end as room
    from unnest($1::text[]) with ordinality as given (name, n)
    left join presque_internal.queue on queue.name = given.name and queue.deleted_at is null
),
missing as materialized (
    select
        coalesce(array_agg(name order by n) filter (where queue_id is null), '{}') as queues,
        $10::boolean and bool_or(queue_id is null) as stops
    from asked
),
-- The lanes of each queue that hold anything, one index probe each.
lane_of as (
    select asked.n, asked.queue_id, (-32768)::smallint as lane
    from asked
    where
        asked.queue_id is not null and not asked.paused and not (select stops from missing)
        and ($8::text is null or exists (select from keyed))
    union all
    select
        lane_of.n, lane_of.queue_id,
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
    select asked.n, asked.queue_id, taken.*
    from asked
    cross join lateral (
        select found.*
        from (
            select lane
            from lane_of
            where lane_of.n = asked.n and lane_of.lane > -32768
            order by lane
        ) as at
        cross join lateral (
            select *
            from (
                select
                    ctid as place, false as was_scheduled, false as was_retryable, lane, eligible_at, seq, job_id,
                    attempt, failed_attempts, releases
                from presque_internal.ready
                where ready.queue_id = asked.queue_id and ready.lane = at.lane and ($2::text[] is null or kind = any ($2))
                order by seq
                limit asked.room
                for update skip locked
            ) as waiting
            union all
            select *
            from (
                select
                    ctid, true, retryable, lane, run_after, seq, job_id, attempt, failed_attempts, releases
                from presque_internal.scheduled
                where
                    scheduled.queue_id = asked.queue_id and scheduled.lane = at.lane and run_after <= now()
                    and ($2::text[] is null or kind = any ($2))
                order by run_after, seq
                limit asked.room
                for update skip locked
            ) as due
        ) as found
        limit asked.room
    ) as taken
    limit cardinality($3::integer[])
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
        order by locked.n, locked.lane, locked.was_scheduled,
            case when locked.was_scheduled then locked.eligible_at end, locked.seq)
),
taken as materialized (
    select
        numbered.*,
        -- Who gets which: those that had expired are nobody's.
        case when not expired then ($3::integer[])[slot] end as request,
        case when not expired then ($6::text[])[slot] end as worker,
        coalesce(($5::bigint[])[slot], own_lease_ms, policy_lease_ms) as lease_ms,
        gen_random_uuid() as token
    from (
        select
            sized.place, sized.place_in_answer, sized.was_scheduled, sized.was_retryable, sized.queue_id, sized.job_id,
            sized.lane, sized.eligible_at, sized.attempt + 1 as attempt, sized.failed_attempts, sized.releases,
            asked.name, job.kind, job.payload, job.priority, job.tags, job.headers, job.traceparent,
            job.created_at, job.dedup_key,
            coalesce(job.max_attempts, (asked.policy ->> 'max_attempts')::integer) as max_attempts,
            job.lease_ms as own_lease_ms, (asked.policy ->> 'lease_ms')::bigint as policy_lease_ms,
            coalesce(job.timeout_ms, (asked.policy ->> 'timeout_ms')::bigint) as timeout_ms,
            job.expired,
            count(*) filter (where not job.expired) over (order by sized.place_in_answer) as slot
        from sized
        join asked on asked.n = sized.n
        cross join lateral (
            select
                kind, payload, priority, tags, headers, traceparent, created_at, dedup_key, max_attempts, lease_ms,
                timeout_ms, coalesce(expires_at <= now(), false) as expired
            from presque_internal.job
            where job.queue_id = sized.queue_id and job.id = sized.job_id
            limit 1
        ) as job
        where sized.bytes <= $7 or sized.place_in_answer = 1
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
leased as (
    insert into presque_internal.lease (
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        expires_at, timeout_at, lease_ms, claim_id)
    select
        queue_id, job_id, token, attempt, failed_attempts, releases, max_attempts, lane, kind, worker, eligible_at,
        now() + lease_ms * interval '1 millisecond',
        case when timeout_ms > 0 then now() + timeout_ms * interval '1 millisecond' end,
        lease_ms, (select claim_id from keyed)
    from taken
    where not expired
),
ended as (
    insert into presque_internal.done
        (queue_id, job_id, state, kind, attempt, failed_attempts, eligible_at, cancel_reason)
    select queue_id, job_id, 'cancelled', kind, attempt - 1, failed_attempts, eligible_at, 'expired'
    from taken
    where expired
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id = any (array(select queue_id from asked where queue_id is not null) || 0)
        and key = any (array(select dedup_key from taken where dedup_key is not null))
        and job_id = any (array(select job_id from taken))
        and (until = 'started' or (until = 'finished' and job_id = any (array(select job_id from taken where expired))))
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, started, cancelled, ready, scheduled, retryable, running)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.started, sums.expired, -sums.ready, -sums.scheduled, -sums.retryable, sums.started
    from (
        select
            queue_id, kind, worker, count(*) filter (where not expired) as started,
            count(*) filter (where expired) as expired,
            count(*) filter (where not was_scheduled) as ready,
            count(*) filter (where was_scheduled and not was_retryable) as scheduled,
            count(*) filter (where was_retryable) as retryable
        from taken
        group by queue_id, kind, worker
    ) as sums
)
select
    claimed.request, claimed.job_id, claimed.name as queue, claimed.kind, claimed.payload::text as payload, claimed.attempt,
    claimed.failed_attempts, claimed.max_attempts, claimed.token,
    now() + claimed.lease_ms * interval '1 millisecond' as lease_expires_at, claimed.lease_ms,
    case when claimed.timeout_ms > 0 then now() + claimed.timeout_ms * interval '1 millisecond' end as timeout_at,
    claimed.priority::integer as priority, claimed.tags, claimed.headers::text as headers, claimed.traceparent,
    claimed.created_at, claimed.eligible_at as run_after,
    failure.error_class, failure.error_message, failure.error_stack,
    failure.error_data::text as error_data, failure.error_raw::text as error_raw, failure.error_fingerprint,
    failure.attempt as error_attempt, failure.finished_at as error_at,
    about.paused_queues, about.missing_queues, about.expired, about.replayed
from (
    select
        array(select name from asked where paused order by n) as paused_queues,
        (select queues from missing) as missing_queues,
        (select count(*) from taken where expired) as expired,
        $8::text is not null and not exists (select from keyed) as replayed
) as about
left join taken as claimed on not claimed.expired
left join lateral (
    select
        error_class, error_message, error_stack, error_data, error_raw, error_fingerprint, attempt, finished_at
    from presque_internal.attempt
    where
        claimed.failed_attempts > 0
        and attempt.queue_id = claimed.queue_id
        and attempt.job_id = claimed.job_id
        and attempt.attempt < claimed.attempt
        and attempt.error_class is not null
    order by attempt.attempt desc
    limit 1
) as failure on true
order by claimed.place_in_answer

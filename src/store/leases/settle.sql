-- Ends or extends leases: what workers report, what runs out, and heartbeats. Only a cancel by
-- force ends a lease elsewhere, see jobs/cancel.sql.
--
-- One element of each array for a lease; a job stands in it once, in the order of queue and
-- job:
-- $1 queue ids    $2 job ids    $3 lease tokens
-- $4 outcomes: completed, failed, released, cancelled, extended, or lost (from the loop)
-- $5 results, as JSON    $6 error classes    $7 error messages    $8 stacks
-- $9 error data, as JSON    $10 the failure as it came, where texts could not keep it
-- $11 the messages without what differs from job to job, for the fingerprint
-- $12 retry: false discards at once    $13 delay_ms: until the retry, the release's end, or
-- the lease's new end    $14 progress    $15 progress message
-- $16 a payload that replaces the job's for the retry    $17 log lines, as a JSON array
-- $18 the most bytes of messages that an attempt keeps: the lines that fit
--
-- Answers a row for each lease that stood with its token: what became of the job. No row:
-- the lease is not, or no longer, the current one, see find_settled.sql. `refused` says
-- that a result is too large; then the lease stands as it was.
--
--   completed   done (completed)
--   failed      scheduled (retryable) after the backoff; done (discarded) at the last
--               attempt or without retry; `lost` likewise, once its time is over
--   released    ready or scheduled; the thousandth and later ones count as a failure
--   cancelled   done (cancelled); likewise every end but `completed` while a cancel is asked
--   extended    the lease, never shorter than it was
--
-- Safe under concurrency: the row of the lease, with its token, is the one fence. It is
-- locked first, in order, so that two batches cannot deadlock; of two that end the same
-- lease, the second finds no row. `lost` repeats its condition after the lock: a lease that
-- was extended meanwhile is left alone.
--
-- `any (array[...])` where = would do: only so is each lease looked up by itself, see
-- ARCHITECTURE.md.
--
-- Served by lease_of_job, job_by_id, dedup_key_is_held_once and the primary key of queue.
with item as materialized (
    select *
    from unnest(
        $1::integer[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::text[], $12::boolean[], $13::bigint[], $14::real[], $15::text[], $16::text[], $17::text[]
    ) with ordinality as u (
        queue_id, job_id, token, outcome, result, error_class, error_message, error_stack, error_data, error_raw,
        error_normal, retry, delay_ms, progress, progress_message, payload, logs, n)
),
held as materialized (
    select
        item.*, lease.attempt, lease.failed_attempts, lease.releases, lease.max_attempts, lease.lane, lease.kind,
        lease.worker, lease.eligible_at, lease.claimed_at, lease.lease_ms, lease.cancel_requested_at,
        lease.cancel_reason, lease.has_key is not false as has_key, coalesce(lease.timeout_at <= now(), false) as timed_out,
        -- Never shorter than it was.
        greatest(lease.expires_at, now() + coalesce(item.delay_ms, lease.lease_ms) * interval '1 millisecond')
            as extended_to
    from item
    cross join lateral (
        select *
        from presque_internal.lease
        where
            lease.queue_id = item.queue_id
            and lease.job_id = item.job_id
            and lease.token = item.token
            and (item.outcome <> 'lost' or least(lease.expires_at, lease.timeout_at) <= now())
        limit 1
        for update
    ) as lease
),
judged as materialized (
    select
        held.*, queue.name as queue_name, queue.policy,
        octet_length(held.result) as result_bytes,
        case
            when held.outcome = 'completed' and octet_length(held.result) > (queue.policy ->> 'result_max_bytes')::bigint
                then 'refused'
            when held.outcome in ('extended', 'completed', 'cancelled') then held.outcome
            when held.cancel_requested_at is not null then 'cancelled'
            when held.outcome = 'released' and held.releases < 1000 then 'released'
            when held.outcome = 'failed' and not held.retry then 'discarded'
            when held.failed_attempts + 1 >= held.max_attempts then 'discarded'
            else 'retryable'
        end as goes
    from held
    cross join lateral (
        select name, presque_internal.default_policy() || policy as policy
        from presque_internal.queue
        where queue.queue_id = held.queue_id
        limit 1
    ) as queue
),
-- How the attempt ended, and when the job can be claimed again.
ended as materialized (
    select
        judged.*,
        case
            when outcome = 'lost' then case when timed_out then 'timed_out' else 'lost' end
            when outcome = 'released' and goes <> 'released' and cancel_requested_at is null then 'failed'
            else outcome
        end as attempt_outcome,
        failed_attempts + (outcome in ('failed', 'lost') or (outcome = 'released' and goes <> 'released'
            and cancel_requested_at is null))::integer as failures,
        case
            when goes = 'released' then now() + coalesce(delay_ms, 0) * interval '1 millisecond'
            when goes = 'retryable' then now() + interval '1 millisecond' * coalesce(
                case when outcome = 'failed' then delay_ms end,
                presque_internal.backoff_ms(policy, failed_attempts + 1, random()))
        end as next_run_after,
        -- Of an attempt that nobody reported.
        case
            when outcome = 'lost' and timed_out then 'timeout'
            when outcome = 'lost' then 'lease_expired'
            when outcome = 'released' and goes <> 'released' and cancel_requested_at is null then 'too_many_releases'
            else error_class
        end as own_error_class,
        case
            when outcome = 'lost' and timed_out then 'The attempt took longer than its timeout_ms.'
            when outcome = 'lost' then 'The lease ran out: the worker sent no heartbeat.'
            when outcome = 'released' and goes <> 'released' and cancel_requested_at is null
                then 'The job was released more than 1000 times.'
            else error_message
        end as own_error_message,
        goes not in ('extended', 'refused') as ends
    from judged
),
finished as materialized (
    select
        ended.*,
        case
            when ends and own_error_class is not null
            then left(md5(queue_name || E'\n' || kind || E'\n' || own_error_class || E'\n'
                || coalesce(error_normal, own_error_message)), 16)
        end as error_fingerprint
    from ended
),
gone as (
    delete from presque_internal.lease
    using finished
    where
        finished.ends
        and lease.queue_id = any (array[finished.queue_id])
        and lease.job_id = finished.job_id
        and lease.token = finished.token
),
extended as (
    update presque_internal.lease
    set
        expires_at = judged.extended_to,
        progress = coalesce(judged.progress, lease.progress),
        progress_message = coalesce(judged.progress_message, lease.progress_message)
    from judged
    where
        judged.goes = 'extended'
        and lease.queue_id = any (array[judged.queue_id])
        and lease.job_id = judged.job_id
        and lease.token = judged.token
),
history as (
    insert into presque_internal.attempt (
        queue_id, job_id, attempt, token, outcome, kind, worker, eligible_at, started_at, next_run_after, error_class,
        error_message, error_stack, error_data, error_raw, error_fingerprint)
    select
        queue_id, job_id, attempt, token, attempt_outcome, kind, worker, eligible_at, claimed_at, next_run_after,
        own_error_class, own_error_message, error_stack, error_data::json, error_raw::json, error_fingerprint
    from finished
    where goes in ('retryable', 'released')
),
final as (
    insert into presque_internal.done (
        queue_id, job_id, state, outcome, kind, attempt, failed_attempts, token, worker, eligible_at, started_at,
        cancel_reason, result, error_class, error_message, error_stack, error_data, error_raw, error_fingerprint)
    select
        queue_id, job_id, goes, attempt_outcome, kind, attempt, failures, token, worker, eligible_at, claimed_at,
        case when goes = 'cancelled' then coalesce(cancel_reason, 'cancelled by its worker') end,
        case when goes = 'completed' and (policy ->> 'store_results')::boolean then result::json end,
        own_error_class, own_error_message, error_stack, error_data::json, error_raw::json, error_fingerprint
    from finished
    where goes in ('completed', 'cancelled', 'discarded')
),
later as (
    insert into presque_internal.scheduled
        (queue_id, lane, run_after, seq, job_id, kind, attempt, failed_attempts, releases, retryable, error_fingerprint)
    select
        queue_id, (floor(lane / 2.0) * 2)::smallint, next_run_after,
        presque_internal.next_seq(), job_id, kind, attempt, failures,
        releases + (goes = 'released')::integer, goes = 'retryable',
        case when goes = 'retryable' then error_fingerprint end
    from finished
    where goes = 'retryable' or (goes = 'released' and next_run_after > now())
),
at_once as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, attempt, failed_attempts, releases)
    select
        queue_id, (floor(lane / 2.0) * 2)::smallint, presque_internal.next_seq(), job_id, kind, now(), attempt,
        failures, releases + 1
    from finished
    where goes = 'released' and next_run_after <= now()
),
-- What reports count errors by.
mourned as (
    insert into presque_internal.failure_tally
        (queue_id, job_id, failures, discarded, kind, fingerprint, error_class, message)
    select
        queue_id, job_id, failures, goes = 'discarded', kind, error_fingerprint, own_error_class,
        left(own_error_message, 500)
    from finished
    where error_fingerprint is not null and attempt_outcome in ('failed', 'lost', 'timed_out')
),
repaid as (
    update presque_internal.job
    set
        payload = finished.payload::json, payload_bytes = octet_length(finished.payload), version = job.version + 1
    from finished
    where
        finished.payload is not null
        and finished.goes in ('retryable', 'discarded')
        and job.queue_id = any (array[finished.queue_id])
        and job.id = finished.job_id
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id = any (array(select queue_id from finished where ends) || 0)
        and key = any (array(
            select presque_internal.dedup_key_of(queue_id, job_id)
            from finished
            where has_key and goes in ('completed', 'cancelled', 'discarded')
        ))
        and job_id = any (array(select job_id from finished where goes in ('completed', 'cancelled', 'discarded')))
        and until = 'finished'
),
said as (
    insert into presque_internal.attempt_log (queue_id, job_id, attempt, at, level, message)
    select queue_id, job_id, attempt, at, level, message
    from (
        select
            judged.queue_id, judged.job_id, judged.attempt,
            coalesce((line.value ->> 'at')::timestamptz, now()) as at, line.value ->> 'level' as level,
            line.value ->> 'message' as message,
            kept.bytes + sum(octet_length(line.value ->> 'message')) over (partition by judged.n order by line.n) as bytes
        from judged
        cross join lateral (
            select coalesce(sum(octet_length(old.message)), 0) as bytes
            from presque_internal.attempt_log as old
            where
                old.queue_id = judged.queue_id
                and old.job_id = judged.job_id
                and old.attempt = judged.attempt
        ) as kept
        cross join lateral json_array_elements(judged.logs::json) with ordinality as line (value, n)
        where judged.logs is not null and judged.goes <> 'refused'
    ) as lines
    where bytes <= $18
),
-- Discarded jobs of queues that name a queue for them leave a copy there; it is made if it was
-- deleted.
dying as materialized (
    select queue_id, job_id, payload, n, policy ->> 'dead_letter_queue' as target
    from finished
    where goes = 'discarded' and policy ->> 'dead_letter_queue' <> ''
),
made_queue as (
    insert into presque_internal.queue (name)
    select distinct target
    from dying
    where not exists (select from presque_internal.queue where name = target and deleted_at is null)
    on conflict (name) where deleted_at is null do nothing
    returning queue_id, name
),
dead as materialized (
    select
        dying.queue_id as from_queue_id, dying.job_id as from_job_id, dying.payload as new_payload,
        target.queue_id, drawn.seq,
        presque_internal.new_job_id(target.queue_id, drawn.seq) as id
    from dying
    cross join lateral (
        select queue_id
        from presque_internal.queue
        where name = dying.target and deleted_at is null
        union all
        select queue_id
        from made_queue
        where name = dying.target
        limit 1
    ) as target
    cross join lateral (select presque_internal.next_seq() + 0 * dying.n as seq) as drawn
),
-- Somebody else made the queue just now: the next try sees it.
overtaken as (
    select
        case
            when (select count(*) from dead) < (select count(*) from dying) then presque_internal.try_again()
            else false
        end as again
),
copied as (
    insert into presque_internal.job (
        queue_id, id, kind, payload, payload_bytes, priority, run_after, tags, headers, traceparent, origin_job_id,
        created_by)
    select
        dead.queue_id, dead.id, job.kind, coalesce(dead.new_payload::json, job.payload),
        coalesce(octet_length(dead.new_payload), job.payload_bytes), job.priority, now(), job.tags, job.headers,
        job.traceparent, job.id, job.created_by
    from dead
    cross join lateral (
        select id, kind, payload, payload_bytes, priority, tags, headers, traceparent, created_by
        from presque_internal.job
        where job.queue_id = dead.from_queue_id and job.id = dead.from_job_id
        limit 1
    ) as job
    returning queue_id, id, kind, priority
),
copied_ready as (
    insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at)
    select queue_id, -2 * priority + 1, presque_internal.job_id_seq(id), id, kind, now()
    from copied
),
counted as (
    insert into presque_internal.tally (
        queue_id, kind, worker, registration, enqueued, completed, failed, discarded, cancelled, ready, scheduled,
        retryable, running, lost, released, runs)
    select
        sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.enqueued, sums.completed, sums.failed, sums.discarded, sums.cancelled, sums.ready, sums.scheduled,
        sums.retryable, sums.running, sums.lost, sums.released, sums.runs
    from (
        select
            queue_id, kind, worker, 0 as enqueued,
            count(*) filter (where goes = 'completed') as completed,
            sum(failures - failed_attempts) as failed,
            count(*) filter (where goes = 'discarded') as discarded,
            count(*) filter (where goes = 'cancelled') as cancelled,
            count(*) filter (where goes = 'released' and next_run_after <= now()) as ready,
            count(*) filter (where goes = 'released' and next_run_after > now()) as scheduled,
            count(*) filter (where goes = 'retryable') as retryable,
            -count(*) as running,
            count(*) filter (where attempt_outcome in ('lost', 'timed_out')) as lost,
            count(*) filter (where attempt_outcome = 'released') as released,
            array_agg(presque_internal.elapsed_ms(claimed_at, now())) as runs
        from finished
        where ends
        group by queue_id, kind, worker
        union all
        select queue_id, kind, null, count(*), 0, 0, 0, 0, count(*), 0, 0, 0, 0, 0, null
        from copied
        group by queue_id, kind
    ) as sums
)
select
    n, queue_name as queue, attempt,
    case
        when not ends then 'running'
        when goes = 'released' then case when next_run_after > now() then 'scheduled' else 'available' end
        else goes
    end as state,
    next_run_after as run_after,
    case when ends and goes not in ('released', 'retryable') then now() end as finished_at,
    case when goes = 'extended' then extended_to end as lease_expires_at,
    cancel_requested_at is not null as cancel_requested,
    goes = 'refused' as refused,
    result_bytes::bigint as result_bytes,
    (policy ->> 'result_max_bytes')::bigint as result_max_bytes,
    case
        when goes = 'discarded' and exists (select from dead where dead.from_job_id = finished.job_id)
        then array[policy ->> 'dead_letter_queue']
        else '{}'
    end as copied_to
from finished
cross join overtaken
where not overtaken.again
order by n

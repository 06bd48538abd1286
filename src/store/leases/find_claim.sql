-- What an earlier claim with this idempotency key was answered, as far as its leases live.
--
-- $1 idempotency key
--
-- Answers a row for each job, in the order of their leases; one row without a job if none
-- of the leases lives. `body_hash` is that of the earlier request.
--
-- Reads one snapshot. Served by idempotency_key_is_used_once, lease_of_claim, job_by_id and
-- attempt_of_job.
select
    claimed.job_id, queue.name as queue, job.kind, job.payload::text as payload, claimed.attempt,
    claimed.failed_attempts, claimed.max_attempts, claimed.token, claimed.expires_at as lease_expires_at,
    claimed.lease_ms,
    claimed.timeout_at, job.priority::integer as priority, job.tags, job.headers::text as headers, job.traceparent,
    job.created_at, claimed.eligible_at as run_after, job.batch_id,
    failure.error_class, failure.error_message, failure.error_stack,
    failure.error_data::text as error_data, failure.error_raw::text as error_raw, failure.error_fingerprint,
    failure.attempt as error_attempt, failure.finished_at as error_at,
    known.body_hash
from presque_internal.idempotency as known
left join presque_internal.lease as claimed on claimed.claim_id = known.claim_id
left join presque_internal.queue on queue.queue_id = claimed.queue_id
left join lateral (
    select kind, payload, priority, tags, headers, traceparent, created_at, batch_id
    from presque_internal.job
    where job.queue_id = claimed.queue_id and job.id = claimed.job_id
    limit 1
) as job on true
left join lateral (
    select
        error_class, error_message, error_stack, error_data, error_raw, error_fingerprint, attempt, finished_at
    from presque_internal.attempt
    where
        claimed.failed_attempts > 0
        and attempt.queue_id = claimed.queue_id
        and attempt.job_id = claimed.job_id
        and attempt.error_class is not null
    order by attempt.attempt desc
    limit 1
) as failure on true
where known.operation = 'claim_jobs' and known.key = $1
order by claimed.claimed_at, claimed.lane, claimed.job_id

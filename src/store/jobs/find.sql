-- One job as it is now, with what was asked for and its latest failure.
--
-- $1 queue id    $2 job id    $3 with its payload    $4 with its result
--
-- Reads one snapshot. Served by job_by_id, lease_of_job, scheduled_of_job, ready_again,
-- the primary key of done and attempt_of_job.
select
    job_id, queue, kind, state, priority, attempt, failed_attempts, max_attempts, tags, created_at, run_after,
    started_at, finished_at, wait_ms, run_ms, lease_expires_at, worker, progress, progress_message,
    cancel_requested_at, cancel_reason, expires_at, dedup_key, origin_job_id, headers, traceparent, created_by,
    version, batch_id, depends_on, error_class, error_message, error_stack, error_data, error_raw, error_fingerprint,
    error_attempt, error_at,
    case when $3 then payload::text end as payload,
    case when $4 then result::text end as result
from presque_internal.job_detail
where queue_id = $1 and job_id = $2

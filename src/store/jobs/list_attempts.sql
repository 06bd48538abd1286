-- The attempts of a job, newest first: the running one, the last one, and those before.
--
-- $1 queue id    $2 job id    $3 attempts below this number    $4 how many
--
-- Answers no row if there is no such job, one without an attempt if it was never claimed.
-- The log lines of each come as a JSON array, oldest first.
--
-- Reads one snapshot. Served by job_by_id, lease_of_job, the primary key of done,
-- attempt_of_job and attempt_log_of_job.
select
    past.attempt, past.outcome, past.worker, past.started_at, past.finished_at, past.eligible_at,
    past.error_class, past.error_message, past.error_stack, past.error_data::text as error_data,
    past.error_raw::text as error_raw, past.error_fingerprint,
    (
        select json_agg(json_build_object('at', line.at, 'level', line.level, 'message', line.message)
            order by line.number)::text
        from presque_internal.attempt_log as line
        where line.queue_id = $1 and line.job_id = $2 and line.attempt = past.attempt
    ) as logs
from presque_internal.job
left join lateral (
    select *
    from (
        select
            attempt, 'running' as outcome, worker, claimed_at as started_at, null::timestamptz as finished_at,
            eligible_at, null::text as error_class, null::text as error_message, null::text as error_stack,
            null::json as error_data, null::json as error_raw, null::text as error_fingerprint
        from presque_internal.lease
        where lease.queue_id = $1 and lease.job_id = $2
        union all
        select
            attempt, outcome, worker, started_at, finished_at, eligible_at, error_class, error_message, error_stack,
            error_data, error_raw, error_fingerprint
        from presque_internal.done
        where done.queue_id = $1 and done.job_id = $2 and done.outcome is not null
        union all
        select
            attempt, outcome, worker, started_at, finished_at, eligible_at, error_class, error_message, error_stack,
            error_data, error_raw, error_fingerprint
        from presque_internal.attempt
        where attempt.queue_id = $1 and attempt.job_id = $2
    ) as every
    where every.attempt < $3
    order by every.attempt desc
    limit $4
) as past on true
where job.queue_id = $1 and job.id = $2
order by past.attempt desc

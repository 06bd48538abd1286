-- What is known of jobs whose leases were not current: was the same outcome reported before?
--
-- $1 queue ids    $2 job ids    $3 lease tokens    $4 outcomes
--
-- Answers a row for each that exists: its state now, and whether an attempt under this
-- token ended with this outcome, with the status that was answered then. A failure that
-- ended in cancelled or discarded counts as reported, too, and so does a release that was one
-- too many.
--
-- Reads only. Served by job_by_id, the primary key of done and attempt_of_job.
select
    asked.n,
    job.state,
    job.attempt as attempt_now,
    coalesce(past.attempt, 0) as attempt,
    past.outcome is not null as reported,
    past.state as reported_state,
    past.run_after,
    past.finished_at
from unnest($1::integer[], $2::uuid[], $3::uuid[], $4::text[]) with ordinality
    as asked (queue_id, job_id, token, outcome, n)
cross join lateral (
    select state, attempt
    from presque_internal.job_now
    where job_now.queue_id = asked.queue_id and job_now.id = asked.job_id
    limit 1
) as job
left join lateral (
    select attempt, outcome, state, null::timestamptz as run_after, finished_at
    from presque_internal.done
    where
        done.queue_id = asked.queue_id and done.job_id = asked.job_id
        and done.token = asked.token
        and (done.outcome = asked.outcome or (asked.outcome = 'released' and done.error_class = 'too_many_releases'))
    union all
    select
        attempt, outcome,
        case
            -- What was final was retried since then.
            when outcome in ('completed', 'cancelled') then outcome
            when next_run_after is null then 'discarded'
            when outcome <> 'released' then 'retryable'
            when next_run_after > finished_at then 'scheduled'
            else 'available'
        end,
        next_run_after,
        case when next_run_after is null then finished_at end
    from presque_internal.attempt
    where
        attempt.queue_id = asked.queue_id and attempt.job_id = asked.job_id
        and attempt.token = asked.token
        and (
            attempt.outcome = asked.outcome
            or (asked.outcome = 'released' and attempt.error_class = 'too_many_releases')
        )
    limit 1
) as past on true
order by asked.n

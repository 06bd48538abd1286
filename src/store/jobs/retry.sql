-- Makes a job claimable again, at once or after a delay: from a final state, from its
-- backoff, or before its time.
--
-- $1 queue id    $2 job id    $3 delay_ms    $4 reset failed_attempts    $5 force: completed jobs, too
-- $6 who asks, or null: then the audit log has no row    $7 the states in which it is meant, or null for any
--
-- Answers one row: what came of it, or the job that holds its key, and its queue, or that this
-- is retired and hands out nothing; none if there is no such job in a state that can be retried. The id and the attempts are kept: the last attempt
-- goes from `done` to `attempt`. The result is cleared with it.
--
-- Safe under concurrency: the row that is deleted is the job's state, so of two retries one
-- finds it. A key taken meanwhile undoes the statement, and the next try sees who holds it.
--
-- Served by scheduled_of_job, the primary key of done, job_by_id, batch_job_once and dedup_key_is_held_once.
with target as materialized (
    select
        job.queue_id, job.id, job.dedup_key, job.dedup_until,
        coalesce(job.dedup_queue_id, job.queue_id) as dedup_queue_id, job.priority, job.kind, queue.name as queue
    from presque_internal.job
    cross join lateral (
        select name
        from presque_internal.queue
        where queue.queue_id = job.queue_id and deleted_at is null
        limit 1
    ) as queue
    where
        job.queue_id = $1 and job.id = $2
        and (
            $7::text[] is null
            or (
                select state
                from presque_internal.job_now
                where job_now.queue_id = $1 and job_now.id = $2
                limit 1
            ) = any ($7)
        )
),
-- Another job that took the key when this one had let go of it. Windows pass by themselves.
holder as materialized (
    select dedup.job_id
    from target
    cross join presque_internal.dedup
    where
        dedup.queue_id = target.dedup_queue_id
        and dedup.key = target.dedup_key
        and dedup.job_id <> target.id
        and dedup.until <> 'window'
        and target.dedup_until <> 'window'
    limit 1
),
left_scheduled as (
    delete from presque_internal.scheduled
    where
        queue_id = $1 and job_id = $2 and run_after > now()
        and exists (select from target) and not exists (select from holder)
    returning attempt, failed_attempts, releases, retryable
),
left_done as (
    delete from presque_internal.done
    where
        queue_id = $1 and job_id = $2 and (state <> 'completed' or $5)
        and exists (select from target) and not exists (select from holder)
    returning
        attempt, failed_attempts, state, outcome, token, worker, eligible_at, started_at, finished_at, error_class,
        error_message, error_stack, error_data, error_raw, error_fingerprint
),
kept as (
    insert into presque_internal.attempt (
        queue_id, job_id, attempt, token, outcome, kind, worker, eligible_at, started_at, finished_at, error_class,
        error_message, error_stack, error_data, error_raw, error_fingerprint)
    select
        target.queue_id, target.id, old.attempt, coalesce(old.token, gen_random_uuid()), old.outcome, target.kind,
        old.worker, old.eligible_at, old.started_at, old.finished_at, old.error_class, old.error_message,
        old.error_stack, old.error_data, old.error_raw, old.error_fingerprint
    from left_done as old
    cross join target
    where old.outcome is not null
),
again as materialized (
    select
        target.queue_id, target.id, target.kind, -2 * target.priority as lane,
        presque_internal.next_seq() as seq, old.attempt,
        case when $4 then 0 else old.failed_attempts end as failed_attempts,
        old.releases, old.was, now() + $3 * interval '1 millisecond' as run_after
    from (
        select attempt, failed_attempts, releases, case when retryable then 'retryable' else 'scheduled' end as was
        from left_scheduled
        union all
        select attempt, failed_attempts, 0, state
        from left_done
    ) as old
    cross join target
),
made_ready as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, attempt, failed_attempts, releases)
    select queue_id, lane, seq, id, kind, now(), attempt, failed_attempts, releases
    from again
    where run_after <= now()
),
made_scheduled as (
    insert into presque_internal.scheduled
        (queue_id, lane, run_after, seq, job_id, kind, attempt, failed_attempts, releases, retryable)
    select queue_id, lane, run_after, seq, id, kind, attempt, failed_attempts, releases, false
    from again
    where run_after > now()
),
held as (
    insert into presque_internal.dedup (queue_id, key, job_id, until)
    select dedup_queue_id, dedup_key, id, dedup_until
    from target
    where dedup_key is not null and dedup_until = 'finished' and exists (select from again)
    on conflict (queue_id, key) do update
    set job_id = excluded.job_id
    where dedup.job_id = excluded.job_id
    returning job_id
),
-- A new version; and one that came too late is given no end: it would be cancelled at once.
changed as (
    update presque_internal.job
    set expires_at = case when expires_at > now() then expires_at end, version = version + 1
    where queue_id = $1 and id = $2 and exists (select from again)
),
-- Its batch, if it has one, is not finished any more.
reopened as (
    insert into presque_internal.ended_job (queue_id, job_id, state)
    select again.queue_id, again.id, 'reopened'
    from again
    cross join lateral (
        select
        from presque_internal.batch_job
        where batch_job.queue_id = again.queue_id and batch_job.job_id = again.id
        limit 1
    ) as its
    where again.was in ('completed', 'discarded', 'cancelled')
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, gone_completed, gone_discarded, gone_cancelled, ready, scheduled, retryable)
    select
        queue_id, kind, (was = 'completed')::integer, (was = 'discarded')::integer, (was = 'cancelled')::integer,
        (run_after <= now())::integer,
        (run_after > now())::integer - (was = 'scheduled')::integer,
        -(was = 'retryable')::integer
    from again
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'job.retried', 'job', again.id::text,
        jsonb_build_object(
            'queue', target.queue, 'kind', again.kind, 'state_before', again.was, 'run_after', again.run_after),
        by.*
    from again
    cross join target
    cross join json_to_record($6::text::json) as by (actor text, request_id text, ip inet)
    where $6::text is not null
)
select
    case when run_after > now() then 'scheduled' else 'available' end as state,
    attempt, run_after, null::uuid as holder,
    case
        when exists (select from target where dedup_key is not null and dedup_until = 'finished')
            and not exists (select from held)
        then presque_internal.try_again()
    end as again,
    (select queue from target) as queue, false as retired
from again
union all
select null, null, null, job_id, null, null, false
from holder
union all
select null, null, null, null, null, queue.name, true
from presque_internal.job
join presque_internal.queue on queue.queue_id = job.queue_id
where job.queue_id = $1 and job.id = $2 and queue.deleted_at is not null

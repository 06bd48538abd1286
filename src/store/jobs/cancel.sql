-- Cancels a job: at once where it waits, by asking its worker where it runs.
--
-- $1 queue id    $2 job id    $3 reason    $4 force: void the lease of a running job, too
-- $5 delete: take the job away as well, its statistics stay; a running one is left alone
-- $6 who asks, or null: then the audit log has no row    $7 the states in which it is meant, or null for any
--
-- Answers one row with the state that came of it; none if there is no such job in a state
-- that can be cancelled. A running job without force stays running, its worker is told.
--
-- Safe under concurrency: the row that is deleted is the job's state, so of a claim and a
-- cancel one finds it. A lease is fenced by its row: whoever settles it meanwhile wins. A
-- voided one leaves no token behind, so that nothing its worker reports is taken for the end.
--
-- `any (array[...])` where = would do: only so is each row looked up by itself, see
-- ARCHITECTURE.md.
--
-- Served by ready_in_order, ready_again, scheduled_of_job, pending_job, lease_of_job, job_by_id,
-- dependency_once, dependency_on_job, batch_job_once, attempt_of_job and attempt_log_of_job.
with target as materialized (
    select queue_id, id, dedup_key, kind, -2 * priority + 1 as own_lane, presque_internal.job_id_seq(id) as own_seq
    from presque_internal.job
    where
        queue_id = $1 and id = $2
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
left_own_place as (
    delete from presque_internal.ready
    using target
    where
        ready.queue_id = any (array[target.queue_id]) and ready.lane = target.own_lane and ready.seq = target.own_seq
        and ready.job_id = target.id
    returning ready.attempt, ready.failed_attempts, ready.eligible_at, 'ready' as place
),
left_ready as (
    delete from presque_internal.ready
    where queue_id = $1 and job_id = $2 and lane % 2 = 0 and exists (select from target)
    returning attempt, failed_attempts, eligible_at, 'ready'
),
left_scheduled as (
    delete from presque_internal.scheduled
    where queue_id = $1 and job_id = $2 and exists (select from target)
    returning attempt, failed_attempts, run_after, case when retryable then 'retryable' else 'scheduled' end
),
left_pending as (
    delete from presque_internal.pending
    where queue_id = $1 and job_id = $2 and exists (select from target)
    returning 0, 0, null::timestamptz, 'pending'
),
voided as (
    delete from presque_internal.lease
    where queue_id = $1 and job_id = $2 and $4 and not $5 and exists (select from target)
    returning attempt, failed_attempts, eligible_at, 'lease', worker, claimed_at
),
asked as (
    update presque_internal.lease
    set
        cancel_requested_at = coalesce(cancel_requested_at, now()),
        cancel_reason = coalesce(cancel_reason, $3)
    where queue_id = $1 and job_id = $2 and not $4 and not $5 and exists (select from target)
    returning attempt, cancel_reason, cancel_requested_at = now() as is_news
),
gone as materialized (
    select *, null::text as worker, null::timestamptz as claimed_at from left_own_place
    union all
    select *, null, null from left_ready
    union all
    select *, null, null from left_scheduled
    union all
    select *, null, null from left_pending
    union all
    select * from voided
),
ended as (
    insert into presque_internal.done (
        queue_id, job_id, state, outcome, kind, attempt, failed_attempts, token, worker, eligible_at, started_at,
        cancel_reason)
    select
        target.queue_id, target.id, 'cancelled', case when gone.place = 'lease' then 'cancelled' end, target.kind,
        gone.attempt, gone.failed_attempts, null, gone.worker, gone.eligible_at, gone.claimed_at, $3
    from gone
    cross join target
    where not $5
),
waits_for_nobody as (
    delete from presque_internal.dependency
    where queue_id = $1 and job_id = $2 and exists (select from gone where place = 'pending')
),
-- Who waits for it is told by a trigger of `done`, where it leaves no row if it is deleted.
told as (
    insert into presque_internal.ended_job (queue_id, job_id, state)
    select $1, $2, 'cancelled'
    from gone
    cross join lateral (
        select from presque_internal.dependency where on_queue_id = $1 and on_job_id = $2
        union all
        select from presque_internal.batch_job where batch_job.queue_id = $1 and batch_job.job_id = $2
        limit 1
    ) as waited_for
    where $5
),
deleted as (
    delete from presque_internal.job
    where queue_id = $1 and id = $2 and $5 and exists (select from gone)
),
attempts as (
    delete from presque_internal.attempt
    where queue_id = $1 and job_id = $2 and $5 and exists (select from gone)
),
logs as (
    delete from presque_internal.attempt_log
    where queue_id = $1 and job_id = $2 and $5 and exists (select from gone)
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id in ($1, 0)
        and key = (select dedup_key from target)
        and job_id = $2
        and ($5 or until in ('started', 'finished'))
        and exists (select from gone)
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, cancelled, gone_cancelled, ready, scheduled, retryable, running)
    select
        target.queue_id, target.kind, gone.worker, 1, $5::integer,
        -(gone.place = 'ready')::integer, -(gone.place = 'scheduled')::integer,
        -(gone.place = 'retryable')::integer, -(gone.place = 'lease')::integer
    from gone
    cross join target
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select $1, -1
    from gone
    where place = 'pending'
),
-- A worker that was asked before is asked no second time.
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        case when $5 then 'job.deleted' else 'job.cancelled' end, 'job', target.id::text,
        jsonb_strip_nulls(jsonb_build_object(
            'queue', (select name from presque_internal.queue where queue.queue_id = target.queue_id),
            'kind', target.kind, 'state', done.state, 'reason', case when not $5 then done.reason end)),
        by.*
    from (
        select 'cancelled' as state, $3 as reason from gone
        union all
        select 'running', cancel_reason from asked where is_news
    ) as done
    cross join target
    cross join json_to_record($6::text::json) as by (actor text, request_id text, ip inet)
    where $6::text is not null
)
select 'cancelled' as state, attempt, now() as finished_at
from gone
union all
select 'running', attempt, null
from asked

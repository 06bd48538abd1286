-- Deletes a final job: what was asked for, what became of it, its attempts and logs.
--
-- $1 queue id    $2 job id    $3 who asks, or null: then the audit log has no row
-- $4 the states in which it is meant, or null for any
--
-- Answers one row if it did. Statistics stay, and so do the rows of other jobs that name it.
--
-- Safe under concurrency: the row in `done` is the job's state, so of a retry and a delete
-- one finds it. Served by the keys of done, job, attempt and attempt_log_of_job.
with gone as (
    delete from presque_internal.done
    where queue_id = $1 and job_id = $2 and ($4::text[] is null or state = any ($4))
    returning kind, state
),
job as (
    delete from presque_internal.job
    where queue_id = $1 and id = $2 and exists (select from gone)
    returning dedup_key
),
attempts as (
    delete from presque_internal.attempt
    where queue_id = $1 and job_id = $2 and exists (select from gone)
),
logs as (
    delete from presque_internal.attempt_log
    where queue_id = $1 and job_id = $2 and exists (select from gone)
),
freed as (
    delete from presque_internal.dedup
    where queue_id in ($1, 0) and key = (select dedup_key from job) and job_id = $2
),
counted as (
    insert into presque_internal.tally (queue_id, kind, gone_completed, gone_discarded, gone_cancelled)
    select
        $1, kind, (state = 'completed')::integer, (state = 'discarded')::integer, (state = 'cancelled')::integer
    from gone
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'job.deleted', 'job', $2::text,
        jsonb_build_object(
            'queue', (select name from presque_internal.queue where queue_id = $1), 'kind', gone.kind,
            'state', gone.state),
        by.*
    from gone
    cross join json_to_record($3::text::json) as by (actor text, request_id text, ip inet)
    where $3::text is not null
)
select state
from gone

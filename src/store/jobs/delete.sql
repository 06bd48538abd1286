-- Deletes a final job: what was asked for, what became of it, its attempts and logs.
--
-- $1 queue id    $2 job id
--
-- Answers one row if it did. Statistics stay, and so do the rows of other jobs that name it.
--
-- Safe under concurrency: the row in `done` is the job's state, so of a retry and a delete
-- one finds it. Served by the keys of done, job, attempt and attempt_log_of_job.
with gone as (
    delete from presque_internal.done
    where queue_id = $1 and job_id = $2
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
)
select state
from gone

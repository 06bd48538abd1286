-- Deletes up to $1 final jobs that their queue keeps no longer, with what belongs to them; those
-- that do not go with their day, see migration 10.
--
-- $1 how many
--
-- Answers how many it deleted; 0 also when another server is at it.
--
-- Safe under concurrency: a transaction-level advisory lock admits one server at a time. The row
-- in `done` is the job's end: a retry or a deletion that is faster takes it, and what belongs to
-- the job then stays. A job's id tells when it was made, which is before it was final, so that
-- those of a queue that may be due are a range of its ids.
--
-- Served by done_job, job_by_id, attempt_of_job and attempt_log_of_job.
with keeper as materialized (
    select pg_try_advisory_xact_lock(hashtextextended('presque.retain', 0)) as alone
),
longest as materialized (
    select state, max(ms) as ms
    from presque_internal.queue_retention
    group by state
),
due as materialized (
    select kept.queue_id, kept.state, now() - kept.ms * interval '1 millisecond' as before
    from presque_internal.queue_retention as kept
    join longest on longest.state = kept.state
    where (select alone from keeper) and (kept.ms < 86400000 or kept.ms < longest.ms)
),
old as materialized (
    select found.queue_id, found.job_id, found.state, found.finished_at
    from due
    cross join lateral (
        select queue_id, job_id, state, finished_at
        from presque_internal.done
        where
            done.queue_id = due.queue_id
            and done.job_id < presque_internal.job_id_floor(due.before)
            and done.state = due.state
            and done.finished_at < due.before
        limit $1
    ) as found
    limit $1
),
gone as (
    delete from presque_internal.done
    using old
    where
        done.queue_id = any (array[old.queue_id])
        and done.job_id = old.job_id
        and done.state = old.state
        and done.finished_at = old.finished_at
    returning done.queue_id, done.job_id, done.state, done.kind, done.attempt, done.finished_at
),
jobs as (
    delete from presque_internal.job
    using gone
    where job.queue_id = any (array[gone.queue_id]) and job.id = gone.job_id
),
attempts as (
    delete from presque_internal.attempt
    using gone
    where
        gone.attempt > 1
        and attempt.queue_id = any (array[gone.queue_id])
        and attempt.job_id = gone.job_id
        and attempt.finished_at >= presque_internal.job_id_time(gone.job_id)
        and attempt.finished_at <= gone.finished_at
),
logs as (
    delete from presque_internal.attempt_log
    using gone
    where
        attempt_log.queue_id = any (array[gone.queue_id])
        and attempt_log.job_id = gone.job_id
        and attempt_log.stored_at >= presque_internal.job_id_time(gone.job_id)
        and attempt_log.stored_at <= gone.finished_at
),
counted as (
    insert into presque_internal.tally (queue_id, kind, gone_completed, gone_discarded, gone_cancelled)
    select
        queue_id, kind, count(*) filter (where state = 'completed'), count(*) filter (where state = 'discarded'),
        count(*) filter (where state = 'cancelled')
    from gone
    group by queue_id, kind
)
select count(*) as deleted
from gone

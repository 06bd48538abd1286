-- Folds up to $1 failures into the errors of each hour.
--
-- $1 how many rows
--
-- Answers how many rows it folded; 0 also when another server is folding.
--
-- Safe under concurrency: a transaction-level advisory lock admits one folder at a time. The rows
-- are deleted and counted in one statement. Whether a job failed like this before is looked up
-- only where it failed before. Served by the primary key of failure_tally and attempt_of_job.
with folder as materialized (
    select pg_try_advisory_xact_lock(hashtextextended('presque.fold_failures', 0)) as alone
),
gone as (
    delete from presque_internal.failure_tally
    where n = any (array(
        select n
        from presque_internal.failure_tally
        where (select alone from folder)
        order by n
        limit $1
    ))
    returning *
),
told as materialized (
    select
        gone.*,
        failures <= 1 or not exists (
            select
            from presque_internal.attempt
            where
                attempt.queue_id = gone.queue_id
                and attempt.job_id = gone.job_id
                and attempt.error_fingerprint = gone.fingerprint
                and attempt.finished_at < gone.at
        ) as first
    from gone
),
counted as (
    insert into presque_internal.error_hour as e (
        queue_id, fingerprint, hour, kind, error_class, message, occurrences, jobs, discarded, first_seen_at,
        last_seen_at, sample_job_id)
    select
        queue_id, fingerprint, date_trunc('hour', at, 'UTC'), min(kind), min(error_class),
        (array_agg(message order by n desc))[1], count(*), count(*) filter (where first),
        count(*) filter (where discarded), min(at), max(at), (array_agg(job_id order by n desc))[1]
    from told
    group by 1, 2, 3
    on conflict (queue_id, fingerprint, hour) do update
    set
        occurrences = e.occurrences + excluded.occurrences,
        jobs = e.jobs + excluded.jobs,
        discarded = e.discarded + excluded.discarded,
        first_seen_at = least(e.first_seen_at, excluded.first_seen_at),
        last_seen_at = greatest(e.last_seen_at, excluded.last_seen_at),
        message = excluded.message,
        sample_job_id = excluded.sample_job_id
)
select count(*) as folded
from gone

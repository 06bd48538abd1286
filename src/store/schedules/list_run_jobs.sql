-- The latest jobs of a schedule that are still there: of its due times, and those that somebody asked for.
--
-- $1 the schedule    $2 enqueued at or after this moment, or null    $3 enqueued before the millisecond after this one, or
-- null    $4 how many    $5 how many runs are looked at
--
-- Ids tell when a job was enqueued, to the millisecond. Runs are kept for longer than most jobs: where many of the
-- latest have no job any more, those before have none either. Reads, and locks nothing. Served by schedule_fires_once
-- and job_by_id.
select run.job_id
from (
    select job_id
    from presque_internal.schedule_run
    where
        schedule_id = $1 and job_id is not null
        and ($2::timestamptz is null or job_id >= presque_internal.job_id_floor($2))
        and ($3::timestamptz is null or job_id < presque_internal.job_id_floor($3 + interval '1 millisecond'))
    order by due_at desc
    limit $5
) as run
where exists (
    select
    from presque_internal.job
    where job.queue_id = presque_internal.job_id_queue(run.job_id) and job.id = run.job_id
)
limit $4

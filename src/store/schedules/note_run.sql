-- Notes a job that somebody asked a schedule for, beside those of its due times.
--
-- $1 the schedule    $2 the job
--
-- Safe under concurrency: it is one row, and noted once however often the request is repeated. A row with the same
-- microsecond in its key is that of another request; then this one is not listed by its schedule.
-- Served by schedule_fires_once.
insert into presque_internal.schedule_run (schedule_id, due_at, job_id)
select $1, now(), $2
where not exists (
    select
    from presque_internal.schedule_run
    where schedule_id = $1 and job_id = $2 and due_at >= presque_internal.job_id_time($2) - interval '1 minute'
)
on conflict (schedule_id, due_at) do nothing

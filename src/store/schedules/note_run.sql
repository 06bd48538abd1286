-- Notes a job that somebody asked a schedule for, beside those of its due times, and that it was asked for.
--
-- $1 the schedule    $2 the job    $3 who asks
--
-- Safe under concurrency: it is one row, and noted once however often the request is repeated. A row with the same
-- microsecond in its key is that of another request; then this one is not listed by its schedule.
-- Served by schedule_fires_once.
with fresh as materialized (
    select $2::uuid as job_id
    where not exists (
        select
        from presque_internal.schedule_run
        where schedule_id = $1 and job_id = $2 and due_at >= presque_internal.job_id_time($2) - interval '1 minute'
    )
),
listed as (
    insert into presque_internal.schedule_run (schedule_id, due_at, job_id)
    select $1, now(), job_id
    from fresh
    on conflict (schedule_id, due_at) do nothing
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select 'schedule.triggered', 'schedule', $1, jsonb_build_object('job_id', fresh.job_id), by.*
from fresh
cross join json_to_record($3::text::json) as by (actor text, request_id text, ip inet)

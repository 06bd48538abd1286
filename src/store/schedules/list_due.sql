-- Schedules that are due, those that have waited longest first, and what time it is.
--
-- $1 how many
--
-- Reads only: fire.sql looks again. Served by schedule_due.
select
    id, queue, cron, timezone, paused, catch_up, starts_at, ends_at, created_at, next_run_at as due_at, version,
    coalesce(octet_length(payload::text), 4)::bigint as payload_bytes, now() as now
from presque_internal.schedule
where not paused and next_run_at <= now()
order by next_run_at
limit $1

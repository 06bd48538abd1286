-- Resumes the queues whose pause is over; answers their names.
--
-- Safe under concurrency: the condition is checked again at the row. Reads all queues,
-- which are few.
with due as materialized (
    select queue_id, resume_at
    from presque_internal.queue
    where deleted_at is null and resume_at <= now()
    for update skip locked
),
resumed as (
    update presque_internal.queue
    set
        paused_at = null, paused_by = null, pause_reason = null, resume_at = null,
        updated_at = now(), version = queue.version + 1
    from due
    where queue.queue_id = due.queue_id
    returning queue.name, due.resume_at
),
-- Who paused it said so; nobody asks now.
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail)
    select 'queue.resumed', 'queue', name, jsonb_build_object('resume_at', resume_at)
    from resumed
)
select name
from resumed

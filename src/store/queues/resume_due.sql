-- Resumes the queues whose pause is over; answers their names.
--
-- Safe under concurrency: the condition is checked again at the row. Reads all queues,
-- which are few.
update presque_internal.queue
set
    paused_at = null, paused_by = null, pause_reason = null, resume_at = null,
    updated_at = now(), version = version + 1
where deleted_at is null and resume_at <= now()
returning name

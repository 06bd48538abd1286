-- Resumes a queue.
--
-- $1 name    $2 put it into service if it is not
--
-- One upsert on queue_in_service: concurrent calls queue up at the row, and a queue that
-- is not paused stays as it is.
insert into presque_internal.queue as queue (name)
select $1
where $2 or exists (select from presque_internal.queue where name = $1 and deleted_at is null)
on conflict (name) where deleted_at is null do update
set
    paused_at = null, paused_by = null, pause_reason = null, resume_at = null,
    updated_at = now(), version = queue.version + 1
where queue.paused_at is not null

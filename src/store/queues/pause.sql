-- Pauses a queue: it takes jobs and hands none out.
--
-- $1 name    $2 reason or null    $3 milliseconds until it resumes by itself, or null
-- $4 put it into service if it is not    $5 who pauses it, or null
--
-- One upsert on queue_in_service: concurrent calls queue up at the row. A queue that is
-- paused already keeps the moment, and takes the new reason and end.
insert into presque_internal.queue as queue (name, paused_at, paused_by, pause_reason, resume_at)
select $1, now(), $5, $2, now() + $3 * interval '1 millisecond'
where $4 or exists (select from presque_internal.queue where name = $1 and deleted_at is null)
on conflict (name) where deleted_at is null do update
set
    paused_at = coalesce(queue.paused_at, now()), paused_by = excluded.paused_by,
    pause_reason = excluded.pause_reason, resume_at = excluded.resume_at, updated_at = now(), version = queue.version + 1
where
    queue.paused_at is null
    or (queue.pause_reason, queue.resume_at) is distinct from (excluded.pause_reason, excluded.resume_at)

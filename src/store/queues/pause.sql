-- Pauses a queue, and puts it into service if it was not.
--
-- $1 name
--
-- One upsert on queue_in_service: concurrent calls queue up at the row, and a queue that
-- is paused already stays as it is, with the moment it was paused.
insert into presque_internal.queue as queue (name, paused_at)
values ($1, now())
on conflict (name) where deleted_at is null do update
set paused_at = now(), updated_at = now(), version = queue.version + 1
where queue.paused_at is null

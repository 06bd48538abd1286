-- Puts a queue into service, unless it is.
--
-- $1 name
--
-- Safe under concurrency: queue_in_service admits one row of a name; of several
-- creators one inserts and the others do nothing.
insert into presque_internal.queue (name)
values ($1)
on conflict (name) where deleted_at is null do nothing

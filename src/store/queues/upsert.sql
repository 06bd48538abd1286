-- Stores the settings of a queue, and puts it into service if it is not.
--
-- $1 name    $2 the settings that differ from the defaults
-- $3 the version that was seen, or null where the queue was not there
--
-- Answers whether it was made; no row if somebody else was faster: the version is another
-- one, or the queue came or went meanwhile.
--
-- One upsert on queue_in_service: of two that saw the same version, one finds it.
insert into presque_internal.queue as queue (name, policy)
select $1, $2
where ($3::bigint is null) <> exists (select from presque_internal.queue where name = $1 and deleted_at is null)
on conflict (name) where deleted_at is null do update
set policy = excluded.policy, updated_at = now(), version = queue.version + 1
where queue.version = $3
returning xmax = 0 as created

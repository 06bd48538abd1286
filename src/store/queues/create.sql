-- Puts queues into service, those that are not.
--
-- $1 names, repeated or not
--
-- Safe under concurrency: queue_in_service admits one row of a name; of several
-- creators one inserts and the others do nothing. In order of name, so that two creators of
-- many do not wait for each other.
insert into presque_internal.queue (name)
select distinct name
from unnest($1::text[]) as given (name)
order by name
on conflict (name) where deleted_at is null do nothing

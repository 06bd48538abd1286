-- Gives a chore back that failed, so that the next server, or the next try, takes it at once.
--
-- $1 its name
--
-- One row by the primary key of chore; safe to repeat.
update presque_internal.chore
set last_at = '-infinity'
where name = $1

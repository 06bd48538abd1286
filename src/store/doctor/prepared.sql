-- Prepared transactions of this database that nobody has ended, the five oldest.
--
-- Reads the list of them; locks nothing.
select gid, owner::text as role, extract(epoch from clock_timestamp() - prepared)::bigint as seconds
from pg_prepared_xacts
where database = current_database()
order by prepared
limit 5

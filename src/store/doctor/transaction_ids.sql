-- The database of this cluster that has used most of the transaction ids there are.
--
-- Reads the list of databases; locks nothing.
select
    datname::text as database,
    age(datfrozenxid)::bigint as transactions,
    mxid_age(datminmxid)::bigint as multixacts,
    current_setting('autovacuum_freeze_max_age')::bigint as freeze_max
from pg_database
order by greatest(age(datfrozenxid), mxid_age(datminmxid)) desc, datname
limit 1

-- Indexes of ours that are not valid: an interrupted `create index concurrently` leaves such ones.
--
-- Reads the catalog; locks nothing.
select pg_class.relname::text as name
from pg_index
join pg_class on pg_class.oid = pg_index.indexrelid
join pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_namespace.nspname = 'presque_internal' and not (pg_index.indisvalid and pg_index.indisready)
order by pg_class.relname
limit 20

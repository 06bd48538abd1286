-- The functions that run statements of ours for others, and what each was made of.
--
-- Reads the catalog and locks nothing.
select proname::text as name, obj_description(oid, 'pg_proc') as mark
from pg_proc
where pronamespace = 'presque_internal'::regnamespace and proname like 'run\_%'

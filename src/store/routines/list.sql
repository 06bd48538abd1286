-- The functions that run statements of ours for others, as they are.
--
-- Reads the catalog and locks nothing.
select proname::text as name, prosrc as body
from pg_proc
where pronamespace = 'presque_internal'::regnamespace and proname like 'run\_%'

-- The ids of all registered workers, sorted byte by byte.
--
-- Served by the primary key of worker.
select id
from presque_internal.worker
order by id collate "C"

-- Whether a batch is running; no row if it is not known. Served by the primary key of batch.
--
-- $1 batch
select state = 'running' as running
from presque_internal.batch
where id = $1

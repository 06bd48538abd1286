-- A worker says that it has stopped: it is gone, unless it is registered on a classic route.
--
-- $1 worker id
--
-- Served by the primary key of worker and worker_queue_of_worker.
with forgotten as (
    delete from presque_internal.worker
    where id = $1 and not exists (select from presque_internal.worker_queue where worker_id = $1)
)
update presque_internal.worker
set last_heartbeat_at = null, signal = 'run', signal_reason = null
where id = $1 and exists (select from presque_internal.worker_queue where worker_id = $1)

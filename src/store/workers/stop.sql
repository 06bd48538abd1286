-- A worker says that it has stopped: it is gone, unless it is registered on a classic route.
--
-- $1 worker id    $2 who asks
--
-- Safe under concurrency: its row is locked, so that it stops once. Served by the primary key of worker and
-- worker_queue_of_worker.
with known as materialized (
    select last_heartbeat_at is not null as beats
    from presque_internal.worker
    where id = $1
    for update
),
forgotten as (
    delete from presque_internal.worker
    where
        id = $1 and exists (select from known)
        and not exists (select from presque_internal.worker_queue where worker_id = $1)
),
quieted as (
    update presque_internal.worker
    set last_heartbeat_at = null, signal = 'run', signal_reason = null
    where
        id = $1 and exists (select from known)
        and exists (select from presque_internal.worker_queue where worker_id = $1)
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select 'worker.stopped', 'worker', $1, '{}', by.*
from known
cross join json_to_record($2::text::json) as by (actor text, request_id text, ip inet)
where known.beats

-- Registers a worker on a queue; its counters begin at zero.
--
-- $1 worker id    $2 queue name    $3 who asks
--
-- Safe under concurrency: both inserts are upserts, in the same order everywhere
-- (worker, then worker_queue). A new registration number separates the counters from
-- those of the registration before; a fetch that runs meanwhile counts for one of them.
with worker as (
    insert into presque_internal.worker (id)
    values ($1)
    on conflict (id) do update
    set registration = default, started_at = now()
    returning id
),
placed as (
    insert into presque_internal.worker_queue (worker_id, queue)
    select id, $2
    from worker
    on conflict (queue, worker_id) do nothing
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select 'worker.started', 'worker', worker.id, jsonb_build_object('queues', array[$2::text]), by.*
from worker
cross join json_to_record($3::text::json) as by (actor text, request_id text, ip inet)

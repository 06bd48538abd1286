-- Takes a worker off a queue; off its last one, it is gone.
--
-- $1 worker id    $2 queue name    $3 who asks
--
-- Safe under concurrency: the function locks the worker's row before it looks, as a
-- registration does, so that the two follow each other; see its migration.
-- Served by the primary key of worker, worker_on_queue and worker_queue_of_worker.
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select 'worker.stopped', 'worker', $1, jsonb_build_object('queues', array[$2::text]), by.*
from presque_internal.leave_queue($1, $2) as was_there
cross join json_to_record($3::text::json) as by (actor text, request_id text, ip inet)
where was_there

-- Takes a worker off a queue; off its last one, it is gone.
--
-- $1 worker id    $2 queue name
--
-- Safe under concurrency: the function locks the worker's row before it looks, as a
-- registration does, so that the two follow each other; see its migration.
-- Served by the primary key of worker, worker_on_queue and worker_queue_of_worker.
select from presque_internal.unregister_worker($1, $2)

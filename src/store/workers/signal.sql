-- Says what a worker should do from its next beat on.
--
-- $1 worker id    $2 run, quiet or stop    $3 reason or null
--
-- Answers whether there is such a worker. Served by the primary key of worker.
update presque_internal.worker
set signal = $2, signal_reason = $3
where id = $1 and last_heartbeat_at is not null
returning true as found

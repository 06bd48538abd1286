-- Workers that beat, sorted byte by byte.
--
-- $1 this worker only, or null    $2 that work on this queue, or null    $3 of these statuses, or null
-- $4 ids after this one, or null    $5 how many
--
-- A worker is lost when it missed three beats. Running jobs are counted over all leases,
-- which are as many as there are running jobs. Served by the primary key of worker and
-- worker_queue_minute_once.
with running as materialized (
    select worker, count(*) as jobs
    from presque_internal.lease
    where worker is not null
    group by worker
),
described as (
    select
        worker.id,
        case
            when presque_internal.is_lost(worker.last_heartbeat_at, worker.heartbeat_ms) then 'lost'
            when worker.signal = 'stop' then 'stopping'
            when worker.signal = 'quiet' then 'quiet'
            else worker.status
        end as status,
        worker.queues, worker.kinds, worker.concurrency, worker.hostname, worker.pid, worker.version,
        worker.labels::text as labels, worker.started_at, worker.last_heartbeat_at
    from presque_internal.worker
    where
        worker.last_heartbeat_at is not null
        and ($1::text is null or worker.id = $1)
        and ($2::text is null or $2 = any (worker.queues))
        and ($4::text is null or worker.id collate "C" > $4)
),
listed as materialized (
    select *
    from described
    where $3::text[] is null or status = any ($3)
    order by id collate "C"
    limit $5
)
select
    listed.id, listed.status, listed.queues, listed.kinds, listed.concurrency, listed.hostname, listed.pid,
    listed.version, listed.labels, listed.started_at, listed.last_heartbeat_at,
    coalesce(running.jobs, 0) as running,
    past.completed as completed_last_hour,
    past.failed as failed_last_hour
from listed
left join running on running.worker = listed.id
cross join lateral (
    select coalesce(sum(completed), 0)::bigint as completed, coalesce(sum(failed), 0)::bigint as failed
    from presque_internal.worker_queue_minute
    where worker_queue_minute.worker = listed.id and worker_queue_minute.minute > now() - interval '1 hour'
) as past
order by listed.id collate "C"

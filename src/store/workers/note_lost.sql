-- Notes the workers that were lost since the last look; answers how many.
--
-- $1 how many at most
--
-- Safe under concurrency: of two looks one locks the row, and the condition holds no more for the other. A worker
-- that beats again may be lost again. Reads all workers, which are few.
with lost as materialized (
    select id
    from presque_internal.worker
    where
        presque_internal.is_lost(last_heartbeat_at, heartbeat_ms)
        and (lost_at is null or lost_at < last_heartbeat_at)
    limit $1
    for update skip locked
),
marked as (
    update presque_internal.worker
    set lost_at = now()
    from lost
    where worker.id = lost.id
    returning worker.id, worker.last_heartbeat_at, worker.hostname
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail)
    select
        'worker.lost', 'worker', id,
        jsonb_strip_nulls(jsonb_build_object('last_heartbeat_at', last_heartbeat_at, 'hostname', hostname))
    from marked
)
select count(*) as lost
from marked

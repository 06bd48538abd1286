-- Empties a queue at once, whatever its size: the name goes on under a new id.
--
-- $1 name    $2 who asks
--
-- Waiting jobs, unique keys and counters belong to the id, so they are gone for clients
-- when this commits; the purge loop cancels the jobs. Policy and pause are kept.
--
-- Safe under concurrency: the row is locked by the update. The insert takes its values
-- from that update's RETURNING, and its snapshot of queue_in_service is checked against
-- the live index, in which the old row no longer stands. A second purge that waited
-- finds deleted_at set when it re-checks the row, and does nothing: the queue is empty.
with retired as (
    update presque_internal.queue
    set deleted_at = now(), updated_at = now()
    where name = $1 and deleted_at is null
    returning name, policy, paused_at, paused_by, pause_reason, resume_at, version, created_at
),
renewed as (
    insert into presque_internal.queue
        (name, policy, paused_at, paused_by, pause_reason, resume_at, version, created_at)
    select name, policy, paused_at, paused_by, pause_reason, resume_at, version + 1, created_at
    from retired
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select 'queue.purged', 'queue', $1, '{}', by.*
from retired
cross join json_to_record($2::text::json) as by (actor text, request_id text, ip inet)

-- Takes a queue out of service; what waits in it is cancelled by a loop.
--
-- $1 name    $2 also if it has unfinished jobs    $3 the version it must have, or null
-- $4 who asks
--
-- Answers one row: whether it was deleted, and what stood in the way; none if no such queue
-- is in service. Running jobs are left to end; history keeps the name.
--
-- Safe under concurrency: the row is updated only under the conditions repeated there. A
-- job enqueued meanwhile under the old id is cancelled with the others.
-- Served by queue_in_service and tally_not_folded.
with seen as materialized (
    select
        queue.queue_id, queue.version,
        counts.pending + counts.ready + counts.scheduled + counts.retryable + counts.running as unfinished
    from presque_internal.queue
    join presque_internal.queue_count_now as counts on counts.queue_id = queue.queue_id
    where queue.name = $1 and queue.deleted_at is null
),
retired as (
    update presque_internal.queue
    set deleted_at = now(), updated_at = now(), retired_as = 'queue_deleted'
    from seen
    where
        queue.queue_id = seen.queue_id
        and queue.deleted_at is null
        and ($3::bigint is null or queue.version = $3)
        and ($2 or seen.unfinished = 0)
    returning seen.unfinished
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select 'queue.deleted', 'queue', $1, jsonb_build_object('unfinished', retired.unfinished), by.*
    from retired
    cross join json_to_record($4::text::json) as by (actor text, request_id text, ip inet)
)
select exists (select from retired) as deleted, version, unfinished
from seen

-- Resumes a queue.
--
-- $1 name    $2 put it into service if it is not    $3 who asks
--
-- One upsert on queue_in_service: concurrent calls queue up at the row, and a queue that
-- is not paused stays as it is.
with resumed as (
    insert into presque_internal.queue as queue (name)
    select $1
    where $2 or exists (select from presque_internal.queue where name = $1 and deleted_at is null)
    on conflict (name) where deleted_at is null do update
    set
        paused_at = null, paused_by = null, pause_reason = null, resume_at = null,
        updated_at = now(), version = queue.version + 1
    where queue.paused_at is not null
    returning xmax = 0 as created
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select case when resumed.created then 'queue.created' else 'queue.resumed' end, 'queue', $1, '{}', by.*
from resumed
cross join json_to_record($3::text::json) as by (actor text, request_id text, ip inet)

-- Pauses a queue: it takes jobs and hands none out.
--
-- $1 name    $2 reason or null    $3 milliseconds until it resumes by itself, or null
-- $4 put it into service if it is not    $5 who pauses it, or null    $6 who asks
--
-- One upsert on queue_in_service: concurrent calls queue up at the row. A queue that is
-- paused already keeps the moment, and takes the new reason and end.
with paused as (
    insert into presque_internal.queue as queue (name, paused_at, paused_by, pause_reason, resume_at)
    select $1, now(), $5, $2, now() + $3 * interval '1 millisecond'
    where $4 or exists (select from presque_internal.queue where name = $1 and deleted_at is null)
    on conflict (name) where deleted_at is null do update
    set
        paused_at = coalesce(queue.paused_at, now()), paused_by = excluded.paused_by,
        pause_reason = excluded.pause_reason, resume_at = excluded.resume_at, updated_at = now(),
        version = queue.version + 1
    where
        queue.paused_at is null
        or (queue.pause_reason, queue.resume_at) is distinct from (excluded.pause_reason, excluded.resume_at)
    returning xmax = 0 as created, pause_reason, resume_at
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select done.action, 'queue', $1, done.detail, by.*
from paused
cross join lateral (
    values
        (1, paused.created, 'queue.created', '{}'::jsonb),
        (2, true, 'queue.paused',
            jsonb_strip_nulls(jsonb_build_object('reason', paused.pause_reason, 'resume_at', paused.resume_at)))
) as done (n, is_so, action, detail)
cross join json_to_record($6::text::json) as by (actor text, request_id text, ip inet)
where done.is_so
order by done.n

-- Deletes a schedule; its jobs stay.
--
-- $1 id    $2 the version it must have, or null    $3 who asks
--
-- Answers whether it was deleted, and the version it has or had; no row if it is not there.
-- One row by the primary key: a change that is faster makes the version another one.
with known as materialized (
    select version
    from presque_internal.schedule
    where id = $1
    for update
),
gone as (
    delete from presque_internal.schedule
    where id = $1 and ($2::bigint is null or version = $2)
    returning queue, cron, timezone
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'schedule.deleted', 'schedule', $1,
        jsonb_build_object('queue', gone.queue, 'cron', gone.cron, 'timezone', gone.timezone), by.*
    from gone
    cross join json_to_record($3::text::json) as by (actor text, request_id text, ip inet)
)
select exists (select from gone) as deleted, version
from known

-- Stores a schedule.
--
-- $1 id    $2 the version that was seen, or null where the schedule was not there
-- $3 queue    $4 cron    $5 time zone    $6 kind    $7 payload    $8 priority    $9 tags
-- $10 max_attempts    $11 paused    $12 catch_up    $13 overlap    $14 jitter_ms    $15 starts_at
-- $16 ends_at    $17 description    $18 the next due time
-- $19 the next due time that was seen: it stays if $18 is the same    $20 who asks
--
-- Answers whether it was made; no row if somebody else was faster: the version is another one,
-- the schedule came or went, or it fired meanwhile.
--
-- One upsert on the primary key: of two that saw the same version, one finds it.
with stored as (
    insert into presque_internal.schedule as known (
        id, queue, cron, timezone, kind, payload, priority, tags, max_attempts, paused, catch_up, overlap, jitter_ms,
        starts_at, ends_at, description, next_run_at)
    select
        $1, $3, $4, $5, $6, $7::json, $8::integer, $9::text[], $10::integer, $11::boolean, $12, $13, $14::bigint,
        $15::timestamptz, $16::timestamptz, $17, $18::timestamptz
    where ($2::bigint is null) <> exists (select from presque_internal.schedule where id = $1)
    on conflict (id) do update
    set
        queue = excluded.queue, cron = excluded.cron, timezone = excluded.timezone, kind = excluded.kind,
        payload = excluded.payload, priority = excluded.priority, tags = excluded.tags,
        max_attempts = excluded.max_attempts, paused = excluded.paused, catch_up = excluded.catch_up,
        overlap = excluded.overlap, jitter_ms = excluded.jitter_ms, starts_at = excluded.starts_at,
        ends_at = excluded.ends_at, description = excluded.description, next_run_at = excluded.next_run_at,
        version = known.version + 1, updated_at = now()
    where known.version = $2 and known.next_run_at is not distinct from $19::timestamptz
    returning xmax = 0 as created, queue, cron, timezone, paused, version
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        case when stored.created then 'schedule.created' else 'schedule.updated' end, 'schedule', $1,
        jsonb_build_object(
            'queue', stored.queue, 'cron', stored.cron, 'timezone', stored.timezone, 'paused', stored.paused,
            'version', stored.version),
        by.*
    from stored
    cross join json_to_record($20::text::json) as by (actor text, request_id text, ip inet)
)
select created
from stored

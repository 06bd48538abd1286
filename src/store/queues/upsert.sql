-- Stores the settings of a queue, and puts it into service if it is not.
--
-- $1 name    $2 the settings that differ from the defaults
-- $3 the version that was seen, or null where the queue was not there    $4 who asks
--
-- Answers whether it was made; no row if somebody else was faster: the version is another
-- one, or the queue came or went meanwhile.
--
-- One upsert on queue_in_service: of two that saw the same version, one finds it. The settings
-- that the audit log calls those before are of that version, too.
with before as materialized (
    select policy
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
stored as (
    insert into presque_internal.queue as queue (name, policy)
    select $1, $2
    where ($3::bigint is null) <> exists (select from before)
    on conflict (name) where deleted_at is null do update
    set policy = excluded.policy, updated_at = now(), version = queue.version + 1
    where queue.version = $3
    returning xmax = 0 as created, version, policy
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        case when stored.created then 'queue.created' else 'queue.updated' end, 'queue', $1,
        jsonb_strip_nulls(jsonb_build_object(
            'version', stored.version, 'policy', stored.policy, 'policy_before', (select policy from before))),
        by.*
    from stored
    cross join json_to_record($4::text::json) as by (actor text, request_id text, ip inet)
)
select created
from stored

-- A worker says that it lives, and what it is; null leaves a member as it is.
--
-- $1 worker id    $2 queues    $3 kinds    $4 concurrency    $5 hostname    $6 pid
-- $7 version    $8 labels, as JSON    $9 status: running or quiet
-- $10 the earliest end of its leases, or null    $11 instead: this many milliseconds from now
-- $12 the most milliseconds until the next one is due    $13 who asks
--
-- Answers what an operator wants of it, and when the next one is due: at a third of the
-- shortest lease, so that two may get lost. One upsert on the primary key of worker. A beat of a
-- worker that was lost or stopped registers it anew: nobody's signal waits for it, and only such a
-- beat is in the audit log.
with beaten as (
    insert into presque_internal.worker as worker (
        id, last_heartbeat_at, queues, kinds, concurrency, hostname, pid, version, labels, status, heartbeat_ms)
    values (
        $1, now(), coalesce($2::text[], '{}'), coalesce($3::text[], '{}'), coalesce($4, 1), $5, $6, $7, coalesce($8::text::json, '{}'),
        coalesce($9, 'running'),
        least(greatest((extract(epoch from coalesce($10, now() + $11 * interval '1 millisecond') - now()) * 1000 / 3)::integer, 300), $12))
    on conflict (id) do update
    set
        last_heartbeat_at = now(),
        queues = coalesce($2::text[], worker.queues),
        kinds = coalesce($3::text[], worker.kinds),
        concurrency = coalesce($4, worker.concurrency),
        hostname = coalesce($5, worker.hostname),
        pid = coalesce($6, worker.pid),
        version = coalesce($7, worker.version),
        labels = coalesce($8::text::json, worker.labels),
        status = coalesce($9, worker.status),
        heartbeat_ms = excluded.heartbeat_ms,
        -- One that was lost begins anew.
        started_at = case
            when not presque_internal.is_lost(worker.last_heartbeat_at, worker.heartbeat_ms) then worker.started_at
            else now()
        end,
        signal = case
            when not presque_internal.is_lost(worker.last_heartbeat_at, worker.heartbeat_ms) then worker.signal
            else 'run'
        end,
        signal_reason = case
            when not presque_internal.is_lost(worker.last_heartbeat_at, worker.heartbeat_ms) then worker.signal_reason
        end
    returning signal, heartbeat_ms, started_at = now() as begins, queues, hostname, pid, version
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'worker.started', 'worker', $1,
        jsonb_strip_nulls(jsonb_build_object(
            'queues', beaten.queues, 'hostname', beaten.hostname, 'pid', beaten.pid, 'version', beaten.version)),
        by.*
    from beaten
    cross join json_to_record($13::text::json) as by (actor text, request_id text, ip inet)
    where beaten.begins
)
select signal, heartbeat_ms, coalesce($10, now() + $11 * interval '1 millisecond') as lease_expires_at
from beaten

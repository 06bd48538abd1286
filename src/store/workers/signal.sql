-- Says what a worker should do from its next beat on.
--
-- $1 worker id    $2 run, quiet or stop    $3 reason or null    $4 who asks
--
-- Answers whether there is such a worker. Safe under concurrency: its row is locked, so that of two
-- that say the same one changes something. Served by the primary key of worker.
with known as materialized (
    select signal, signal_reason
    from presque_internal.worker
    where id = $1 and last_heartbeat_at is not null
    for update
),
signalled as (
    update presque_internal.worker
    set signal = $2, signal_reason = $3
    where id = $1 and exists (select from known where (signal, signal_reason) is distinct from ($2, $3::text))
    returning signal, signal_reason
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'worker.signalled', 'worker', $1,
        jsonb_strip_nulls(jsonb_build_object('signal', signalled.signal, 'reason', signalled.signal_reason)), by.*
    from signalled
    cross join json_to_record($4::text::json) as by (actor text, request_id text, ip inet)
)
select true as found
from known

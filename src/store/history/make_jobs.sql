-- Makes the jobs $1 to before $2 of a generated history, with what became of them; answers how many.
--
-- $1 the first, from 0    $2 the first that is not made    $3 of how many    $4 when the history begins
-- $5 how many milliseconds it is long
--
-- Everything follows from the number of the job, so that a program can say beforehand what reports must say
-- (tests/api/sql/history.rs does). Of a hundred jobs about 90 are completed at once, 7 fail once, one is lost
-- once, one fails for good, one is cancelled. Read by nobody else until it commits; for a database on which nothing else
-- depends.
with drawn as (
    select
        g, $4::timestamptz + ($5::bigint * g / $3::bigint) * interval '1 millisecond' as created_at,
        (g * 2654435761 + 40503) % 2147483647 as queue_draw,
        (g * 1540483477 + 2 * 40503) % 2147483647 as kind_draw,
        (g * 2246822519 + 3 * 40503) % 2147483647 as tenant_draw,
        10 + (g * 3266489917 + 5 * 40503) % 2147483647 % 2000
            * case when (g * 668265263 + 7) % 2147483647 % 50 = 0 then 60 else 1 end as wait_ms,
        (g * 374761393 + 6 * 40503) % 2147483647 % 100 as fate,
        5 + (g * 3266489917 + 11 * 40503) % 2147483647 % 3000 as run_ms,
        (g * 2246822519 + 8 * 40503) % 2147483647 % 5 as error_draw,
        (g * 374761393 + 9 * 40503) % 2147483647 % 20 as worker_draw
    from generate_series($1::bigint, $2::bigint - 1) as one (g)
),
made as materialized (
    select
        drawn.*, queue.queue_id, 'kind-' || kind_draw % 4 as kind, 'host-' || worker_draw as worker,
        drawn.created_at + wait_ms * interval '1 millisecond' as first_started,
        case when fate < 90 then 'completed' when fate < 98 then 'retried' when fate = 98 then 'discarded' else 'cancelled' end
            as fate_name,
        'class_' || error_draw as error_class,
        left(md5(queue_draw % 10 || '/' || kind_draw % 4 || '/' || error_draw), 16) as fingerprint,
        (
            lpad(to_hex(trunc(extract(epoch from drawn.created_at) * 1000)::bigint), 12, '0')
            || to_hex((7 << 12) | ((g >> 30) & 4095)::integer)
            || lpad(to_hex((2::bigint << 30) | (g & 1073741823)), 8, '0')
            || lpad(to_hex(queue.queue_id), 8, '0')
        )::uuid as id
    from drawn
    join presque_internal.queue on queue.name = 'history-' || queue_draw % 10 and queue.deleted_at is null
),
asked as (
    insert into presque_internal.job (queue_id, id, created_at, run_after, priority, kind, payload, payload_bytes, tags)
    select
        queue_id, id, created_at, created_at, g % 3, kind, payload::json, octet_length(payload),
        array['tenant:' || tenant_draw % 50, case when tenant_draw % 7 = 0 then 'plan:paid' else 'plan:free' end]
    from made
    cross join lateral (select format('{"user_id":%s,"order":%s,"amount":%s.50}', g % 1000, g, g % 97) as payload) as its
    order by id
),
-- What failed, one to three times; five seconds later the next attempt could begin, and began at once.
failed as (
    insert into presque_internal.attempt (
        queue_id, job_id, attempt, token, outcome, kind, worker, eligible_at, started_at, finished_at, next_run_after,
        error_class, error_message, error_fingerprint)
    select
        queue_id, id, n, gen_random_uuid(), case when fate = 97 then 'lost' else 'failed' end, kind, worker,
        case when n = 1 then created_at else started_at end, started_at,
        started_at + run_ms * interval '1 millisecond',
        started_at + (run_ms + 5000) * interval '1 millisecond', error_class,
        'order ' || g || ' was refused', fingerprint
    from made
    cross join generate_series(1, 2) as attempt (n)
    cross join lateral (
        select first_started + (n - 1) * (run_ms + 5000) * interval '1 millisecond' as started_at
    ) as its
    where (fate_name = 'retried' and n = 1) or fate_name = 'discarded'
),
ended as (
    insert into presque_internal.done (
        queue_id, job_id, state, outcome, kind, attempt, failed_attempts, token, worker, eligible_at, started_at,
        finished_at, cancel_reason, result, error_class, error_message, error_fingerprint)
    select
        queue_id, id, case when fate_name = 'retried' then 'completed' else fate_name end,
        case fate_name when 'cancelled' then null when 'discarded' then 'failed' else 'completed' end, kind,
        tries, tries - (fate_name in ('completed', 'retried'))::integer, case when tries > 0 then gen_random_uuid() end,
        case when tries > 0 then worker end,
        case when tries > 1 then started_at else created_at end,
        case when tries > 0 then started_at end,
        case when tries > 0 then started_at + run_ms * interval '1 millisecond' else first_started end,
        case when fate_name = 'cancelled' then 'no longer wanted' end,
        case when fate_name = 'completed' and g % 10 = 0 then '{"ok":true}'::json end,
        case when fate_name = 'discarded' then error_class end,
        case when fate_name = 'discarded' then 'order ' || g || ' was refused' end,
        case when fate_name = 'discarded' then fingerprint end
    from made
    cross join lateral (
        select case fate_name when 'completed' then 1 when 'retried' then 2 when 'discarded' then 3 else 0 end as tries
    ) as counted
    cross join lateral (
        select first_started + (tries - 1) * (run_ms + 5000) * interval '1 millisecond' as started_at
    ) as its
)
select count(*) as made
from made

-- Enqueues jobs of one kind into one queue, all or none.
--
-- $1 queue name    $2 payloads, JSON texts in order    $3 run_after, epoch seconds or null
-- $4 unique key held until the job is fetched, or null; with one payload only
-- $5 failures to count (a classic PUT)    $6 worker id or null    $7 kind
--
-- Answers one row; none if no such queue is in service. `accepted` is false when the
-- key is held by a waiting job: then nothing is stored but the failure.
--
-- Safe under concurrency: `seq` is drawn here, so order is the order of statements that
-- do not overlap. Two holders of one key meet at dedup_key_is_held_once; the second
-- waits for the first and then stores nothing. A purge that commits meanwhile leaves
-- this job under the retired id, as if it had been enqueued before the purge.
--
-- Served by queue_in_service, dedup_key_is_held_once and the primary key of worker.
with target as materialized (
    select queue_id
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
item as materialized (
    select
        numbered.queue_id, numbered.seq, numbered.payload,
        presque_internal.new_job_id(numbered.queue_id, numbered.seq) as id,
        coalesce(to_timestamp($3::double precision) > now(), false) as delayed,
        greatest(to_timestamp($3::double precision), now()) as run_after
    from (
        select target.queue_id, nextval('presque_internal.job_seq') as seq, given.payload
        from target
        cross join (
            select payload
            from unnest($2::text[]) with ordinality as u (payload, place)
            order by place
        ) as given
    ) as numbered
),
held as (
    insert into presque_internal.dedup (queue_id, key, job_id, until)
    select queue_id, $4, id, 'started'
    from item
    where $4::text is not null
    on conflict (queue_id, key) do nothing
    returning job_id
),
accepted as materialized (
    select queue_id, seq, payload, id, delayed, run_after
    from item
    where $4::text is null or id in (select job_id from held)
),
stored as (
    insert into presque_internal.job (queue_id, id, kind, payload, payload_bytes, run_after, dedup_key)
    select queue_id, id, $7, payload::json, octet_length(payload), run_after, $4
    from accepted
),
made_ready as (
    insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at)
    select queue_id, 1, seq, id, $7, now()
    from accepted
    where not delayed
    order by seq
),
made_scheduled as (
    insert into presque_internal.scheduled (queue_id, lane, run_after, seq, job_id, kind)
    select queue_id, 0, run_after, seq, id, $7
    from accepted
    where delayed
    order by seq
),
counted as (
    insert into presque_internal.tally
        (queue_id, kind, worker, registration, enqueued, failed, ready, scheduled)
    select
        target.queue_id, $7, $6,
        (select registration from presque_internal.worker where id = $6),
        sums.enqueued, $5, sums.enqueued - sums.delayed, sums.delayed
    from target
    cross join (
        select count(*) as enqueued, count(*) filter (where delayed) as delayed
        from accepted
    ) as sums
    where sums.enqueued > 0 or $5 > 0
)
select
    exists (select from accepted) as accepted,
    (select id from accepted order by seq limit 1) as first_job_id
from target

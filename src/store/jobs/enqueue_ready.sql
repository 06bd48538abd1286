-- Enqueues jobs that are to be claimed at once and are for nobody yet: what most are. All of them, or none.
--
-- One element of each array for a queue:
-- $1 its name    $2 how many jobs are for it    $3 the longest payload among them, in bytes
-- One element of each array for a job, in order:
-- $4 its queue, by the place of the name from 1    $5 kinds    $6 payloads    $7 priorities, null for the queue's
-- $8 max_attempts    $9 lease_ms    $10 timeout_ms    $11 tags, as array literals    $12 headers, as JSON
-- $13 traceparent
--
-- Answers a row for each job, in no order; none, and nothing is stored, if a queue is missing or would refuse a job.
-- enqueue_plain.sql says why then. This is the same with less to begin with: for one job it takes half of PostgreSQL's
-- time, the rest of which is the start of a plan with parts for all that may come.
--
-- Safe under concurrency: it writes new rows only, and meets no other statement. `seq` is drawn here, so order is the
-- order of statements that do not overlap, and of the jobs in one. The depth of a queue is soft: what others enqueue at
-- this moment is not counted. A purge that commits meanwhile leaves the jobs under the retired id, as if they had been
-- enqueued before it.
--
-- Served by queue_in_service.
with target as materialized (
    select
        array_agg(queue.queue_id order by named.n) as queue_ids,
        array_agg(queue.priority order by named.n) as priorities,
        bool_and(
            queue.queue_id is not null
            and named.payload_bytes <= queue.payload_bytes_max
            and case
                when queue.depth_max > 0
                then presque_internal.depth_of(queue.queue_id) + named.jobs <= queue.depth_max
                else true
            end) as takes_all
    from unnest($1::text[], $2::integer[], $3::integer[]) with ordinality as named (name, jobs, payload_bytes, n)
    left join lateral (
        select
            queue_id, (policy ->> 'default_priority')::integer as priority,
            (policy ->> 'payload_max_bytes')::bigint as payload_bytes_max, (policy ->> 'max_depth')::bigint as depth_max
        from (
            select queue_id, presque_internal.default_policy() || policy as policy
            from presque_internal.queue
            where queue.name = named.name and queue.deleted_at is null
            limit 1
        ) as known
    ) as queue on true
),
fresh as materialized (
    select drawn.*, presque_internal.new_job_id(drawn.queue_id, drawn.seq) as id
    from (
        select
            given.*, octet_length(given.payload) as payload_bytes, target.queue_ids[given.queue] as queue_id,
            coalesce(given.wanted_priority, target.priorities[given.queue]) as priority,
            presque_internal.next_seq() as seq
        from unnest(
            $4::integer[], $5::text[], $6::text[], $7::integer[], $8::integer[], $9::bigint[], $10::bigint[],
            $11::text[], $12::text[], $13::text[]
        ) with ordinality as given (
            queue, kind, payload, wanted_priority, max_attempts, lease_ms, timeout_ms, tags, headers, traceparent, n)
        cross join target
        where target.takes_all
    ) as drawn
),
stored as (
    insert into presque_internal.job (
        queue_id, id, kind, payload, payload_bytes, priority, run_after, max_attempts, lease_ms, timeout_ms, tags,
        headers, traceparent)
    select
        queue_id, id, kind, payload::json, payload_bytes, priority, now(), max_attempts, lease_ms, timeout_ms,
        tags::text[], headers::json, traceparent
    from fresh
),
made_ready as (
    insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes)
    select queue_id, -2 * priority + 1, seq, id, kind, now(), payload_bytes
    from fresh
),
counted as (
    insert into presque_internal.tally (queue_id, kind, enqueued, ready)
    select queue_id, kind, count(*), count(*)
    from fresh
    group by queue_id, kind
)
select n, id as job_id, now() as run_after
from fresh

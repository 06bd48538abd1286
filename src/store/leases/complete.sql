-- Ends leases whose jobs are completed, and nothing else is said of them: what most jobs come to.
-- It does what settle.sql does with such.
--
-- One element of each array for a lease; a job stands in it once, in the order of queue and
-- job:
-- $1 queue ids    $2 job ids    $3 lease tokens    $4 results, as JSON
-- $5 the place of its queue in $6, from 1
-- $6 queue ids, each once
--
-- Answers a row for each lease that stood with its token. No row: the lease is not, or no longer,
-- the current one, see find_settled.sql. `refused` says that a result is too large; then the
-- lease stands as it was.
--
-- The moment is that of the statement: it may be the last one of a transaction of somebody else, see presque.complete.
--
-- Safe under concurrency: the row of the lease, with its token, is the one fence. Rows are
-- deleted in the order given, in which settle.sql locks them, so that no two batches deadlock;
-- of two that end the same lease, the second finds no row.
--
-- Served by lease_of_job, job_by_id, dedup_key_is_held_once and the primary key of queue.
-- `any (array[...])` where = would do: see ARCHITECTURE.md.
with target as materialized (
    select
        array_agg((queue.policy ->> 'result_max_bytes')::bigint order by named.n) as result_bytes_max,
        array_agg((queue.policy ->> 'store_results')::boolean order by named.n) as stores
    from unnest($6::integer[]) with ordinality as named (queue_id, n)
    left join lateral (
        select presque_internal.default_policy() || policy as policy
        from presque_internal.queue
        where queue.queue_id = named.queue_id
        limit 1
    ) as queue on true
),
item as materialized (
    select
        given.*, target.stores[given.queue] as stores,
        target.result_bytes_max[given.queue] as result_bytes_max, octet_length(given.result) as result_bytes,
        coalesce(octet_length(given.result) > target.result_bytes_max[given.queue], false) as too_large
    from unnest($1::integer[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[]) with ordinality
        as given (queue_id, job_id, token, result, queue, n)
    cross join target
),
ended as (
    delete from presque_internal.lease
    using item
    where
        not item.too_large
        and lease.queue_id = any (array[item.queue_id])
        and lease.job_id = item.job_id
        and lease.token = item.token
    returning
        item.n, lease.queue_id, lease.job_id, lease.token, lease.attempt, lease.failed_attempts, lease.kind,
        lease.worker, lease.eligible_at, lease.claimed_at, lease.has_key is not false as has_key,
        case when item.stores then item.result end as result
),
final as (
    insert into presque_internal.done (
        queue_id, job_id, state, outcome, kind, attempt, failed_attempts, token, worker, eligible_at, started_at,
        finished_at, result)
    select
        queue_id, job_id, 'completed', 'completed', kind, attempt, failed_attempts, token, worker, eligible_at,
        claimed_at, statement_timestamp(), result::json
    from ended
),
freed as (
    delete from presque_internal.dedup
    where
        (select bool_or(has_key) from ended)
        and queue_id = any (array(select queue_id from ended where has_key) || 0)
        and key = any (array(
            select presque_internal.dedup_key_of(queue_id, job_id)
            from ended
            where has_key
        ))
        and job_id = any (array(select job_id from ended where has_key))
        and until = 'finished'
),
counted as (
    insert into presque_internal.tally (at, queue_id, kind, worker, registration, completed, running, runs)
    select
        statement_timestamp(), sums.queue_id, sums.kind, sums.worker,
        (select registration from presque_internal.worker where id = sums.worker),
        sums.completed, -sums.completed, sums.runs
    from (
        select
            queue_id, kind, worker, count(*) as completed,
            array_agg(presque_internal.elapsed_ms(claimed_at, statement_timestamp())) as runs
        from ended
        group by queue_id, kind, worker
    ) as sums
)
select n, attempt, statement_timestamp() as finished_at, false as refused, null::bigint as result_bytes, null::bigint as result_max_bytes
from ended
union all
select item.n, lease.attempt, null, true, item.result_bytes, item.result_bytes_max
from item
cross join lateral (
    select attempt
    from presque_internal.lease
    where lease.queue_id = item.queue_id and lease.job_id = item.job_id and lease.token = item.token
    limit 1
) as lease
where item.too_large

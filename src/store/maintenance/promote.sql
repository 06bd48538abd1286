-- Moves up to $1 delayed jobs and retries that are due to `ready`, oldest first.
--
-- $1 how many    $2 since how many milliseconds at most, null for whenever; see leases/list_over.sql
--
-- Answers the queues they are in, each once, and how many jobs of it. A claim takes what is
-- due from `scheduled` itself, at the moment it is due; this keeps that short, so that what
-- is due need not be counted row by row.
--
-- Safe under concurrency: one promoter at a time, by a transaction-level advisory lock, so
-- that jobs keep the order in which they became due. `skip locked` leaves those that a
-- claim is taking. Served by scheduled_due.
with promoter as materialized (
    select pg_try_advisory_xact_lock(hashtextextended('presque.promote', 0)) as alone
),
due as materialized (
    select ctid as place, run_after, seq
    from presque_internal.scheduled
    where
        run_after <= now() and run_after >= coalesce(now() - $2 * interval '1 millisecond', '-infinity')
        and (select alone from promoter)
    order by run_after
    limit $1
    for update skip locked
),
gone as (
    delete from presque_internal.scheduled
    where ctid = any (array(select place from due))
    returning
        queue_id, lane, run_after, seq, job_id, kind, attempt, failed_attempts, releases, payload_bytes, retryable
),
made_ready as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, attempt, failed_attempts, releases, payload_bytes)
    select
        queue_id, lane, presque_internal.next_seq(), job_id, kind, run_after, attempt, failed_attempts, releases,
        payload_bytes
    from (
        select *
        from gone
        order by run_after, seq
    ) as in_order
),
counted as (
    insert into presque_internal.tally (queue_id, kind, ready, scheduled, retryable)
    select queue_id, kind, count(*), -count(*) filter (where not retryable), -count(*) filter (where retryable)
    from gone
    group by queue_id, kind
)
select queue.name, count(*) as jobs
from gone
join presque_internal.queue on queue.queue_id = gone.queue_id
group by queue.name

-- The payloads of a queue's first claimable jobs, in the order in which they would be fetched.
--
-- $1 queue name    $2 how many
--
-- Reads one snapshot and locks nothing: a fetch may take any of these meanwhile.
-- Served by scheduled_in_order, ready_in_order and job_by_id; the lateral LIMIT leaves no
-- plan that would read all jobs.
with target as materialized (
    select queue_id
    from presque_internal.queue
    where name = $1 and deleted_at is null
),
waiting as materialized (
    (
        select lane, run_after as due_at, seq, queue_id, job_id
        from presque_internal.scheduled
        where queue_id = (select queue_id from target) and lane = 0 and run_after <= now()
        order by run_after, seq
        limit $2
    )
    union all
    (
        select lane, null, seq, queue_id, job_id
        from presque_internal.ready
        where queue_id = (select queue_id from target) and lane = 1
        order by seq
        limit $2
    )
)
select job.payload::text as payload
from waiting
cross join lateral (
    select payload
    from presque_internal.job
    where job.queue_id = waiting.queue_id and job.id = waiting.job_id
    limit 1
) as job
order by waiting.lane, waiting.due_at, waiting.seq
limit $2

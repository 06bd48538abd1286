-- Looks whether jobs that others wait for have ended, and nobody was told; up to $1 of those that are due.
--
-- The end of a job looks for who waits for it, and finds no edge that is not committed yet; and whoever made the edge saw a
-- job that had not ended. So an edge to a job that was there before is looked at when it can be seen, and again and
-- again, each time when it is twice as old: an end that could not be seen is that of a transaction that ran when the
-- edge was committed, and is found when it is over, at most as long after that as it lasted. Once an hour it is looked at in any case,
-- as a server of the release before tells nobody of a job that it deletes.
--
-- Answers how many have ended. A job that is not there any more was cancelled, as far as anybody knows.
--
-- Safe under concurrency: `skip locked` gives each edge to one server. What is said twice of a job is resolved once, and
-- is said for those who wait only: what its batch knows may be newer.
-- Served by dependency_to_check, dependency_once, lease_of_job, scheduled_of_job, pending_job and the keys behind job_now.
with due as materialized (
    select queue_id, job_id, on_queue_id, on_job_id, made_at
    from presque_internal.dependency
    where check_at <= now()
    order by check_at
    limit $1
    for update skip locked
),
looked as materialized (
    select due.*, its.state
    from due
    cross join lateral (
        select coalesce(
            (select 'running' from presque_internal.lease as l where l.queue_id = on_queue_id and l.job_id = on_job_id),
            (
                select 'scheduled'
                from presque_internal.scheduled as s
                where s.queue_id = on_queue_id and s.job_id = on_job_id
            ),
            (select 'pending' from presque_internal.pending as p where p.queue_id = on_queue_id and p.job_id = on_job_id),
            (select job_now.state from presque_internal.job_now where job_now.queue_id = on_queue_id and id = on_job_id),
            'cancelled') as state
        offset 0
    ) as its
),
noted as (
    update presque_internal.dependency
    set check_at = now() + least(greatest(now() - looked.made_at, interval '100 milliseconds'), interval '1 hour')
    from looked
    where
        dependency.queue_id = any (array[looked.queue_id]) and dependency.job_id = looked.job_id
        and dependency.on_job_id = looked.on_job_id
),
said as (
    insert into presque_internal.ended_job (queue_id, job_id, state, for_waiters)
    select distinct on_queue_id, on_job_id, state, true
    from looked
    where state in ('completed', 'discarded', 'cancelled')
    returning 1
)
select (select count(*) from said) as ended, (select count(*) from looked) as looked_at

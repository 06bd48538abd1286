-- Looks whether jobs that others wait for had ended before that could be seen; up to $1 of those that are due.
--
-- A job is waited for by an edge. Its end looks for edges, and finds none that is not committed yet; and whoever made the
-- edge saw a job that had not ended. So each edge to a job that was there before is looked at when it can be seen. An end
-- that cannot be seen even then is that of a transaction which ran when the edge was committed: the first look notes an
-- id that is higher than all of those had, and when none is left below it, no such end can come any more.
--
-- Answers how many edges it looked at. A job that is not there any more was cancelled, as far as anybody knows.
--
-- Safe under concurrency: `skip locked` gives each edge to one server. What is said twice of a job is resolved once.
-- Served by dependency_to_check, dependency_once and the keys behind job_now.
with due as materialized (
    select queue_id, job_id, on_queue_id, on_job_id, made_at, check_xid
    from presque_internal.dependency
    where check_at <= now()
    order by check_at
    limit $1
    for update skip locked
),
looked as materialized (
    select
        due.*, coalesce(its.state, 'cancelled') as state,
        coalesce(its.state, 'cancelled') in ('completed', 'discarded', 'cancelled') as ended,
        coalesce(due.check_xid <= pg_snapshot_xmin(pg_current_snapshot()), false) as for_good
    from due
    left join lateral (
        select state
        from presque_internal.job_now
        where job_now.queue_id = due.on_queue_id and job_now.id = due.on_job_id
        limit 1
    ) as its on true
),
said as (
    insert into presque_internal.ended_job (queue_id, job_id, state)
    select distinct on_queue_id, on_job_id, state
    from looked
    where ended
),
noted as (
    update presque_internal.dependency
    set
        -- As often as it is old, so that somebody's long transaction makes no work.
        check_at = case
            when not looked.ended and not looked.for_good
            then now() + least(greatest(now() - looked.made_at, interval '100 milliseconds'), interval '1 minute')
        end,
        check_xid = coalesce(looked.check_xid, pg_current_xact_id())
    from looked
    where
        dependency.queue_id = any (array[looked.queue_id]) and dependency.job_id = looked.job_id
        and dependency.on_job_id = looked.on_job_id
)
select count(*) as looked_at
from looked

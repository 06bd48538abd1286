-- Moves jobs whose dependencies have ended: to where they can be claimed, to those that wait for their time, or, if one
-- of them failed, to an end of their own. And notes for batches what became of their jobs.
--
-- Up to most_jobs ended jobs and most_edges dependencies at once. Answers the queues that jobs can be claimed from now, and how
-- many of each; and in a row without a queue, how many ended jobs were resolved, or as many as asked for if there is more.
--
-- Safe under concurrency: one at a time, by an advisory lock that is taken before anything is read, so that of two jobs
-- that one waits for the second sees that the first has ended. Who changes or cancels a pending job has its row, and is not waited
-- for: what it waits for is looked at again half a second later. Everything that moves a pending job has its row
-- first, so nobody else cuts the edges of one that is locked here.
--
-- Served by the primary key of ended_job, dependency_on_job, dependency_once, pending_job, batch_job_once, job_by_id and
-- dedup_key_is_held_once.
create or replace function presque_internal.run_resolve(most_jobs bigint, most_edges bigint)
returns table (queue text, jobs bigint)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off set jit = off
as $run$
#variable_conflict use_column
declare
    ended record;
    latest record;
    edges record;
    cut record;
    waiters record;
    begun_anew uuid[];
begin
if not pg_try_advisory_xact_lock(hashtextextended('presque.resolve', 0)) then
    return;
end if;
select
    array_agg(n order by n) as ns, array_agg(queue_id order by n) as queue_ids, array_agg(job_id order by n) as job_ids,
    array_agg(state order by n) as states, array_agg(for_waiters order by n) as for_waiters, count(*) as all_of_them
into ended
from (
    select n, queue_id, job_id, state, for_waiters
    from presque_internal.ended_job
    where due_at <= now()
    order by n
    limit most_jobs
) as first;
if ended.all_of_them = 0 then
    return;
end if;
-- What is last said of a job is what it is.
select
    array_agg(queue_id) as queue_ids, array_agg(job_id) as job_ids, array_agg(state) as states,
    array_agg(member_state) as member_states
into latest
from (
    select
        queue_id, job_id, (array_agg(state order by n desc))[1] as state,
        (array_agg(state order by n desc) filter (where not for_waiters))[1] as member_state
    from unnest(ended.ns, ended.queue_ids, ended.job_ids, ended.states, ended.for_waiters)
        as said (n, queue_id, job_id, state, for_waiters)
    group by queue_id, job_id
) as each;
-- Batches.
with member as (
    update presque_internal.batch_job
    set state = nullif(said.state, 'reopened')
    from unnest(latest.queue_ids, latest.job_ids, latest.member_states) as said (queue_id, job_id, state)
    where
        said.state is not null
        and batch_job.queue_id = any (array[said.queue_id]) and batch_job.job_id = said.job_id
    returning batch_job.batch_id, batch_job.state
),
reopened as (
    update presque_internal.batch
    set state = 'running', finished_at = null
    where id = any (array(select batch_id from member where state is null)) and state <> 'running'
)
insert into presque_internal.batch_check (batch_id)
select distinct batch_id
from member
where state is not null
on conflict (batch_id) do nothing;
-- Who waits for them.
select
    array_agg(found.queue_id) as queue_ids, array_agg(found.job_id) as job_ids, array_agg(found.on_job_id) as on_job_ids,
    array_agg(found.state) as states, count(*) as all_of_them
into edges
from (
    select waiter.queue_id, waiter.job_id, waiter.on_job_id, said.state
    from unnest(latest.queue_ids, latest.job_ids, latest.states) as said (queue_id, job_id, state)
    cross join lateral (
        select queue_id, job_id, on_job_id
        from presque_internal.dependency
        where dependency.on_queue_id = said.queue_id and dependency.on_job_id = said.job_id
        limit most_edges
    ) as waiter
    where said.state <> 'reopened'
    limit most_edges
) as found;
-- Of those, whose rows nobody else has.
select
    array_agg(edge.queue_id) as queue_ids, array_agg(edge.job_id) as job_ids, array_agg(edge.on_job_id) as on_job_ids,
    array_agg(edge.state <> 'completed' and place.on_failure = 'cancel') as fail
into cut
from unnest(edges.queue_ids, edges.job_ids, edges.on_job_ids, edges.states) as edge (queue_id, job_id, on_job_id, state)
cross join lateral (
    select on_failure
    from presque_internal.pending
    where pending.queue_id = edge.queue_id and pending.job_id = edge.job_id
    limit 1
    for update skip locked
) as place;
select array_agg(queue_id) as queue_ids, array_agg(job_id) as job_ids, array_agg(fails) as fail
into waiters
from (
    select queue_id, job_id, bool_or(fails) as fails
    from unnest(cut.queue_ids, cut.job_ids, cut.fail) as edge (queue_id, job_id, fails)
    group by queue_id, job_id
) as each;
-- A job that fails leaves the others that it waits for, too; and what waits no more has no edges. By their keys, not by
-- their places: confirm.sql may update them meanwhile.
delete from presque_internal.dependency
using (
    select queue_id, job_id, on_job_id
    from unnest(cut.queue_ids, cut.job_ids, cut.on_job_ids) as edge (queue_id, job_id, on_job_id)
    union
    select other.queue_id, other.job_id, other.on_job_id
    from unnest(waiters.queue_ids, waiters.job_ids, waiters.fail) as waiter (queue_id, job_id, fails)
    cross join lateral (
        select queue_id, job_id, on_job_id
        from presque_internal.dependency
        where dependency.queue_id = waiter.queue_id and dependency.job_id = waiter.job_id
        limit 100
    ) as other
    where waiter.fails
    union
    select queue_id, job_id, on_job_id
    from unnest(edges.queue_ids, edges.job_ids, edges.on_job_ids) as edge (queue_id, job_id, on_job_id)
    where
        not exists (
            select
            from presque_internal.pending
            where pending.queue_id = edge.queue_id and pending.job_id = edge.job_id)
) as gone
where
    dependency.queue_id = any (array[gone.queue_id]) and dependency.job_id = gone.job_id
    and dependency.on_job_id = gone.on_job_id;
return query
with moving as materialized (
    select waiter.queue_id, waiter.job_id, waiter.fails
    from unnest(waiters.queue_ids, waiters.job_ids, waiters.fail) as waiter (queue_id, job_id, fails)
    where
        waiter.fails
        or not exists (
            select
            from presque_internal.dependency
            where dependency.queue_id = waiter.queue_id and dependency.job_id = waiter.job_id
        )
),
left_pending as (
    delete from presque_internal.pending
    using moving
    where pending.queue_id = any (array[moving.queue_id]) and pending.job_id = moving.job_id
    returning
        pending.queue_id, pending.job_id, pending.kind, pending.priority, pending.run_after, pending.payload_bytes,
        moving.fails
),
moved as materialized (
    select
        gone.queue_id, gone.job_id, gone.kind, gone.priority, gone.payload_bytes, gone.fails,
        greatest(gone.run_after, now()) as run_after, gone.run_after > now() as delayed,
        case when not gone.fails then presque_internal.next_seq() end as seq
    from left_pending as gone
),
made_ready as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes, attempt, failed_attempts, releases)
    select queue_id, -2 * priority, seq, job_id, kind, run_after, payload_bytes, 0, 0, 0
    from moved
    where not fails and not delayed
),
made_scheduled as (
    insert into presque_internal.scheduled
        (queue_id, lane, run_after, seq, job_id, kind, payload_bytes, attempt, failed_attempts, releases, retryable)
    select queue_id, -2 * priority, run_after, seq, job_id, kind, payload_bytes, 0, 0, 0, false
    from moved
    where not fails and delayed
),
cancelled as (
    insert into presque_internal.done (queue_id, job_id, state, kind, attempt, failed_attempts, cancel_reason)
    select queue_id, job_id, 'cancelled', kind, 0, 0, 'dependency_failed'
    from moved
    where fails
),
freed as (
    delete from presque_internal.dedup
    using (
        select moved.queue_id, moved.job_id, job.dedup_key
        from moved
        cross join lateral (
            select dedup_key
            from presque_internal.job
            where job.queue_id = moved.queue_id and job.id = moved.job_id
            limit 1
        ) as job
        where moved.fails and job.dedup_key is not null
    ) as gone
    where
        dedup.queue_id in (gone.queue_id, 0) and dedup.key = gone.dedup_key and dedup.job_id = gone.job_id
        and dedup.until in ('started', 'finished')
),
counted as (
    insert into presque_internal.tally (queue_id, kind, cancelled, ready, scheduled)
    select
        queue_id, kind, count(*) filter (where fails), count(*) filter (where not fails and not delayed),
        count(*) filter (where not fails and delayed)
    from moved
    group by queue_id, kind
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select queue_id, -count(*)
    from moved
    group by queue_id
)
select its.name, count(*)
from moved
cross join lateral (
    select name
    from presque_internal.queue
    where queue.queue_id = moved.queue_id
    limit 1
) as its
where not moved.fails and not moved.delayed
group by its.name;
-- With more edges than were looked at, all are asked again; otherwise those that somebody is in the way of.
if edges.all_of_them < most_edges then
    begun_anew := array(
        select job_id
        from unnest(latest.job_ids, latest.states) as said (job_id, state)
        where state = 'reopened'
    );
    with left_over as materialized (
        select said.n
        from unnest(ended.ns, ended.queue_ids, ended.job_ids) as said (n, queue_id, job_id)
        where
            said.job_id <> all (begun_anew)
            and exists (
                select
                from presque_internal.dependency
                where dependency.on_queue_id = said.queue_id and dependency.on_job_id = said.job_id
            )
    ),
    later as (
        update presque_internal.ended_job
        set due_at = now() + interval '500 milliseconds', for_waiters = true
        where n = any (array(select n from left_over))
    )
    delete from presque_internal.ended_job
    where n = any (ended.ns) and n <> all (array(select n from left_over));
else
    update presque_internal.ended_job
    set for_waiters = true
    where n = any (ended.ns) and not for_waiters;
end if;
return query
select null::text, case when edges.all_of_them < most_edges then ended.all_of_them else most_jobs end;
end
$run$

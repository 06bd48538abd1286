-- Links jobs that this transaction enqueued: to jobs that they wait for, and to batches.
--
-- job_ids: the jobs, in order, null for those that were there before; batch_ids: the batch of each, or null;
-- on_failures: what becomes of each when a job it waits for fails, or null for cancel; edge_items, edge_ids: the place of
-- a job and the id of one it waits for.
--
-- Answers the jobs that wait now. They leave the place where the enqueue put them, before anybody can see it.
--
-- Safe under concurrency: the jobs are nobody else's before the commit. A job that they wait for and that was there
-- before may end meanwhile, by a statement that does not see the edge: that is looked for, see
-- dependencies/confirm.sql. One of the same transaction cannot end before the edge is there for all.
--
-- Served by ready_in_order, scheduled_of_job and job_by_id.
create or replace function presque_internal.run_link(
    job_ids uuid[], batch_ids uuid[], on_failures text[], edge_items integer[], edge_ids uuid[]
)
returns setof uuid
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off set jit = off
as $run$
begin
-- From now on, the end of a job looks for who waits for it.
perform nextval('presque_internal.link_seq');
return query
with item as materialized (
    select
        given.n, given.job_id, presque_internal.job_id_queue(given.job_id) as queue_id,
        presque_internal.job_id_seq(given.job_id) as own_seq, given.batch_id,
        coalesce(given.on_failure, 'cancel') as on_failure, job.kind, -2 * job.priority + 1 as own_lane
    from unnest(job_ids, batch_ids, on_failures) with ordinality as given (job_id, batch_id, on_failure, n)
    cross join lateral (
        select kind, priority
        from presque_internal.job
        where job.queue_id = presque_internal.job_id_queue(given.job_id) and job.id = given.job_id
        limit 1
    ) as job
),
edge as materialized (
    select
        item.n, item.queue_id, item.job_id, needed.on_job_id,
        presque_internal.job_id_queue(needed.on_job_id) as on_queue_id,
        needed.on_job_id = any (job_ids) as is_new, min(needed.place) as place
    from unnest(edge_items, edge_ids) with ordinality as needed (item, on_job_id, place)
    join item on item.n = needed.item
    -- Two jobs of one request with the same unique key are one.
    where needed.on_job_id <> item.job_id
    group by 1, 2, 3, 4
),
unfinished as materialized (
    select edge.*
    from edge
    left join lateral (
        select state
        from presque_internal.job_now
        where not edge.is_new and job_now.queue_id = edge.on_queue_id and job_now.id = edge.on_job_id
        limit 1
    ) as its on true
    where edge.is_new is true or its.state is distinct from 'completed'
),
waiting as materialized (
    select *
    from item
    where exists (select from unfinished where unfinished.n = item.n)
),
left_ready as (
    delete from presque_internal.ready
    using waiting
    where
        ready.queue_id = any (array[waiting.queue_id]) and ready.lane = waiting.own_lane
        and ready.seq = waiting.own_seq and ready.job_id = waiting.job_id
    returning ready.queue_id, ready.kind, true as was_ready
),
left_scheduled as (
    delete from presque_internal.scheduled
    using waiting
    where scheduled.queue_id = any (array[waiting.queue_id]) and scheduled.job_id = waiting.job_id
    returning scheduled.queue_id, scheduled.kind, false
),
made_pending as (
    insert into presque_internal.pending (queue_id, job_id, kind, on_failure)
    select queue_id, job_id, kind, on_failure
    from waiting
    order by n
),
made_edges as (
    insert into presque_internal.dependency (queue_id, job_id, on_queue_id, on_job_id, check_at)
    select queue_id, job_id, on_queue_id, on_job_id, case when is_new is not true then now() end
    from unfinished
),
made_members as (
    insert into presque_internal.batch_job (batch_id, queue_id, job_id)
    select batch_id, queue_id, job_id
    from item
    where batch_id is not null
),
described as (
    update presque_internal.job
    set
        batch_id = item.batch_id,
        depends_on = (select array_agg(on_job_id order by place) from edge where edge.n = item.n)
    from item
    where
        job.queue_id = any (array[item.queue_id]) and job.id = item.job_id
        and (item.batch_id is not null or exists (select from edge where edge.n = item.n))
),
counted as (
    insert into presque_internal.tally (queue_id, kind, ready, scheduled)
    select queue_id, kind, -count(*) filter (where was_ready), -count(*) filter (where not was_ready)
    from (
        select * from left_ready
        union all
        select * from left_scheduled
    ) as gone
    group by queue_id, kind
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select queue_id, count(*)
    from waiting
    group by queue_id
)
select job_id
from waiting;
end
$run$

-- Links jobs that this transaction enqueued: to jobs that they wait for, and to batches.
--
-- One element of each array for a job: job_ids; fresh, false for one that was there before and stays as it is; batch_ids,
-- or null; on_failures: what becomes of it when a job it waits for fails, or null for cancel. One element for a
-- dependency: edge_items, the place of the job that waits; edge_ids, the job it waits for; edge_is_new, whether that is one
-- of these jobs.
--
-- Answers the jobs that wait now. They leave the place where the enqueue put them, before anybody can see it.
--
-- Safe under concurrency: the jobs are nobody else's before the commit. A job that they wait for and that was there
-- before may end meanwhile, by a statement that does not see the edge: that is looked for, see
-- dependencies/confirm.sql. One of the same transaction cannot end before the edge is there for all.
--
-- Arrays are read by place, and only these are hashed: a hundred thousand dependencies take a second.
--
-- Served by ready_in_order, ready_again, scheduled_of_job, pending_job, lease_of_job, done_job and job_by_id.
create or replace function presque_internal.run_link(
    job_ids uuid[], fresh boolean[], batch_ids uuid[], on_failures text[], edge_items integer[], edge_ids uuid[],
    edge_is_new boolean[]
)
returns setof uuid
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off set jit = off
as $run$
declare
    completed uuid[];
    edges record;
begin
-- From now on, the end of a job looks for who waits for it.
perform nextval('presque_internal.link_seq');
completed := array(
    select needed.id
    from (
        select distinct given.id
        from unnest(edge_ids, edge_is_new) as given (id, is_new)
        where not given.is_new
    ) as needed
    cross join lateral (select presque_internal.job_id_queue(needed.id) as queue_id) as its
    where
        -- Most have not ended, and are found in a narrow table.
        not exists (
            select from presque_internal.lease as l where l.queue_id = its.queue_id and l.job_id = needed.id)
        and not exists (
            select from presque_internal.scheduled as s where s.queue_id = its.queue_id and s.job_id = needed.id)
        and not exists (
            select from presque_internal.pending as p where p.queue_id = its.queue_id and p.job_id = needed.id)
        and not exists (
            select
            from presque_internal.job as j
            cross join lateral (
                select
                from presque_internal.ready as r
                where
                    r.queue_id = its.queue_id and r.lane = -2 * j.priority + 1
                    and r.seq = presque_internal.job_id_seq(needed.id) and r.job_id = needed.id
                limit 1
            ) as place
            where j.queue_id = its.queue_id and j.id = needed.id
        )
        and exists (
            select
            from presque_internal.done as d
            where d.queue_id = its.queue_id and d.job_id = needed.id and d.state = 'completed')
);
perform set_config('enable_hashjoin', 'on', true);
with edge as materialized (
    select given.item, given.id, bool_or(given.is_new) as is_new, min(given.place) as place
    from unnest(edge_items, edge_ids, edge_is_new) with ordinality as given (item, id, is_new, place)
    -- Two jobs of one request with the same unique key are one.
    where fresh[given.item] and job_ids[given.item] <> given.id
    group by given.item, given.id
),
of_item as materialized (
    select
        edge.item, array_agg(edge.id order by edge.place)::text as ids,
        bool_or(edge.is_new or ended.id is null) as waits
    from edge
    left join unnest(completed) as ended (id) on ended.id = edge.id
    group by edge.item
)
select
    array(
        select of_item.ids
        from generate_series(1, cardinality(job_ids)) as every (item)
        left join of_item using (item)
        order by every.item
    ) as lists,
    array(
        select coalesce(of_item.waits, false)
        from generate_series(1, cardinality(job_ids)) as every (item)
        left join of_item using (item)
        order by every.item
    ) as waits,
    array_agg(edge.item order by edge.item, edge.place) as items,
    array_agg(edge.id order by edge.item, edge.place) as ids,
    array_agg(edge.is_new order by edge.item, edge.place) as are_new
into edges
from edge
left join unnest(completed) as ended (id) on ended.id = edge.id
where edge.is_new or ended.id is null;
perform set_config('enable_hashjoin', 'off', true);
return query
with item as materialized (
    select
        given.n, given.job_id, its.queue_id, presque_internal.job_id_seq(given.job_id) as own_seq, given.batch_id,
        coalesce(given.on_failure, 'cancel') as on_failure, given.list, given.waits, job.kind, job.priority,
        job.run_after, job.payload_bytes
    from unnest(job_ids, fresh, batch_ids, on_failures, edges.lists, edges.waits)
        with ordinality as given (job_id, is_new, batch_id, on_failure, list, waits, n)
    cross join lateral (select presque_internal.job_id_queue(given.job_id) as queue_id) as its
    cross join lateral (
        select kind, priority, run_after, payload_bytes
        from presque_internal.job
        where job.queue_id = its.queue_id and job.id = given.job_id
        limit 1
    ) as job
    where given.is_new and (given.batch_id is not null or given.list is not null)
),
left_ready as (
    delete from presque_internal.ready
    where ctid = any (array(
        select place.ctid
        from item
        cross join lateral (
            select ctid
            from presque_internal.ready
            where
                ready.queue_id = item.queue_id and ready.lane = -2 * item.priority + 1 and ready.seq = item.own_seq
                and ready.job_id = item.job_id
            limit 1
        ) as place
        where item.waits
    ))
    returning ready.queue_id, ready.kind, true as was_ready
),
left_scheduled as (
    delete from presque_internal.scheduled
    where ctid = any (array(
        select place.ctid
        from item
        cross join lateral (
            select ctid
            from presque_internal.scheduled
            where scheduled.queue_id = item.queue_id and scheduled.job_id = item.job_id
            limit 1
        ) as place
        where item.waits
    ))
    returning scheduled.queue_id, scheduled.kind, false
),
made_pending as (
    insert into presque_internal.pending (queue_id, job_id, kind, on_failure, priority, run_after, payload_bytes)
    select queue_id, job_id, kind, on_failure, priority, run_after, payload_bytes
    from item
    where waits
    order by n
),
made_edges as (
    insert into presque_internal.dependency (queue_id, job_id, on_queue_id, on_job_id, check_at)
    select
        presque_internal.job_id_queue(its.job_id), its.job_id, presque_internal.job_id_queue(edge.id), edge.id,
        case when edge.is_new then now() + interval '1 hour' else now() end
    from unnest(edges.items, edges.ids, edges.are_new) as edge (item, id, is_new)
    cross join lateral (select job_ids[edge.item] as job_id) as its
),
made_members as (
    insert into presque_internal.batch_job (batch_id, queue_id, job_id)
    select batch_id, queue_id, job_id
    from item
    where batch_id is not null
),
described as (
    update presque_internal.job
    set batch_id = item.batch_id, depends_on = item.list::uuid[]
    from item
    where job.queue_id = any (array[item.queue_id]) and job.id = item.job_id
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
    from item
    where waits
    group by queue_id
)
select job_id
from item
where waits;
end
$run$

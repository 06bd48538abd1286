-- Enqueues jobs that wait for others or belong to a batch, and makes that batch if it is new; all of it or nothing.
--
-- The arguments of jobs/enqueue.sql without those of a classic PUT, and for each job: batch_ids, on_failures; edge_items and
-- edge_ids or edge_on_items: that the job at this place waits for this one, or for that at another place. For a new batch:
-- new_batch, {"name", "tags"}; callbacks: for each job null, or on which end of the batch it is to be enqueued; those
-- stand last.
--
-- Answers what jobs/enqueue.sql does, and the batch of each job. Further refusals: dependency_unknown and
-- batch_not_running, with the id.
--
-- Safe under concurrency: it is statements of one transaction, of which only jobs/enqueue.sql meets others. A running batch
-- is locked against its end, which skips it meanwhile: who enqueues into it waits for nobody but such an end.
create or replace function presque_internal.run_enqueue_linked(
    queues text[], kinds text[], payloads text[], priorities integer[], run_afters timestamptz[], delays_ms bigint[],
    expire_at timestamptz[], attempts integer[], leases_ms bigint[], timeouts_ms bigint[], tags text[], headers text[],
    traceparents text[], dedup_keys text[], dedup_scopes text[], dedup_untils text[], dedup_windows_ms bigint[],
    on_conflicts text[], operation text, idempotency_key text, body_hash bytea, created_by text,
    batch_ids uuid[], on_failures text[], edge_items integer[], edge_ids uuid[], edge_on_items integer[],
    new_batch jsonb, callbacks text[]
)
returns table (
    n bigint, job_id uuid, duplicate boolean, other_queue text, state text, run_after timestamptz, refusal text,
    refused_n bigint, refused_actual bigint, refused_limit bigint, replayed boolean, batch_id uuid
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off set jit = off
as $run$
#variable_conflict use_column
declare
    jobs integer := coalesce(cardinality(queues) - cardinality(array_remove(callbacks, null)), cardinality(queues));
    new_batch_id uuid;
    joined uuid;
    came_of_it record;
    waiting uuid[];
begin
    if new_batch is null and edge_items = '{}' and array_remove(batch_ids, null) = '{}' then
        return query
        select its.*, null::uuid
        from presque_internal.run_enqueue(
            queues, kinds, payloads, priorities, run_afters, delays_ms, expire_at, attempts, leases_ms, timeouts_ms, tags,
            headers, traceparents, dedup_keys, dedup_scopes, dedup_untils, dedup_windows_ms, on_conflicts, 0, null,
            operation, idempotency_key, body_hash, created_by) as its;
        return;
    end if;
    -- What it names must be there, and stay.
    for joined in select distinct id from unnest(batch_ids) as given (id) where id is not null order by id loop
        perform from presque_internal.batch where id = joined and state = 'running' for share;
        if not found then
            return query
            select
                0::bigint, joined, false, null::text, null::text, null::timestamptz, 'batch_not_running'::text,
                array_position(batch_ids, joined)::bigint, null::bigint, null::bigint, false, null::uuid;
            return;
        end if;
    end loop;
    return query
    select
        0::bigint, refused.job_id, false, null::text, null::text, null::timestamptz, refused.code, refused.item,
        refused.actual, refused.allowed, false, null::uuid
    from (
        select
            needed.id as job_id, 'dependency_unknown' as code, needed.item::bigint as item, null::bigint as actual,
            null::bigint as allowed
        from unnest(edge_items, edge_ids) as needed (item, id)
        where
            needed.id is not null
            and not exists (
                select
                from presque_internal.job
                where job.queue_id = presque_internal.job_id_queue(needed.id) and job.id = needed.id)
        union all
        -- Callbacks are stored with the batch, and enqueued at its end.
        select
            null,
            case
                when following.policy is null then 'queue_not_found'
                when following.bytes > following.allowed then 'payload_too_large'
                else 'no_window'
            end,
            jobs + following.item, following.bytes, following.allowed
        from (
            select
                given.item, given.dedup_key, octet_length(given.payload)::bigint as bytes, its.policy,
                (its.policy ->> 'payload_max_bytes')::bigint as allowed,
                coalesce(given.until, its.policy ->> 'dedup_until') as until,
                coalesce(given.window_ms, (its.policy ->> 'dedup_window_ms')::bigint) as window_ms
            from unnest(
                queues[jobs + 1:], payloads[jobs + 1:], dedup_keys[jobs + 1:], dedup_untils[jobs + 1:],
                dedup_windows_ms[jobs + 1:]
            ) with ordinality as given (queue, payload, dedup_key, until, window_ms, item)
            left join lateral (
                select presque_internal.default_policy() || queue.policy as policy
                from presque_internal.queue
                where queue.name = given.queue and queue.deleted_at is null
                limit 1
            ) as its on true
        ) as following
        where
            following.policy is null
            or following.bytes > following.allowed
            or (following.dedup_key is not null and following.until = 'window' and following.window_ms <= 0)
    ) as refused
    order by refused.item
    limit 1;
    if found then
        return;
    end if;
    select
        array_agg(its.job_id order by its.n) as ids, array_agg(its.duplicate order by its.n) as duplicates,
        array_agg(its.other_queue order by its.n) as other_queues, array_agg(its.state order by its.n) as states,
        array_agg(its.run_after order by its.n) as run_afters, min(its.refusal) as refusal,
        min(its.refused_n) as refused_n, min(its.refused_actual) as refused_actual,
        min(its.refused_limit) as refused_limit, bool_or(its.replayed) as replayed
    into came_of_it
    from presque_internal.run_enqueue(
        queues[:jobs], kinds[:jobs], payloads[:jobs], priorities[:jobs], run_afters[:jobs], delays_ms[:jobs],
        expire_at[:jobs], attempts[:jobs], leases_ms[:jobs], timeouts_ms[:jobs], tags[:jobs], headers[:jobs],
        traceparents[:jobs], dedup_keys[:jobs], dedup_scopes[:jobs], dedup_untils[:jobs], dedup_windows_ms[:jobs],
        on_conflicts[:jobs], 0, null, operation, idempotency_key, body_hash, created_by) as its;
    if came_of_it.refusal is not null or came_of_it.replayed then
        return query
        select
            0::bigint, came_of_it.ids[1], false, null::text, null::text, null::timestamptz, came_of_it.refusal,
            came_of_it.refused_n, came_of_it.refused_actual, came_of_it.refused_limit, came_of_it.replayed, null::uuid;
        return;
    end if;
    if new_batch is not null then
        new_batch_id := presque_internal.new_job_id(0, presque_internal.next_seq());
        batch_ids := array_fill(new_batch_id, array[jobs]);
        insert into presque_internal.batch (id, name, tags, created_by)
        select
            new_batch_id, new_batch ->> 'name', array(select jsonb_array_elements_text(new_batch -> 'tags')),
            run_enqueue_linked.created_by;
        insert into presque_internal.batch_callback (
            batch_id, event, queue, kind, payload, priority, run_after, delay_ms, expires_at, max_attempts, lease_ms,
            timeout_ms, tags, headers, traceparent, dedup_key, dedup_until, dedup_window_ms, dedup_on_conflict)
        select
            new_batch_id, event, queue, kind, payload::json, priority, run_after, delay_ms, expires_at, max_attempts,
            lease_ms, timeout_ms, tags, headers, traceparent, dedup_key, dedup_until, dedup_window_ms, on_conflict
        from unnest(
            callbacks, queues, kinds, payloads, priorities, run_afters, delays_ms, expire_at, attempts, leases_ms,
            timeouts_ms, tags, headers, traceparents, dedup_keys, dedup_untils, dedup_windows_ms, on_conflicts
        ) as given (
            event, queue, kind, payload, priority, run_after, delay_ms, expires_at, max_attempts, lease_ms, timeout_ms,
            tags, headers, traceparent, dedup_key, dedup_until, dedup_window_ms, on_conflict)
        where event is not null;
        -- A batch of jobs that were all there before has ended as soon as somebody looks.
        insert into presque_internal.batch_check (batch_id) values (new_batch_id);
        update presque_internal.idempotency as known
        set batch_id = new_batch_id
        where known.operation = run_enqueue_linked.operation and known.key = idempotency_key;
    end if;
    waiting := array(
        select *
        from presque_internal.run_link(
            came_of_it.ids,
            array(
                select not duplicate
                from unnest(came_of_it.duplicates) with ordinality as its (duplicate, item)
                order by its.item),
            batch_ids, on_failures, edge_items,
            array(
                select coalesce(needed.id, came_of_it.ids[needed.on_item])
                from unnest(edge_ids, edge_on_items) with ordinality as needed (id, on_item, place)
                order by needed.place),
            array(
                select needed.on_item is not null and not came_of_it.duplicates[needed.on_item]
                from unnest(edge_on_items) with ordinality as needed (on_item, place)
                order by needed.place)));
    return query
    select
        its.item, its.id, its.duplicate, its.other_queue,
        case when not its.duplicate and its.id = any (waiting) then 'pending' else its.state end, its.run_after, null::text, null::bigint,
        null::bigint, null::bigint, false, batch_ids[its.item]
    from unnest(
        came_of_it.ids, came_of_it.duplicates, came_of_it.other_queues, came_of_it.states, came_of_it.run_afters
    ) with ordinality as its (id, duplicate, other_queue, state, run_after, item)
    order by its.item;
end
$run$

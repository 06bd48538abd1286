-- Ends up to `most` batches whose jobs have all ended, and enqueues what is to follow.
--
-- A batch is completed if all of its jobs are, and failed if one was discarded or cancelled. Of a batch that was opened
-- again by a retry, what was enqueued once is not enqueued again.
--
-- Answers a row for each batch that was looked at, one with its id for each that has ended, and one with its queue for
-- each job that follows.
--
-- Safe under concurrency: one at a time, by the advisory lock of dependencies/resolve.sql, which writes what became of
-- jobs. The batch is locked before its jobs are looked at: who adds a job meanwhile holds a lock on it, and it is left for
-- another time. If a queue is full or somebody is in the way, nothing of that batch is done, and it is tried again; a job
-- that is refused for good does not follow, and the log of the database says so.
--
-- Served by batch_check_due, the primary key of batch, batch_job_open and batch_job_of_batch.
create or replace function presque_internal.run_finish_batches(most bigint)
returns table (batch_id uuid, queue text)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set jit = off set lock_timeout = '200ms'
as $run$
#variable_conflict use_column
declare
    checked uuid;
    ended text;
    queues text[];
    following record;
    came_of_it record;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('presque.resolve', 0)) then
        return;
    end if;
    for checked in
        select batch_check.batch_id
        from presque_internal.batch_check
        where due_at <= now()
        order by due_at
        limit most
    loop
        batch_id := null;
        queue := null;
        return next;
        perform from presque_internal.batch where id = checked for update skip locked;
        if not found then
            update presque_internal.batch_check set due_at = now() + interval '1 second' where batch_id = checked;
            delete from presque_internal.batch_check
            where batch_id = checked and not exists (select from presque_internal.batch where id = checked);
            continue;
        end if;
        delete from presque_internal.batch_check where batch_id = checked;
        continue when exists (select from presque_internal.batch_job where batch_id = checked and state is null);
        ended := case
            when exists (select from presque_internal.batch_job where batch_id = checked and state <> 'completed')
                then 'failed'
            else 'completed'
        end;
        queues := '{}';
        begin
            update presque_internal.batch
            set state = ended, finished_at = now()
            where id = checked and state = 'running';
            continue when not found;
            for following in
                select *
                from presque_internal.batch_callback
                where
                    batch_id = checked and fired_at is null
                    and event = any (array['complete', case ended when 'failed' then 'failure' else 'success' end])
                order by event
            loop
                with made as (
                    insert into presque_internal.queue (name)
                    select following.queue
                    where not exists (
                        select from presque_internal.queue where name = following.queue and deleted_at is null)
                    on conflict (name) where deleted_at is null do nothing
                    returning name
                )
                insert into presque_internal.audit (action, subject_type, subject_id, detail)
                select 'queue.created', 'queue', made.name, jsonb_build_object('batch_id', checked)
                from made;
                select *
                into came_of_it
                from presque_internal.run_enqueue(
                    array[following.queue], array[following.kind], array[following.payload::text],
                    array[following.priority], array[following.run_after], array[following.delay_ms],
                    array[following.expires_at], array[following.max_attempts], array[following.lease_ms],
                    array[following.timeout_ms], array[following.tags], array[following.headers],
                    array[following.traceparent], array[following.dedup_key], array[null::text],
                    array[following.dedup_until], array[following.dedup_window_ms],
                    array[following.dedup_on_conflict], 0, null, null, null, null, null);
                if came_of_it.refusal = 'queue_full' then
                    raise exception 'the queue % is full', quote_literal(following.queue) using errcode = 'PQ002';
                elsif came_of_it.refusal is not null then
                    raise warning 'a job in queue % does not follow batch %: %', quote_literal(following.queue), checked,
                        came_of_it.refusal;
                else
                    queues := queues || following.queue;
                end if;
                update presque_internal.batch_callback
                set fired_at = now(), job_id = case when came_of_it.refusal is null then came_of_it.job_id end
                where batch_callback.batch_id = checked and event = following.event;
            end loop;
            return query
            select checked, null::text
            union all
            select null, put.queue from unnest(queues) as put (queue);
        exception
            when sqlstate 'PQ002' or serialization_failure or lock_not_available or deadlock_detected then
                raise warning 'batch % has ended, and what is to follow is tried again in 10 s: %', checked, sqlerrm;
                insert into presque_internal.batch_check (batch_id, due_at)
                values (checked, now() + interval '10 seconds');
        end;
    end loop;
end
$run$

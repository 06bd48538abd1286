-- Dependencies and batches: jobs that wait for other jobs, and jobs that are watched together.
--
-- A job that depends on others is in `pending` until they have ended; its edges are in `dependency`. Whatever ends a job
-- says so in `ended_job`, in its own statement, if somebody waits for it: a trigger does, so that every way to end one
-- does, also those of a server of the release before. A loop reads that and moves what waited
-- (run_resolve): nobody who ends a job waits for who depends on it.

-- Jobs that wait for other jobs.
create table presque_internal.pending (
    -- As the job has them: what moves it takes them from here, so that a change of the job is not lost.
    run_after timestamptz not null,
    job_id uuid not null,
    queue_id integer not null,
    payload_bytes integer,
    priority smallint not null,
    -- What becomes of it when one of them is discarded or cancelled: cancel, or run all the same.
    on_failure text not null constraint pending_on_failure check (on_failure in ('cancel', 'run')),
    kind text not null,
    -- Serves store/jobs/cancel.sql, update.sql and run_resolve.
    constraint pending_job primary key (queue_id, job_id)
);
comment on table presque_internal.pending is 'Jobs that wait for other jobs to end';

-- By how many jobs each queue has more or fewer in `pending`: a count is their sum, and no row is hot.
create table presque_internal.pending_tally (
    queue_id integer not null,
    jobs integer not null
);
-- Serves queue_count_now and store/queues/list.sql.
create index pending_tally_of_queue on presque_internal.pending_tally (queue_id) include (jobs);
comment on table presque_internal.pending_tally is 'Deltas of how many jobs are pending, folded into one row for each queue now and then';

-- What a pending job still waits for.
create table presque_internal.dependency (
    made_at timestamptz not null default now(),
    -- When to look whether the job that is waited for has ended, and nobody was told: see
    -- store/dependencies/confirm.sql.
    check_at timestamptz not null,
    job_id uuid not null,
    on_job_id uuid not null,
    queue_id integer not null,
    on_queue_id integer not null,
    -- Serves store/jobs/cancel.sql and run_resolve: all that one job waits for.
    constraint dependency_once primary key (queue_id, job_id, on_job_id)
);
-- Serves note_ended() and run_resolve: all that wait for one job.
create index dependency_on_job on presque_internal.dependency (on_queue_id, on_job_id);
-- Serves store/dependencies/confirm.sql.
create index dependency_to_check on presque_internal.dependency (check_at);
comment on table presque_internal.dependency is 'Which job waits for which one to end; gone with the end';

-- Jobs that are watched together.
create table presque_internal.batch (
    id uuid primary key,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    state text not null default 'running'
        constraint batch_state check (state in ('running', 'completed', 'failed')),
    name text,
    tags text[] not null default '{}',
    created_by text
);
-- Serves store/maintenance/forget.sql.
create index batch_by_end on presque_internal.batch (finished_at) where finished_at is not null;
comment on table presque_internal.batch is 'Jobs that are watched together; kept for 90 days after their end';

create table presque_internal.batch_job (
    job_id uuid not null,
    batch_id uuid not null,
    queue_id integer not null,
    -- The final state it came to; null while it is unfinished.
    state text,
    -- Serves note_ended() and run_resolve.
    constraint batch_job_once primary key (queue_id, job_id)
);
-- Serves store/batches/list.sql and store/jobs/list_sorted.sql.
create index batch_job_of_batch on presque_internal.batch_job (batch_id, job_id);
-- Serves finish_batches: whether something is unfinished.
create index batch_job_open on presque_internal.batch_job (batch_id) where state is null;
comment on table presque_internal.batch_job is 'The jobs of each batch and what became of them';

-- What is enqueued when a batch ends. Its columns are what jobs/enqueue.sql takes.
create table presque_internal.batch_callback (
    batch_id uuid not null,
    -- complete, success or failure.
    event text not null,
    queue text not null,
    kind text not null,
    payload json not null,
    priority integer,
    run_after timestamptz,
    delay_ms bigint,
    expires_at timestamptz,
    max_attempts integer,
    lease_ms bigint,
    timeout_ms bigint,
    tags text,
    headers text,
    traceparent text,
    dedup_key text,
    dedup_until text,
    dedup_window_ms bigint,
    dedup_on_conflict text,
    fired_at timestamptz,
    job_id uuid,
    constraint batch_callback_once primary key (batch_id, event)
);
comment on table presque_internal.batch_callback is 'Jobs that are enqueued when a batch ends, each at most once';

-- Batches of which a job ended: whether they are finished is to be seen.
create table presque_internal.batch_check (
    batch_id uuid primary key,
    due_at timestamptz not null default now()
);
-- Serves finish_batches.
create index batch_check_due on presque_internal.batch_check (due_at);
comment on table presque_internal.batch_check is 'Batches that may have ended';

-- Which batch an idempotency key made.
alter table presque_internal.idempotency add column batch_id uuid;

-- Jobs that ended, or began anew, and that somebody waits for, in the order in which that happened to each.
create table presque_internal.ended_job (
    n bigint generated always as identity primary key,
    -- Later than it came, if somebody's transaction was in the way.
    due_at timestamptz not null default now(),
    job_id uuid not null,
    queue_id integer not null,
    -- Its batch knows, and only who waits for it does not.
    for_waiters boolean not null default false,
    -- completed, discarded, cancelled, or reopened by a retry.
    state text not null
) with (autovacuum_vacuum_scale_factor = 0.02);
comment on table presque_internal.ended_job is 'Ends of jobs that others wait for, not resolved yet';

-- Drawn from when jobs are linked. Never before, nobody waits for any: ends need not look.
create sequence presque_internal.link_seq as bigint;

-- Notes the end of jobs that others wait for. It reads and appends only, so it waits for nobody. Not with a search path
-- of its own, which would cost every end of a job something: all names are qualified.
--
-- A transaction that is stricter than `read committed` sees only who waited when it began, so it notes every end.
create function presque_internal.note_ended() returns trigger
language plpgsql
as $$
begin
    if pg_catalog.pg_sequence_last_value('presque_internal.link_seq') is null then
        return null;
    end if;
    insert into presque_internal.ended_job (queue_id, job_id, state)
    select ended.queue_id, ended.job_id, ended.state
    from ended
    cross join lateral (
        select
        from presque_internal.dependency
        where dependency.on_queue_id = ended.queue_id and dependency.on_job_id = ended.job_id
        union all
        select
        from presque_internal.batch_job
        where batch_job.queue_id = ended.queue_id and batch_job.job_id = ended.job_id
        union all
        select where pg_catalog.current_setting('transaction_isolation') <> 'read committed'
        limit 1
    ) as waited_for;
    return null;
end
$$;

-- How many jobs of a queue wait, delayed ones, retries and those that wait for others among them.
create or replace function presque_internal.depth_of(of_queue integer) returns bigint
language plpgsql stable
as $$
begin
    return (
        select pending + ready + scheduled + retryable
        from presque_internal.queue_count_now
        where queue_id = of_queue
        limit 1);
end
$$;

-- As in migration 10; a pending job lives as well.
create or replace function presque_internal.retire_jobs(
    part text, day_begin timestamptz, day_end timestamptz, ended_before timestamptz
) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    id_from uuid := presque_internal.job_id_floor(day_begin);
    id_to uuid := presque_internal.job_id_floor(day_end);
    left_over integer;
    queue_ids integer[];
    job_ids uuid[];
    bytes bigint;
begin
    select count(*), array_agg(queue_id), array_agg(job_id)
    into left_over, queue_ids, job_ids
    from (
        select queue_id, job_id
        from (
            select queue_id, job_id from presque_internal.ready
            union all
            select queue_id, job_id from presque_internal.scheduled
            union all
            select queue_id, job_id from presque_internal.lease
            union all
            select queue_id, job_id from presque_internal.pending
            union all
            select queue_id, job_id
            from presque_internal.done
            where state = 'discarded' or finished_at >= least(day_end, ended_before)
        ) as known
        where job_id >= id_from and job_id < id_to
        limit 201
    ) as few;
    if left_over > 200 then
        return false;
    end if;
    -- They are put back under the lock, so that must be over in a moment.
    execute format(
        'select sum(octet_length(payload::text)) from presque_internal.%I where (queue_id, id) in (select * from unnest($1, $2))',
        part)
    into bytes
    using queue_ids, job_ids;
    if bytes > 1000000 then
        return false;
    end if;
    begin
        execute format('alter table presque_internal.job detach partition presque_internal.%I', part);
        execute format(
            'insert into presque_internal.job select kept.* from presque_internal.%I as kept '
            'where (queue_id, id) in (select * from unnest($1, $2))', part)
        using queue_ids, job_ids;
        execute format('alter table presque_internal.%I rename to %I', part, part || '_retired');
        return true;
    exception
        when lock_not_available then
            return false;
    end;
end
$$;

create or replace function presque_internal.sweep_jobs() returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = on set enable_hashjoin = on
as $$
declare
    swept bigint;
begin
    delete from presque_internal.job_default as job
    where
        job.created_at < now() - interval '1 day'
        and not exists (
            select from presque_internal.ready as r where r.queue_id = job.queue_id and r.job_id = job.id)
        and not exists (
            select from presque_internal.scheduled as s where s.queue_id = job.queue_id and s.job_id = job.id)
        and not exists (
            select from presque_internal.lease as l where l.queue_id = job.queue_id and l.job_id = job.id)
        and not exists (
            select from presque_internal.pending as p where p.queue_id = job.queue_id and p.job_id = job.id)
        and not exists (
            select from presque_internal.done as d where d.queue_id = job.queue_id and d.job_id = job.id);
    get diagnostics swept = row_count;
    return swept;
end
$$;

-- As in migration 14, with the options depends_on, on_dependency_failure and batch_id.
create or replace function presque_internal.check_options(options jsonb) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    known text[] := array[
        'priority', 'delay_ms', 'expires_at', 'max_attempts', 'lease_ms', 'timeout_ms', 'tags', 'headers',
        'traceparent', 'dedup_key', 'dedup_until', 'dedup_window_ms', 'dedup_on_conflict', 'depends_on',
        'on_dependency_failure', 'batch_id'];
    unknown text;
begin
    if options is null or jsonb_typeof(options) <> 'object' then
        raise exception 'options must be a JSON object' using errcode = 'PQ001', hint = 'Without any: ''{}''.';
    end if;
    select name into unknown from jsonb_object_keys(options) as given (name) where name <> all (known) limit 1;
    if found then
        raise exception 'there is no option %', quote_literal(left(unknown, 100))
            using errcode = 'PQ001', hint = 'There are: ' || array_to_string(known, ', ') || '.';
    end if;
    if options ?| array['dedup_until', 'dedup_window_ms', 'dedup_on_conflict'] and options ->> 'dedup_key' is null then
        raise exception 'dedup_until, dedup_window_ms and dedup_on_conflict need a dedup_key' using errcode = 'PQ001';
    end if;
    if options ->> 'dedup_window_ms' is not null and options ->> 'dedup_until' <> 'window' then
        raise exception 'dedup_window_ms goes with the dedup_until "window" only' using errcode = 'PQ001';
    end if;
    if options ->> 'on_dependency_failure' is not null and options -> 'depends_on' is null then
        raise exception 'on_dependency_failure needs depends_on' using errcode = 'PQ001';
    end if;
end
$$;

-- An id among the options, or null.
create function presque_internal.option_uuid(options jsonb, name text) returns uuid
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := options -> name;
begin
    if given is null then
        return null;
    end if;
    if jsonb_typeof(given) <> 'string' or given #>> '{}' !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        raise exception 'the option % must be an id like "01a206c8-d8c7-76c7-bfda-d9bbdb366daa"', name
            using errcode = 'PQ001', detail = format('It is %s.', left(given::text, 100));
    end if;
    return (given #>> '{}')::uuid;
end
$$;

-- Ids among the options, each once, or null.
create function presque_internal.option_uuids(options jsonb, name text, most integer) returns uuid[]
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := options -> name;
begin
    if given is null then
        return null;
    end if;
    if jsonb_typeof(given) <> 'array' or jsonb_array_length(given) > most then
        raise exception 'the option % must be an array of up to % ids', name, most
            using errcode = 'PQ001', detail = format('It is %s.', left(given::text, 100));
    end if;
    return array(
        select presque_internal.option_uuid(jsonb_build_object(name, one), name)
        from jsonb_array_elements(given) with ordinality as each (one, n)
        group by 1
        order by min(n));
end
$$;

create or replace function presque_internal.enqueued(
    queue text, texts text[], kind text, run_after timestamptz, delay_ms bigint, options jsonb
) returns setof uuid
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    jobs integer := cardinality(texts);
    queues text[] := array_fill(queue, array[jobs]);
    kinds text[] := array_fill(kind, array[jobs]);
    priorities integer[] := array_fill(presque_internal.option_number(options, 'priority', -100, 100)::integer, array[jobs]);
    run_afters timestamptz[] := array_fill(run_after, array[jobs]);
    delays_ms bigint[] := array_fill(delay_ms, array[jobs]);
    expire_at timestamptz[] := array_fill(presque_internal.option_time(options, 'expires_at'), array[jobs]);
    attempts integer[] := array_fill(presque_internal.option_number(options, 'max_attempts', 1, 1000)::integer, array[jobs]);
    leases_ms bigint[] := array_fill(presque_internal.option_number(options, 'lease_ms', 1000, 43200000), array[jobs]);
    timeouts_ms bigint[] := array_fill(presque_internal.option_number(options, 'timeout_ms', 0, 3155760000000), array[jobs]);
    tags text[] := array_fill(presque_internal.option_tags(options), array[jobs]);
    headers text[] := array_fill(presque_internal.option_headers(options), array[jobs]);
    traceparents text[] := array_fill(presque_internal.option_text(options, 'traceparent', 55), array[jobs]);
    dedup_keys text[] := array_fill(presque_internal.option_text(options, 'dedup_key', 256), array[jobs]);
    dedup_scopes text[] := array_fill(null::text, array[jobs]);
    dedup_untils text[] := array_fill(presque_internal.option_text(options, 'dedup_until', 64, '{started,finished,window}'), array[jobs]);
    dedup_windows_ms bigint[] := array_fill(presque_internal.option_number(options, 'dedup_window_ms', 1, 3155760000000), array[jobs]);
    on_conflicts text[] := array_fill(presque_internal.option_text(options, 'dedup_on_conflict', 64, '{return_existing,reject,replace}'), array[jobs]);
    needed uuid[] := presque_internal.option_uuids(options, 'depends_on', 100);
    on_failure text := presque_internal.option_text(options, 'on_dependency_failure', 64, '{cancel,run}');
    batch_id uuid := presque_internal.option_uuid(options, 'batch_id');
    outcome refcursor;
    stored record;
begin
    if cardinality(needed) > 0 or batch_id is not null then
        open outcome for
        select job_id, refusal, refused_actual, refused_limit
        from presque_internal.run_enqueue_linked(
            queues, kinds, texts, priorities, run_afters, delays_ms, expire_at, attempts, leases_ms, timeouts_ms,
            tags, headers, traceparents, dedup_keys, dedup_scopes, dedup_untils, dedup_windows_ms, on_conflicts,
            null, null, null, session_user, array_fill(batch_id, array[jobs]), array_fill(on_failure, array[jobs]),
            array(select item from generate_series(1, jobs) as item cross join unnest(needed)),
            array(select needs from generate_series(1, jobs) as item cross join unnest(needed) as one (needs)),
            array_fill(null::integer, array[jobs * coalesce(cardinality(needed), 0)]), null, null);
    else
        open outcome for
        select job_id, refusal, refused_actual, refused_limit
        from presque_internal.run_enqueue(
            queues, kinds, texts, priorities, run_afters, delays_ms, expire_at, attempts, leases_ms, timeouts_ms,
            tags, headers, traceparents, dedup_keys, dedup_scopes, dedup_untils, dedup_windows_ms, on_conflicts, 0,
            null, null, null, null, session_user);
    end if;
    loop
        fetch outcome into stored;
        exit when not found;
        if stored.refusal is not null then
            perform presque_internal.refuse(
                stored.refusal, queue, stored.job_id, stored.refused_actual, stored.refused_limit);
        end if;
        return next stored.job_id;
    end loop;
    close outcome;
end
$$;

create or replace function presque_internal.refuse(code text, queue text, holder uuid, actual bigint, allowed bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    case code
        when 'queue_not_found' then
            raise exception 'there is no queue %', quote_literal(left(queue, 200))
                using errcode = 'PQ002', hint = 'Make it first, with PATCH /v1/queues/<name> or a job over HTTP: made here, it would keep others waiting until this transaction ends.';
        when 'queue_full' then
            raise exception 'queue % is full: % jobs wait, and no more than % may', quote_literal(queue), actual, allowed
                using errcode = 'PQ002', hint = 'Try again when some are done, or raise its max_depth.';
        when 'payload_too_large' then
            raise exception 'the payload has % bytes, and queue % takes no more than %', actual, quote_literal(queue), allowed
                using errcode = 'PQ004', hint = 'Store it elsewhere and put where into the payload, or raise payload_max_bytes.';
        when 'no_window' then
            raise exception 'neither the options nor queue % say how long the window is', quote_literal(queue)
                using errcode = 'PQ001', hint = 'Add dedup_window_ms.';
        when 'duplicate_job' then
            raise exception 'another job holds this dedup_key'
                using errcode = 'PQ003', detail = format('It is %s.', holder), hint = 'With "dedup_on_conflict": "return_existing" its id is returned.';
        when 'dependency_unknown' then
            raise exception 'there is no job % to depend on', holder
                using errcode = 'PQ001', hint = 'Enqueue it first; jobs are kept for the retention of their queue.';
        when 'batch_not_running' then
            raise exception 'there is no batch % that is running', holder
                using errcode = 'PQ001', hint = 'A batch takes jobs until all of its jobs have ended: let one of them add more.';
        else
            raise exception 'the job is refused: %', code using errcode = 'PQ005';
    end case;
end
$$;
revoke execute on function presque_internal.enqueued(text, text[], text, timestamptz, bigint, jsonb) from public;
comment on function presque.enqueue(text, jsonb, text, timestamptz, jsonb) is
    'Enqueues a job when this transaction commits. Options: priority, delay_ms, expires_at, max_attempts, lease_ms, timeout_ms, tags, headers, traceparent, dedup_key, dedup_until, dedup_window_ms, dedup_on_conflict, depends_on, on_dependency_failure, batch_id.';

-- How many jobs of a batch are in each state. Planned for the batch: few jobs are looked up one by one, many at once.
create function presque_internal.batch_counts(
    of_batch uuid, out total bigint, out pending bigint, out scheduled bigint, out available bigint, out running bigint,
    out retryable bigint, out completed bigint, out discarded bigint, out cancelled bigint
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_hashjoin = on set enable_seqscan = on set enable_bitmapscan = on
as $$
begin
    execute $sql$
        select
            count(*), count(*) filter (where state = 'pending'), count(*) filter (where state = 'scheduled'),
            count(*) filter (where state = 'available'), count(*) filter (where state = 'running'),
            count(*) filter (where state = 'retryable'), count(*) filter (where state = 'completed'),
            count(*) filter (where state = 'discarded'), count(*) filter (where state = 'cancelled')
        from (
            select state
            from presque_internal.batch_job
            where batch_id = $1 and state is not null
            union all
            select case
                when l.job_id is not null then 'running'
                when s.run_after <= now() then 'available'
                when s.retryable then 'retryable'
                when s.job_id is not null then 'scheduled'
                when p.job_id is not null then 'pending'
                -- It ended a moment ago, if it is not there, and will be told.
                else 'available'
            end
            from presque_internal.batch_job as b
            left join presque_internal.lease as l on l.queue_id = b.queue_id and l.job_id = b.job_id
            left join presque_internal.scheduled as s on s.queue_id = b.queue_id and s.job_id = b.job_id
            left join presque_internal.pending as p on p.queue_id = b.queue_id and p.job_id = b.job_id
            where b.batch_id = $1 and b.state is null
        ) as member
    $sql$
    into total, pending, scheduled, available, running, retryable, completed, discarded, cancelled
    using of_batch;
end
$$;

-- As in migration 8, with `ended_job` among the tables: it holds little for a short time, too.
create or replace function presque_internal.compact_hot_table(hot text, bytes_min bigint, rows_max integer, young_ms bigint)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '50ms'
as $$
declare
    ready_rows presque_internal.ready[];
    scheduled_rows presque_internal.scheduled[];
    lease_rows presque_internal.lease[];
    ended_rows presque_internal.ended_job[];
    bytes bigint := pg_total_relation_size('presque_internal.' || quote_ident(hot));
    rows_found integer;
    began timestamptz := clock_timestamp();
begin
    if bytes < bytes_min or bytes > greatest(8 * bytes_min, 2::bigint << 30)
        or not pg_try_advisory_xact_lock(hashtextextended('presque.compact', 0))
    then
        return false;
    end if;
    execute format('select count(*) from (select from presque_internal.%I limit %s) as few', hot, rows_max + 1)
    into rows_found;
    if rows_found > rows_max or clock_timestamp() > began + interval '100 milliseconds' then
        return false;
    end if;
    perform
    from pg_stat_activity
    where
        datname = current_database() and backend_type = 'client backend' and application_name <> 'presque'
        and (state is null or xact_start > now() - young_ms * interval '1 millisecond')
        and pid <> pg_backend_pid();
    if found then
        return false;
    end if;
    begin
        execute format('lock table presque_internal.%I in access exclusive mode', hot);
    exception
        when lock_not_available then return false;
    end;
    if hot = 'ready' then
        ready_rows := array(select r from presque_internal.ready as r);
        truncate presque_internal.ready;
        insert into presque_internal.ready select * from unnest(ready_rows);
    elsif hot = 'scheduled' then
        scheduled_rows := array(select s from presque_internal.scheduled as s);
        truncate presque_internal.scheduled;
        insert into presque_internal.scheduled select * from unnest(scheduled_rows);
    elsif hot = 'ended_job' then
        ended_rows := array(select e from presque_internal.ended_job as e);
        truncate presque_internal.ended_job;
        insert into presque_internal.ended_job overriding system value select * from unnest(ended_rows);
    else
        lease_rows := array(select l from presque_internal.lease as l);
        truncate presque_internal.lease;
        insert into presque_internal.lease select * from unnest(lease_rows);
    end if;
    return true;
end
$$;

-- The tables that every job passes come last: their locks are held to the end of this file.

-- The batch that it is in, and what it was to wait for when it was enqueued.
alter table presque_internal.job add column batch_id uuid, add column depends_on uuid[];

create trigger note_ended after insert on presque_internal.done
    referencing new table as ended
    for each statement execute function presque_internal.note_ended();

-- As in migration 9, with what is pending.
create or replace view presque_internal.queue_count_now as
select
    queue.queue_id,
    (coalesce(folded.enqueued, 0) + recent.enqueued)::bigint as enqueued,
    (coalesce(folded.started, 0) + recent.started)::bigint as started,
    (coalesce(folded.completed, 0) + recent.completed)::bigint as completed,
    (coalesce(folded.failed, 0) + recent.failed)::bigint as failed,
    (coalesce(folded.discarded, 0) + recent.discarded)::bigint as discarded,
    (coalesce(folded.cancelled, 0) + recent.cancelled)::bigint as cancelled,
    (coalesce(folded.ready, 0) + recent.ready)::bigint as ready,
    (coalesce(folded.scheduled, 0) + recent.scheduled)::bigint as scheduled,
    (coalesce(folded.running, 0) + recent.running)::bigint as running,
    (coalesce(folded.retryable, 0) + recent.retryable)::bigint as retryable,
    (coalesce(folded.gone_completed, 0) + recent.gone_completed)::bigint as gone_completed,
    (coalesce(folded.gone_discarded, 0) + recent.gone_discarded)::bigint as gone_discarded,
    (coalesce(folded.gone_cancelled, 0) + recent.gone_cancelled)::bigint as gone_cancelled,
    (coalesce(folded.lost, 0) + recent.lost)::bigint as lost,
    (coalesce(folded.released, 0) + recent.released)::bigint as released,
    (
        select coalesce(sum(jobs), 0)
        from presque_internal.pending_tally
        where pending_tally.queue_id = queue.queue_id
    )::bigint as pending
from presque_internal.queue
left join presque_internal.queue_count as folded on folded.queue_id = queue.queue_id
cross join lateral (
    select
        coalesce(sum(tally.enqueued), 0) as enqueued,
        coalesce(sum(tally.started), 0) as started,
        coalesce(sum(tally.completed), 0) as completed,
        coalesce(sum(tally.failed), 0) as failed,
        coalesce(sum(tally.discarded), 0) as discarded,
        coalesce(sum(tally.cancelled), 0) as cancelled,
        coalesce(sum(tally.ready), 0) as ready,
        coalesce(sum(tally.scheduled), 0) as scheduled,
        coalesce(sum(tally.running), 0) as running,
        coalesce(sum(tally.retryable), 0) as retryable,
        coalesce(sum(tally.gone_completed), 0) as gone_completed,
        coalesce(sum(tally.gone_discarded), 0) as gone_discarded,
        coalesce(sum(tally.gone_cancelled), 0) as gone_cancelled,
        coalesce(sum(tally.lost), 0) as lost,
        coalesce(sum(tally.released), 0) as released
    from presque_internal.tally
    where tally.xid >= (select presque_internal.tally_begin()) and tally.queue_id = queue.queue_id
) as recent;

-- As in migration 7, with what is pending; and no time is negative, as transactions tell when they began.
create or replace view presque_internal.job_now as
select
    job.queue_id,
    job.id,
    case
        when done.job_id is not null then done.state
        when lease.job_id is not null then 'running'
        when pending.job_id is not null then 'pending'
        when scheduled.run_after <= now() then 'available'
        when scheduled.retryable then 'retryable'
        when scheduled.job_id is not null then 'scheduled'
        else 'available'
    end as state,
    coalesce(done.attempt, lease.attempt, scheduled.attempt, again.attempt, 0) as attempt,
    coalesce(done.failed_attempts, lease.failed_attempts, scheduled.failed_attempts, again.failed_attempts, 0)
        as failed_attempts,
    coalesce(done.eligible_at, lease.eligible_at, scheduled.run_after, again.eligible_at, job.run_after) as run_after,
    -- Of the latest attempt, also while the job waits for its next one.
    coalesce(done.started_at, lease.claimed_at, latest.started_at) as started_at,
    case
        when done.started_at is not null then done.eligible_at
        when lease.job_id is not null then lease.eligible_at
        else latest.eligible_at
    end as attempt_eligible_at,
    case when done.started_at is not null then done.finished_at else latest.finished_at end as attempt_finished_at,
    done.finished_at,
    coalesce(done.worker, lease.worker, latest.worker) as worker,
    lease.expires_at as lease_expires_at,
    lease.progress,
    lease.progress_message,
    lease.cancel_requested_at,
    coalesce(done.cancel_reason, lease.cancel_reason) as cancel_reason,
    done.result,
    done.outcome,
    done.error_class,
    done.error_message,
    done.error_stack,
    done.error_data,
    done.error_raw,
    done.error_fingerprint
from presque_internal.job
left join lateral (
    select *
    from presque_internal.lease
    where lease.queue_id = job.queue_id and lease.job_id = job.id
    limit 1
) as lease on true
left join lateral (
    select *
    from presque_internal.scheduled
    where scheduled.queue_id = job.queue_id and scheduled.job_id = job.id
    limit 1
) as scheduled on true
left join lateral (
    select job_id
    from presque_internal.pending
    where pending.queue_id = job.queue_id and pending.job_id = job.id
    limit 1
) as pending on true
left join lateral (
    select attempt, failed_attempts, eligible_at
    from presque_internal.ready
    where ready.queue_id = job.queue_id and ready.job_id = job.id and ready.lane % 2 = 0
    limit 1
) as again on true
left join lateral (
    select *
    from presque_internal.done
    where done.queue_id = job.queue_id and done.job_id = job.id
    limit 1
) as done on true
left join lateral (
    select started_at, eligible_at, finished_at, worker
    from presque_internal.attempt
    where
        lease.job_id is null
        and done.outcome is null
        and coalesce(done.attempt, scheduled.attempt, again.attempt, 0) > 0
        and attempt.queue_id = job.queue_id
        and attempt.job_id = job.id
    order by attempt.attempt desc
    limit 1
) as latest on true;

create or replace view presque_internal.job_detail as
select
    job.queue_id, job.id as job_id, queue.name as queue, job.kind, now_.state, job.priority::integer as priority,
    now_.attempt, now_.failed_attempts,
    coalesce(job.max_attempts, ((presque_internal.default_policy() || queue.policy) ->> 'max_attempts')::integer)
        as max_attempts,
    coalesce(job.tags, '{}') as tags, job.created_at, now_.run_after, now_.started_at, now_.finished_at,
    now_.lease_expires_at, now_.worker, now_.progress::double precision as progress, now_.progress_message,
    now_.cancel_requested_at, now_.cancel_reason, job.expires_at, job.dedup_key, job.origin_job_id,
    job.headers::text as headers, job.traceparent, job.created_by,
    -- Changes with every update, attempt and state.
    job.version::bigint * 100000000 + now_.attempt * 10
        + array_position(array['pending', 'scheduled', 'available', 'running', 'retryable', 'completed', 'discarded',
            'cancelled'], now_.state) as version,
    case
        when now_.started_at is not null
        then presque_internal.ms_between(now_.attempt_eligible_at, now_.started_at)
    end as wait_ms,
    case
        when now_.started_at is not null and now_.attempt_finished_at is not null
        then presque_internal.ms_between(now_.started_at, now_.attempt_finished_at)
    end as run_ms,
    job.payload, now_.result,
    failure.error_class, failure.error_message, failure.error_stack, failure.error_data::text as error_data,
    failure.error_raw::text as error_raw, failure.error_fingerprint, failure.error_attempt, failure.error_at,
    job.batch_id, job.depends_on
from presque_internal.job
join presque_internal.queue on queue.queue_id = job.queue_id
join presque_internal.job_now as now_ on now_.queue_id = job.queue_id and now_.id = job.id
left join lateral (
    select
        now_.error_class, now_.error_message, now_.error_stack, now_.error_data, now_.error_raw,
        now_.error_fingerprint, now_.attempt as error_attempt, now_.finished_at as error_at
    where now_.error_class is not null
    union all
    select *
    from (
        select
            error_class, error_message, error_stack, error_data, error_raw, error_fingerprint, attempt, finished_at
        from presque_internal.attempt
        where
            now_.attempt > 0
            and attempt.queue_id = job.queue_id
            and attempt.job_id = job.id
            and attempt.error_class is not null
        order by attempt.attempt desc
        limit 1
    ) as earlier
    limit 1
) as failure on true;

-- Views of the schema presque, as in migration 13, with what is pending, and two columns that jobs have now.
create or replace view presque.jobs_live as
select
    live.job_id as id, queue.name as queue, live.kind, live.state,
    (select job.priority::integer from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as priority,
    (select coalesce(job.tags, '{}') from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as tags,
    (select job.group_key from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as group_key,
    (select job.dedup_key from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as dedup_key,
    live.attempt, live.failed_attempts,
    coalesce(
        live.max_attempts,
        (select job.max_attempts from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id),
        ((presque_internal.default_policy() || queue.policy) ->> 'max_attempts')::integer) as max_attempts,
    (select job.created_at from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as created_at,
    coalesce(
        live.run_after,
        (select job.run_after from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id)) as run_after,
    coalesce(
        live.started_at,
        case when live.attempt > 0 then (
            select past.started_at
            from presque_internal.attempt as past
            where past.queue_id = live.queue_id and past.job_id = live.job_id
            order by past.attempt desc
            limit 1) end) as started_at,
    null::timestamptz as finished_at,
    case
        when live.started_at is not null then presque_internal.ms_between(live.run_after, live.started_at)
        when live.attempt > 0 then (
            select presque_internal.ms_between(past.eligible_at, past.started_at)
            from presque_internal.attempt as past
            where past.queue_id = live.queue_id and past.job_id = live.job_id
            order by past.attempt desc
            limit 1)
    end as wait_ms,
    case
        when live.started_at is null and live.attempt > 0 then (
            select presque_internal.ms_between(past.started_at, past.finished_at)
            from presque_internal.attempt as past
            where past.queue_id = live.queue_id and past.job_id = live.job_id
            order by past.attempt desc
            limit 1)
    end as run_ms,
    coalesce(
        live.worker,
        case when live.attempt > 0 and live.started_at is null then (
            select past.worker
            from presque_internal.attempt as past
            where past.queue_id = live.queue_id and past.job_id = live.job_id
            order by past.attempt desc
            limit 1) end) as worker_id,
    (select job.batch_id from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as batch_id,
    (select job.headers ->> 'presque-schedule-id' from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as schedule_id,
    (select job.origin_job_id from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as origin_job_id,
    case when live.attempt > 0 then (
        select past.error_class
        from presque_internal.attempt as past
        where past.queue_id = live.queue_id and past.job_id = live.job_id and past.error_class is not null
        order by past.attempt desc
        limit 1) end as error_class,
    case when live.attempt > 0 then (
        select past.error_message
        from presque_internal.attempt as past
        where past.queue_id = live.queue_id and past.job_id = live.job_id and past.error_class is not null
        order by past.attempt desc
        limit 1) end as error_message,
    case when live.attempt > 0 then (
        select past.error_fingerprint
        from presque_internal.attempt as past
        where past.queue_id = live.queue_id and past.job_id = live.job_id and past.error_class is not null
        order by past.attempt desc
        limit 1) end as error_fingerprint,
    (select job.created_by from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as created_by,
    coalesce(
        live.payload_bytes,
        (select job.payload_bytes from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id),
        (select octet_length(job.payload::text) from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id))
        as payload_bytes,
    (select job.depends_on from presque_internal.job where job.queue_id = live.queue_id and job.id = live.job_id) as depends_on
from (
    select
        queue_id, job_id, kind, 'available' as state, attempt, failed_attempts, null::integer as max_attempts,
        eligible_at as run_after, null::timestamptz as started_at, null::text as worker, payload_bytes
    from presque_internal.ready
    union all
    select
        queue_id, job_id, kind,
        case when run_after <= now() then 'available' when retryable then 'retryable' else 'scheduled' end,
        attempt, failed_attempts, null, run_after, null, null, payload_bytes
    from presque_internal.scheduled
    union all
    select
        queue_id, job_id, kind, 'running', attempt, failed_attempts, max_attempts, eligible_at, claimed_at, worker, null
    from presque_internal.lease
    union all
    select queue_id, job_id, kind, 'pending', 0, 0, null, null, null, null, null
    from presque_internal.pending
) as live
join presque_internal.queue on queue.queue_id = live.queue_id and (queue.deleted_at is null or live.state = 'running');

create or replace view presque.job_history as
select
    done.job_id as id, queue.name as queue, done.kind, done.state,
    (select job.priority::integer from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as priority,
    (select coalesce(job.tags, '{}') from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as tags,
    (select job.group_key from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as group_key,
    (select job.dedup_key from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as dedup_key,
    done.attempt, done.failed_attempts,
    coalesce(
        (select job.max_attempts from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id),
        ((presque_internal.default_policy() || queue.policy) ->> 'max_attempts')::integer) as max_attempts,
    (select job.created_at from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as created_at,
    coalesce(
        done.eligible_at,
        (select job.run_after from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id)) as run_after,
    done.started_at, done.finished_at,
    case when done.started_at is not null then presque_internal.ms_between(done.eligible_at, done.started_at) end as wait_ms,
    case when done.started_at is not null then presque_internal.ms_between(done.started_at, done.finished_at) end as run_ms,
    done.worker as worker_id,
    (select job.batch_id from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as batch_id,
    (select job.headers ->> 'presque-schedule-id' from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as schedule_id,
    (select job.origin_job_id from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as origin_job_id,
    coalesce(
        done.error_class,
        case when done.failed_attempts > 0 then (
            select past.error_class
            from presque_internal.attempt as past
            where past.queue_id = done.queue_id and past.job_id = done.job_id and past.error_class is not null
            order by past.attempt desc
            limit 1) end) as error_class,
    coalesce(
        done.error_message,
        case when done.failed_attempts > 0 and done.error_class is null then (
            select past.error_message
            from presque_internal.attempt as past
            where past.queue_id = done.queue_id and past.job_id = done.job_id and past.error_class is not null
            order by past.attempt desc
            limit 1) end) as error_message,
    coalesce(
        done.error_fingerprint,
        case when done.failed_attempts > 0 then (
            select past.error_fingerprint
            from presque_internal.attempt as past
            where past.queue_id = done.queue_id and past.job_id = done.job_id and past.error_class is not null
            order by past.attempt desc
            limit 1) end) as error_fingerprint,
    (select job.created_by from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as created_by,
    coalesce(
        (select job.payload_bytes from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id),
        (select octet_length(job.payload::text) from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id))
        as payload_bytes,
    (select job.depends_on from presque_internal.job where job.queue_id = done.queue_id and job.id = done.job_id) as depends_on
from presque_internal.done
join presque_internal.queue on queue.queue_id = done.queue_id;

create or replace view presque.jobs as
select
    id, queue, kind, state, priority, tags, group_key, dedup_key, attempt, failed_attempts, max_attempts, created_at,
    run_after, started_at, finished_at, wait_ms, run_ms, worker_id, batch_id, schedule_id, origin_job_id, error_class,
    error_message, error_fingerprint, created_by, payload_bytes, depends_on
from presque.jobs_live
union all
select
    id, queue, kind, state, priority, tags, group_key, dedup_key, attempt, failed_attempts, max_attempts, created_at,
    run_after, started_at, finished_at, wait_ms, run_ms, worker_id, batch_id, schedule_id, origin_job_id, error_class,
    error_message, error_fingerprint, created_by, payload_bytes, depends_on
from presque.job_history;

create or replace view presque.dead_letters as
select
    id, queue, kind, state, priority, tags, group_key, dedup_key, attempt, failed_attempts, max_attempts, created_at,
    run_after, started_at, finished_at, wait_ms, run_ms, worker_id, batch_id, schedule_id, origin_job_id, error_class,
    error_message, error_fingerprint, created_by, payload_bytes, depends_on
from presque.job_history
where state = 'discarded';

create or replace view presque.queue_counts as
select
    queue.name as queue,
    (
        select coalesce(sum(jobs), 0)
        from presque_internal.pending_tally
        where pending_tally.queue_id = queue.queue_id
    )::bigint as pending,
    (coalesce(folded.scheduled, 0) + coalesce(recent.scheduled, 0) - due.delayed)::bigint as scheduled,
    (coalesce(folded.ready, 0) + coalesce(recent.ready, 0) + due.waiting)::bigint as available,
    (coalesce(folded.running, 0) + coalesce(recent.running, 0))::bigint as running,
    (coalesce(folded.retryable, 0) + coalesce(recent.retryable, 0) - due.failed)::bigint as retryable,
    (coalesce(folded.completed - folded.gone_completed, 0) + coalesce(recent.completed, 0))::bigint as completed,
    (coalesce(folded.discarded - folded.gone_discarded, 0) + coalesce(recent.discarded, 0))::bigint as discarded,
    (coalesce(folded.cancelled - folded.gone_cancelled, 0) + coalesce(recent.cancelled, 0))::bigint as cancelled,
    oldest.at as oldest_available_at,
    coalesce(presque_internal.ms_between(oldest.at, now()), 0) as latency_ms,
    now() as as_of
from presque_internal.queue
left join presque_internal.queue_count as folded on folded.queue_id = queue.queue_id
left join (
    select
        queue_id, sum(ready) as ready, sum(scheduled) as scheduled, sum(retryable) as retryable,
        sum(running) as running, sum(completed - gone_completed) as completed,
        sum(discarded - gone_discarded) as discarded, sum(cancelled - gone_cancelled) as cancelled
    from presque_internal.tally
    where xid >= (select presque_internal.tally_begin())
    group by queue_id
) as recent on recent.queue_id = queue.queue_id
cross join lateral (
    select
        count(*) as waiting, count(*) filter (where not retryable) as delayed,
        count(*) filter (where retryable) as failed
    from presque_internal.scheduled
    where scheduled.queue_id = queue.queue_id and scheduled.run_after <= now()
) as due
cross join lateral (select presque_internal.oldest_available(queue.queue_id) as at) as oldest
where queue.deleted_at is null;

-- The name of the queue is looked up for who asks for it: reports by tag, over millions of jobs, do not.
create or replace view presque.job_tags as
select
    job.id, (select queue.name from presque_internal.queue where queue.queue_id = job.queue_id) as queue, each.tag
from presque_internal.job
cross join lateral unnest(job.tags) as each (tag)
-- So that what has none is left out before it is joined with anything.
where job.tags is not null;

create view presque.batches as
select
    batch.id, batch.name, batch.state, counts.total, counts.pending, counts.scheduled, counts.available, counts.running,
    counts.retryable, counts.completed, counts.discarded, counts.cancelled,
    case
        when counts.total > 0
        then (counts.completed + counts.discarded + counts.cancelled)::double precision / counts.total
        else 1
    end as progress,
    batch.tags,
    array(
        select job_id
        from presque_internal.batch_callback
        where batch_callback.batch_id = batch.id and job_id is not null
        order by event
    ) as callback_job_ids,
    batch.created_at, batch.finished_at
from presque_internal.batch
cross join lateral presque_internal.batch_counts(batch.id) as counts;

do $$
declare
    said record;
begin
    for said in
        select view_name, comment
        from unnest(array['jobs', 'jobs_live', 'job_history', 'dead_letters']) as view_name
        cross join (values ('The jobs that it was to wait for; null for others.')) as its (comment)
    loop
        execute format('comment on column presque.%I.depends_on is %L', said.view_name, said.comment);
    end loop;
    for said in
        select *
        from (values
            ('id', 'The batch: a UUIDv7 that carries when it was made.'),
            ('name', 'What people call it; null without.'),
            ('state', 'running until all of its jobs have ended, then completed, or failed if one was discarded or cancelled.'),
            ('total', 'How many jobs it has.'),
            ('pending', 'How many of them wait for other jobs.'),
            ('scheduled', 'How many wait for their time.'),
            ('available', 'How many can be claimed.'),
            ('running', 'How many a worker has.'),
            ('retryable', 'How many failed and wait for their next attempt.'),
            ('completed', 'How many are done.'),
            ('discarded', 'How many failed for good.'),
            ('cancelled', 'How many were cancelled.'),
            ('progress', 'The share of its jobs that have ended: 0 to 1.'),
            ('tags', 'What people marked it with; never null.'),
            ('callback_job_ids', 'Jobs that its end enqueued; never null.'),
            ('created_at', 'When it was made.'),
            ('finished_at', 'When its last job had ended; null while it runs.')
        ) as its (column_name, comment)
    loop
        execute format('comment on column presque.batches.%I is %L', said.column_name, said.comment);
    end loop;
end
$$;
comment on view presque.batches is
    'Jobs that are watched together, and how far they are. Counting is by job: name a batch, or a time.';

-- Lets everybody who may read the other views read a new one, whatever the roles are called.
create function presque_internal.grant_as_others(view_name name) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    reader text;
begin
    for reader in
        select distinct case when given.grantee = 0 then 'public' else given.grantee::regrole::text end
        from pg_class
        cross join aclexplode(relacl) as given
        where oid = 'presque.schedules'::regclass and given.privilege_type = 'SELECT' and given.grantee <> relowner
    loop
        execute format('grant select on presque.%I to %s', view_name, reader);
    end loop;
end
$$;
revoke all on function presque_internal.grant_as_others(name) from public;
select presque_internal.grant_as_others('batches');

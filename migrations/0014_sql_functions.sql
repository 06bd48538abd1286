-- Functions of the schema presque: jobs from inside people's own transactions, by the rules of the HTTP API.
--
-- They check what they are given and call the very statements that servers run (store/routines: `run_*`,
-- made anew when those change), with the owner's rights and a fixed search path. Nothing here may be
-- executed by PUBLIC. Errors have SQLSTATEs of the class PQ, see docs/sql.md.
--
-- A transaction of somebody else may last, so these hold little that other people's requests wait for:
-- queues are not made here, and rows of leases are changed at the commit. A unique key, a job that is cancelled or
-- retried, and a queue that is paused keep those waiting who want the same one.

-- Text as the API takes it: 1 to `longest` characters on one line.
create function presque_internal.check_text(what text, given text, longest integer) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    if given is null or given = '' or char_length(given) > longest or given ~ '[\u0001-\u001f\u007f-\u009f]' then
        raise exception '% must be 1 to % printable characters', what, longest using errcode = 'PQ001';
    end if;
end
$$;

-- A whole number among the options, or null.
create function presque_internal.option_number(options jsonb, name text, lowest bigint, highest bigint) returns bigint
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := options -> name;
begin
    if given is null then
        return null;
    end if;
    if jsonb_typeof(given) <> 'number' or given::numeric % 1 <> 0 or given::numeric not between lowest and highest then
        raise exception 'the option % must be a whole number from % to %', name, lowest, highest
            using errcode = 'PQ001', detail = format('It is %s.', left(given::text, 100));
    end if;
    return given::bigint;
end
$$;

-- A text among the options, or null: one of some, if they are given.
create function presque_internal.option_text(options jsonb, name text, longest integer, known text[] default null) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    given text := options ->> name;
begin
    if options -> name is null then
        return null;
    end if;
    if jsonb_typeof(options -> name) <> 'string' or given = '' or char_length(given) > longest then
        raise exception 'the option % must be a string of 1 to % characters', name, longest
            using errcode = 'PQ001', detail = format('It is %s.', left((options -> name)::text, 100));
    end if;
    if given <> all (known) then
        raise exception 'the option % must be one of %', name, array_to_string(known, ', ')
            using errcode = 'PQ001', detail = format('It is %L.', left(given, 100));
    end if;
    return given;
end
$$;

-- A moment among the options, or null.
create function presque_internal.option_time(options jsonb, name text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
    given text;
    moment timestamptz;
begin
    if options -> name is null then
        return null;
    end if;
    given := presque_internal.option_text(options, name, 64);
    -- Of an invalid one, PostgreSQL tells by an error.
    begin
        if given ~ '^\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$' then
            moment := given::timestamptz;
        end if;
    exception
        when data_exception then null;
    end;
    if moment is null or moment < '1970-01-01Z' or moment >= '10000-01-01Z' then
        raise exception 'the option % must be a time with an offset, like "2026-11-23T04:52:52Z", from 1970 to 9999', name
            using errcode = 'PQ001', detail = format('It is %L.', left(given, 100));
    end if;
    return moment;
end
$$;

-- Refuses options that nobody knows, or that do not go together.
create function presque_internal.check_options(options jsonb) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    known text[] := array[
        'priority', 'delay_ms', 'expires_at', 'max_attempts', 'lease_ms', 'timeout_ms', 'tags', 'headers',
        'traceparent', 'dedup_key', 'dedup_until', 'dedup_window_ms', 'dedup_on_conflict'];
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
end
$$;

-- The tags among the options, as an array literal, or null.
create function presque_internal.option_tags(options jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := options -> 'tags';
begin
    if given is null then
        return null;
    end if;
    if jsonb_typeof(given) <> 'array' or jsonb_array_length(given) > 16
        or exists (
            select from jsonb_array_elements(given) as one (tag)
            where
                jsonb_typeof(tag) <> 'string' or char_length(tag #>> '{}') not between 1 and 64
                or tag #>> '{}' ~ '[\u0001-\u001f\u007f-\u009f]')
    then
        raise exception 'the option tags must be an array of up to 16 strings, each 1 to 64 printable characters'
            using errcode = 'PQ001';
    end if;
    return array(select jsonb_array_elements_text(given))::text;
end
$$;

-- The headers among the options, as JSON, or null.
create function presque_internal.option_headers(options jsonb) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
    given jsonb := options -> 'headers';
begin
    if given is null then
        return null;
    end if;
    if jsonb_typeof(given) <> 'object' or (select count(*) from jsonb_object_keys(given)) > 32
        or exists (
            select from jsonb_each(given) as one (name, value)
            where
                jsonb_typeof(value) <> 'string' or char_length(value #>> '{}') > 1024
                or name = '' or char_length(name) > 1024 or name ilike 'presque-%')
    then
        raise exception 'the option headers must be an object of up to 32 strings, each up to 1024 characters'
            using errcode = 'PQ001', hint = 'Names that begin with presque- are reserved.';
    end if;
    return given::text;
end
$$;

-- What a job asks for, checked: the arguments of presque_internal.run_enqueue, for jobs that differ in their
-- payload only. Answers their ids, in order.
create function presque_internal.enqueue(
    queue text, payloads jsonb[], kind text, run_after timestamptz, options jsonb
) returns setof uuid
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    jobs integer := cardinality(payloads);
    texts text[] := payloads::text[];
    delay_ms bigint := presque_internal.option_number(options, 'delay_ms', 0, 3155760000000);
    dedup_key text := presque_internal.option_text(options, 'dedup_key', 256);
    tries integer := 0;
begin
    if queue is null then
        raise exception 'queue must not be null' using errcode = 'PQ001';
    end if;
    if payloads is null or array_ndims(payloads) > 1 or array_position(payloads, null) is not null then
        raise exception 'payload must not be NULL, and payloads a flat array' using errcode = 'PQ001', hint = 'JSON''s null is ''null''::jsonb.';
    end if;
    perform presque_internal.check_text('kind', kind, 128);
    perform presque_internal.check_options(options);
    if run_after is not null and (delay_ms is not null or run_after < '1970-01-01Z' or run_after >= '10000-01-01Z') then
        raise exception 'run_after must be from 1970 to 9999, and not together with delay_ms' using errcode = 'PQ001';
    end if;
    if options ->> 'traceparent' !~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' then
        raise exception 'the option traceparent must be like 00-<32 hex digits>-<16 hex digits>-<2 hex digits>'
            using errcode = 'PQ001';
    end if;
    -- Deeper than 128 takes more than 128 brackets; most payloads have fewer, and need no second look.
    perform
    from unnest(payloads, texts) as one (payload, written)
    where
        length(written) - length(translate(written, '[{', '')) > 128
        and jsonb_path_exists(payload, 'strict $.**{128} ? (@.type() == "object" || @.type() == "array")');
    if found then
        raise exception 'payload is nested deeper than 128' using errcode = 'PQ001';
    end if;
    if dedup_key is not null and jobs > 1 then
        raise exception 'a dedup_key stands for one job' using errcode = 'PQ001', hint = 'Call presque.enqueue for each.';
    end if;
    if jobs = 0 then
        return;
    end if;
    loop
        -- Only who has a key can be overtaken. For the others no savepoint is set that writes: thousands of those in
        -- one transaction slow down everybody.
        if dedup_key is null then
            return query select presque_internal.enqueued(queue, texts, kind, run_after, delay_ms, options);
            return;
        end if;
        begin
            return query select presque_internal.enqueued(queue, texts, kind, run_after, delay_ms, options);
            return;
        exception
            when serialization_failure then
                tries := tries + 1;
                if tries = 5 then
                    raise;
                end if;
        end;
    end loop;
end
$$;

-- Runs the statement of servers, and tells its refusals.
create function presque_internal.enqueued(
    queue text, texts text[], kind text, run_after timestamptz, delay_ms bigint, options jsonb
) returns setof uuid
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    jobs integer := cardinality(texts);
    stored record;
begin
    for stored in
        select *
        from presque_internal.run_enqueue(
            array_fill(queue, array[jobs]), array_fill(kind, array[jobs]), texts,
            array_fill(presque_internal.option_number(options, 'priority', -100, 100)::integer, array[jobs]),
            array_fill(run_after, array[jobs]), array_fill(delay_ms, array[jobs]),
            array_fill(presque_internal.option_time(options, 'expires_at'), array[jobs]),
            array_fill(presque_internal.option_number(options, 'max_attempts', 1, 1000)::integer, array[jobs]),
            array_fill(presque_internal.option_number(options, 'lease_ms', 1000, 43200000), array[jobs]),
            array_fill(presque_internal.option_number(options, 'timeout_ms', 0, 3155760000000), array[jobs]),
            array_fill(presque_internal.option_tags(options), array[jobs]),
            array_fill(presque_internal.option_headers(options), array[jobs]),
            array_fill(presque_internal.option_text(options, 'traceparent', 55), array[jobs]),
            array_fill(presque_internal.option_text(options, 'dedup_key', 256), array[jobs]),
            array_fill(null::text, array[jobs]),
            array_fill(presque_internal.option_text(options, 'dedup_until', 64, '{started,finished,window}'), array[jobs]),
            array_fill(presque_internal.option_number(options, 'dedup_window_ms', 1, 3155760000000), array[jobs]),
            array_fill(presque_internal.option_text(options, 'dedup_on_conflict', 64, '{return_existing,reject,replace}'), array[jobs]),
            0, null, null, null, null, session_user)
    loop
        if stored.refusal is null then
            return next stored.job_id;
        else
            perform presque_internal.refuse(
                stored.refusal, queue, stored.job_id, stored.refused_actual, stored.refused_limit);
        end if;
    end loop;
end
$$;

-- Raises what the API would answer.
create function presque_internal.refuse(code text, queue text, holder uuid, actual bigint, allowed bigint) returns void
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
        else
            raise exception 'the job is refused: %', code using errcode = 'PQ005';
    end case;
end
$$;

create function presque.enqueue(
    queue text, payload jsonb default 'null', kind text default 'default', run_after timestamptz default null,
    options jsonb default '{}'
) returns uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return (select * from presque_internal.enqueue(queue, array[payload], kind, run_after, options));
end
$$;
comment on function presque.enqueue(text, jsonb, text, timestamptz, jsonb) is
    'Enqueues a job when this transaction commits. Options: priority, delay_ms, expires_at, max_attempts, lease_ms, timeout_ms, tags, headers, traceparent, dedup_key, dedup_until, dedup_window_ms, dedup_on_conflict.';

create function presque.enqueue_many(
    queue text, payloads jsonb[], kind text default 'default', run_after timestamptz default null,
    options jsonb default '{}'
) returns setof uuid
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return query select * from presque_internal.enqueue(queue, payloads, kind, run_after, options);
end
$$;
comment on function presque.enqueue_many(text, jsonb[], text, timestamptz, jsonb) is
    'Enqueues a job for each payload when this transaction commits, and returns their ids in order.';

-- With the rights of who writes the row, unlike the others: a cast of the row's types to JSON may be code of
-- somebody else. So who writes needs the producer role.
create function presque.enqueue_row() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    payload jsonb;
    options jsonb := '{}';
begin
    if tg_level <> 'ROW' or tg_nargs not between 1 and 3 then
        raise exception 'presque.enqueue_row is for triggers of rows, and takes a queue, a kind and options'
            using errcode = 'PQ001', hint = 'for each row execute function presque.enqueue_row(''queue'', ''kind'', ''{"priority": 5}'')';
    end if;
    begin
        if tg_nargs > 2 then
            options := tg_argv[2]::jsonb;
        end if;
        payload := jsonb_build_object(
            'schema', tg_table_schema, 'table', tg_table_name, 'op', lower(tg_op),
            'new', case when tg_op <> 'DELETE' then to_jsonb(new) end,
            'old', case when tg_op <> 'INSERT' then to_jsonb(old) end);
    exception
        when data_exception then
            raise exception 'the row, or the options of its trigger, cannot be written as jsonb: %', sqlerrm
                using errcode = 'PQ001', hint = 'Write a trigger function that calls presque.enqueue with the columns that the job needs.';
    end;
    perform presque.enqueue(
        tg_argv[0], payload, case when tg_nargs > 1 then tg_argv[1] else 'default' end, null, options);
    return case when tg_op = 'DELETE' then old else new end;
end
$$;
comment on function presque.enqueue_row() is
    'For triggers: a job for each changed row, with the payload {schema, table, op, new, old}. Arguments: queue, kind, options. Who writes the row needs the right to enqueue.';

-- What open transactions do to leases when they commit: complete a job, or ask its worker to stop. Empty between
-- transactions.
create unlogged table presque_internal.at_commit (
    job_id uuid not null,
    action text not null constraint at_commit_action check (action in ('complete', 'cancel')),
    token uuid,
    result jsonb,
    reason text,
    constraint at_commit_once primary key (job_id, action)
);
comment on table presque_internal.at_commit is 'What open transactions do to leases when they commit';

-- Does it, as the last thing of the transaction: rows of leases are locked for no longer than a commit takes, and
-- reports of their workers, and those of others in the same statement, do not wait for people's transactions.
--
-- The first call does all, in the order in which servers lock leases, so that they do not deadlock; of rows it
-- sees its own transaction's only, as all are deleted before they are committed.
create function presque_internal.do_at_commit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    jobs uuid[];
    queues integer[];
    tokens uuid[];
    results text[];
    ended integer;
    too_large bigint;
    largest bigint;
    stopped record;
begin
    with said as (
        delete from presque_internal.at_commit where action = 'complete' returning job_id, token, result
    )
    select array_agg(job_id order by queue_id, job_id), array_agg(queue_id order by queue_id, job_id),
        array_agg(token order by queue_id, job_id), array_agg(result::text order by queue_id, job_id)
    into jobs, queues, tokens, results
    from said
    cross join lateral (select presque_internal.job_id_queue(job_id) as queue_id) as its;
    if jobs is not null then
        select count(*) filter (where not refused), max(result_bytes) filter (where refused), max(result_max_bytes)
        into ended, too_large, largest
        from presque_internal.run_complete(
            queues, jobs, tokens, results, array(select n from generate_subscripts(queues, 1) as n order by n), queues);
        if too_large is not null then
            perform presque_internal.refuse_result(too_large, largest);
        elsif ended < cardinality(jobs) then
            raise exception 'the lease of a job ended before this transaction did: nothing of it was kept'
                using errcode = 'PQ005', detail = format('It completed %s.', array_to_string(jobs, ', ')),
                    hint = 'Another worker has the job. Send heartbeats while the transaction lasts, or make the lease longer.';
        end if;
    end if;
    for stopped in
        delete from presque_internal.at_commit where action = 'cancel' returning job_id, reason
    loop
        -- If it ended meanwhile, that is its end.
        perform presque_internal.run_cancel(
            presque_internal.job_id_queue(stopped.job_id), stopped.job_id, stopped.reason, false, false);
    end loop;
    return null;
end
$$;
create constraint trigger do_at_commit
after insert on presque_internal.at_commit
deferrable initially deferred
for each row execute function presque_internal.do_at_commit();

-- Raises that a result is too large.
create function presque_internal.refuse_result(bytes bigint, allowed bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'the result has % bytes, and the queue keeps no more than %', bytes, allowed
        using errcode = 'PQ004', hint = 'Store it elsewhere and put where into the result, or raise result_max_bytes.';
end
$$;

create function presque.complete(job_id uuid, lease_token text, result jsonb default null) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    bytes bigint := octet_length(complete.result::text);
    allowed bigint;
begin
    select (presque_internal.default_policy() || queue.policy ->> 'result_max_bytes')::bigint
    into allowed
    from presque_internal.lease
    join presque_internal.queue on queue.queue_id = lease.queue_id
    where
        lease.queue_id = presque_internal.job_id_queue(complete.job_id)
        and lease.job_id = complete.job_id
        and replace(lease.token::text, '-', '') = lower(complete.lease_token);
    if not found then
        return false;
    end if;
    if bytes > allowed then
        perform presque_internal.refuse_result(bytes, allowed);
    end if;
    -- Said twice in one transaction is said once.
    insert into presque_internal.at_commit (job_id, action, token, result)
    values (complete.job_id, 'complete', complete.lease_token::uuid, complete.result)
    on conflict do nothing;
    return true;
end
$$;
comment on function presque.complete(uuid, text, jsonb) is
    'Completes a running job when this transaction commits, so that its effects are there exactly once. False, and nothing done, if the lease is not the current one; the commit fails (PQ005) if it ends meanwhile.';

-- The state of a job; null if there is none.
create function presque_internal.state_of(of_job uuid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select job_now.state
        from presque_internal.job_now
        where job_now.queue_id = presque_internal.job_id_queue(of_job) and job_now.id = of_job
        limit 1);
end
$$;

-- The queue of a job that must be there.
create function presque_internal.queue_of(of_job uuid) returns integer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if of_job is null then
        raise exception 'job_id must not be null' using errcode = 'PQ001';
    end if;
    perform from presque_internal.job where queue_id = presque_internal.job_id_queue(of_job) and id = of_job;
    if not found then
        raise exception 'there is no job %', of_job
            using errcode = 'PQ005', hint = 'Jobs are kept for the retention of their queue.';
    end if;
    return presque_internal.job_id_queue(of_job);
end
$$;

-- Refuses a reason that is too long.
create function presque_internal.check_reason(reason text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
    if char_length(reason) > 1024 then
        raise exception 'reason must be at most 1024 characters' using errcode = 'PQ001';
    end if;
end
$$;

create function presque.cancel(job_id uuid, reason text default null) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    of_queue integer := presque_internal.queue_of(job_id);
    came_of_it text;
begin
    perform presque_internal.check_reason(reason);
    -- A claim or a release between the look and the cancel: look again.
    for try in 1 .. 5 loop
        case presque_internal.state_of(job_id)
            when 'completed', 'discarded', 'cancelled' then exit;
            when 'running' then
                insert into presque_internal.at_commit (job_id, action, reason)
                values (cancel.job_id, 'cancel', coalesce(cancel.reason, 'cancelled'))
                on conflict on constraint at_commit_once do nothing;
                return 'running';
            else
                select state
                into came_of_it
                from presque_internal.run_cancel(of_queue, job_id, coalesce(reason, 'cancelled'), false, false);
                if found then
                    return came_of_it;
                end if;
        end case;
    end loop;
    raise exception 'job % is %, and cannot be cancelled', job_id, presque_internal.state_of(job_id) using errcode = 'PQ005';
end
$$;
comment on function presque.cancel(uuid, text) is
    'Cancels a job when this transaction commits, and returns its new state: a running one stays so until its worker has heard of it.';

create function presque.retry(job_id uuid, delay interval default '0') returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    of_queue integer := presque_internal.queue_of(job_id);
    delay_ms bigint;
    came_of_it record;
begin
    if delay is null or delay < '0' or delay > '36525 days' then
        raise exception 'delay must be from 0 to 36525 days' using errcode = 'PQ001';
    end if;
    delay_ms := extract(epoch from delay) * 1000;
    -- A key that is taken meanwhile undoes the statement, and the next try sees who has it.
    for try in 1 .. 5 loop
        begin
            select * into came_of_it from presque_internal.run_retry(of_queue, job_id, delay_ms, false, false);
            exit;
        exception
            when serialization_failure then
                if try = 5 then
                    raise;
                end if;
        end;
    end loop;
    if came_of_it.state is not null then
        return came_of_it.state;
    end if;
    if came_of_it.holder is not null then
        raise exception 'another job holds the dedup_key of job %', job_id
            using errcode = 'PQ003', detail = format('It is %s.', came_of_it.holder),
                hint = 'Retry this one when that one is finished.';
    end if;
    if came_of_it.retired then
        raise exception 'queue % was deleted, and hands out no more jobs', quote_literal(came_of_it.queue)
            using errcode = 'PQ005', hint = 'Enqueue the job anew.';
    end if;
    raise exception 'job % is %, and cannot be retried', job_id, presque_internal.state_of(job_id) using errcode = 'PQ005';
end
$$;
comment on function presque.retry(uuid, interval) is
    'Makes a job claimable again when this transaction commits, at once or after a delay, and returns its new state. Completed jobs are not.';

-- Refuses the name of a queue that is not there.
create function presque_internal.check_queue(queue text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
    if queue is null then
        raise exception 'queue must not be null' using errcode = 'PQ001';
    end if;
    perform from presque_internal.queue as known where known.name = check_queue.queue and known.deleted_at is null;
    if not found then
        perform presque_internal.refuse('queue_not_found', queue, null, null, null);
    end if;
end
$$;

create function presque.pause(queue text, reason text default null, resume_at timestamptz default null) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform presque_internal.check_queue(queue);
    perform presque_internal.check_reason(reason);
    if resume_at <= now() or resume_at >= '10000-01-01Z' then
        raise exception 'resume_at must be in the future' using errcode = 'PQ001';
    end if;
    perform presque_internal.run_pause(
        queue, reason, (extract(epoch from resume_at - now()) * 1000)::bigint, false, session_user);
end
$$;
comment on function presque.pause(text, text, timestamptz) is
    'Pauses a queue when this transaction commits: it takes jobs and hands none out, until somebody resumes it or resume_at.';

create function presque.resume(queue text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform presque_internal.check_queue(queue);
    perform presque_internal.run_resume(queue, false);
end
$$;
comment on function presque.resume(text) is 'Lets a paused queue hand out jobs again when this transaction commits.';

create function presque.job_state(job_id uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return presque_internal.state_of(job_id);
end
$$;
comment on function presque.job_state(uuid) is 'The state of a job; null if there is no such job, or no longer.';

create function presque.job_result(job_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select presque_internal.as_jsonb(done.result)
        from presque_internal.done
        where done.queue_id = presque_internal.job_id_queue(job_result.job_id) and done.job_id = job_result.job_id
        limit 1);
end
$$;
comment on function presque.job_result(uuid) is
    'What the worker of a completed job reported; null if nothing, or if it has no jsonb form.';

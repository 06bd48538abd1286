-- Retention: history goes by whole days where it can, and row by row where it cannot.
--
-- `done` is partitioned by state and day. A day goes, with its partition, when its last job is
-- past the longest retention that any queue has for that state. Where a queue keeps jobs for less
-- than that, or for less than a day, its jobs go one by one: store/maintenance/retain.sql.

-- When something was last done by any server, for what need not be done by each of them.
create table presque_internal.chore (
    name text primary key,
    last_at timestamptz not null
) with (fillfactor = 50);
comment on table presque_internal.chore is 'When chores that servers share were last begun';

-- The moment that a job id carries.
create function presque_internal.job_id_time(id uuid) returns timestamptz
language sql immutable strict parallel safe
as $$
    select to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
$$;

-- Each queue's retention of each final state, in milliseconds. Queues out of service keep theirs, if
-- it is not longer than usual.
create view presque_internal.queue_retention as
select
    queue.queue_id, kept.state,
    case
        when queue.deleted_at is null then kept.ms
        else least(kept.ms, (presque_internal.default_policy() ->> ('retention_' || kept.state || '_ms'))::bigint)
    end as ms
from presque_internal.queue
cross join lateral (select presque_internal.default_policy() || queue.policy as policy) as its
cross join lateral (
    values
        ('completed', (its.policy ->> 'retention_completed_ms')::bigint),
        ('cancelled', (its.policy ->> 'retention_cancelled_ms')::bigint),
        ('discarded', (its.policy ->> 'retention_discarded_ms')::bigint)
) as kept (state, ms);

-- Takes a day of `job` out of its table, and puts back what lives on, if that is little. Completed
-- and cancelled jobs that ended on that day, before `ended_before`, do not. Whether it did.
create function presque_internal.retire_jobs(
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
revoke all on function presque_internal.retire_jobs(text, timestamptz, timestamptz, timestamptz) from public;

-- Takes one day whose time is over out of its table, and answers its name, or null if there is
-- none. It is detached and renamed (`_retired`), which takes the table for a moment: after 100 ms
-- of waiting it lets everybody pass, and another call tries again.
--
-- What jobs are goes before what became of them, so that none is there of which nobody knows the
-- end. A day of `job` goes as a whole, before completed and cancelled jobs of that day do, if no more
-- than 200 small ones of it live on (dead letters, delayed for long): those are put back, which the default
-- partition takes. Otherwise its jobs go one by one. A job that is nowhere else can come back by no
-- statement, so one look at the other tables is enough.
create function presque_internal.retire_partition() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
-- The callers' sessions plan for small look-ups; this reads whole tables.
set enable_seqscan = on set enable_hashjoin = on set enable_sort = on
as $$
declare
    longest interval;
    most interval;
    part record;
    day_begin timestamptz;
    day_end timestamptz;
    job_part text;
    looked integer := 0;
    holds_rows boolean;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('presque.retire_partition', 0)) then
        return null;
    end if;
    select max(ms) * interval '1 millisecond', max(ms) filter (where state <> 'discarded') * interval '1 millisecond'
    into longest, most
    from presque_internal.queue_retention;
    for part in
        select
            parent.relname as parent, child.relname as name, to_date(right(child.relname, 8), 'YYYYMMDD') as day,
            its.kept
        from pg_inherits
        join pg_class as child on child.oid = inhrelid
        join pg_class as parent on parent.oid = inhparent
        left join (
            select 'done_' || state as table_name, max(ms) * interval '1 millisecond' as kept
            from presque_internal.queue_retention
            group by state
        ) as its on its.table_name = parent.relname
        where
            parent.relnamespace = 'presque_internal'::regnamespace
            and parent.relname in (
                'done_completed', 'done_cancelled', 'done_discarded', 'attempt', 'attempt_log', 'tally', 'job')
            and child.relname ~ '_[0-9]{8}$'
        -- Days of `job` that outlived the others in no order, as each look reads much.
        order by parent.relname = 'job', case when parent.relname = 'job' then random() end, 3
    loop
        day_begin := part.day::timestamp at time zone 'UTC';
        day_end := (part.day + 1)::timestamp at time zone 'UTC';
        -- A transaction writes under the time at which it began: a day is over an hour after its end, and
        -- for jobs, which are more than history, a day after it. Without a queue there is no retention.
        part.kept := case part.parent
            when 'tally' then interval '1 day'
            when 'job' then greatest(longest, interval '1 day')
            when 'attempt' then greatest(longest, interval '1 hour')
            when 'attempt_log' then greatest(longest, interval '1 hour')
            else greatest(part.kept, interval '1 hour')
        end;
        continue when day_end + part.kept > now();
        if part.parent = 'tally' then
            execute format('select exists (select from presque_internal.%I)', part.name) into holds_rows;
            continue when holds_rows;
        elsif part.parent = 'job' then
            exit when looked >= 3;
            looked := looked + 1;
            if presque_internal.retire_jobs(part.name, day_begin, day_end, now()) then
                return part.name;
            end if;
            continue;
        elsif part.parent like 'done%' then
            job_part := 'job_' || right(part.name, 8);
            if to_regclass('presque_internal.' || job_part) is not null
                and day_end + greatest(most, interval '1 day') <= now()
                and presque_internal.retire_jobs(job_part, day_begin, day_end, now() - most)
            then
                return job_part;
            end if;
            -- One by one: those of other days, and those of this one where it did not go as a whole.
            execute format(
                'delete from presque_internal.job using presque_internal.%I as ended '
                'where job.queue_id = ended.queue_id and job.id = ended.job_id '
                'and (ended.job_id < $1 or ended.job_id >= $2 or $3)', part.name)
            using
                presque_internal.job_id_floor(day_begin), presque_internal.job_id_floor(day_end),
                part.parent = 'done_discarded' or to_regclass('presque_internal.' || job_part) is not null;
        end if;
        begin
            execute format('alter table presque_internal.%I detach partition presque_internal.%I', part.parent, part.name);
            execute format('alter table presque_internal.%I rename to %I', part.name, part.name || '_retired');
            return part.name;
        exception
            when lock_not_available then
                continue;
        end;
    end loop;
    return null;
end
$$;
revoke all on function presque_internal.retire_partition() from public;

-- Drops the days that retire_partition took out, and counts the jobs that go with them. Answers
-- how many days.
create function presque_internal.drop_retired() returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
set enable_seqscan = on
as $$
declare
    part name;
    state text;
    dropped integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('presque.retire_partition', 0)) then
        return 0;
    end if;
    for part in
        select relname
        from pg_class
        where relnamespace = 'presque_internal'::regnamespace and relkind = 'r' and relname ~ '_[0-9]{8}_retired$'
    loop
        state := substring(part from '^done_(completed|cancelled|discarded)_');
        begin
            if state is not null then
                execute format(
                    'insert into presque_internal.tally (queue_id, kind, %I) '
                    'select queue_id, kind, count(*) from presque_internal.%I group by queue_id, kind',
                    'gone_' || state, part);
            end if;
            execute format('drop table presque_internal.%I', part);
            dropped := dropped + 1;
        exception
            when others then
                -- Somebody reads it, or made a view of it: the others go all the same.
                raise warning '% is not dropped: %', part, sqlerrm;
        end;
    end loop;
    return dropped;
end
$$;
revoke all on function presque_internal.drop_retired() from public;

-- Deletes what the default partition of `job` holds of jobs that are nowhere else any more: those
-- that outlived their day there, and went with the day they ended on. Answers how many.
create function presque_internal.sweep_jobs() returns bigint
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
            select from presque_internal.done as d where d.queue_id = job.queue_id and d.job_id = job.id);
    get diagnostics swept = row_count;
    return swept;
end
$$;
revoke all on function presque_internal.sweep_jobs() from public;

-- Counts of values for the planner, of the tables that are partitioned: autovacuum makes those of
-- partitions only. Small samples: plans are made for look-ups, and reports need the order of size.
create function presque_internal.analyze_history() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
set lock_timeout = '1s' set default_statistics_target = 10
as $$
begin
    analyze (skip_locked) presque_internal.job;
    analyze (skip_locked) presque_internal.attempt;
    analyze (skip_locked) presque_internal.done;
end
$$;
revoke all on function presque_internal.analyze_history() from public;

-- As in migration 7; dead letters are found by their error.
create or replace function presque_internal.make_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
as $$
declare
    made integer := 0;
    parent text;
    part text;
    day date;
    lower_bound text;
    upper_bound text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('presque.make_partitions', 0)) then
        return 0;
    end if;
    for offset_days in 0 .. ahead loop
        day := (now() at time zone 'UTC')::date + offset_days;
        foreach parent in array array[
            'job', 'attempt', 'attempt_log', 'tally', 'done_completed', 'done_cancelled', 'done_discarded'
        ] loop
            part := parent || to_char(day, '_YYYYMMDD');
            continue when to_regclass('presque_internal.' || part) is not null;
            if parent = 'job' then
                lower_bound := presque_internal.job_id_floor(day::timestamp at time zone 'UTC');
                upper_bound := presque_internal.job_id_floor((day + 1)::timestamp at time zone 'UTC');
            else
                lower_bound := day || ' 00:00:00+00';
                upper_bound := (day + 1) || ' 00:00:00+00';
            end if;
            begin
                execute format('create table presque_internal.%I (like presque_internal.%I including all)',
                    part, parent);
                if parent = 'done_discarded' then
                    execute format('create index %I on presque_internal.%I (error_fingerprint)', part || '_by_error', part);
                end if;
                execute format('alter table presque_internal.%I attach partition presque_internal.%I '
                    'for values from (%L) to (%L)', parent, part, lower_bound, upper_bound);
                made := made + 1;
            exception
                when check_violation then
                    raise warning 'partition % not made: %', part, sqlerrm;
                when lock_not_available then
                    -- A backup reads the default partition: everything that waits for us
                    -- would wait for it. There are days to try again.
                    return made;
            end;
        end loop;
    end loop;
    return made;
end
$$;

-- The same for days that are there, where it takes no time.
do $$
declare
    part record;
begin
    for part in
        select child.oid, child.relname as name
        from pg_inherits
        join pg_class as child on child.oid = inhrelid
        where inhparent = 'presque_internal.done_discarded'::regclass
    loop
        if pg_relation_size(part.oid) < 1024 * 1024 then
            execute format('create index %I on presque_internal.%I (error_fingerprint)',
                part.name || '_by_error', part.name);
        end if;
    end loop;
end
$$;

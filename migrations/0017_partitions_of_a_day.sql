-- The partitions of any one day, so that a history can be brought in from elsewhere.

-- Makes the partitions of a day (UTC), and answers how many it made: null if somebody holds a default
-- partition, which it waits for no longer than the caller's lock_timeout.
create function presque_internal.make_partitions_of(day date) returns integer
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    made integer := 0;
    parent text;
    part text;
    lower_bound text;
    upper_bound text;
begin
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
            execute format('create table presque_internal.%I (like presque_internal.%I including all)', part, parent);
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
                return null;
        end;
    end loop;
    return made;
end
$$;
revoke all on function presque_internal.make_partitions_of(date) from public;

-- As in migration 10.
create or replace function presque_internal.make_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
as $$
declare
    made integer := 0;
    of_day integer;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('presque.make_partitions', 0)) then
        return 0;
    end if;
    for offset_days in 0 .. ahead loop
        of_day := presque_internal.make_partitions_of((now() at time zone 'UTC')::date + offset_days);
        -- A backup reads a default partition: everything that waits for us would wait for it. There are
        -- days to try again.
        exit when of_day is null;
        made := made + of_day;
    end loop;
    return made;
end
$$;

-- Partitions: one a day, made ahead; what falls outside goes to a default partition.

create table presque_internal.job_default partition of presque_internal.job default;
create table presque_internal.attempt_default partition of presque_internal.attempt default;
create table presque_internal.tally_default partition of presque_internal.tally default;
create table presque_internal.done_completed_default partition of presque_internal.done_completed default;
create table presque_internal.done_cancelled_default partition of presque_internal.done_cancelled default;
create table presque_internal.done_discarded_default partition of presque_internal.done_discarded default;

-- Makes the partitions of today (UTC) and of the `ahead` days after it, and answers how
-- many it made. Any server may call it at any time: one caller works, the others return
-- 0 at once. A partition is made beside its parent and then attached; that takes the
-- default partition for a moment, so it gives up after 100 ms if somebody holds it. A day that already has rows in the default partition
-- (the server was away for long) stays there: nothing is lost, only less is pruned.
create function presque_internal.make_partitions(ahead integer) returns integer
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
            'job', 'attempt', 'tally', 'done_completed', 'done_cancelled', 'done_discarded'
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
revoke all on function presque_internal.make_partitions(integer) from public;

select presque_internal.make_partitions(3);

-- Errors by day, so that a report of 90 days reads 90 rows of an error and not 2,160.
--
-- Triggers keep them, so that servers of the release before do, too. Nobody folds errors while the days of what is
-- there are made: a folder that does not get this lock leaves it for later.
select pg_advisory_xact_lock(hashtextextended('presque.fold_failures', 0));

create table presque_internal.error_day (like presque_internal.error_hour) with (fillfactor = 70);
alter table presque_internal.error_day rename column hour to day;
alter table presque_internal.error_day add constraint error_day_once primary key (queue_id, fingerprint, day);
-- Serves store/reports/errors.sql and store/maintenance/forget.sql.
create index error_day_by_age on presque_internal.error_day (day);
comment on table presque_internal.error_day is
    'Failures of each kind of error and day (UTC), kept for 90 days; written by triggers of error_hour only';

-- Adds what a statement changed in error_hour: the rows after it, less those before it.
create function presque_internal.keep_error_day() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    execute format($sql$
        insert into presque_internal.error_day as d (
            queue_id, fingerprint, day, kind, error_class, message, occurrences, jobs, discarded, first_seen_at,
            last_seen_at, sample_job_id)
        select
            queue_id, fingerprint, date_trunc('day', hour, 'UTC'), min(kind), min(error_class),
            (array_agg(message order by last_seen_at desc) filter (where sign = 1))[1], sum(sign * occurrences),
            sum(sign * jobs), sum(sign * discarded), min(first_seen_at), max(last_seen_at),
            (array_agg(sample_job_id order by last_seen_at desc) filter (where sign = 1))[1]
        from (%s) as changed
        group by 1, 2, 3
        on conflict (queue_id, fingerprint, day) do update
        set
            occurrences = d.occurrences + excluded.occurrences,
            jobs = d.jobs + excluded.jobs,
            discarded = d.discarded + excluded.discarded,
            first_seen_at = least(d.first_seen_at, excluded.first_seen_at),
            last_seen_at = greatest(d.last_seen_at, excluded.last_seen_at),
            message = excluded.message,
            sample_job_id = excluded.sample_job_id
    $sql$, case tg_op
        when 'INSERT' then 'select 1 as sign, * from rows_after'
        else 'select 1 as sign, * from rows_after union all select -1, * from rows_before'
    end);
    return null;
end
$$;

-- What is there.
insert into presque_internal.error_day (
    queue_id, fingerprint, day, kind, error_class, message, occurrences, jobs, discarded, first_seen_at, last_seen_at,
    sample_job_id)
select
    queue_id, fingerprint, date_trunc('day', hour, 'UTC'), min(kind), min(error_class),
    (array_agg(message order by hour desc))[1], sum(occurrences), sum(jobs), sum(discarded), min(first_seen_at),
    max(last_seen_at), (array_agg(sample_job_id order by hour desc))[1]
from presque_internal.error_hour
group by 1, 2, 3;

create trigger kept_by_day_when_new after insert on presque_internal.error_hour
    referencing new table as rows_after
    for each statement execute function presque_internal.keep_error_day();
create trigger kept_by_day_when_more after update on presque_internal.error_hour
    referencing old table as rows_before new table as rows_after
    for each statement execute function presque_internal.keep_error_day();

create or replace view presque.failures as
select
    fingerprint, queue.name as queue, kind, error_class,
    (array_agg(message order by last_seen_at desc))[1] as message_sample,
    sum(occurrences)::bigint as occurrences, sum(jobs)::bigint as jobs_affected,
    min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from presque_internal.error_day
join presque_internal.queue using (queue_id)
group by fingerprint, queue.name, kind, error_class;

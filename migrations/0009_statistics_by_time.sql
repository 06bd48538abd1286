-- Statistics by the minute, hour and day: how long jobs waited and ran, how deep queues were,
-- and which errors there are. Reports read sums and never the jobs.
--
-- A server of an older version that folds beside a newer one adds to minutes only: hours and
-- days lack what it folded, until it is replaced.

-- Milliseconds between two moments: 0 where they are the wrong way round, as clocks can be set back,
-- and what an integer holds where it is more.
create function presque_internal.elapsed_ms(since timestamptz, till timestamptz) returns integer
language sql immutable parallel safe
as $$
    select least(greatest(extract(epoch from till - since) * 1000, 0), 2147483647)::integer
$$;

-- A histogram is an array of up to 128 counts, cut after the last that is not 0, or null for
-- nothing. Bucket i holds what is above
-- 2^((i-2)/4) ms and at most 2^((i-1)/4) ms: from 1 ms to 42 days, and a quantile is off by 9 %
-- at most. They add up over time, queues and kinds, which quantiles do not.
-- Not strict, so that it is inlined.
create function presque_internal.hist_bucket(ms bigint) returns integer
language sql immutable parallel safe
as $$
    select case when ms is null then null when ms <= 1 then 1 else least(128, 1 + ceil(4 * ln(ms::double precision) / ln(2.0::double precision) - 1e-9)::integer) end
$$;

create function presque_internal.hist_add(one bigint[], other bigint[]) returns bigint[]
language sql immutable parallel safe
as $$
    select case
        when one is null then other
        when other is null then one
        else array(
            select coalesce(a, 0) + coalesce(b, 0)
            from unnest(one, other) with ordinality as pair (a, b, i)
            order by i)
    end
$$;

-- The histogram of some measurements.
create function presque_internal.hist_of(measured integer[]) returns bigint[]
language sql immutable parallel safe
as $$
    with counted as (
        select presque_internal.hist_bucket(ms) as i, count(*) as count
        from unnest(measured) as one (ms)
        group by 1
    )
    select case
        when cardinality(measured) > 0 then array(
            select coalesce(counted.count, 0)
            from generate_series(1, (select max(i) from counted)) as bucket (i)
            left join counted on counted.i = bucket.i
            order by bucket.i)
    end
$$;

create aggregate presque_internal.hist_sum(bigint[]) (
    sfunc = presque_internal.hist_add, stype = bigint[], parallel = safe, combinefunc = presque_internal.hist_add
);

-- The measurement below which a share `q` (0 to 1) of all lies: the middle of its bucket, on the
-- scale on which buckets are equally wide. Null for an empty histogram.
create function presque_internal.hist_quantile(hist bigint[], q double precision) returns double precision
language sql immutable parallel safe
as $$
    select case when i = 1 then 1.0::double precision else power(2, (i - 1.5) / 4) end
    from (
        select i, sum(count) over (order by i) as below, sum(count) over () as of_all
        from unnest(hist) with ordinality as bucket (count, i)
    ) as summed
    where of_all > 0 and below >= greatest(1, ceil(q * of_all))
    order by i
    limit 1
$$;

alter table presque_internal.queue_minute
    add column lost bigint not null default 0,
    add column released bigint not null default 0,
    add column wait_ms_sum bigint not null default 0,
    add column wait_ms_max bigint not null default 0,
    add column run_ms_sum bigint not null default 0,
    add column run_ms_max bigint not null default 0,
    add column wait_hist bigint[],
    add column run_hist bigint[];
comment on table presque_internal.queue_minute is
    'Sums of each queue, kind and minute, kept for 14 days; written by the folder only';

create table presque_internal.queue_hour (like presque_internal.queue_minute including all) with (fillfactor = 50);
alter table presque_internal.queue_hour rename column minute to hour;
comment on table presque_internal.queue_hour is
    'Sums of each queue, kind and hour, kept for 400 days; written by the folder only';

create table presque_internal.queue_day (like presque_internal.queue_minute including all) with (fillfactor = 50);
alter table presque_internal.queue_day rename column minute to day;
comment on table presque_internal.queue_day is
    'Sums of each queue, kind and day (UTC), kept for 400 days; written by the folder only';

-- Since the queue was made: what counters for monitoring are read from.
alter table presque_internal.queue_count
    add column lost bigint not null default 0,
    add column released bigint not null default 0,
    add column wait_ms_sum bigint not null default 0,
    add column run_ms_sum bigint not null default 0,
    add column wait_hist bigint[],
    add column run_hist bigint[];

alter table presque_internal.worker_minute
    add column started bigint not null default 0,
    add column busy_ms bigint not null default 0;

-- Samples of how deep queues were; a queue with nothing in it has none.
create table presque_internal.queue_depth_minute (
    minute timestamptz not null,
    available_max bigint not null,
    running_max bigint not null,
    latency_ms_max bigint not null,
    queue_id integer not null,
    constraint queue_depth_once primary key (queue_id, minute)
) with (fillfactor = 50);
-- Serves store/maintenance/forget.sql.
create index queue_depth_by_age on presque_internal.queue_depth_minute (minute);
comment on table presque_internal.queue_depth_minute is
    'The most that waited and ran in each minute, of samples some seconds apart; kept for 14 days';

-- Failures not folded yet: one row for each attempt that ended with an error.
create table presque_internal.failure_tally (
    n bigint generated always as identity primary key,
    at timestamptz not null default now(),
    queue_id integer not null,
    job_id uuid not null,
    -- Of the failures of this job since it was enqueued.
    failures integer not null,
    discarded boolean not null,
    kind text not null,
    fingerprint text not null,
    error_class text not null,
    message text
) with (autovacuum_vacuum_scale_factor = 0.02);
comment on table presque_internal.failure_tally is 'Failures not folded into error_hour yet';

create table presque_internal.error_hour (
    hour timestamptz not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    occurrences bigint not null,
    -- Jobs that failed like this for the first time.
    jobs bigint not null,
    discarded bigint not null,
    sample_job_id uuid not null,
    queue_id integer not null,
    kind text not null,
    fingerprint text not null,
    error_class text not null,
    message text,
    constraint error_hour_once primary key (queue_id, fingerprint, hour)
) with (fillfactor = 70);
-- Serves store/reports/errors.sql and store/maintenance/forget.sql.
create index error_hour_by_age on presque_internal.error_hour (hour);
comment on table presque_internal.error_hour is 'Failures of each kind of error and hour, kept for 90 days; written by the folder only';

-- The tables that every job passes come last: their locks are held to the end of this file.

-- The error of the attempt before, so that retries can be counted by it. Null in others.
alter table presque_internal.scheduled add column error_fingerprint text;

-- Milliseconds, one element for each attempt that the row counts: how long those that started
-- had waited, and how long those that ended had run. The folder makes histograms of them.
alter table presque_internal.tally
    add column waits integer[],
    add column runs integer[],
    add column lost integer not null default 0,
    add column released integer not null default 0;
comment on column presque_internal.tally.lost is 'Of failed: those that nobody reported';

-- Exact counts of a queue, with what is new beside what was.
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
    (coalesce(folded.released, 0) + recent.released)::bigint as released
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

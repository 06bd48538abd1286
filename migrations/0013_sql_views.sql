-- The schema presque: what people report on with SQL. Its names, columns and meanings are public and
-- versioned like the HTTP API (docs/sql.md); columns are only ever added, at the end.
--
-- Views read the tables with the rights of their owner, so who may use them needs none on the tables.
-- What is only in `job` comes by a subquery of its own for each column: a query that does not ask for it
-- does not pay for it, and one that takes a few rows of many looks only those up.

-- Functions in it run with the owner's rights, so it must be the owner's.
do $$
begin
    if to_regnamespace('presque') is not null then
        raise exception 'there is a schema "presque" already, and presque needs one of its own of that name'
            using hint = 'Rename it: alter schema presque rename to ...';
    end if;
end
$$;
create schema presque;
comment on schema presque is
    'presque for SQL: reports, enqueue in your own transaction. Stable, see docs/sql.md; presque_internal is not.';

create function presque.contract_version() returns integer
language sql immutable parallel safe
as $$
    select 1
$$;
comment on function presque.contract_version() is 'The version of this schema; it grows when something here is removed or changes its meaning.';

create function presque.uuid7_time(id uuid) returns timestamptz
language sql immutable strict parallel safe
as $$
    select to_timestamp(('x' || lpad(left(replace(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0)
$$;
comment on function presque.uuid7_time(uuid) is 'The moment that a job id carries: when its transaction began, to the millisecond.';

create function presque.uuid7_floor(at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
    select presque_internal.job_id_floor(least(greatest(at, '1970-01-01Z'), '9999-12-31Z'))
$$;
comment on function presque.uuid7_floor(timestamptz) is
    'The smallest job id of a moment. Jobs are partitioned by id, so a filter by it spares a look at all days that are kept.';

create function presque.hist_bucket(ms bigint) returns integer
language sql immutable parallel safe
as $$
    select case
        when ms is null then null
        when ms <= 1 then 1
        else least(128, 1 + ceil(4 * ln(ms::double precision) / ln(2.0::double precision) - 1e-9)::integer)
    end
$$;
comment on function presque.hist_bucket(bigint) is
    'The place (1 to 128) in a histogram that counts this many milliseconds: bucket i holds what is above 2^((i-2)/4) and at most 2^((i-1)/4).';

create function presque.hist_add(one bigint[], other bigint[]) returns bigint[]
language sql immutable parallel safe
as $$
    select case
        when one is null then other
        when other is null then one
        else array(
            -- In the order of the arrays, as the rows of a function come unless something else is asked for.
            select coalesce(a, 0) + coalesce(b, 0)
            from unnest(one, other) as pair (a, b))
    end
$$;
comment on function presque.hist_add(bigint[], bigint[]) is 'Two histograms as one.';

create aggregate presque.hist_sum(bigint[]) (
    sfunc = presque.hist_add, stype = bigint[], parallel = safe, combinefunc = presque.hist_add
);
comment on aggregate presque.hist_sum(bigint[]) is 'Many histograms as one: of hours, queues or kinds. They add up, which percentiles do not.';

create function presque.hist_quantile(hist bigint[], q double precision) returns double precision
language sql immutable parallel safe
as $$
    select case when i = 1 then 1.0::double precision else power(2, (i - 1.5) / 4) end
    from (
        select i, sum(count) over (order by i) as below, sum(count) over () as of_all
        from unnest(hist) with ordinality as bucket (count, i)
    ) as summed
    where of_all > 0 and q is not null and below >= greatest(1, ceil(q * of_all))
    order by i
    limit 1
$$;
comment on function presque.hist_quantile(bigint[], double precision) is
    'The milliseconds below which a share q (0 to 1) of what a histogram counts lies, 9 % off at most; null for an empty one.';

-- Milliseconds between two moments; 0 where they are the wrong way round, as clocks can be set back.
create function presque_internal.ms_between(since timestamptz, till timestamptz) returns bigint
language sql immutable parallel safe
as $$
    select case when till >= since then round(date_part('epoch', till - since) * 1000)::bigint when till < since then 0 end
$$;

-- The moment of which all that older rows count is in the tally's sums; see tally_begin(). With the owner's
-- rights, as who reports has none on the tables.
alter function presque_internal.tally_begin() security definer set search_path = pg_catalog, pg_temp;
alter function presque_internal.oldest_available(integer) security definer set search_path = pg_catalog, pg_temp;

-- What workers did, by queue as well.
create table presque_internal.worker_queue_minute (
    minute timestamptz not null,
    started bigint not null default 0,
    completed bigint not null default 0,
    failed bigint not null default 0,
    busy_ms bigint not null default 0,
    -- 0 for what was folded before this migration.
    queue_id integer not null,
    worker text not null,
    constraint worker_queue_minute_once primary key (worker, minute, queue_id)
) with (fillfactor = 50);
-- Serves store/maintenance/forget.sql and store/reports/by_worker.sql.
create index worker_queue_minute_by_age on presque_internal.worker_queue_minute (minute);
comment on table presque_internal.worker_queue_minute is
    'Sums of each worker, queue and minute, kept for 14 days; written by the folder only';
insert into presque_internal.worker_queue_minute (worker, minute, queue_id, started, completed, failed, busy_ms)
select worker, minute, 0, started, completed, failed, busy_ms
from presque_internal.worker_minute;
comment on table presque_internal.worker_minute is
    'Of servers before migration 13, which may still fold beside newer ones; to be dropped';

-- Jobs that are not final. What waits in a queue that was purged or deleted is gone, though its rows are
-- cancelled one by one.
create view presque.jobs_live as
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
    live.run_after,
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
    null::uuid as batch_id,
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
        as payload_bytes
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
) as live
join presque_internal.queue on queue.queue_id = live.queue_id and (queue.deleted_at is null or live.state = 'running');

create view presque.job_history as
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
    null::uuid as batch_id,
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
        as payload_bytes
from presque_internal.done
join presque_internal.queue on queue.queue_id = done.queue_id;

create view presque.jobs as
select
    id, queue, kind, state, priority, tags, group_key, dedup_key, attempt, failed_attempts, max_attempts, created_at,
    run_after, started_at, finished_at, wait_ms, run_ms, worker_id, batch_id, schedule_id, origin_job_id, error_class,
    error_message, error_fingerprint, created_by, payload_bytes
from presque.jobs_live
union all
select
    id, queue, kind, state, priority, tags, group_key, dedup_key, attempt, failed_attempts, max_attempts, created_at,
    run_after, started_at, finished_at, wait_ms, run_ms, worker_id, batch_id, schedule_id, origin_job_id, error_class,
    error_message, error_fingerprint, created_by, payload_bytes
from presque.job_history;

create view presque.dead_letters as
select
    id, queue, kind, state, priority, tags, group_key, dedup_key, attempt, failed_attempts, max_attempts, created_at,
    run_after, started_at, finished_at, wait_ms, run_ms, worker_id, batch_id, schedule_id, origin_job_id, error_class,
    error_message, error_fingerprint, created_by, payload_bytes
from presque.job_history
where state = 'discarded';

create view presque.job_payloads as
select
    job.id, job.payload, presque_internal.as_jsonb(job.payload) as payload_jsonb,
    (select done.result from presque_internal.done where done.queue_id = job.queue_id and done.job_id = job.id limit 1) as result,
    (
        select presque_internal.as_jsonb(done.result)
        from presque_internal.done
        where done.queue_id = job.queue_id and done.job_id = job.id
        limit 1
    ) as result_jsonb,
    presque_internal.as_jsonb(job.headers) as headers, queue.name as queue
from presque_internal.job
join presque_internal.queue using (queue_id);

-- Every tag of every job: joined, where a subquery for each job would take longer.
create view presque.job_tags as
select job.id, queue.name as queue, each.tag
from presque_internal.job
join presque_internal.queue using (queue_id)
cross join lateral unnest(job.tags) as each (tag);

create view presque.job_attempts as
select
    job_id, attempt, queue.name as queue, kind, worker as worker_id, outcome, started_at, finished_at,
    presque_internal.ms_between(eligible_at, started_at) as wait_ms,
    presque_internal.ms_between(started_at, finished_at) as run_ms,
    error_class, error_message, error_stack, error_fingerprint
from (
    select
        queue_id, job_id, attempt, kind, worker, outcome, eligible_at, started_at, finished_at, error_class,
        error_message, error_stack, error_fingerprint
    from presque_internal.attempt
    union all
    select
        queue_id, job_id, attempt, kind, worker, outcome, eligible_at, started_at, finished_at, error_class,
        error_message, error_stack, error_fingerprint
    from presque_internal.done
    where outcome is not null
    union all
    select
        queue_id, job_id, attempt, kind, worker, 'running', eligible_at, claimed_at, null, null, null, null, null
    from presque_internal.lease
) as every
join presque_internal.queue using (queue_id);

create view presque.failures as
select
    fingerprint, queue.name as queue, kind, error_class,
    (array_agg(message order by last_seen_at desc))[1] as message_sample,
    sum(occurrences)::bigint as occurrences, sum(jobs)::bigint as jobs_affected,
    min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from presque_internal.error_hour
join presque_internal.queue using (queue_id)
group by fingerprint, queue.name, kind, error_class;

create view presque.queues as
select
    name, paused_at is not null as paused, paused_at, paused_by, pause_reason, resume_at,
    presque_internal.default_policy() || policy as policy, created_at, updated_at
from presque_internal.queue
where deleted_at is null;

create view presque.queue_counts as
select
    queue.name as queue,
    0::bigint as pending,
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

-- A queue that was purged within the time has two ids: one row of both.
create view presque.queue_stats_minute as
select
    bucket, queue, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled,
    wait_ms_sum, wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist,
    presque.hist_quantile(wait_hist, 0.5) as wait_p50_ms,
    presque.hist_quantile(wait_hist, 0.95) as wait_p95_ms,
    presque.hist_quantile(wait_hist, 0.99) as wait_p99_ms,
    presque.hist_quantile(run_hist, 0.5) as run_p50_ms,
    presque.hist_quantile(run_hist, 0.95) as run_p95_ms,
    presque.hist_quantile(run_hist, 0.99) as run_p99_ms
from (
    select
        minute as bucket, queue.name as queue, kind, sum(enqueued)::bigint as enqueued, sum(started)::bigint as started,
        sum(completed)::bigint as completed, sum(failed)::bigint as failed, sum(lost)::bigint as lost,
        sum(released)::bigint as released, sum(discarded)::bigint as discarded, sum(cancelled)::bigint as cancelled,
        sum(wait_ms_sum)::bigint as wait_ms_sum, max(wait_ms_max) as wait_ms_max, presque.hist_sum(wait_hist) as wait_hist,
        sum(run_ms_sum)::bigint as run_ms_sum, max(run_ms_max) as run_ms_max, presque.hist_sum(run_hist) as run_hist
    from presque_internal.queue_minute
    join presque_internal.queue using (queue_id)
    group by minute, queue.name, kind
) as summed;

create view presque.queue_stats_hour as
select
    bucket, queue, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled,
    wait_ms_sum, wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist,
    presque.hist_quantile(wait_hist, 0.5) as wait_p50_ms,
    presque.hist_quantile(wait_hist, 0.95) as wait_p95_ms,
    presque.hist_quantile(wait_hist, 0.99) as wait_p99_ms,
    presque.hist_quantile(run_hist, 0.5) as run_p50_ms,
    presque.hist_quantile(run_hist, 0.95) as run_p95_ms,
    presque.hist_quantile(run_hist, 0.99) as run_p99_ms
from (
    select
        hour as bucket, queue.name as queue, kind, sum(enqueued)::bigint as enqueued, sum(started)::bigint as started,
        sum(completed)::bigint as completed, sum(failed)::bigint as failed, sum(lost)::bigint as lost,
        sum(released)::bigint as released, sum(discarded)::bigint as discarded, sum(cancelled)::bigint as cancelled,
        sum(wait_ms_sum)::bigint as wait_ms_sum, max(wait_ms_max) as wait_ms_max, presque.hist_sum(wait_hist) as wait_hist,
        sum(run_ms_sum)::bigint as run_ms_sum, max(run_ms_max) as run_ms_max, presque.hist_sum(run_hist) as run_hist
    from presque_internal.queue_hour
    join presque_internal.queue using (queue_id)
    group by hour, queue.name, kind
) as summed;

create view presque.queue_stats_day as
select
    bucket, queue, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled,
    wait_ms_sum, wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist,
    presque.hist_quantile(wait_hist, 0.5) as wait_p50_ms,
    presque.hist_quantile(wait_hist, 0.95) as wait_p95_ms,
    presque.hist_quantile(wait_hist, 0.99) as wait_p99_ms,
    presque.hist_quantile(run_hist, 0.5) as run_p50_ms,
    presque.hist_quantile(run_hist, 0.95) as run_p95_ms,
    presque.hist_quantile(run_hist, 0.99) as run_p99_ms
from (
    select
        day as bucket, queue.name as queue, kind, sum(enqueued)::bigint as enqueued, sum(started)::bigint as started,
        sum(completed)::bigint as completed, sum(failed)::bigint as failed, sum(lost)::bigint as lost,
        sum(released)::bigint as released, sum(discarded)::bigint as discarded, sum(cancelled)::bigint as cancelled,
        sum(wait_ms_sum)::bigint as wait_ms_sum, max(wait_ms_max) as wait_ms_max, presque.hist_sum(wait_hist) as wait_hist,
        sum(run_ms_sum)::bigint as run_ms_sum, max(run_ms_max) as run_ms_max, presque.hist_sum(run_hist) as run_hist
    from presque_internal.queue_day
    join presque_internal.queue using (queue_id)
    group by day, queue.name, kind
) as summed;

create view presque.queue_depth_minute as
select
    minute as bucket, queue.name as queue, max(available_max) as available_max, max(running_max) as running_max,
    max(latency_ms_max) as latency_ms_max
from presque_internal.queue_depth_minute
join presque_internal.queue using (queue_id)
group by minute, queue.name;

create view presque.workers as
select
    worker.id,
    case
        when presque_internal.is_lost(worker.last_heartbeat_at, worker.heartbeat_ms) then 'lost'
        when worker.signal = 'stop' then 'stopping'
        when worker.signal = 'quiet' then 'quiet'
        else worker.status
    end as status,
    worker.hostname, worker.pid, worker.version, worker.queues, worker.concurrency,
    (select count(*) from presque_internal.lease where lease.worker = worker.id) as running,
    presque_internal.as_jsonb(worker.labels) as labels, worker.started_at, worker.last_heartbeat_at
from presque_internal.worker
where worker.last_heartbeat_at is not null;

create view presque.worker_stats_minute as
select
    minute as bucket, worker as worker_id, queue.name as queue, sum(started)::bigint as started,
    sum(completed)::bigint as completed, sum(failed)::bigint as failed, sum(busy_ms)::bigint as busy_ms
from presque_internal.worker_queue_minute
left join presque_internal.queue using (queue_id)
group by minute, worker, queue.name;

create view presque.schedules as
select
    id, queue, cron, timezone, kind, priority::integer as priority, tags, max_attempts, paused, catch_up, overlap, jitter_ms,
    starts_at, ends_at, description, next_run_at, last_run_at, last_job_id, created_at, updated_at
from presque_internal.schedule;

create view presque.schedule_runs as
select schedule_id, due_at, fired_at, job_id, skipped
from presque_internal.schedule_run;

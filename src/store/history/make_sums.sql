-- Adds up what a generated history holds of attempts that began or ended from $1 to before $2, as the folder does
-- while servers run; answers how many hours of a queue and kind there are.
--
-- $1, $2 full days (UTC)
--
-- For times that nobody folded, once: sums are set, not added to. Served by the partitions of done and attempt.
with every as materialized (
    select queue_id, kind, outcome, worker, eligible_at, started_at, finished_at, null as state
    from presque_internal.attempt
    where finished_at >= $1 and finished_at < $2::timestamptz + interval '10 minutes'
    union all
    select queue_id, kind, outcome, worker, eligible_at, started_at, finished_at, state
    from presque_internal.done
    where finished_at >= $1 and finished_at < $2::timestamptz + interval '10 minutes'
),
event as materialized (
    select
        date_trunc('minute', started_at, 'UTC') as minute, queue_id, kind, worker, 0 as enqueued, 1 as started, 0 as completed,
        0 as failed, 0 as lost, 0 as discarded, 0 as cancelled,
        presque_internal.elapsed_ms(eligible_at, started_at) as wait_ms, null::integer as run_ms
    from every
    where outcome is not null and started_at >= $1 and started_at < $2
    union all
    select
        date_trunc('minute', finished_at, 'UTC'), queue_id, kind, worker, 0, 0, coalesce(outcome = 'completed', false)::integer,
        coalesce(outcome in ('failed', 'lost'), false)::integer, coalesce(outcome = 'lost', false)::integer,
        coalesce(state = 'discarded', false)::integer, coalesce(state = 'cancelled', false)::integer, null,
        case when outcome is not null then presque_internal.elapsed_ms(started_at, finished_at) end
    from every
    where finished_at >= $1 and finished_at < $2
    union all
    select date_trunc('minute', created_at, 'UTC'), queue_id, kind, null, 1, 0, 0, 0, 0, 0, 0, null, null
    from presque_internal.job
    where id >= presque_internal.job_id_floor($1) and id < presque_internal.job_id_floor($2)
),
by_minute as (
    insert into presque_internal.queue_minute (
        queue_id, minute, kind, enqueued, started, completed, failed, lost, discarded, cancelled, wait_ms_sum,
        wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist)
    select
        queue_id, minute, kind, sum(enqueued), sum(started), sum(completed), sum(failed),
        sum(lost), sum(discarded), sum(cancelled), coalesce(sum(wait_ms), 0), coalesce(max(wait_ms), 0),
        presque_internal.hist_of(array_agg(wait_ms) filter (where wait_ms is not null)),
        coalesce(sum(run_ms), 0), coalesce(max(run_ms), 0),
        presque_internal.hist_of(array_agg(run_ms) filter (where run_ms is not null))
    from event
    where minute > now() - interval '14 days'
    group by queue_id, minute, kind
),
hourly as materialized (
    select
        queue_id, date_trunc('hour', minute, 'UTC') as hour, kind, sum(enqueued) as enqueued, sum(started) as started,
        sum(completed) as completed, sum(failed) as failed, sum(lost) as lost,
        sum(discarded) as discarded, sum(cancelled) as cancelled, coalesce(sum(wait_ms), 0) as wait_ms_sum,
        coalesce(max(wait_ms), 0) as wait_ms_max,
        presque_internal.hist_of(array_agg(wait_ms) filter (where wait_ms is not null)) as wait_hist,
        coalesce(sum(run_ms), 0) as run_ms_sum, coalesce(max(run_ms), 0) as run_ms_max,
        presque_internal.hist_of(array_agg(run_ms) filter (where run_ms is not null)) as run_hist
    from event
    group by queue_id, 2, kind
),
by_hour as (
    insert into presque_internal.queue_hour (
        queue_id, hour, kind, enqueued, started, completed, failed, lost, discarded, cancelled, wait_ms_sum,
        wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist)
    select
        queue_id, hour, kind, enqueued, started, completed, failed, lost, discarded, cancelled, wait_ms_sum,
        wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist
    from hourly
),
by_day as (
    insert into presque_internal.queue_day (
        queue_id, day, kind, enqueued, started, completed, failed, lost, discarded, cancelled, wait_ms_sum,
        wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist)
    select
        queue_id, date_trunc('day', hour, 'UTC'), kind, sum(enqueued), sum(started), sum(completed), sum(failed),
        sum(lost), sum(discarded), sum(cancelled), sum(wait_ms_sum), max(wait_ms_max),
        presque_internal.hist_sum(wait_hist), sum(run_ms_sum), max(run_ms_max), presque_internal.hist_sum(run_hist)
    from hourly
    group by queue_id, 2, kind
),
by_worker as (
    insert into presque_internal.worker_queue_minute (worker, minute, queue_id, started, completed, failed, busy_ms)
    select
        worker, minute, queue_id, sum(started), sum(completed), sum(failed),
        coalesce(sum(run_ms), 0)
    from event
    where worker is not null and minute > now() - interval '14 days'
    group by worker, minute, queue_id
),
mourned as (
    insert into presque_internal.error_hour (
        queue_id, fingerprint, hour, first_seen_at, last_seen_at, occurrences, jobs, discarded, sample_job_id, kind,
        error_class, message)
    select
        queue_id, error_fingerprint, date_trunc('hour', finished_at, 'UTC'), min(finished_at), max(finished_at), count(*),
        count(*) filter (where attempt = 1), count(*) filter (where discarded), (array_agg(job_id))[1], min(kind),
        min(error_class), min(error_message)
    from (
        select queue_id, error_fingerprint, finished_at, attempt, false as discarded, job_id, kind, error_class, error_message
        from presque_internal.attempt
        where error_fingerprint is not null and finished_at >= $1 and finished_at < $2
        union all
        select queue_id, error_fingerprint, finished_at, attempt, true, job_id, kind, error_class, error_message
        from presque_internal.done
        where error_fingerprint is not null and finished_at >= $1 and finished_at < $2
    ) as failure
    group by queue_id, error_fingerprint, 3
),
counted as (
    insert into presque_internal.queue_count as q (queue_id, enqueued, started, completed, failed, lost, discarded, cancelled)
    select
        queue_id, sum(enqueued), sum(started), sum(completed), sum(failed), sum(lost), sum(discarded), sum(cancelled)
    from hourly
    group by queue_id
    on conflict (queue_id) do update
    set
        enqueued = q.enqueued + excluded.enqueued, started = q.started + excluded.started,
        completed = q.completed + excluded.completed, failed = q.failed + excluded.failed,
        lost = q.lost + excluded.lost, discarded = q.discarded + excluded.discarded,
        cancelled = q.cancelled + excluded.cancelled
)
select count(*) as hours
from hourly

-- Folds up to $1 rows of the tally into the sums of each queue, registration, minute, hour and day.
--
-- $1 how many rows
--
-- Answers how many rows it folded; 0 also when another server is folding.
--
-- Safe under concurrency: a transaction-level advisory lock admits one folder at a
-- time. The rows are deleted and their sums added in one statement, so a reader's
-- snapshot has either the rows or the sums. Rows that commit later are folded next time.
-- `ctid` is unique only within a partition, hence `tableoid` beside it.
--
-- The mark moves when nothing visible was left over: every transaction below the oldest
-- one that still runs is visible then, and its rows are gone with this statement. A folder
-- that took its snapshot before another one committed may move it back: that reads more,
-- and counts the same.
--
-- Served by tally_not_folded.
with folder as materialized (
    select pg_try_advisory_xact_lock(hashtextextended('presque.fold_tally', 0)) as alone
),
picked as materialized (
    select tally.tableoid, tally.ctid
    from presque_internal.tally
    where (select alone from folder) and tally.xid >= (select presque_internal.tally_begin())
    limit $1
),
gone as (
    delete from presque_internal.tally
    using picked
    where tally.tableoid = picked.tableoid and tally.ctid = picked.ctid
    returning
        date_trunc('minute', at, 'UTC') as minute, queue_id, kind, worker, registration, enqueued, started,
        completed, failed, lost, released, discarded, cancelled, ready, scheduled, running, retryable,
        gone_completed, gone_discarded, gone_cancelled, waits, runs
),
-- What was measured, each once; histograms are made of it group by group.
waited as (
    select queue_id, kind, minute, sum(ms) as ms_sum, max(ms) as ms_max, presque_internal.hist_of(array_agg(ms)) as hist
    from (
        select queue_id, kind, minute, unnest(waits) as ms
        from gone
        where waits is not null
    ) as each
    group by queue_id, kind, minute
),
ran as (
    select queue_id, kind, minute, sum(ms) as ms_sum, max(ms) as ms_max, presque_internal.hist_of(array_agg(ms)) as hist
    from (
        select queue_id, kind, minute, unnest(runs) as ms
        from gone
        where runs is not null
    ) as each
    group by queue_id, kind, minute
),
-- One row for each queue, kind and minute: added up, as joining would compare each with each. Of
-- histograms there is one at most.
moved as materialized (
    select
        queue_id, kind, minute,
        sum(enqueued) as enqueued, sum(started) as started, sum(completed) as completed, sum(failed) as failed,
        sum(lost) as lost, sum(released) as released, sum(discarded) as discarded, sum(cancelled) as cancelled,
        sum(ready) as ready, sum(scheduled) as scheduled, sum(running) as running, sum(retryable) as retryable,
        sum(gone_completed) as gone_completed, sum(gone_discarded) as gone_discarded,
        sum(gone_cancelled) as gone_cancelled, sum(wait_ms_sum) as wait_ms_sum, max(wait_ms_max) as wait_ms_max,
        max(wait_hist) as wait_hist, sum(run_ms_sum) as run_ms_sum,
        max(run_ms_max) as run_ms_max, max(run_hist) as run_hist
    from (
        select
            queue_id, kind, minute, enqueued, started, completed, failed, lost, released, discarded, cancelled,
            ready, scheduled, running, retryable, gone_completed, gone_discarded, gone_cancelled, 0 as wait_ms_sum,
            0 as wait_ms_max, null::bigint[] as wait_hist, 0 as run_ms_sum, 0 as run_ms_max,
            null::bigint[] as run_hist
        from gone
        union all
        select
            queue_id, kind, minute, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ms_sum, ms_max, hist, 0, 0, null
        from waited
        union all
        select
            queue_id, kind, minute, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, null, ms_sum, ms_max, hist
        from ran
    ) as part
    group by queue_id, kind, minute
),
by_queue as (
    insert into presque_internal.queue_count as q (
        queue_id, enqueued, started, completed, failed, lost, released, discarded, cancelled, ready, scheduled,
        running, retryable, gone_completed, gone_discarded, gone_cancelled, wait_ms_sum, run_ms_sum, wait_hist,
        run_hist)
    select
        queue_id, sum(enqueued), sum(started), sum(completed), sum(failed), sum(lost), sum(released),
        sum(discarded), sum(cancelled), sum(ready), sum(scheduled), sum(running), sum(retryable),
        sum(gone_completed), sum(gone_discarded), sum(gone_cancelled), sum(wait_ms_sum), sum(run_ms_sum),
        presque_internal.hist_sum(wait_hist), presque_internal.hist_sum(run_hist)
    from moved
    group by queue_id
    on conflict (queue_id) do update
    set
        enqueued = q.enqueued + excluded.enqueued,
        started = q.started + excluded.started,
        completed = q.completed + excluded.completed,
        failed = q.failed + excluded.failed,
        lost = q.lost + excluded.lost,
        released = q.released + excluded.released,
        discarded = q.discarded + excluded.discarded,
        cancelled = q.cancelled + excluded.cancelled,
        ready = q.ready + excluded.ready,
        scheduled = q.scheduled + excluded.scheduled,
        running = q.running + excluded.running,
        retryable = q.retryable + excluded.retryable,
        gone_completed = q.gone_completed + excluded.gone_completed,
        gone_discarded = q.gone_discarded + excluded.gone_discarded,
        gone_cancelled = q.gone_cancelled + excluded.gone_cancelled,
        wait_ms_sum = q.wait_ms_sum + excluded.wait_ms_sum,
        run_ms_sum = q.run_ms_sum + excluded.run_ms_sum,
        wait_hist = presque_internal.hist_add(q.wait_hist, excluded.wait_hist),
        run_hist = presque_internal.hist_add(q.run_hist, excluded.run_hist)
),
by_minute as (
    insert into presque_internal.queue_minute as m (
        queue_id, minute, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled,
        wait_ms_sum, wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist)
    select
        queue_id, minute, kind, enqueued, started, completed, failed, lost, released,
        discarded, cancelled, wait_ms_sum, wait_ms_max, wait_hist,
        run_ms_sum, run_ms_max, run_hist
    from moved
    where enqueued + started + completed + failed + released + discarded + cancelled > 0
    on conflict (queue_id, minute, kind) do update
    set
        enqueued = m.enqueued + excluded.enqueued,
        started = m.started + excluded.started,
        completed = m.completed + excluded.completed,
        failed = m.failed + excluded.failed,
        lost = m.lost + excluded.lost,
        released = m.released + excluded.released,
        discarded = m.discarded + excluded.discarded,
        cancelled = m.cancelled + excluded.cancelled,
        wait_ms_sum = m.wait_ms_sum + excluded.wait_ms_sum,
        wait_ms_max = greatest(m.wait_ms_max, excluded.wait_ms_max),
        wait_hist = presque_internal.hist_add(m.wait_hist, excluded.wait_hist),
        run_ms_sum = m.run_ms_sum + excluded.run_ms_sum,
        run_ms_max = greatest(m.run_ms_max, excluded.run_ms_max),
        run_hist = presque_internal.hist_add(m.run_hist, excluded.run_hist)
),
by_hour as (
    insert into presque_internal.queue_hour as h (
        queue_id, hour, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled,
        wait_ms_sum, wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist)
    select
        queue_id, date_trunc('hour', minute, 'UTC'), kind, sum(enqueued), sum(started), sum(completed), sum(failed),
        sum(lost), sum(released), sum(discarded), sum(cancelled), sum(wait_ms_sum), max(wait_ms_max),
        presque_internal.hist_sum(wait_hist), sum(run_ms_sum), max(run_ms_max), presque_internal.hist_sum(run_hist)
    from moved
    group by 1, 2, 3
    having sum(enqueued + started + completed + failed + released + discarded + cancelled) > 0
    on conflict (queue_id, hour, kind) do update
    set
        enqueued = h.enqueued + excluded.enqueued,
        started = h.started + excluded.started,
        completed = h.completed + excluded.completed,
        failed = h.failed + excluded.failed,
        lost = h.lost + excluded.lost,
        released = h.released + excluded.released,
        discarded = h.discarded + excluded.discarded,
        cancelled = h.cancelled + excluded.cancelled,
        wait_ms_sum = h.wait_ms_sum + excluded.wait_ms_sum,
        wait_ms_max = greatest(h.wait_ms_max, excluded.wait_ms_max),
        wait_hist = presque_internal.hist_add(h.wait_hist, excluded.wait_hist),
        run_ms_sum = h.run_ms_sum + excluded.run_ms_sum,
        run_ms_max = greatest(h.run_ms_max, excluded.run_ms_max),
        run_hist = presque_internal.hist_add(h.run_hist, excluded.run_hist)
),
by_day as (
    insert into presque_internal.queue_day as d (
        queue_id, day, kind, enqueued, started, completed, failed, lost, released, discarded, cancelled,
        wait_ms_sum, wait_ms_max, wait_hist, run_ms_sum, run_ms_max, run_hist)
    select
        queue_id, date_trunc('day', minute, 'UTC'), kind, sum(enqueued), sum(started), sum(completed), sum(failed),
        sum(lost), sum(released), sum(discarded), sum(cancelled), sum(wait_ms_sum), max(wait_ms_max),
        presque_internal.hist_sum(wait_hist), sum(run_ms_sum), max(run_ms_max), presque_internal.hist_sum(run_hist)
    from moved
    group by 1, 2, 3
    having sum(enqueued + started + completed + failed + released + discarded + cancelled) > 0
    on conflict (queue_id, day, kind) do update
    set
        enqueued = d.enqueued + excluded.enqueued,
        started = d.started + excluded.started,
        completed = d.completed + excluded.completed,
        failed = d.failed + excluded.failed,
        lost = d.lost + excluded.lost,
        released = d.released + excluded.released,
        discarded = d.discarded + excluded.discarded,
        cancelled = d.cancelled + excluded.cancelled,
        wait_ms_sum = d.wait_ms_sum + excluded.wait_ms_sum,
        wait_ms_max = greatest(d.wait_ms_max, excluded.wait_ms_max),
        wait_hist = presque_internal.hist_add(d.wait_hist, excluded.wait_hist),
        run_ms_sum = d.run_ms_sum + excluded.run_ms_sum,
        run_ms_max = greatest(d.run_ms_max, excluded.run_ms_max),
        run_hist = presque_internal.hist_add(d.run_hist, excluded.run_hist)
),
by_worker as (
    insert into presque_internal.worker_queue_minute as m (worker, minute, queue_id, started, completed, failed, busy_ms)
    select
        worker, minute, queue_id, sum(started), sum(completed), sum(failed),
        coalesce(sum((select sum(ms) from unnest(runs) as one (ms))), 0)
    from gone
    where worker is not null
    group by 1, 2, 3
    having sum(started + completed + failed) > 0
    on conflict (worker, minute, queue_id) do update
    set
        started = m.started + excluded.started,
        completed = m.completed + excluded.completed,
        failed = m.failed + excluded.failed,
        busy_ms = m.busy_ms + excluded.busy_ms
),
by_registration as (
    insert into presque_internal.worker_count as w (registration, started, failed)
    select registration, sum(started), sum(failed)
    from gone
    where registration is not null
    group by registration
    on conflict (registration) do update
    set started = w.started + excluded.started, failed = w.failed + excluded.failed
),
marked as (
    update presque_internal.tally_mark
    set mark = pg_snapshot_xmin(pg_current_snapshot())
    where
        (select alone from folder)
        and (select count(*) from picked) between 1 and $1 - 1
        and mark <> pg_snapshot_xmin(pg_current_snapshot())
)
select count(*) as folded
from gone

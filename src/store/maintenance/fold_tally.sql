-- Folds up to $1 rows of the tally into the sums of each queue, registration and minute.
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
        at, queue_id, kind, worker, registration, enqueued, started, completed, failed, discarded, cancelled,
        ready, scheduled, running, retryable, gone_completed, gone_discarded, gone_cancelled
),
by_queue as (
    insert into presque_internal.queue_count as q
        (queue_id, enqueued, started, completed, failed, discarded, cancelled, ready, scheduled, running,
        retryable, gone_completed, gone_discarded, gone_cancelled)
    select
        queue_id, sum(enqueued), sum(started), sum(completed), sum(failed), sum(discarded),
        sum(cancelled), sum(ready), sum(scheduled), sum(running), sum(retryable), sum(gone_completed),
        sum(gone_discarded), sum(gone_cancelled)
    from gone
    group by queue_id
    on conflict (queue_id) do update
    set
        enqueued = q.enqueued + excluded.enqueued,
        started = q.started + excluded.started,
        completed = q.completed + excluded.completed,
        failed = q.failed + excluded.failed,
        discarded = q.discarded + excluded.discarded,
        cancelled = q.cancelled + excluded.cancelled,
        ready = q.ready + excluded.ready,
        scheduled = q.scheduled + excluded.scheduled,
        running = q.running + excluded.running,
        retryable = q.retryable + excluded.retryable,
        gone_completed = q.gone_completed + excluded.gone_completed,
        gone_discarded = q.gone_discarded + excluded.gone_discarded,
        gone_cancelled = q.gone_cancelled + excluded.gone_cancelled
),
by_minute as (
    insert into presque_internal.queue_minute as m
        (queue_id, minute, kind, enqueued, started, completed, failed, discarded, cancelled)
    select
        queue_id, date_trunc('minute', at), kind, sum(enqueued), sum(started), sum(completed), sum(failed),
        sum(discarded), sum(cancelled)
    from gone
    group by 1, 2, 3
    having sum(enqueued + started + completed + failed + discarded + cancelled) > 0
    on conflict (queue_id, minute, kind) do update
    set
        enqueued = m.enqueued + excluded.enqueued,
        started = m.started + excluded.started,
        completed = m.completed + excluded.completed,
        failed = m.failed + excluded.failed,
        discarded = m.discarded + excluded.discarded,
        cancelled = m.cancelled + excluded.cancelled
),
by_worker as (
    insert into presque_internal.worker_minute as m (worker, minute, completed, failed)
    select worker, date_trunc('minute', at), sum(completed), sum(failed)
    from gone
    where worker is not null
    group by 1, 2
    having sum(completed + failed) > 0
    on conflict (worker, minute) do update
    set completed = m.completed + excluded.completed, failed = m.failed + excluded.failed
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

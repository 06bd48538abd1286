-- Folds up to $1 rows of the tally into the sums of each queue and registration.
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
        queue_id, registration, enqueued, started, completed, failed, discarded, cancelled,
        ready, scheduled, running
),
by_queue as (
    insert into presque_internal.queue_count as q
        (queue_id, enqueued, started, completed, failed, discarded, cancelled, ready, scheduled, running)
    select
        queue_id, sum(enqueued), sum(started), sum(completed), sum(failed), sum(discarded),
        sum(cancelled), sum(ready), sum(scheduled), sum(running)
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
        running = q.running + excluded.running
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

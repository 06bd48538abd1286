//! What every server does again and again. There is no leader: a tick is one idempotent
//! statement that several servers may run at once.

mod window;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{Engine, LinkedLook};
use crate::metrics::Metrics;
use crate::store::{Error, Result, Store};
use window::Window;

/// Counts read what is not folded yet, so this bounds their cost; each folding rewrites a
/// row for each queue that changed, so it should not be short.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// Rows of the tally folded by one statement.
const FOLD_ROWS: i64 = 20_000;
/// Jobs of a purged queue cancelled by one statement.
const PURGE_JOBS: i64 = 1_000;
/// Leases taken back by one statement.
const EXPIRE_LEASES: i64 = 1_000;
/// Between two looks for leases that ran out; with the statement it stays within a second.
const EXPIRE_EVERY: Duration = Duration::from_millis(400);
/// Jobs whose time is over that are cancelled by one statement.
const EXPIRE_JOBS: i64 = 1_000;
/// Due jobs moved by one statement.
const PROMOTE_JOBS: i64 = 1_000;
/// Who waits for a delayed job hears of it when it is due, if a look before knew of it. One that is
/// delayed by less than this may be late by it: with the claim that stays within 250 ms.
const PROMOTE_EVERY: Duration = Duration::from_millis(200);
/// No sooner again than this, or jobs that are due each millisecond cost a look each.
const PROMOTE_GAP: Duration = Duration::from_millis(10);
/// Schedules fired by one tick.
const FIRE_SCHEDULES: i64 = 100;
/// How late a schedule fires at most, with the statement.
const FIRE_EVERY: Duration = Duration::from_millis(250);
/// Between two looks for bulk operations that wait for a server.
const BULK_EVERY: Duration = Duration::from_secs(1);
/// Failures folded by one statement.
const FOLD_FAILURES: i64 = 2_000;
/// How late a job that waits for another one is claimable at most, if that ended on another server; and how
/// late a server learns that jobs are linked at all.
const RESOLVE_EVERY: Duration = Duration::from_millis(200);
const LOOK_FOR_LINKS_EVERY: Duration = Duration::from_secs(1);
/// Between two looks for jobs of batches that are gone, of all servers together, and how many of them at once.
const CONFIRM_EVERY: Duration = Duration::from_hours(1);
const CONFIRM_JOBS: i64 = 10_000;
/// Rows of what is counted of pending jobs, before they are folded.
const FOLD_PENDING_ROWS: i64 = 1_000;
/// Between two samples of how deep queues are, of all servers together.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);
/// Final jobs deleted by one statement, and how late they are.
const RETAIN_JOBS: i64 = 1_000;
const RETAIN_EVERY: Duration = Duration::from_secs(10);
/// Between two looks for days that are past their retention, of all servers together.
const RETIRE_EVERY: Duration = Duration::from_mins(30);
/// Between two looks whether tables hold little in much space.
const COMPACT_EVERY: Duration = Duration::from_secs(10);
/// Much: some million jobs' worth. And little: copied in a tenth of a second.
const COMPACTED: [(&str, i64); 4] = [
    ("ready", COMPACT_BYTES_MIN),
    ("scheduled", COMPACT_BYTES_MIN),
    ("lease", COMPACT_BYTES_MIN),
    ("ended_job", 16 << 20),
];
const COMPACT_BYTES_MIN: i64 = 256 * 1024 * 1024;
const COMPACT_ROWS_MAX: i32 = 20_000;
/// A backup has all its locks when its transaction is so old.
const COMPACT_YOUNG_MS: i64 = 60_000;
/// Workers that are lost, noted by one statement, and how late that is.
const NOTE_LOST_WORKERS: i64 = 1_000;
const NOTE_LOST_EVERY: Duration = Duration::from_secs(5);
/// Rows of each kind forgotten by one statement.
const FORGET_ROWS: i64 = 5_000;
/// Jobs that came late to a purged queue are cancelled by this.
const REOPEN_EVERY: Duration = Duration::from_mins(1);
/// Days for which partitions are made ahead.
pub const PARTITION_DAYS_AHEAD: i32 = 3;

/// What a tick found.
enum Tick {
    /// Nothing left: wait for the interval.
    Idle,
    /// A full batch: go on at once.
    More,
    /// Something is due then: wait no longer.
    Within(Duration),
}

/// Starts every loop. They end after the tick they are in when `stop` is cancelled.
pub fn start(store: &Store, engine: &Engine, tasks: &TaskTracker, stop: &CancellationToken) {
    let loops = Loops { store, engine, tasks, stop };
    loops.leases_and_due_jobs();
    loops.linked_jobs();
    loops.queues_and_schedules();
    loops.statistics();
    loops.history();
}

/// What loops are started with.
struct Loops<'a> {
    store: &'a Store,
    engine: &'a Engine,
    tasks: &'a TaskTracker,
    stop: &'a CancellationToken,
}

impl Loops<'_> {
    fn spawn<F, Fut>(&self, name: &'static str, interval: Duration, tick: F)
    where
        F: Fn(Engine, Store) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Tick>> + Send + 'static,
    {
        self.spawn_woken(name, interval, std::future::pending, tick);
    }

    /// As [`Self::spawn`], and no later than when `woken` ends.
    fn spawn_woken<W, Woken, F, Fut>(&self, name: &'static str, interval: Duration, woken: W, tick: F)
    where
        W: Fn() -> Woken + Send + 'static,
        Woken: Future<Output = ()> + Send + 'static,
        F: Fn(Engine, Store) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Tick>> + Send + 'static,
    {
        let (engine, store) = (self.engine.clone(), self.store.clone());
        let again = move || tick(engine.clone(), store.clone());
        self.tasks.spawn(every(name, interval, self.store.metrics().clone(), self.stop.clone(), woken, again));
    }

    /// What must happen within a second.
    fn leases_and_due_jobs(&self) {
        let window = Window::default();
        self.spawn("expire_leases", EXPIRE_EVERY, move |engine, _| {
            let window = window.clone();
            async move {
                let look = window.next();
                let found = engine.expire_leases(EXPIRE_LEASES, look.back_ms()).await?;
                Ok(window.after(look, i64::try_from(found) == Ok(EXPIRE_LEASES)))
            }
        });
        let window = Window::default();
        self.spawn("expire_jobs", Duration::from_secs(1), move |engine, _| {
            let window = window.clone();
            async move {
                let look = window.next();
                let found = engine.expire_jobs(EXPIRE_JOBS, look.back_ms()).await?;
                Ok(window.after(look, i64::try_from(found) == Ok(EXPIRE_JOBS)))
            }
        });
        let window = Window::default();
        self.spawn("promote", PROMOTE_EVERY, move |engine, store| {
            let window = window.clone();
            async move {
                let look = window.next();
                let promoted = engine.promote(PROMOTE_JOBS, look.back_ms()).await?;
                match (window.after(look, promoted == PROMOTE_JOBS), store.next_due().await?) {
                    (Tick::Idle, Some(next)) => Ok(Tick::Within(next.max(PROMOTE_GAP))),
                    (tick, _) => Ok(tick),
                }
            }
        });
    }

    /// Jobs that wait for others, and batches.
    fn linked_jobs(&self) {
        let engine = self.engine.clone();
        let woken = move || {
            let engine = engine.clone();
            async move { engine.job_ended().await }
        };
        self.spawn_woken("resolve_linked", LOOK_FOR_LINKS_EVERY, woken, |engine, _| async move {
            Ok(match engine.resolve_linked().await? {
                LinkedLook::Unused => Tick::Idle,
                LinkedLook::Idle => Tick::Within(RESOLVE_EVERY),
                LinkedLook::Worked => Tick::More,
            })
        });
        self.spawn("confirm_batches", CONFIRM_EVERY, |_, store| async move {
            chore(&store, "confirm_batches", CONFIRM_EVERY, || store.confirm_batches(CONFIRM_JOBS)).await
        });
        self.spawn("fold_pending", FOLD_EVERY, |_, store| async move {
            store.fold_pending(FOLD_PENDING_ROWS).await.map(|_| Tick::Idle)
        });
    }

    fn queues_and_schedules(&self) {
        self.spawn("fire_schedules", FIRE_EVERY, |engine, _| async move {
            let fired = engine.fire_schedules(FIRE_SCHEDULES).await?;
            Ok(more(i64::try_from(fired) == Ok(FIRE_SCHEDULES)))
        });
        self.spawn("bulk_operations", BULK_EVERY, |engine, _| async move {
            Ok(more(engine.work_on_bulk_operations().await?))
        });
        self.spawn("resume_queues", Duration::from_secs(1), |engine, _| async move {
            engine.resume_due_queues().await.map(|_| Tick::Idle)
        });
        self.spawn("note_lost_workers", NOTE_LOST_EVERY, |engine, _| async move {
            Ok(more(engine.note_lost_workers(NOTE_LOST_WORKERS).await? == NOTE_LOST_WORKERS))
        });
        self.spawn("purge_retired", Duration::from_secs(1), |_, store| async move {
            Ok(more(store.purge_retired(PURGE_JOBS).await? > 0))
        });
        self.spawn("compact", COMPACT_EVERY, |_, store| async move {
            for (table, bytes_min) in COMPACTED {
                if store.compact(table, bytes_min, COMPACT_ROWS_MAX, COMPACT_YOUNG_MS).await? {
                    tracing::info!(table, "written anew: somebody's old snapshot keeps what is gone");
                }
            }
            Ok(Tick::Idle)
        });
    }

    fn statistics(&self) {
        let rows = Rows::of(FOLD_ROWS);
        self.spawn("fold_tally", FOLD_EVERY, move |_, store| {
            let rows = rows.clone();
            async move { rows.after(store.fold_tally(rows.get()).await) }
        });
        let rows = Rows::of(FOLD_FAILURES);
        self.spawn("fold_failures", FOLD_EVERY, move |_, store| {
            let rows = rows.clone();
            async move { rows.after(store.fold_failures(rows.get()).await) }
        });
        self.spawn("sample_depth", SAMPLE_EVERY, |_, store| async move {
            chore(&store, "sample_depth", SAMPLE_EVERY, || store.sample_depth()).await
        });
    }

    /// What keeps history from filling the disk.
    fn history(&self) {
        self.spawn("forget", Duration::from_mins(1), |_, store| async move {
            Ok(more(store.forget(FORGET_ROWS).await? >= FORGET_ROWS))
        });
        self.spawn("retain", RETAIN_EVERY, |_, store| async move {
            Ok(more(store.retain(RETAIN_JOBS).await? == RETAIN_JOBS))
        });
        self.spawn("make_partitions", Duration::from_hours(1), |_, store| async move {
            store.make_partitions(PARTITION_DAYS_AHEAD).await?;
            Ok(Tick::Idle)
        });
        self.spawn("retire_partitions", Duration::from_mins(1), |_, store| async move {
            chore(&store, "retire_partitions", RETIRE_EVERY, || retire(&store)).await
        });
        self.spawn("reopen_retired", REOPEN_EVERY, |_, store| async move {
            chore(&store, "reopen_retired", REOPEN_EVERY, || store.reopen_retired()).await
        });
        self.spawn("analyze_history", Duration::from_hours(1), |_, store| async move {
            chore(&store, "analyze_history", Duration::from_hours(24), || async {
                let swept = store.sweep_jobs().await;
                store.analyze_history().await?;
                swept
            })
            .await
        });
    }
}

/// How many rows one statement takes: fewer after one that took too long, so that a backlog of many
/// queues is folded in steps and not tried for ever. Cheap to clone.
#[derive(Clone)]
struct Rows {
    now: Arc<AtomicI64>,
    most: i64,
}

impl Rows {
    /// What any statement can take.
    const LEAST: i64 = 100;

    fn of(most: i64) -> Self {
        Self { now: Arc::new(AtomicI64::new(most)), most }
    }

    fn get(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// What is left to do after a statement that took so many.
    fn after(&self, outcome: Result<i64>) -> Result<Tick> {
        let asked = self.get();
        match outcome {
            Err(Error::Timeout) if asked > Self::LEAST => {
                self.now.store((asked / 4).max(Self::LEAST), Ordering::Relaxed);
                Ok(Tick::More)
            }
            Err(error) => Err(error),
            Ok(taken) => {
                self.now.store((asked * 2).min(self.most), Ordering::Relaxed);
                Ok(more(taken == asked))
            }
        }
    }
}

/// Does what servers share, unless one did it within the interval. What fails is given back, so that
/// it is tried again, and told, until it works.
async fn chore<T, Fut>(store: &Store, name: &str, interval: Duration, work: impl FnOnce() -> Fut) -> Result<Tick>
where
    Fut: Future<Output = Result<T>>,
{
    if store.begin_chore(name, interval).await?
        && let Err(error) = work().await
    {
        store.give_up_chore(name).await?;
        return Err(error);
    }
    Ok(Tick::Idle)
}

/// Days whose time is over, each on its own.
async fn retire(store: &Store) -> Result<()> {
    while let Some(day) = store.retire_partition().await? {
        tracing::info!(day, "history past its retention goes");
        store.drop_retired().await?;
    }
    store.drop_retired().await.map(drop)
}

fn more(more: bool) -> Tick {
    if more { Tick::More } else { Tick::Idle }
}

/// Runs `tick` about every `interval` (up to a tenth later, so that servers started
/// together spread out), or when it is woken, until `stop`. A streak of failures is logged once at its
/// beginning and once at its end; a failing loop goes on.
async fn every<W, Woken, F, Fut>(
    name: &'static str,
    interval: Duration,
    metrics: Metrics,
    stop: CancellationToken,
    woken: W,
    tick: F,
) where
    W: Fn() -> Woken,
    Woken: Future<Output = ()>,
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Tick>> + Send + 'static,
{
    let mut failures = 0_u64;
    loop {
        // A task of its own, so that a panic is a failure like any other and not the end.
        let begun = Instant::now();
        let outcome = match tokio::spawn(tick()).await {
            Ok(outcome) => outcome.map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>),
            Err(ended) => Err(ended.into()),
        };
        metrics.loop_ran(name, outcome.is_ok(), begun.elapsed());
        let wait = match outcome {
            Ok(outcome) => {
                if failures > 0 {
                    tracing::info!(name, failures, "loop works again");
                    failures = 0;
                }
                match outcome {
                    Tick::More => Duration::ZERO,
                    Tick::Idle => interval + jitter(interval),
                    Tick::Within(next) => next.min(interval + jitter(interval)),
                }
            }
            Err(error) => {
                if failures == 0 {
                    tracing::warn!(name, error = &*error as &dyn std::error::Error, "loop fails and keeps trying");
                }
                failures += 1;
                interval.min(Duration::from_secs(5)) + jitter(interval)
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            () = woken() => {}
        }
    }
}

/// Up to a tenth of the interval, at most a second.
fn jitter(interval: Duration) -> Duration {
    let fraction = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    (interval / 10).min(Duration::from_secs(1)).mul_f64(fraction)
}

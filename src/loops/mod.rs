//! What every server does again and again. There is no leader: a tick is one idempotent
//! statement that several servers may run at once.

mod window;

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::Engine;
use crate::store::{Result, Store};
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
/// Who waits for jobs hears of a delayed one by this: with the claim it stays within 250 ms.
const PROMOTE_EVERY: Duration = Duration::from_millis(200);
/// Between two looks whether tables hold little in much space.
const COMPACT_EVERY: Duration = Duration::from_secs(10);
/// Much: some million jobs' worth. And little: copied in a tenth of a second.
const COMPACT_BYTES_MIN: i64 = 256 * 1024 * 1024;
const COMPACT_ROWS_MAX: i32 = 20_000;
/// A backup has all its locks when its transaction is so old.
const COMPACT_YOUNG_MS: i64 = 60_000;
/// Rows of each kind forgotten by one statement.
const FORGET_ROWS: i64 = 5_000;
/// Days for which partitions are made ahead.
pub const PARTITION_DAYS_AHEAD: i32 = 3;

/// What a tick found.
enum Tick {
    /// Nothing left: wait for the interval.
    Idle,
    /// A full batch: go on at once.
    More,
}

/// Starts every loop. They end after the tick they are in when `stop` is cancelled.
pub fn start(store: &Store, engine: &Engine, tasks: &TaskTracker, stop: &CancellationToken) {
    let (expiring, window) = (engine.clone(), Window::default());
    tasks.spawn(every("expire_leases", EXPIRE_EVERY, store.clone(), stop.clone(), move |_| {
        let (engine, window) = (expiring.clone(), window.clone());
        async move {
            let look = window.next();
            let found = engine.expire_leases(EXPIRE_LEASES, look.back_ms()).await?;
            Ok(window.after(look, i64::try_from(found) == Ok(EXPIRE_LEASES)))
        }
    }));
    let (expiring_jobs, window) = (engine.clone(), Window::default());
    tasks.spawn(every("expire_jobs", Duration::from_secs(1), store.clone(), stop.clone(), move |_| {
        let (engine, window) = (expiring_jobs.clone(), window.clone());
        async move {
            let look = window.next();
            let found = engine.expire_jobs(EXPIRE_JOBS, look.back_ms()).await?;
            Ok(window.after(look, i64::try_from(found) == Ok(EXPIRE_JOBS)))
        }
    }));
    let (promoting, window) = (engine.clone(), Window::default());
    tasks.spawn(every("promote", PROMOTE_EVERY, store.clone(), stop.clone(), move |_| {
        let (engine, window) = (promoting.clone(), window.clone());
        async move {
            let look = window.next();
            let promoted = engine.promote(PROMOTE_JOBS, look.back_ms()).await?;
            Ok(window.after(look, promoted == PROMOTE_JOBS))
        }
    }));
    tasks.spawn(every("compact", COMPACT_EVERY, store.clone(), stop.clone(), |store| async move {
        for table in ["ready", "scheduled", "lease"] {
            if store.compact(table, COMPACT_BYTES_MIN, COMPACT_ROWS_MAX, COMPACT_YOUNG_MS).await? {
                tracing::info!(table, "written anew: somebody's old snapshot keeps what is gone");
            }
        }
        Ok(Tick::Idle)
    }));
    let resuming = engine.clone();
    tasks.spawn(every("resume_queues", Duration::from_secs(1), store.clone(), stop.clone(), move |_| {
        let engine = resuming.clone();
        async move { engine.resume_due_queues().await.map(|_| Tick::Idle) }
    }));
    tasks.spawn(every("forget", Duration::from_mins(1), store.clone(), stop.clone(), |store| async move {
        let forgotten = store.forget(FORGET_ROWS).await?;
        Ok(if forgotten >= FORGET_ROWS { Tick::More } else { Tick::Idle })
    }));
    tasks.spawn(every("fold_tally", FOLD_EVERY, store.clone(), stop.clone(), |store| async move {
        let folded = store.fold_tally(FOLD_ROWS).await?;
        Ok(if folded == FOLD_ROWS { Tick::More } else { Tick::Idle })
    }));
    tasks.spawn(every("purge_retired", Duration::from_secs(1), store.clone(), stop.clone(), |store| async move {
        let cancelled = store.purge_retired(PURGE_JOBS).await?;
        Ok(if cancelled > 0 { Tick::More } else { Tick::Idle })
    }));
    tasks.spawn(every("make_partitions", Duration::from_hours(1), store.clone(), stop.clone(), |store| async move {
        store.make_partitions(PARTITION_DAYS_AHEAD).await?;
        Ok(Tick::Idle)
    }));
}

/// Runs `tick` about every `interval` (up to a tenth later, so that servers started
/// together spread out) until `stop`. A streak of failures is logged once at its
/// beginning and once at its end; a failing loop goes on.
async fn every<F, Fut>(name: &'static str, interval: Duration, store: Store, stop: CancellationToken, tick: F)
where
    F: Fn(Store) -> Fut,
    Fut: Future<Output = Result<Tick>> + Send + 'static,
{
    let mut failures = 0_u64;
    loop {
        // A task of its own, so that a panic is a failure like any other and not the end.
        let outcome = match tokio::spawn(tick(store.clone())).await {
            Ok(outcome) => outcome.map_err(|error| Box::new(error) as Box<dyn std::error::Error + Send + Sync>),
            Err(ended) => Err(ended.into()),
        };
        let wait = match outcome {
            Ok(outcome) => {
                if failures > 0 {
                    tracing::info!(name, failures, "loop works again");
                    failures = 0;
                }
                match outcome {
                    Tick::More => Duration::ZERO,
                    Tick::Idle => interval + jitter(interval),
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
        }
    }
}

/// Up to a tenth of the interval, at most a second.
fn jitter(interval: Duration) -> Duration {
    let fraction = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
    (interval / 10).min(Duration::from_secs(1)).mul_f64(fraction)
}

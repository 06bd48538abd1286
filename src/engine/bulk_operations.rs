//! Bulk operations: one change to all jobs that pass a filter, in steps that any server can take.
//!
//! A step takes some jobs, stores which, does to each what a request about it alone would do, and stores what came of
//! them. If its server is gone in between, another one takes the operation up when its time is over and looks again at
//! the jobs in hand: those that are done already no longer pass, and count as skipped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use super::Engine;
use super::bulk_changes::{Change, Outcome};
use super::bulk_members::Members;
use crate::domain::{By, JobId};
use crate::store::{BulkOperation, BulkProgress, Error, NewBulkOperation, Result};

/// Operations of so many jobs are over before their request is answered.
const SMALL: i64 = 500;

/// Jobs of a step: done in a fraction of a second, after which a cancel is heard of.
const CHUNK: i64 = 200;

/// Jobs that are changed at the same time, if the pool has twice as many connections.
const AT_ONCE: usize = 8;

/// How long an operation is held, so that nobody else takes it up: longer than a step lasts.
const HOLD: Duration = Duration::from_secs(30);

/// A step begins with no more jobs after this time, and one that looks for jobs stores how far it is.
const WORK_FOR: Duration = Duration::from_secs(10);
const LOOK_FOR: Duration = Duration::from_secs(1);

/// How long a request's own server goes on with an operation before it leaves it to the loops of all, and how long the
/// request waits for that.
const GO_ON_FOR: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// An operation that this version cannot read is left to others for so long.
const LEAVE_FOR: Duration = Duration::from_secs(5);

/// And one with which something went wrong, to everybody for so long.
const PAUSE: Duration = Duration::from_secs(1);

/// More jobs than these are not counted.
const MATCHED_MAX: i64 = 1_000_000;

/// How many jobs are shown of each operation.
const SAMPLES: usize = 10;

/// What came of a request for a bulk operation.
#[derive(Debug)]
pub enum BulkAnswer {
    /// `replayed` if an earlier request with the key began it.
    Begun { operation: Box<BulkOperation>, replayed: bool },
    /// The idempotency key came with another body before.
    Mismatch,
    /// The same key is being used by a request that is not finished.
    InProgress,
}

/// The right to work on an operation.
#[derive(Debug, Clone, Copy)]
struct Held {
    holder: Uuid,
    /// Whether it is kept after the step.
    keep: bool,
}

impl Held {
    fn ms(self) -> i64 {
        if self.keep { ms(HOLD) } else { 0 }
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Engine {
    /// Begins a bulk operation. A small one is over when this returns, whoever still listens; a larger one is left to
    /// the loops.
    pub async fn create_bulk_operation(&self, new: NewBulkOperation) -> Result<BulkAnswer> {
        let holder = Uuid::new_v4();
        let key = new.idempotency.clone();
        let created = self
            .finish_noted(move |engine| {
                let new = new.clone();
                async move {
                    let created = engine.store.create_bulk_operation(&new, holder, ms(HOLD)).await?;
                    // In this task, so that it is worked on, whoever leaves now.
                    Ok(created.map(|operation| (operation.id, engine.go_on(operation, holder))))
                }
            })
            .await;
        let (id, replayed) = match (created, key) {
            (Ok(Some((id, begun))), _) => {
                // Whatever came of it stands in the database.
                let _ = tokio::time::timeout(ANSWER_WITHIN, begun).await;
                (id, false)
            }
            (Err(Error::Locked), Some(_)) => return Ok(BulkAnswer::InProgress),
            (Err(error), _) => return Err(error),
            (Ok(None), key) => {
                let key = key.ok_or_else(|| Error::unreadable("bulk_operations/create"))?;
                match self.store.find_bulk_idempotency(&key.key).await? {
                    Some((body_hash, id)) if body_hash == key.body_hash => (id, true),
                    Some(_) => return Ok(BulkAnswer::Mismatch),
                    None => return Ok(BulkAnswer::InProgress),
                }
            }
        };
        let operation =
            self.find_bulk_operation(id).await?.ok_or_else(|| Error::unreadable("bulk_operations/create"))?;
        Ok(BulkAnswer::Begun { operation: Box::new(operation), replayed })
    }

    pub async fn find_bulk_operation(&self, id: Uuid) -> Result<Option<BulkOperation>> {
        Ok(self.store.list_bulk_operations(Some(id), None, 1).await?.pop())
    }

    /// The operation, as soon as it is over, or as it is when the wait is.
    pub async fn wait_for_bulk_operation(
        &self,
        id: Uuid,
        wait: Duration,
        draining: &CancellationToken,
    ) -> Result<Option<BulkOperation>> {
        let look = || self.find_bulk_operation(id);
        self.look_until(line(id), wait, draining, look, |operation| !operation.is_running()).await
    }

    /// Ends an operation after the jobs that are in hand: the operation, and whether this ended it.
    pub async fn cancel_bulk_operation(&self, id: Uuid, by: By) -> Result<Option<(BulkOperation, bool)>> {
        let cancelled = self
            .finish_noted(move |engine| {
                let by = by.clone();
                async move { engine.store.cancel_bulk_operation(id, &by).await }
            })
            .await?;
        self.waiters.wake(&line(id), usize::MAX);
        Ok(cancelled)
    }

    /// Takes one step of the operation that nobody has worked on for longest; whether there was one.
    pub async fn work_on_bulk_operations(&self) -> Result<bool> {
        let held = Held { holder: Uuid::new_v4(), keep: false };
        let Some(operation) = self.store.claim_bulk_operation(held.holder, ms(HOLD)).await? else { return Ok(false) };
        let id = operation.id;
        match self.step(operation, held).await {
            Ok(_) => Ok(true),
            Err(error) => {
                self.leave(id, held.holder).await;
                Err(error)
            }
        }
    }

    /// Lets others go on with it soon, as far as it is stored, and if the database answers again.
    async fn leave(&self, id: Uuid, holder: Uuid) {
        if let Ok(Some(operation)) = self.find_bulk_operation(id).await
            && operation.is_running()
        {
            let progress = BulkProgress::default();
            let left = self.store.save_bulk_operation(&operation, &progress, "running", holder, ms(PAUSE)).await;
            tracing::debug!(%id, left = left.is_ok(), "a bulk operation is left to others");
        }
    }

    /// Goes on with an operation as long as it is worth waiting for, in a task of its own.
    fn go_on(&self, mut operation: BulkOperation, holder: Uuid) -> tokio::task::JoinHandle<()> {
        let (engine, id) = (self.clone(), operation.id);
        let work = async move {
            let deadline = Instant::now() + GO_ON_FOR;
            loop {
                let large = operation.work.counted && operation.matched > SMALL;
                if !operation.is_running() || large || Instant::now() >= deadline {
                    break;
                }
                operation = match engine.step(operation, Held { holder, keep: true }).await {
                    Ok(Some(operation)) => operation,
                    Ok(None) => return,
                    // The loops try again, and say so if that fails, too.
                    Err(_) => return engine.leave(id, holder).await,
                };
            }
            if operation.is_running() {
                let progress = BulkProgress::default();
                // If this fails, it is taken up when its time is over.
                let _ = engine.store.save_bulk_operation(&operation, &progress, "running", holder, 0).await;
            }
        };
        tokio::spawn(work.in_current_span())
    }

    /// Counts its jobs, or changes some of them. The operation as it is then; `None` if another server has it.
    async fn step(&self, mut operation: BulkOperation, held: Held) -> Result<Option<BulkOperation>> {
        let Some(change) = Change::of(&operation) else {
            tracing::debug!(id = %operation.id, "this server cannot read a bulk operation");
            let progress = BulkProgress::default();
            self.store.save_bulk_operation(&operation, &progress, "running", held.holder, ms(LEAVE_FOR)).await?;
            return Ok(None);
        };
        let stepped = async {
            let members = Members::of(&self.store, &operation, &change).await?;
            if operation.work.counted {
                self.change_some(&mut operation, &members, &change, held).await
            } else {
                self.count_some(&mut operation, &members, held).await
            }
        };
        let stepped = match stepped.await {
            // No statement can be made of it: it would fail for ever.
            Err(Error::Statement(error)) => {
                tracing::error!(id = %operation.id, %error, "a bulk operation cannot be done");
                let last_error = Some("a statement failed; the log of the server says more".to_owned());
                let progress = BulkProgress { last_error, ..BulkProgress::default() };
                self.store.save_bulk_operation(&operation, &progress, "failed", held.holder, 0).await
            }
            // Nor does a look come to its end that is as small as it can be.
            Err(Error::Timeout) => {
                let last_error = Some("looking for its jobs takes too long: name queues, states or a time".to_owned());
                let progress = BulkProgress { last_error, ..BulkProgress::default() };
                self.store.save_bulk_operation(&operation, &progress, "failed", held.holder, 0).await
            }
            stepped => stepped,
        }?;
        if let Some(over) = stepped.as_ref().filter(|operation| !operation.is_running()) {
            self.waiters.wake(&line(over.id), usize::MAX);
            self.wake_events();
            let (state, action, processed, failed) = (&over.state, &over.action, over.processed, over.failed);
            tracing::info!(id = %over.id, action, state, processed, failed, "a bulk operation is over");
        }
        Ok(stepped)
    }

    async fn count_some(
        &self,
        operation: &mut BulkOperation,
        members: &Members<'_>,
        held: Held,
    ) -> Result<Option<BulkOperation>> {
        let begun = Instant::now();
        while operation.matched < MATCHED_MAX && begun.elapsed() < LOOK_FOR {
            let Some(ids) = members.next(&mut operation.work, MATCHED_MAX).await? else {
                operation.work.counted = true;
                break;
            };
            operation.matched += i64::try_from(ids.len()).unwrap_or(0);
            let room = SAMPLES.saturating_sub(operation.sample_job_ids.len());
            operation.sample_job_ids.extend(ids.iter().take(room).map(|id| id.0));
        }
        operation.matched = operation.matched.min(MATCHED_MAX);
        if operation.work.counted || operation.matched == MATCHED_MAX {
            operation.work.counted = true;
            (operation.work.cursor_queue_id, operation.work.cursor) = (0, Uuid::nil());
            operation.work.fresh_from = None;
        }
        let state = if operation.work.counted && operation.dry_run { "preview" } else { "running" };
        self.store.save_bulk_operation(operation, &BulkProgress::default(), state, held.holder, held.ms()).await
    }

    async fn change_some(
        &self,
        operation: &mut BulkOperation,
        members: &Members<'_>,
        change: &Change,
        held: Held,
    ) -> Result<Option<BulkOperation>> {
        let mut progress = BulkProgress::default();
        if operation.work.chunk.is_empty() {
            let (begun, mut ended) = (Instant::now(), false);
            while operation.work.chunk.is_empty() && !ended && begun.elapsed() < LOOK_FOR {
                match members.next(&mut operation.work, CHUNK).await? {
                    Some(ids) => operation.work.chunk = ids.into_iter().map(|id| id.0).collect(),
                    None => ended = true,
                }
            }
            let state = if ended { "completed" } else { "running" };
            // Which jobs are in hand is known before anything is done to them.
            let hold_ms = if operation.work.chunk.is_empty() { held.ms() } else { ms(HOLD) };
            let stored = self.store.save_bulk_operation(operation, &progress, state, held.holder, hold_ms).await?;
            match stored {
                Some(stored) if stored.is_running() && !stored.work.chunk.is_empty() => *operation = stored,
                over => return Ok(over),
            }
        } else {
            // Somebody else took them, and was not heard of again.
            let all = operation.work.chunk.len();
            operation.work.chunk = members.still(&operation.work).await?.into_iter().map(|id| id.0).collect();
            progress.skipped = i64::try_from(all - operation.work.chunk.len()).unwrap_or(0);
        }
        let trouble = self.change_chunk(operation, change, &mut progress).await;
        let stored = self.store.save_bulk_operation(operation, &progress, "running", held.holder, held.ms()).await?;
        // What was done is stored; the rest is tried again, later.
        trouble.map_or(Ok(stored), Err)
    }

    /// Changes the jobs in hand, and leaves those there for which the database had no time: why, if there are any.
    async fn change_chunk(
        &self,
        operation: &mut BulkOperation,
        change: &Change,
        progress: &mut BulkProgress,
    ) -> Option<Error> {
        let (begun, stopped) = (Instant::now(), AtomicBool::new(false));
        let (stopped, chunk) = (&stopped, std::mem::take(&mut operation.work.chunk));
        let at_once = AT_ONCE.min(self.store.connections() / 2).max(1);
        let mut outcomes = futures_util::stream::iter(chunk)
            .map(|id| async move {
                if stopped.load(Ordering::Relaxed) || begun.elapsed() > WORK_FOR {
                    return (id, Outcome::Left(None));
                }
                (id, Box::pin(self.change(JobId(id), change)).await)
            })
            .buffer_unordered(at_once);
        let mut trouble = None;
        while let Some((id, outcome)) = outcomes.next().await {
            match outcome {
                Outcome::Done => progress.processed += 1,
                Outcome::Skipped => progress.skipped += 1,
                Outcome::Failed(why) => {
                    progress.failed += 1;
                    progress.last_error = Some(format!("job {id}: {why}"));
                }
                Outcome::Left(error) => {
                    stopped.store(true, Ordering::Relaxed);
                    operation.work.chunk.push(id);
                    trouble = trouble.or(error);
                }
            }
        }
        trouble
    }
}

/// The line of those who wait for an operation; no queue has such a name.
fn line(id: Uuid) -> String {
    format!("/bulk/{id}")
}

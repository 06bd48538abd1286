//! Jobs that wait for others, and batches: moving on what waited when jobs have ended.
//!
//! Whatever ends a job leaves a note in the database, if somebody waits for it. Every server looks for such notes, a few
//! times a second while jobs are linked, and at once when it ended a job itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Engine;
use crate::domain::JobState;
use crate::store::{Batch, LinkedWork, Result};

/// Dependencies that are looked at by one statement, and ended jobs and dependencies that are resolved by one.
const CONFIRM: i64 = 500;
const RESOLVE_JOBS: i64 = 500;
const RESOLVE_EDGES: i64 = 2_000;
/// Batches that are ended by one statement.
const FINISH_BATCHES: i64 = 50;
/// Whether jobs are linked at all, and who is told when one ended.
#[derive(Debug, Default)]
pub(super) struct Linked {
    used: AtomicBool,
    ended: Notify,
}

/// What a look for linked jobs came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkedLook {
    /// No jobs are linked.
    Unused,
    /// There is nothing to do.
    Idle,
    /// Something was done, and there may be more.
    Worked,
}

impl Engine {
    /// Ends when a job ended here that others may wait for.
    pub async fn job_ended(&self) {
        self.linked.ended.notified().await;
    }

    /// Has it looked at soon who waits for a job that ended.
    pub(super) fn note_end(&self, state: JobState) {
        if state.is_final() {
            self.note_links();
        }
    }

    fn note_links(&self) {
        if self.linked.used.load(Ordering::Relaxed) {
            self.linked.ended.notify_one();
        }
    }

    /// From now on, ends are looked at.
    pub(super) fn use_links(&self) {
        self.linked.used.store(true, Ordering::Relaxed);
        self.note_links();
    }

    /// Moves what waits for jobs that have ended, and ends batches.
    pub async fn resolve_linked(&self) -> Result<LinkedLook> {
        let LinkedWork { ever, ended, unsure, batches } = self.store.look_for_linked_work().await?;
        self.linked.used.store(ever, Ordering::Relaxed);
        if !ever {
            return Ok(LinkedLook::Unused);
        }
        let (mut worked, mut confirmed) = (0, false);
        if unsure {
            let (found, looked) = self.store.confirm_dependencies(CONFIRM).await?;
            confirmed = found > 0;
            worked += if looked == CONFIRM { looked } else { found };
        }
        if ended || confirmed {
            let resolved = self.store.resolve_dependencies(RESOLVE_JOBS, RESOLVE_EDGES).await?;
            worked += resolved.ended;
            self.wake_queues(&resolved.available);
        }
        if batches || ended {
            let finished = self.store.finish_batches(FINISH_BATCHES).await?;
            worked += i64::try_from(finished.batches.len()).unwrap_or(1);
            for queue in &finished.queues {
                self.wake_queue(queue, 1);
            }
            for batch in finished.batches {
                self.waiters.wake(&line(batch), usize::MAX);
            }
        }
        Ok(if worked > 0 { LinkedLook::Worked } else { LinkedLook::Idle })
    }

    /// The batch, as soon as it has ended, or as it is when the wait is over.
    pub async fn wait_for_batch(
        &self,
        id: Uuid,
        wait: Duration,
        draining: &CancellationToken,
    ) -> Result<Option<Batch>> {
        let look = || self.store.is_batch_running(id);
        if self.look_until(line(id), wait, draining, look, |running| !running).await?.is_none() {
            return Ok(None);
        }
        // Its jobs are counted once.
        self.store.find_batch(id).await
    }
}

/// The line of those who wait for a batch; no queue has such a name.
fn line(id: Uuid) -> String {
    format!("/batch/{id}")
}

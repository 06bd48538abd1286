//! What changes jobs: every change is finished, whatever its client does meanwhile.
//!
//! A change runs in a task of its own. A client that disconnects drops the future that
//! waits for it, never the statement; and an answer is given only after the commit.
//! This is also where concurrent requests can be gathered into one statement: handlers
//! call the engine and never see a transaction.

mod changes;
mod claim;
mod classic;
mod enqueue;
mod settle;
mod waiters;
mod wakeups;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::store::{Error, Result, Store};
pub use changes::{JobWait, WaitFor};
pub use claim::{ClaimAnswer, ClaimRequest, HandOver};
pub use classic::ClassicJob;
pub use enqueue::EnqueueAnswer;
pub use settle::SettleAnswer;
use waiters::Waiters;
use wakeups::Outbox;

/// How long a request waits for its change before the outcome is called unknown. Above
/// the statement timeout of the store, so that a live database answers first.
const ANSWER_WITHIN: Duration = Duration::from_millis(4_900);

/// Waits between the tries of a statement that was certainly rolled back.
const TRY_AGAIN_AFTER: [Duration; 5] = [
    Duration::from_millis(2),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
];

/// Changes jobs, queues and workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
    /// Whether the first job of a queue makes it.
    auto_create_queues: bool,
    waiters: Arc<Waiters>,
    outbox: Arc<Outbox>,
    /// Claims under way: half of the connections at most, so that a crowd that is woken at
    /// once neither times out in the pool nor keeps settlements and heartbeats waiting.
    claiming: Arc<Semaphore>,
}

impl Engine {
    pub fn new(store: Store, auto_create_queues: bool) -> Self {
        let claiming = Arc::new(Semaphore::new((store.connections() / 2).max(1)));
        Self { store, auto_create_queues, waiters: Arc::default(), outbox: Arc::default(), claiming }
    }

    /// Wakes who waits for jobs of this queue: `count` here, and one on every other server.
    fn wake_queue(&self, queue: &str, count: usize) {
        self.waiters.wake(queue, count);
        self.outbox.add(queue);
    }

    /// Runs `change` in a task of its own and waits for it up to [`ANSWER_WITHIN`]. It is
    /// tried again only after errors that say it was rolled back.
    async fn finish<T, F, Fut>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Self) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send,
    {
        let engine = self.clone();
        let task = async move {
            for wait in TRY_AGAIN_AFTER {
                match change(engine.clone()).await {
                    Err(Error::RolledBack(error)) => {
                        tracing::debug!(%error, "rolled back: trying again");
                        tokio::time::sleep(wait).await;
                    }
                    outcome => return outcome,
                }
            }
            change(engine).await
        };
        // What it logs carries the id of the request.
        let task = tokio::spawn(task.in_current_span());
        match tokio::time::timeout(ANSWER_WITHIN, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(ended)) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The server is being stopped under it.
                Err(_cancelled) => Err(Error::unanswered()),
            },
            Err(_elapsed) => Err(Error::unanswered()),
        }
    }
}

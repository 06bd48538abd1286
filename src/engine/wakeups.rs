//! Wake-ups between servers, and the looks that make up for those that get lost.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Engine;

/// Between two messages to other servers: what comes meanwhile is said in one.
const SAY_EVERY: Duration = Duration::from_millis(50);

/// How late a job is found whose wake-up got lost, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Before the listener tries to connect again.
const LISTEN_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Queues that other servers are to be told of.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queues: Mutex<HashSet<String>>,
    filled: Notify,
}

impl Outbox {
    pub(super) fn add(&self, queue: &str) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if !queues.contains(queue) {
            queues.insert(queue.to_owned());
        }
        drop(queues);
        self.filled.notify_one();
    }

    fn take(&self) -> Vec<String> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).drain().collect()
    }
}

impl Engine {
    /// Starts what wakes parked requests. It ends when `stop` is cancelled.
    pub fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(stop.clone().run_until_cancelled_owned(self.clone().say()));
        if self.store.can_listen() {
            tasks.spawn(stop.clone().run_until_cancelled_owned(self.clone().hear()));
        }
        tasks.spawn(stop.clone().run_until_cancelled_owned(self.clone().look()));
    }

    /// Tells other servers which queues got jobs. What cannot be said is found by looking.
    async fn say(self) {
        loop {
            self.outbox.filled.notified().await;
            let queues = self.outbox.take();
            if !queues.is_empty()
                && let Err(error) = self.store.notify(&queues).await
            {
                tracing::debug!(%error, "other servers were not told");
            }
            tokio::time::sleep(SAY_EVERY).await;
        }
    }

    /// Wakes who waits for what other servers got.
    async fn hear(self) {
        loop {
            match self.store.listen().await {
                Ok(mut wakeups) => loop {
                    match wakeups.next().await {
                        // One is enough: it looks, and wakes the next if it found something.
                        Ok(Some(queue)) => self.waiters.wake_queue(&queue, None, 1),
                        Ok(None) => self.waiters.wake_first_of_each(),
                        Err(error) => {
                            tracing::debug!(%error, "no wake-ups from other servers");
                            break;
                        }
                    }
                },
                Err(error) => tracing::debug!(%error, "no wake-ups from other servers"),
            }
            tokio::time::sleep(LISTEN_AGAIN_AFTER).await;
        }
    }

    /// Lets the first of each line look: for jobs that became due, that SQL put in, or whose
    /// wake-up got lost.
    async fn look(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.waiters.wake_first_of_each();
        }
    }
}

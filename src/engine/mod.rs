//! What changes jobs: every change is finished, whatever its client does meanwhile.
//!
//! A change runs in a task of its own. A client that disconnects drops the future that
//! waits for it, never the statement; and an answer is given only after the commit.
//! This is also where concurrent requests can be gathered into one statement: handlers
//! call the engine and never see a transaction.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;

use crate::domain::{QueueName, WorkerId};
use crate::store::{Enqueue, Enqueued, Error, FetchedJob, Result, Store};

/// How long a request waits for its change before the outcome is called unknown. Above
/// the statement timeout of the store, so that a live database answers first.
const ANSWER_WITHIN: Duration = Duration::from_millis(4_900);

/// Waits between the tries of a statement that was certainly rolled back.
const TRY_AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(100)];

/// Changes jobs, queues and workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
}

impl Engine {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Stores the jobs, making the queue if it is new; when this returns they are committed.
    pub async fn enqueue(&self, jobs: Enqueue) -> Result<Enqueued> {
        let jobs = Arc::new(jobs);
        self.finish(move |store| {
            let jobs = jobs.clone();
            async move {
                // A purge may retire the queue between making it and using it, hence the loop.
                loop {
                    if let Some(enqueued) = store.enqueue(&jobs).await? {
                        return Ok(enqueued);
                    }
                    store.create_queue(&jobs.queue).await?;
                }
            }
        })
        .await
    }

    /// Takes up to `limit` jobs off the queue; when this returns that is committed.
    /// `None` if the queue is paused. What is taken is gone, so a client that has left
    /// before its statement could begin takes nothing.
    pub async fn fetch(
        &self,
        queue: QueueName,
        limit: i64,
        worker: Option<WorkerId>,
    ) -> Result<Option<Vec<FetchedJob>>> {
        // Dropped with this future, which the server drops when its client is gone.
        let asking = Arc::new(());
        let asked = Arc::downgrade(&asking);
        let fetched = self
            .finish(move |store| {
                let (queue, worker, asked) = (queue.clone(), worker.clone(), asked.clone());
                async move { store.fetch(&queue, limit, worker.as_ref(), &|| asked.strong_count() > 0).await }
            })
            .await;
        drop(asking);
        fetched
    }

    pub async fn pause_queue(&self, queue: QueueName) -> Result<()> {
        self.finish(move |store| {
            let queue = queue.clone();
            async move { store.pause_queue(&queue).await }
        })
        .await
    }

    pub async fn resume_queue(&self, queue: QueueName) -> Result<()> {
        self.finish(move |store| {
            let queue = queue.clone();
            async move { store.resume_queue(&queue).await }
        })
        .await
    }

    pub async fn purge_queue(&self, queue: QueueName) -> Result<()> {
        self.finish(move |store| {
            let queue = queue.clone();
            async move { store.purge_queue(&queue).await }
        })
        .await
    }

    pub async fn register_worker(&self, worker: WorkerId, queue: QueueName) -> Result<()> {
        self.finish(move |store| {
            let (worker, queue) = (worker.clone(), queue.clone());
            async move { store.register_worker(&worker, &queue).await }
        })
        .await
    }

    pub async fn unregister_worker(&self, worker: WorkerId, queue: QueueName) -> Result<()> {
        self.finish(move |store| {
            let (worker, queue) = (worker.clone(), queue.clone());
            async move { store.unregister_worker(&worker, &queue).await }
        })
        .await
    }

    /// Runs `change` in a task of its own and waits for it up to [`ANSWER_WITHIN`]. It is
    /// tried again only after errors that say it was rolled back.
    async fn finish<T, F, Fut>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Store) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send,
    {
        let store = self.store.clone();
        let task = async move {
            for wait in TRY_AGAIN_AFTER {
                match change(store.clone()).await {
                    Err(Error::RolledBack(error)) => {
                        tracing::debug!(%error, "rolled back: trying again");
                        tokio::time::sleep(wait).await;
                    }
                    outcome => return outcome,
                }
            }
            change(store).await
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

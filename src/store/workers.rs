//! Statements about registered workers.

use sqlx::FromRow;

use super::{Effect, Result, Store, sql};
use crate::domain::{QueueName, WorkerId};

/// A registered worker and what it did since it registered.
#[derive(Debug, Clone, FromRow)]
pub struct Worker {
    pub id: String,
    /// Epoch seconds.
    pub started_at: i64,
    pub started: i64,
    pub failed: i64,
}

/// Who is registered on a queue, and what was done with it since it was made or purged.
#[derive(Debug, Clone, Default, FromRow)]
pub struct QueueWorkers {
    /// Sorted byte by byte.
    pub workers: Vec<String>,
    pub started: i64,
    pub failed: i64,
}

impl Store {
    /// Registers the worker on the queue; its counters begin at zero.
    pub async fn register_worker(&self, worker: &WorkerId, queue: &QueueName) -> Result<()> {
        let statement = sqlx::query_as(sql!("workers/register")).bind(worker.as_str()).bind(queue.as_str());
        self.run(statement).await
    }

    /// Takes the worker off the queue, and forgets it with its last one. Safe to repeat.
    pub async fn unregister_worker(&self, worker: &WorkerId, queue: &QueueName) -> Result<()> {
        let statement = sqlx::query_as(sql!("workers/unregister")).bind(worker.as_str()).bind(queue.as_str());
        self.run(statement).await
    }

    /// The worker, or `None` if it is not registered.
    pub async fn find_worker(&self, worker: &WorkerId) -> Result<Option<Worker>> {
        let statement = sqlx::query_as(sql!("workers/find")).bind(worker.as_str());
        self.one(Effect::Read, statement).await
    }

    /// The ids of all registered workers, sorted.
    pub async fn list_workers(&self) -> Result<Vec<String>> {
        let statement = sqlx::query_as::<_, (String,)>(sql!("workers/list"));
        let rows = self.all(Effect::Read, statement).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The workers registered on the queue and its counters; none and zeros for a queue
    /// never seen.
    pub async fn workers_on_queue(&self, queue: &QueueName) -> Result<QueueWorkers> {
        let statement = sqlx::query_as(sql!("workers/on_queue")).bind(queue.as_str());
        Ok(self.one(Effect::Read, statement).await?.unwrap_or_default())
    }
}

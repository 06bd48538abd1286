//! Statements about queues.

use sqlx::FromRow;
use sqlx::types::Json;

use super::jobs::ANSWER_BYTES_MAX;
use super::{Effect, Result, Store, sql};
use crate::domain::QueueName;

/// A queue in service and its counts, exact at the moment of the read.
#[derive(Debug, Clone, FromRow)]
pub struct Queue {
    pub name: String,
    /// The settings that differ from the server's defaults.
    pub policy: Json<serde_json::Map<String, serde_json::Value>>,
    pub paused: bool,
    /// Jobs that could be fetched now; delayed ones once they are due.
    pub available: i64,
    /// Jobs handed out since the queue was made or purged.
    pub started: i64,
    /// Failures reported since the queue was made or purged.
    pub failed: i64,
}

/// A queue and the payloads of its first claimable jobs.
#[derive(Debug, Clone, FromRow)]
pub struct DescribedQueue {
    #[sqlx(flatten)]
    pub queue: Queue,
    pub payloads: Vec<String>,
}

impl Store {
    /// Puts the queue into service, unless it is.
    pub async fn create_queue(&self, queue: &QueueName) -> Result<()> {
        self.run(sqlx::query_as(sql!("queues/create")).bind(queue.as_str())).await
    }

    /// The queue, or `None` if it has never been seen.
    pub async fn find_queue(&self, queue: &QueueName) -> Result<Option<Queue>> {
        let statement = sqlx::query_as(sql!("queues/find")).bind(queue.as_str());
        self.one(Effect::Read, statement).await
    }

    /// The queue with the payloads of its first `limit` claimable jobs, in the order of
    /// [`Self::fetch`]; fewer if they would be larger than an answer may be.
    pub async fn describe_queue(&self, queue: &QueueName, limit: i64) -> Result<Option<DescribedQueue>> {
        let statement = sqlx::query_as(sql!("queues/describe")).bind(queue.as_str()).bind(limit).bind(ANSWER_BYTES_MAX);
        self.one(Effect::Read, statement).await
    }

    /// Whether the queue is paused, or `None` if it has never been seen.
    pub async fn is_queue_paused(&self, queue: &QueueName) -> Result<Option<bool>> {
        let statement = sqlx::query_as::<_, (bool,)>(sql!("queues/is_paused")).bind(queue.as_str());
        Ok(self.one(Effect::Read, statement).await?.map(|(paused,)| paused))
    }

    /// The names of all queues, sorted.
    pub async fn list_queues(&self) -> Result<Vec<String>> {
        let statement = sqlx::query_as::<_, (String,)>(sql!("queues/list"));
        let rows = self.all(Effect::Read, statement).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// Makes the queue hand out nothing; a queue never seen is made. Safe to repeat.
    pub async fn pause_queue(&self, queue: &QueueName) -> Result<()> {
        self.run(sqlx::query_as(sql!("queues/pause")).bind(queue.as_str())).await
    }

    /// Makes the queue hand out jobs again; a queue never seen is made. Safe to repeat.
    pub async fn resume_queue(&self, queue: &QueueName) -> Result<()> {
        self.run(sqlx::query_as(sql!("queues/resume")).bind(queue.as_str())).await
    }

    /// Empties the queue at once: waiting and delayed jobs, unique keys and counters. A
    /// queue never seen is left alone. Safe to repeat.
    pub async fn purge_queue(&self, queue: &QueueName) -> Result<()> {
        self.run(sqlx::query_as(sql!("queues/purge")).bind(queue.as_str())).await
    }
}

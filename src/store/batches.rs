//! Statements about batches.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::reports::Counts;
use super::{Effect, Result, Store, sql};

/// A batch and what became of its jobs so far.
#[derive(Debug, Clone, FromRow)]
pub struct Batch {
    pub id: Uuid,
    pub name: Option<String>,
    /// `running`, `completed` or `failed`.
    pub state: String,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub total: i64,
    #[sqlx(flatten)]
    pub counts: Counts,
    /// What its end enqueued.
    pub callback_job_ids: Vec<Uuid>,
    /// When it was looked at.
    pub as_of: DateTime<Utc>,
}

/// What became of batches that may have ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FinishedBatches {
    pub looked_at: usize,
    /// Those that have ended.
    pub batches: Vec<Uuid>,
    /// The queue of each job that follows.
    pub queues: Vec<String>,
}

impl Store {
    /// Up to `limit` batches, the newest first, with ids below this one.
    pub async fn list_batches(&self, below: Option<Uuid>, limit: i64) -> Result<Vec<Batch>> {
        self.batches(None, below, limit).await
    }

    /// The batch, or `None` if it is not known.
    pub async fn find_batch(&self, id: Uuid) -> Result<Option<Batch>> {
        Ok(self.batches(Some(id), None, 1).await?.pop())
    }

    async fn batches(&self, id: Option<Uuid>, below: Option<Uuid>, limit: i64) -> Result<Vec<Batch>> {
        let statement = sqlx::query_as(sql!("batches/list")).bind(id).bind(below.unwrap_or_else(Uuid::max)).bind(limit);
        self.all(Effect::Read, statement).await
    }

    /// Whether the batch is running, or `None` if it is not known.
    pub async fn is_batch_running(&self, id: Uuid) -> Result<Option<bool>> {
        let statement = sqlx::query_as::<_, (bool,)>(sql!("batches/is_running")).bind(id);
        Ok(self.one(Effect::Read, statement).await?.map(|(running,)| running))
    }

    /// Says of up to `limit` jobs of batches that they are gone, if nobody was told; answers how many.
    pub async fn confirm_batches(&self, limit: i64) -> Result<i64> {
        let statement = sqlx::query_as::<_, (i64,)>(sql!("batches/confirm")).bind(limit);
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(gone,)| gone))
    }

    /// Ends up to `limit` batches whose jobs have all ended.
    pub async fn finish_batches(&self, limit: i64) -> Result<FinishedBatches> {
        let statement = sqlx::query_as::<_, (Option<Uuid>, Option<String>)>(sql!("batches/finish")).bind(limit);
        let mut finished = FinishedBatches::default();
        for row in self.all(Effect::Write, statement).await? {
            match row {
                (Some(batch), _) => finished.batches.push(batch),
                (None, Some(queue)) => finished.queues.push(queue),
                (None, None) => finished.looked_at += 1,
            }
        }
        Ok(finished)
    }
}

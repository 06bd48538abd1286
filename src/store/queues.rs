//! Statements about queues.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;

use super::jobs::ANSWER_BYTES_MAX;
use super::reports::Counts;
use super::{Effect, Result, Store, sql};
use crate::domain::{By, QueueName, QueuePolicy};

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

/// A queue with all that is known of it.
#[derive(Debug, Clone, FromRow)]
pub struct QueueDetail {
    pub name: String,
    /// Every setting.
    pub policy: Json<QueuePolicy>,
    pub paused_at: Option<DateTime<Utc>>,
    pub paused_by: Option<String>,
    pub pause_reason: Option<String>,
    pub resume_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[sqlx(flatten)]
    pub counts: Counts,
    pub oldest_available_at: Option<DateTime<Utc>>,
    pub latency_ms: i64,
    pub enqueued_per_min: f64,
    pub completed_per_min: f64,
    pub failed_per_min: f64,
    pub workers: i64,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct DeletedQueue {
    pub deleted: bool,
    pub version: i64,
    pub unfinished: i64,
}

impl Store {
    /// Puts the queues into service, those that are not.
    pub async fn create_queues(&self, queues: impl IntoIterator<Item = &QueueName>, by: &By) -> Result<()> {
        let names: Vec<&str> = queues.into_iter().map(QueueName::as_str).collect();
        self.run(sqlx::query_as(sql!("queues/create")).bind(names).bind(by.to_json())).await
    }

    /// The first of these queues that is not in service.
    pub async fn find_missing_queue(&self, queues: &[QueueName]) -> Result<Option<String>> {
        let names: Vec<&str> = queues.iter().map(QueueName::as_str).collect();
        let found: Option<(String,)> =
            self.one(Effect::Read, sqlx::query_as(sql!("queues/find_missing")).bind(names)).await?;
        Ok(found.map(|(name,)| name))
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
    pub async fn list_queue_names(&self) -> Result<Vec<String>> {
        let statement = sqlx::query_as::<_, (String,)>(sql!("queues/list_names"));
        let rows = self.all(Effect::Read, statement).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// The ids of all queues that there were and are, or of those with these names, in order.
    pub async fn list_queue_ids(&self, names: Option<&[String]>, from: i32) -> Result<Vec<i32>> {
        let statement = sqlx::query_as::<_, (i32,)>(sql!("queues/list_ids")).bind(names).bind(from);
        Ok(self.all(Effect::Read, statement).await?.into_iter().map(|(id,)| id).collect())
    }

    /// Queues with all that is known of them: the one of this name, or those whose names
    /// contain a text, up to `limit` after a name, sorted byte by byte.
    pub async fn list_queues(
        &self,
        name: Option<&QueueName>,
        name_contains: Option<&str>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<QueueDetail>> {
        let statement = sqlx::query_as(sql!("queues/list"))
            .bind(name.map(QueueName::as_str))
            .bind(name_contains)
            .bind(after)
            .bind(limit);
        self.all(Effect::Read, statement).await
    }

    /// Stores the settings of a queue of which `version` was seen, or that was not there.
    /// Whether it was made; `None` if somebody else was faster.
    pub async fn upsert_queue(
        &self,
        queue: &QueueName,
        differences: serde_json::Map<String, serde_json::Value>,
        version: Option<i64>,
        by: &By,
    ) -> Result<Option<bool>> {
        let statement = sqlx::query_as::<_, (bool,)>(sql!("queues/upsert"))
            .bind(queue.as_str())
            .bind(Json(differences))
            .bind(version)
            .bind(by.to_json());
        Ok(self.one(Effect::Write, statement).await?.map(|(created,)| created))
    }

    /// Takes the queue out of service, if it has `version` where that is given, and nothing
    /// unfinished unless by `force`. `None` if there is no such queue.
    pub async fn delete_queue(
        &self,
        queue: &QueueName,
        force: bool,
        version: Option<i64>,
        by: &By,
    ) -> Result<Option<DeletedQueue>> {
        let statement =
            sqlx::query_as(sql!("queues/delete")).bind(queue.as_str()).bind(force).bind(version).bind(by.to_json());
        self.one(Effect::Write, statement).await
    }

    /// Makes the queue hand out nothing. A queue never seen is made, or left alone. Safe to
    /// repeat.
    pub async fn pause_queue(
        &self,
        queue: &QueueName,
        reason: Option<&str>,
        resume_after_ms: Option<i64>,
        make: bool,
        by: &By,
    ) -> Result<()> {
        let statement = sqlx::query_as(sql!("queues/pause"))
            .bind(queue.as_str())
            .bind(reason)
            .bind(resume_after_ms)
            .bind(make)
            .bind(by.actor.as_deref())
            .bind(by.to_json());
        self.run(statement).await
    }

    /// Makes the queue hand out jobs again. A queue never seen is made, or left alone. Safe
    /// to repeat.
    pub async fn resume_queue(&self, queue: &QueueName, make: bool, by: &By) -> Result<()> {
        self.run(sqlx::query_as(sql!("queues/resume")).bind(queue.as_str()).bind(make).bind(by.to_json())).await
    }

    /// Resumes the queues whose pause is over; answers their names.
    pub async fn resume_due_queues(&self) -> Result<Vec<String>> {
        let rows = self.all(Effect::Write, sqlx::query_as::<_, (String,)>(sql!("queues/resume_due"))).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// Empties the queue at once: waiting and delayed jobs, unique keys and counters. A
    /// queue never seen is left alone. Safe to repeat.
    pub async fn purge_queue(&self, queue: &QueueName, by: &By) -> Result<()> {
        self.run(sqlx::query_as(sql!("queues/purge")).bind(queue.as_str()).bind(by.to_json())).await
    }
}

//! Statements about registered workers.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Effect, Result, Store, sql};
use crate::domain::{By, QueueName, WorkerId};

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

/// What a worker says of itself; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    pub queues: Option<Vec<String>>,
    pub kinds: Option<Vec<String>>,
    pub concurrency: Option<i32>,
    pub hostname: Option<String>,
    pub pid: Option<i64>,
    pub version: Option<String>,
    /// An object of strings, as JSON.
    pub labels: Option<String>,
    pub status: Option<String>,
    /// The earliest end of the leases it holds.
    pub leases_until: Option<DateTime<Utc>>,
}

/// What a worker is told.
#[derive(Debug, Clone, FromRow)]
pub struct Directive {
    /// run, quiet or stop.
    pub signal: String,
    /// When the next heartbeat is due, in milliseconds.
    pub heartbeat_ms: i32,
    pub lease_expires_at: DateTime<Utc>,
}

/// The most milliseconds between two heartbeats of a worker.
pub const HEARTBEAT_MS: i32 = 15_000;

/// The length of a lease where nothing says otherwise, in milliseconds.
const LEASE_DEFAULT_MS: i64 = 60_000;

/// A worker that beats.
#[derive(Debug, Clone, FromRow)]
pub struct WorkerDetail {
    pub id: String,
    pub status: String,
    pub queues: Vec<String>,
    pub kinds: Vec<String>,
    pub concurrency: i32,
    pub hostname: Option<String>,
    pub pid: Option<i64>,
    pub version: Option<String>,
    pub labels: String,
    pub started_at: DateTime<Utc>,
    pub last_heartbeat_at: DateTime<Utc>,
    pub running: i64,
    pub completed_last_hour: i64,
    pub failed_last_hour: i64,
}

impl Store {
    /// Registers the worker on the queue; its counters begin at zero.
    pub async fn register_worker(&self, worker: &WorkerId, queue: &QueueName, by: &By) -> Result<()> {
        let statement =
            sqlx::query_as(sql!("workers/register")).bind(worker.as_str()).bind(queue.as_str()).bind(by.to_json());
        self.run(statement).await
    }

    /// Takes the worker off the queue, and forgets it with its last one. Safe to repeat.
    pub async fn unregister_worker(&self, worker: &WorkerId, queue: &QueueName, by: &By) -> Result<()> {
        let statement =
            sqlx::query_as(sql!("workers/unregister")).bind(worker.as_str()).bind(queue.as_str()).bind(by.to_json());
        self.run(statement).await
    }

    /// The worker, or `None` if it is not registered.
    pub async fn find_worker(&self, worker: &WorkerId) -> Result<Option<Worker>> {
        let statement = sqlx::query_as(sql!("workers/find")).bind(worker.as_str());
        self.one(Effect::Read, statement).await
    }

    /// The ids of all registered workers, sorted.
    pub async fn list_worker_ids(&self) -> Result<Vec<String>> {
        let statement = sqlx::query_as::<_, (String,)>(sql!("workers/list_ids"));
        let rows = self.all(Effect::Read, statement).await?;
        Ok(rows.into_iter().map(|(id,)| id).collect())
    }

    /// The workers registered on the queue and its counters; none and zeros for a queue
    /// never seen.
    pub async fn workers_on_queue(&self, queue: &QueueName) -> Result<QueueWorkers> {
        let statement = sqlx::query_as(sql!("workers/on_queue")).bind(queue.as_str());
        Ok(self.one(Effect::Read, statement).await?.unwrap_or_default())
    }

    /// Registers the worker or notes that it lives; answers what an operator wants of it.
    pub async fn heartbeat_worker(&self, worker: &WorkerId, beat: &Heartbeat, by: &By) -> Result<Directive> {
        let statement = sqlx::query_as(sql!("workers/heartbeat"))
            .bind(worker.as_str())
            .bind(beat.queues.as_deref())
            .bind(beat.kinds.as_deref())
            .bind(beat.concurrency)
            .bind(beat.hostname.as_deref())
            .bind(beat.pid)
            .bind(beat.version.as_deref())
            .bind(beat.labels.as_deref())
            .bind(beat.status.as_deref())
            .bind(beat.leases_until)
            .bind(LEASE_DEFAULT_MS)
            .bind(HEARTBEAT_MS)
            .bind(by.to_json());
        let directive = self.report(Effect::Write, statement).await?.into_iter().next();
        directive.ok_or_else(|| super::Error::unreadable("workers/heartbeat"))
    }

    /// The worker has stopped and is forgotten. Safe to repeat.
    pub async fn stop_worker(&self, worker: &WorkerId, by: &By) -> Result<()> {
        self.run(sqlx::query_as(sql!("workers/stop")).bind(worker.as_str()).bind(by.to_json())).await
    }

    /// Notes up to `limit` workers that were lost since the last look; answers how many.
    pub async fn note_lost_workers(&self, limit: i64) -> Result<i64> {
        let statement = sqlx::query_as::<_, (i64,)>(sql!("workers/note_lost")).bind(limit);
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(lost,)| lost))
    }

    /// Workers that beat, sorted byte by byte, up to `limit` after an id.
    pub async fn list_workers(
        &self,
        worker: Option<&str>,
        queue: Option<&str>,
        statuses: Option<&[String]>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<WorkerDetail>> {
        let statement =
            sqlx::query_as(sql!("workers/list")).bind(worker).bind(queue).bind(statuses).bind(after).bind(limit);
        self.all(Effect::Read, statement).await
    }

    /// Says what a worker should do from its next beat on. False if there is no such worker.
    pub async fn signal_worker(&self, worker: &WorkerId, signal: &str, reason: Option<&str>, by: &By) -> Result<bool> {
        let statement = sqlx::query_as::<_, (bool,)>(sql!("workers/signal"))
            .bind(worker.as_str())
            .bind(signal)
            .bind(reason)
            .bind(by.to_json());
        Ok(self.one(Effect::Write, statement).await?.is_some())
    }
}

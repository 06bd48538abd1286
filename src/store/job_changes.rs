//! Statements that people change single jobs with.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Effect, Result, Store, sql};
use crate::domain::{Asker, JobId, JobState, Payload, QueueName};

/// What a change of state came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStatus {
    pub id: JobId,
    pub state: JobState,
    pub attempt: i32,
    pub run_after: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// What became of a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retried {
    /// It can be claimed, now or later, in this queue.
    Again(JobStatus, String),
    /// Another job holds the unique key.
    Held(JobId),
    /// Its queue was deleted or purged, and hands out nothing.
    Retired(String),
}

/// What became of a move to another queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// There is a new job, which can be claimed now or later.
    Done {
        available: bool,
    },
    QueueNotFound,
    /// It is in that queue, or its own is retired and hands out nothing.
    NotFromHere,
    PayloadTooLarge,
    QueueFull,
}

/// What a waiting job should become; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct JobUpdate {
    pub priority: Option<i32>,
    pub run_after: Option<DateTime<Utc>>,
    pub max_attempts: Option<i32>,
    pub tags: Option<Vec<String>>,
    pub payload: Option<Payload>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Updated {
    /// The queue is told if the job can be claimed there now.
    Done {
        available_in: Option<String>,
    },
    PayloadTooLarge {
        limit: i64,
    },
}

#[derive(FromRow)]
struct CancelRow {
    state: String,
    attempt: i32,
    finished_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct RetryRow {
    state: Option<String>,
    attempt: Option<i32>,
    run_after: Option<DateTime<Utc>>,
    holder: Option<Uuid>,
    queue: Option<String>,
    retired: bool,
}

#[derive(FromRow)]
struct UpdateRow {
    too_large: bool,
    payload_max_bytes: i64,
    available_in: Option<String>,
}

impl Store {
    /// Cancels a job that waits, asks the worker of one that runs, or voids its lease by
    /// `force`. `None` if there is no such job in a state in which it is meant, or it is final.
    pub async fn cancel_job(&self, id: JobId, reason: &str, force: bool, asker: &Asker) -> Result<Option<JobStatus>> {
        self.end_job(id, reason, force, false, asker).await
    }

    /// Cancels a job that waits and deletes it. `None` if there is no such job that waits.
    pub async fn delete_waiting_job(&self, id: JobId, asker: &Asker) -> Result<Option<JobStatus>> {
        self.end_job(id, "deleted", false, true, asker).await
    }

    /// Cancels up to `limit` jobs that have not started by the time they had: each whose
    /// time is over, since `back_ms` at most, and whether it was cancelled. One that runs is
    /// left alone.
    pub async fn expire_jobs(&self, limit: i64, back_ms: Option<i64>) -> Result<Vec<(JobId, bool)>> {
        let statement = sqlx::query_as::<_, (Uuid, bool)>(sql!("jobs/expire")).bind(limit).bind(back_ms);
        let rows = self.all(Effect::Write, statement).await?;
        Ok(rows.into_iter().map(|(id, cancelled)| (JobId(id), cancelled)).collect())
    }

    async fn end_job(
        &self,
        id: JobId,
        reason: &str,
        force: bool,
        delete: bool,
        asker: &Asker,
    ) -> Result<Option<JobStatus>> {
        let statement = sqlx::query_as::<_, CancelRow>(sql!("jobs/cancel"))
            .bind(id.queue_id())
            .bind(id.0)
            .bind(reason)
            .bind(force)
            .bind(delete)
            .bind(asker.noted())
            .bind(asker.states());
        let row = self.one(Effect::Write, statement).await?;
        Ok(row.map(|row| JobStatus {
            id,
            state: if row.state == "running" { JobState::Running } else { JobState::Cancelled },
            attempt: row.attempt,
            run_after: None,
            finished_at: row.finished_at,
        }))
    }

    /// Makes a job claimable again after `delay_ms`. `None` if there is no such job in a state
    /// that can be retried.
    pub async fn retry_job(
        &self,
        id: JobId,
        delay_ms: i64,
        reset_attempts: bool,
        force: bool,
        asker: &Asker,
    ) -> Result<Option<Retried>> {
        let statement = sqlx::query_as::<_, RetryRow>(sql!("jobs/retry"))
            .bind(id.queue_id())
            .bind(id.0)
            .bind(delay_ms)
            .bind(reset_attempts)
            .bind(force)
            .bind(asker.noted())
            .bind(asker.states());
        let Some(row) = self.one(Effect::Write, statement).await? else { return Ok(None) };
        let queue = row.queue.unwrap_or_default();
        Ok(Some(match row.holder {
            _ if row.retired => Retried::Retired(queue),
            Some(holder) => Retried::Held(JobId(holder)),
            None => {
                let later = row.state.as_deref() == Some("scheduled");
                let status = JobStatus {
                    id,
                    state: if later { JobState::Scheduled } else { JobState::Available },
                    attempt: row.attempt.unwrap_or(0),
                    run_after: row.run_after,
                    finished_at: None,
                };
                Retried::Again(status, queue)
            }
        }))
    }

    /// Changes a job. `None` if there is no such job that waits, and has `version` where that
    /// is given.
    pub async fn update_job(
        &self,
        id: JobId,
        update: &JobUpdate,
        version: Option<i64>,
        asker: &Asker,
    ) -> Result<Option<Updated>> {
        let statement = sqlx::query_as::<_, UpdateRow>(sql!("jobs/update"))
            .bind(id.queue_id())
            .bind(id.0)
            .bind(update.priority)
            .bind(update.run_after)
            .bind(update.max_attempts)
            .bind(update.tags.as_deref())
            .bind(update.payload.as_ref().map(Payload::as_str))
            .bind(update.expires_at)
            .bind(version)
            .bind(asker.noted())
            .bind(asker.states());
        Ok(self.one(Effect::Write, statement).await?.map(|row| {
            if row.too_large {
                Updated::PayloadTooLarge { limit: row.payload_max_bytes }
            } else {
                Updated::Done { available_in: row.available_in }
            }
        }))
    }

    /// Moves a job that waits to another queue, where it is a new one. `None` if there is no such job that waits.
    pub async fn move_job(&self, id: JobId, queue: &QueueName, asker: &Asker) -> Result<Option<Moved>> {
        let statement = sqlx::query_as::<_, (Option<Uuid>, Option<bool>, Option<String>)>(sql!("jobs/move"))
            .bind(id.queue_id())
            .bind(id.0)
            .bind(queue.as_str())
            .bind(asker.states());
        Ok(self.one(Effect::Write, statement).await?.map(|(_, available, refusal)| match refusal.as_deref() {
            None => Moved::Done { available: available.unwrap_or(false) },
            Some("queue_not_found") => Moved::QueueNotFound,
            Some("same_queue" | "retired") => Moved::NotFromHere,
            Some("payload_too_large") => Moved::PayloadTooLarge,
            Some(_) => Moved::QueueFull,
        }))
    }

    /// Deletes a final job and its attempts. False if there is no such job that is final.
    pub async fn delete_job(&self, id: JobId, asker: &Asker) -> Result<bool> {
        let statement = sqlx::query_as::<_, (String,)>(sql!("jobs/delete"))
            .bind(id.queue_id())
            .bind(id.0)
            .bind(asker.noted())
            .bind(asker.states());
        Ok(self.one(Effect::Write, statement).await?.is_some())
    }
}

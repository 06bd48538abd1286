//! Statements that end or extend leases.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Effect, Result, Store, column, sql};
use crate::domain::{Failure, JobId, JobState, LeaseToken, Outcome, Payload};

/// Log lines that an attempt keeps, in bytes.
const LOG_BYTES_MAX: i64 = 64 * 1024;

/// A line that a worker wrote.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct LogLine {
    /// When it is stored, if nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    pub level: String,
    pub message: String,
}

/// The end or the extension of one lease.
#[derive(Debug, Clone)]
pub struct Settle {
    pub job: JobId,
    pub token: LeaseToken,
    pub outcome: Outcome,
    /// JSON, as it came.
    pub result: Option<String>,
    pub failure: Option<Failure>,
    pub retry: bool,
    /// Until the retry, the end of a release, or the new end of the lease.
    pub delay_ms: Option<i64>,
    pub progress: Option<f32>,
    pub progress_message: Option<String>,
    /// Replaces the job's for its retry.
    pub payload: Option<Payload>,
    pub logs: Vec<LogLine>,
}

impl Settle {
    pub fn new(job: JobId, token: LeaseToken, outcome: Outcome) -> Self {
        Self {
            job,
            token,
            outcome,
            result: None,
            failure: None,
            retry: true,
            delay_ms: None,
            progress: None,
            progress_message: None,
            payload: None,
            logs: Vec::new(),
        }
    }

    /// Whether it says that the job is completed, with what result, and no more.
    pub fn is_plain_completion(&self) -> bool {
        self.outcome == Outcome::Completed
            && self.progress.is_none()
            && self.progress_message.is_none()
            && self.logs.is_empty()
    }
}

/// What became of a lease that stood.
#[derive(Debug, Clone, FromRow)]
pub struct Settled {
    /// The place in the list, from 1.
    n: i64,
    /// Where the job can be claimed again, if it can.
    pub queue: String,
    pub attempt: i32,
    state: String,
    pub run_after: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub lease_expires_at: Option<DateTime<Utc>>,
    pub cancel_requested: bool,
    /// The result is too large, and the lease stands as it was.
    pub refused: bool,
    pub result_bytes: Option<i64>,
    pub result_max_bytes: i64,
    /// Queues that got a copy of the discarded job.
    pub copied_to: Vec<String>,
}

impl Settled {
    pub fn place(&self) -> usize {
        usize::try_from(self.n - 1).unwrap_or(usize::MAX)
    }

    pub fn state(&self) -> JobState {
        JobState::parse(&self.state).unwrap_or(JobState::Running)
    }
}

/// What is known of a job whose lease did not stand.
#[derive(Debug, Clone, FromRow)]
pub struct Past {
    n: i64,
    state: String,
    pub attempt_now: i32,
    pub attempt: i32,
    /// An attempt under this token ended with this outcome.
    pub reported: bool,
    reported_state: Option<String>,
    pub run_after: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl Past {
    pub fn place(&self) -> usize {
        usize::try_from(self.n - 1).unwrap_or(usize::MAX)
    }

    pub fn state(&self) -> JobState {
        JobState::parse(&self.state).unwrap_or(JobState::Available)
    }

    /// What the same report was answered before.
    pub fn reported_state(&self) -> JobState {
        self.reported_state.as_deref().and_then(JobState::parse).unwrap_or_else(|| self.state())
    }
}

#[derive(FromRow)]
struct CompletedRow {
    n: i64,
    attempt: i32,
    finished_at: Option<DateTime<Utc>>,
    refused: bool,
    result_bytes: Option<i64>,
    result_max_bytes: Option<i64>,
}

impl From<CompletedRow> for Settled {
    fn from(row: CompletedRow) -> Self {
        let state = if row.refused { JobState::Running } else { JobState::Completed };
        Self {
            n: row.n,
            queue: String::new(),
            attempt: row.attempt,
            state: state.as_str().to_owned(),
            run_after: None,
            finished_at: row.finished_at,
            lease_expires_at: None,
            cancel_requested: false,
            refused: row.refused,
            result_bytes: row.result_bytes,
            result_max_bytes: row.result_max_bytes.unwrap_or(0),
            copied_to: Vec::new(),
        }
    }
}

impl Store {
    /// Ends or extends these leases, whose jobs are all different and in the order of queue
    /// and job. Answers those that stood; [`Settled::place`] says which.
    pub async fn settle(&self, items: &[&Settle]) -> Result<Vec<Settled>> {
        if items.iter().all(|item| item.is_plain_completion()) {
            return self.complete(items).await;
        }
        let logs = |item: &&Settle| {
            Some(&item.logs).filter(|lines| !lines.is_empty()).and_then(|lines| serde_json::to_string(lines).ok())
        };
        let statement = sqlx::query_as(sql!("leases/settle"))
            .bind(column(items, |item| item.job.queue_id()))
            .bind(column(items, |item| item.job.0))
            .bind(column(items, |item| item.token.0))
            .bind(column(items, |item| item.outcome.as_str()))
            .bind(column(items, |item| item.result.as_deref()))
            .bind(failure(items, |failure| Some(failure.error_class.as_str())))
            .bind(failure(items, |failure| Some(failure.message.as_str())))
            .bind(failure(items, |failure| failure.stack.as_deref()))
            .bind(failure(items, |failure| failure.data.as_deref()))
            .bind(failure(items, |failure| failure.raw.as_deref()))
            .bind(failure(items, |failure| Some(failure.normal_message())))
            .bind(column(items, |item| item.retry))
            .bind(column(items, |item| item.delay_ms))
            .bind(column(items, |item| item.progress))
            .bind(column(items, |item| item.progress_message.as_deref()))
            .bind(column(items, |item| item.payload.as_ref().map(Payload::as_str)))
            .bind(column(items, logs))
            .bind(LOG_BYTES_MAX);
        self.report(Effect::Write, statement).await
    }

    /// What is known of the jobs of leases that did not stand: those that exist.
    pub async fn find_settled(&self, items: &[&Settle]) -> Result<Vec<Past>> {
        let statement = sqlx::query_as(sql!("leases/find_settled"))
            .bind(column(items, |item| item.job.queue_id()))
            .bind(column(items, |item| item.job.0))
            .bind(column(items, |item| item.token.0))
            .bind(column(items, |item| item.outcome.as_str()));
        self.report(Effect::Read, statement).await
    }

    async fn complete(&self, items: &[&Settle]) -> Result<Vec<Settled>> {
        let mut queues: Vec<i32> = Vec::new();
        // They are in the order of queues.
        let places = column(items, |item| {
            if queues.last() != Some(&item.job.queue_id()) {
                queues.push(item.job.queue_id());
            }
            i32::try_from(queues.len()).unwrap_or(i32::MAX)
        });
        let statement = sqlx::query_as::<_, CompletedRow>(sql!("leases/complete"))
            .bind(column(items, |item| item.job.queue_id()))
            .bind(column(items, |item| item.job.0))
            .bind(column(items, |item| item.token.0))
            .bind(column(items, |item| item.result.as_deref()))
            .bind(places)
            .bind(queues);
        Ok(self.report(Effect::Write, statement).await?.into_iter().map(Settled::from).collect())
    }
}

fn failure<'a, T>(items: &'a [&Settle], read: impl Fn(&'a Failure) -> Option<T>) -> Vec<Option<T>> {
    column(items, |item| item.failure.as_ref().and_then(&read))
}

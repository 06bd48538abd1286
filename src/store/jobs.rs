//! Statements that enqueue jobs and hand them out.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Effect, Result, Store, Wanted, sql};
use crate::domain::{DedupKey, Payload, QueueName, RunAfter, WorkerId};

/// How many bytes of payloads one answer holds, so that a thousand large jobs do not fill
/// the server's memory. One job is always answered, whatever its size.
pub(super) const ANSWER_BYTES_MAX: i64 = 16 * 1024 * 1024;

/// Jobs to put into one queue, all or none.
#[derive(Debug, Clone)]
pub struct Enqueue {
    pub queue: QueueName,
    pub kind: &'static str,
    pub payloads: Vec<Payload>,
    pub run_after: Option<RunAfter>,
    /// Held until the job is fetched; with one payload only.
    pub dedup_key: Option<DedupKey>,
    /// A worker failed a job: counts one failure for the queue and for `worker`.
    pub failed: bool,
    pub worker: Option<WorkerId>,
}

/// What became of an [`Enqueue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Enqueued {
    /// False if a waiting job holds the unique key.
    pub accepted: bool,
    pub first_job_id: Option<Uuid>,
}

/// A job as it was handed out, finished already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedJob {
    pub id: Uuid,
    pub payload: String,
}

#[derive(FromRow)]
struct FetchRow {
    paused: bool,
    job_id: Option<Uuid>,
    payload: Option<String>,
}

impl Store {
    /// Stores the jobs, or answers `None` if no such queue is in service.
    pub async fn enqueue(&self, jobs: &Enqueue) -> Result<Option<Enqueued>> {
        let payloads: Vec<&str> = jobs.payloads.iter().map(Payload::as_str).collect();
        let statement = sqlx::query_as(sql!("jobs/enqueue"))
            .bind(jobs.queue.as_str())
            .bind(payloads)
            .bind(jobs.run_after.map(RunAfter::epoch_seconds))
            .bind(jobs.dedup_key.as_ref().map(DedupKey::as_str))
            .bind(i32::from(jobs.failed))
            .bind(jobs.worker.as_ref().map(WorkerId::as_str))
            .bind(jobs.kind);
        self.one(Effect::Write, statement).await
    }

    /// Takes up to `limit` jobs off the queue, in order, each of them finished as
    /// delivered; fewer if they would be larger than 16 MiB together. `None`
    /// if the queue is paused; a queue never seen is empty.
    pub async fn fetch(
        &self,
        queue: &QueueName,
        limit: i64,
        worker: Option<&WorkerId>,
        wanted: Wanted<'_>,
    ) -> Result<Option<Vec<FetchedJob>>> {
        let statement = sqlx::query_as::<_, FetchRow>(sql!("jobs/fetch"))
            .bind(queue.as_str())
            .bind(limit)
            .bind(worker.map(WorkerId::as_str))
            .bind(ANSWER_BYTES_MAX);
        let rows = self.all_if(wanted, Effect::Write, statement).await?;
        if rows.iter().any(|row| row.paused) {
            return Ok(None);
        }
        let job = |row: FetchRow| Some(FetchedJob { id: row.job_id?, payload: row.payload? });
        Ok(Some(rows.into_iter().filter_map(job).collect()))
    }
}

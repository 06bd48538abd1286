//! The statement that hands jobs out for good.

use std::sync::Weak;

use sqlx::FromRow;
use uuid::Uuid;

use super::{Effect, Result, Store, Wanted, sql};
use crate::domain::{JobId, QueueName, WorkerId};

/// How many bytes of payloads one answer holds, so that a thousand large jobs do not fill
/// the server's memory. One job is always answered, whatever its size.
pub(super) const ANSWER_BYTES_MAX: i64 = 16 * 1024 * 1024;

/// A request for jobs that are gone when they are handed out.
#[derive(Debug, Clone)]
pub struct Fetch {
    pub queue: QueueName,
    pub limit: i64,
    pub worker: Option<WorkerId>,
    /// Gone when nobody waits for the answer any more.
    pub asking: Weak<()>,
}

/// A job as it was handed out, finished already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedJob {
    pub id: JobId,
    pub payload: String,
}

/// What a fetch found; `expired` may also say that there is more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// In order; `expired` others were cancelled instead.
    Jobs {
        jobs: Vec<FetchedJob>,
        expired: i64,
    },
    Paused,
    /// The queue hands out leases to workers that name themselves.
    Leases,
}

#[derive(FromRow)]
struct FetchRow {
    paused: bool,
    leases: bool,
    expired: i64,
    job_id: Option<Uuid>,
    payload: Option<String>,
}

impl Store {
    /// Takes jobs off a queue for requests that are all by somebody, or all by nobody, in
    /// order, each job finished as delivered; fewer if they would be larger than 16 MiB
    /// together. A queue never seen is empty.
    pub async fn fetch(&self, fetches: &[Fetch], wanted: Wanted<'_>) -> Result<Fetched> {
        let Some(first) = fetches.first() else { return Ok(Fetched::Paused) };
        let workers = fetches.iter().flat_map(|fetch| {
            let worker = fetch.worker.as_ref().map(WorkerId::as_str);
            (0..fetch.limit).map(move |_| worker)
        });
        let workers: Vec<_> = workers.collect();
        let statement = sqlx::query_as::<_, FetchRow>(sql!("jobs/fetch"))
            .bind(first.queue.as_str())
            .bind(i64::try_from(workers.len()).unwrap_or(i64::MAX))
            .bind(first.worker.is_some().then_some(workers))
            .bind(ANSWER_BYTES_MAX);
        let rows = self.all_if(wanted, Effect::Write, statement).await?;
        match rows.first() {
            Some(row) if row.paused => return Ok(Fetched::Paused),
            Some(row) if row.leases => return Ok(Fetched::Leases),
            _ => {}
        }
        let expired = rows.first().map_or(0, |row| row.expired);
        let job = |row: FetchRow| Some(FetchedJob { id: JobId(row.job_id?), payload: row.payload? });
        Ok(Fetched::Jobs { jobs: rows.into_iter().filter_map(job).collect(), expired })
    }
}

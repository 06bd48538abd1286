//! The statement that hands jobs out for good.

use std::sync::Weak;

use sqlx::FromRow;
use uuid::Uuid;

use super::{Effect, Error, Result, Store, sql};
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

/// What a fetch found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// In order. If there are none, and `more`, there may be some all the same: others got
    /// so much, or jobs were cancelled instead because they had expired.
    Jobs {
        jobs: Vec<FetchedJob>,
        more: bool,
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
    /// together. An answer for each; who has left by the time there is a connection takes
    /// nothing. A queue never seen is empty.
    pub async fn fetch(&self, fetches: &[Fetch]) -> Result<Vec<Fetched>> {
        let connection = self.connection(&self.pool).await?;
        let asked: Vec<bool> = fetches.iter().map(|fetch| fetch.asking.strong_count() > 0).collect();
        let limit = |place: usize| if asked[place] { fetches[place].limit } else { 0 };
        let Some(first) = asked.iter().position(|asks| *asks).map(|place| &fetches[place]) else {
            return Err(Error::Unwanted);
        };
        let workers = fetches.iter().enumerate().flat_map(|(place, fetch)| {
            let worker = fetch.worker.as_ref().map(WorkerId::as_str);
            (0..limit(place)).map(move |_| worker)
        });
        let workers: Vec<_> = workers.collect();
        let statement = sqlx::query_as::<_, FetchRow>(sql!("jobs/fetch"))
            .bind(first.queue.as_str())
            .bind(i64::try_from(workers.len()).unwrap_or(i64::MAX))
            .bind(first.worker.is_some().then_some(workers))
            .bind(ANSWER_BYTES_MAX);
        let rows = self.all_on(connection, Effect::Write, statement).await?;
        match rows.first() {
            Some(row) if row.paused => return Ok(vec![Fetched::Paused; fetches.len()]),
            Some(row) if row.leases => return Ok(vec![Fetched::Leases; fetches.len()]),
            _ => {}
        }
        let expired = rows.first().is_some_and(|row| row.expired > 0);
        let job = |row: FetchRow| Some(FetchedJob { id: JobId(row.job_id?), payload: row.payload? });
        let mut jobs = rows.into_iter().filter_map(job).peekable();
        let more = expired || jobs.peek().is_some();
        let answer = |place| {
            let wanted = usize::try_from(limit(place)).unwrap_or(0);
            Fetched::Jobs { jobs: jobs.by_ref().take(wanted).collect(), more }
        };
        Ok((0..fetches.len()).map(answer).collect())
    }
}

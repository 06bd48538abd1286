//! The statement that hands jobs out for good.

use std::sync::Weak;

use sqlx::FromRow;
use uuid::Uuid;

use super::lanes::{Look, Seen};
use super::{Effect, Error, Result, Store, column, sql};
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
    job_id: Option<Uuid>,
    /// From 1.
    place_in_answer: Option<i64>,
    payload: Option<String>,
    /// In the first row only.
    expired: Option<i64>,
}

/// A row of a fetch, and what the first one says of all.
struct FetchAbout(FetchRow, Option<Seen>);

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for FetchAbout {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
        let fetched = FetchRow::from_row(row)?;
        let seen = if fetched.expired.is_some() { Some(Seen::from_row(row)?) } else { None };
        Ok(Self(fetched, seen))
    }
}

impl Store {
    /// Takes jobs off a queue for requests that are all by somebody, or all by nobody, in
    /// order, each job finished as delivered; fewer if they would be larger than 16 MiB
    /// together. An answer for each; who has left by the time there is a connection takes
    /// nothing. A queue never seen is empty. And what was seen of its lanes.
    pub async fn fetch(&self, fetches: &[Fetch], look: &Look) -> Result<(Vec<Fetched>, Option<Seen>)> {
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
        let statement = sqlx::query_as::<_, FetchAbout>(sql!("jobs/fetch"))
            .bind(first.queue.as_str())
            .bind(i64::try_from(workers.len()).unwrap_or(i64::MAX))
            .bind(first.worker.is_some().then_some(workers))
            .bind(ANSWER_BYTES_MAX)
            .bind(column(&look.lanes, |known| known.lane))
            .bind(column(&look.lanes, |known| known.floor))
            .bind(look.quick)
            .bind(look.rises);
        let mut rows = self.all_on(connection, Effect::Write, statement).await?;
        let seen = rows.first_mut().and_then(|FetchAbout(_, seen)| seen.take());
        match rows.first() {
            Some(FetchAbout(row, _)) if row.paused => return Ok((vec![Fetched::Paused; fetches.len()], seen)),
            Some(FetchAbout(row, _)) if row.leases => return Ok((vec![Fetched::Leases; fetches.len()], seen)),
            _ => {}
        }
        let expired = rows.first().is_some_and(|FetchAbout(row, _)| row.expired > Some(0));
        let job = |FetchAbout(row, _): FetchAbout| {
            let job = FetchedJob { id: JobId(row.job_id?), payload: row.payload? };
            Some((row.place_in_answer?, job))
        };
        let mut jobs = rows.into_iter().filter_map(job).peekable();
        let more = expired || jobs.peek().is_some();
        let mut end = 0;
        let answer = |place| {
            end += limit(place);
            let own = std::iter::from_fn(|| jobs.next_if(|(n, _)| *n <= end));
            Fetched::Jobs { jobs: own.map(|(_, job)| job).collect(), more }
        };
        Ok(((0..fetches.len()).map(answer).collect(), seen))
    }
}

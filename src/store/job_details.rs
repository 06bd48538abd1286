//! Statements that read jobs and their attempts as they are now.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{FromRow, Postgres};
use uuid::Uuid;

use super::{Effect, Result, Store, sql};
use crate::domain::{JobId, JobState};

/// How an attempt failed, in the columns of whoever failed.
#[derive(Debug, Clone, Default, FromRow)]
pub struct ErrorColumns {
    pub error_class: Option<String>,
    pub error_message: Option<String>,
    pub error_stack: Option<String>,
    pub error_data: Option<String>,
    pub error_raw: Option<String>,
    pub error_fingerprint: Option<String>,
}

/// A job with what was asked for and its latest failure.
#[derive(Debug, Clone, FromRow)]
pub struct JobDetail {
    pub job_id: Uuid,
    pub queue: String,
    pub kind: String,
    pub state: String,
    pub priority: i32,
    pub attempt: i32,
    pub failed_attempts: i32,
    pub max_attempts: i32,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub run_after: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub wait_ms: Option<i64>,
    pub run_ms: Option<i64>,
    pub lease_expires_at: Option<DateTime<Utc>>,
    pub worker: Option<String>,
    pub progress: Option<f64>,
    pub progress_message: Option<String>,
    pub cancel_requested_at: Option<DateTime<Utc>>,
    pub cancel_reason: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
    pub dedup_key: Option<String>,
    pub origin_job_id: Option<Uuid>,
    pub headers: Option<String>,
    pub traceparent: Option<String>,
    pub created_by: Option<String>,
    pub version: i64,
    pub batch_id: Option<Uuid>,
    pub depends_on: Option<Vec<Uuid>>,
    #[sqlx(flatten)]
    pub error: ErrorColumns,
    pub error_attempt: Option<i32>,
    pub error_at: Option<DateTime<Utc>>,
    pub payload: Option<String>,
    pub result: Option<String>,
}

impl JobDetail {
    pub fn state(&self) -> JobState {
        JobState::parse(&self.state).unwrap_or(JobState::Available)
    }
}

/// Which jobs a list shows, or a bulk operation changes; what is absent filters nothing. Written as the API names it. A
/// member that this version does not know is an error, as without it the filter would pass more.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobFilter {
    #[serde(rename = "id", skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<Uuid>>,
    #[serde(rename = "queue", skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<String>>,
    #[serde(rename = "kind", skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    #[serde(rename = "state", skip_serializing_if = "Option::is_none")]
    pub states: Option<Vec<JobState>>,
    /// All of them.
    #[serde(rename = "tag", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// A page looks at 1,000 of its jobs.
    #[serde(rename = "schedule_id", skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// A page looks at 1,000 of its jobs.
    #[serde(rename = "batch_id", skip_serializing_if = "Option::is_none")]
    pub batch: Option<Uuid>,
    #[serde(rename = "worker_id", skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_fingerprint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_after: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_after: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_before: Option<DateTime<Utc>>,
    /// JSON that the payload contains.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "any_json")]
    pub payload: Option<serde_json::Value>,
    /// Text in the error message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// Also null, which is a document like any other.
fn any_json<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

impl JobFilter {
    /// The parameters of statements that filter jobs, from the tags on.
    pub(super) fn bind_members<'q, T>(
        &'q self,
        statement: QueryAs<'q, Postgres, T, PgArguments>,
    ) -> QueryAs<'q, Postgres, T, PgArguments> {
        statement
            .bind(self.tags.as_deref())
            .bind(self.worker.as_deref())
            .bind(self.error_class.as_deref())
            .bind(self.error_fingerprint.as_deref())
            .bind(self.created_after)
            .bind(self.created_before)
            .bind(self.finished_after)
            .bind(self.finished_before)
            .bind(self.payload.as_ref())
            .bind(self.q.as_deref())
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobSort {
    Newest,
    Oldest,
    RunAfter,
    LatestFinished,
}

impl JobSort {
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::RunAfter, Self::LatestFinished];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "-created_at",
            Self::Oldest => "created_at",
            Self::RunAfter => "run_after",
            Self::LatestFinished => "-finished_at",
        }
    }
}

/// The last row of the page before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPlace {
    /// The key it was sorted by, as the statement answered it; none where ids are the key.
    pub sort_key: Option<String>,
    pub id: Uuid,
}

/// Some jobs in order.
#[derive(Debug, Clone)]
pub struct JobList {
    /// Each with its place in the order.
    pub jobs: Vec<(JobPlace, JobDetail)>,
    /// A search stopped before it had looked at everything.
    pub truncated: bool,
    pub as_of: DateTime<Utc>,
}

#[derive(FromRow)]
struct ListRow {
    job_id: Option<Uuid>,
    #[sqlx(skip)]
    detail: Option<JobDetail>,
    sort_key: Option<String>,
    as_of: DateTime<Utc>,
    truncated: bool,
}

/// How many jobs a search by payload or text looks at; other lists look at all.
const SEARCHED_MAX: i64 = 100_000;

/// How many jobs of a schedule or a batch a page of them looks at, and how many runs for those.
const NAMED_JOBS_MAX: i64 = 1_000;
const RUNS_MAX: i64 = 20_000;

/// How many waiting jobs are gathered and sorted for a list of them; of more, the newest are
/// soon found among all jobs.
const GATHERED_MAX: i64 = 10_000;

/// An attempt, running or ended.
#[derive(Debug, Clone, FromRow)]
pub struct AttemptDetail {
    pub attempt: i32,
    pub outcome: String,
    pub worker: Option<String>,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub eligible_at: DateTime<Utc>,
    #[sqlx(flatten)]
    pub error: ErrorColumns,
    /// A JSON array of log lines.
    pub logs: Option<String>,
}

/// A row of the attempts of a job that may have none.
struct AttemptRow(Option<AttemptDetail>);

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for AttemptRow {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
        use sqlx::Row as _;
        let attempt: Option<i32> = row.try_get("attempt")?;
        Ok(Self(if attempt.is_some() { Some(AttemptDetail::from_row(row)?) } else { None }))
    }
}

/// A row of a list: what is said of the list, and a job if it has one.
struct JobRow(ListRow);

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for JobRow {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
        let mut listed = ListRow::from_row(row)?;
        if listed.job_id.is_some() {
            listed.detail = Some(JobDetail::from_row(row)?);
        }
        Ok(Self(listed))
    }
}

impl Store {
    /// The job, or `None` if it is not known, or past its retention.
    pub async fn find_job(&self, id: JobId, payload: bool, result: bool) -> Result<Option<JobDetail>> {
        let statement = sqlx::query_as(sql!("jobs/find")).bind(id.queue_id()).bind(id.0).bind(payload).bind(result);
        self.one(Effect::Read, statement).await
    }

    /// Jobs that pass the filter, in order, after `place`.
    pub async fn list_jobs(
        &self,
        filter: &JobFilter,
        sort: JobSort,
        place: Option<&JobPlace>,
        limit: i64,
        (with_payload, with_result): (bool, bool),
    ) -> Result<JobList> {
        // A further page goes on in the way of the first.
        let gathered = match place {
            Some(place) => place.sort_key.is_some(),
            None => filter.schedule.is_some() || filter.batch.is_some() || self.is_gathered(filter).await?,
        };
        // Those before the place, where the place says when they were enqueued.
        let place_at = place.filter(|_| sort == JobSort::Newest).and_then(|place| JobId(place.id).time());
        let (ids, more_named) = self.ids_of(filter, place_at).await?;
        let walked = sort == JobSort::Newest && !gathered;
        let searched = filter.payload.is_some() || filter.q.is_some();
        let looked_at = if searched { SEARCHED_MAX } else { i64::MAX };
        let sql = if walked { sql!("jobs/list") } else { sql!("jobs/list_sorted") };
        let states: Option<Vec<&str>> =
            filter.states.as_ref().map(|states| states.iter().map(|state| state.as_str()).collect());
        let statement = sqlx::query_as::<_, JobRow>(sql)
            .bind(ids.as_deref())
            .bind(filter.queues.as_deref())
            .bind(filter.kinds.as_deref())
            .bind(states);
        let statement = filter.bind_members(statement);
        let statement = if walked {
            statement
                .bind(place.map_or(Uuid::max(), |place| place.id))
                .bind(limit)
                .bind(looked_at)
                .bind(with_payload)
                .bind(with_result)
        } else {
            statement
                .bind(sort.as_str())
                .bind(limit)
                .bind(looked_at)
                .bind(with_payload)
                .bind(with_result)
                .bind(place.and_then(|place| place.sort_key.clone()))
                .bind(place.map(|place| place.id))
        };
        let rows = self.all(Effect::Read, statement).await?;
        let about = rows.first().map(|JobRow(row)| (row.as_of, row.truncated));
        let (as_of, truncated) = about.ok_or_else(|| super::Error::unreadable("jobs/list"))?;
        let job = |JobRow(row): JobRow| Some((JobPlace { sort_key: row.sort_key, id: row.job_id? }, row.detail?));
        let jobs: Vec<_> = rows.into_iter().filter_map(job).collect();
        let truncated = truncated || (more_named && i64::try_from(jobs.len()).unwrap_or(limit) < limit);
        Ok(JobList { jobs, truncated, as_of })
    }

    /// The ids that a filter names, also as those of the latest jobs of a schedule or a batch up to this moment; and
    /// whether there are more of those.
    async fn ids_of(&self, filter: &JobFilter, up_to: Option<DateTime<Utc>>) -> Result<(Option<Vec<Uuid>>, bool)> {
        let up_to = up_to.into_iter().chain(filter.created_before).min();
        let (mut ids, mut more) = (filter.ids.clone(), false);
        let mut narrow = |rows: Vec<(Uuid,)>| {
            more |= i64::try_from(rows.len()).is_ok_and(|found| found == NAMED_JOBS_MAX);
            let is_named = |id: &Uuid| ids.as_ref().is_none_or(|ids| ids.contains(id));
            ids = Some(rows.into_iter().map(|(id,)| id).filter(is_named).collect());
        };
        if let Some(schedule) = &filter.schedule {
            let statement = sqlx::query_as(sql!("schedules/list_run_jobs"))
                .bind(schedule)
                .bind(filter.created_after)
                .bind(up_to)
                .bind(NAMED_JOBS_MAX)
                .bind(RUNS_MAX);
            narrow(self.all(Effect::Read, statement).await?);
        }
        if let Some(batch) = filter.batch {
            let statement = sqlx::query_as(sql!("batches/list_jobs"))
                .bind(batch)
                .bind(filter.created_after)
                .bind(up_to)
                .bind(NAMED_JOBS_MAX);
            narrow(self.all(Effect::Read, statement).await?);
        }
        Ok((ids, more))
    }

    /// Whether few jobs are in question: what is named, and states in which few jobs are at a
    /// time, are gathered; the others are walked from the newest on.
    async fn is_gathered(&self, filter: &JobFilter) -> Result<bool> {
        let Some(states) = filter.states.as_ref().filter(|_| filter.ids.is_none()) else {
            return Ok(filter.ids.is_some());
        };
        if states.contains(&JobState::Completed) || !states.contains(&JobState::Available) {
            return Ok(!states.contains(&JobState::Completed));
        }
        let statement = sqlx::query_as::<_, (i64,)>(sql!("jobs/count_waiting")).bind(filter.queues.as_deref());
        Ok(self.one(Effect::Read, statement).await?.is_some_and(|(waiting,)| waiting <= GATHERED_MAX))
    }

    /// Up to `limit` attempts of the job below this number, newest first; `None` if there
    /// is no such job.
    pub async fn list_job_attempts(&self, id: JobId, below: i32, limit: i64) -> Result<Option<Vec<AttemptDetail>>> {
        let statement = sqlx::query_as::<_, AttemptRow>(sql!("jobs/list_attempts"))
            .bind(id.queue_id())
            .bind(id.0)
            .bind(below)
            .bind(limit);
        let rows = self.all(Effect::Read, statement).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        Ok(Some(rows.into_iter().filter_map(|AttemptRow(attempt)| attempt).collect()))
    }
}

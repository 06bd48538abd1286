//! Jobs as a stream: all that pass a filter, for another program or a file.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::job::{Answer, Job, Time};
use super::job_filter::{job_filter, look_back};
use super::jobs::included;
use super::list::JobFilterParams;
use super::params::Params;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::store::{JobDetail, JobFilter, JobPlace, JobSort};

/// Jobs read by one statement; of those whose contents are shown, which may be large, fewer.
const PAGE: i64 = 500;
const PAGE_WITH_CONTENT: i64 = 20;

/// Exports of a server at once: each reads as fast as its client, all the time.
const EXPORTS_MAX: usize = 4;

/// Room for exports of a server.
#[derive(Debug, Clone)]
pub struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(EXPORTS_MAX)))
    }
}

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(export_jobs))
}

/// Jobs, a line each: JSON as `Job`, or CSV.
#[derive(ToSchema)]
#[schema(value_type = String, example = "{\"id\":\"01a206c8-d8c7-76c7-bfda-d9bb00000001\"}\n")]
#[expect(dead_code, reason = "written as a stream")]
pub(super) struct ExportedJobs(String);

/// How jobs are written.
#[derive(Debug, Clone, Copy)]
enum Format {
    Ndjson,
    Csv,
}

impl Format {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        })
    }

    fn disposition(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Ndjson => "attachment; filename=\"jobs.ndjson\"",
            Self::Csv => "attachment; filename=\"jobs.csv\"",
        })
    }
}

/// Export jobs
///
/// All jobs that pass the filters of `list_jobs`, the newest first, as a stream: a job a line as JSON, or CSV with a
/// line of names. Jobs that were there throughout are neither lost nor repeated. A stream that breaks off ends
/// without its last chunk, which HTTP clients report as an error: what came is not all then. At most four exports of a
/// server run at once.
#[utoipa::path(
    get, path = "/v1/jobs/export", tag = "jobs",
    params(
        JobFilterParams,
        ("include" = Option<Vec<String>>, Query, description = "payload, result"),
        ("limit" = Option<i64>, Query, description = "How many at most (all if absent)"),
        ("format" = Option<String>, Query, description = "ndjson (if absent) or csv"),
    ),
    responses(
        (status = 200, description = "Jobs, one a line", body = ExportedJobs, content_type = "application/x-ndjson"),
        (status = 400, description = "`invalid_request`", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn export_jobs(State(app): State<App>, params: Params) -> Answer {
    let mut filter = job_filter(&params);
    let included = included(&params);
    let limit = params.int("limit", 1..=i64::MAX);
    let format = params.choice("format", &[("ndjson", Format::Ndjson), ("csv", Format::Csv)]).unwrap_or(Format::Ndjson);
    params.finish()?;
    look_back(&app, &mut filter).await?;
    let place = app.exports.0.clone().try_acquire_owned().map_err(|_full| Error::Overloaded)?;
    let mut export =
        Export { app, filter, included, format, left: limit.unwrap_or(i64::MAX), after: None, _place: place };
    // What is wrong with the first page is still an answer with a status.
    let first = export.page(true).await?;
    let rest = stream::unfold(Some((export, Some(first))), |state| async move {
        let (mut export, waiting) = state?;
        let page = match waiting {
            Some(first) => Ok(first),
            None if export.left == 0 => return None,
            None => export.page(false).await,
        };
        match page {
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => Some((Ok(bytes), Some((export, None)))),
            // An error ends the connection, so that nobody takes what came for all.
            Err(error) => Some((Err(error), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(rest));
    response.headers_mut().insert(CONTENT_TYPE, format.content_type());
    response.headers_mut().insert(CONTENT_DISPOSITION, format.disposition());
    Ok(response)
}

/// An export on its way.
struct Export {
    app: App,
    filter: JobFilter,
    included: (bool, bool),
    format: Format,
    /// How many more jobs are wanted; 0 when there are none.
    left: i64,
    after: Option<JobPlace>,
    _place: OwnedSemaphorePermit,
}

impl Export {
    /// The next jobs, written; with the names of columns at the beginning. Empty at the end.
    async fn page(&mut self, first: bool) -> Result<Bytes, Error> {
        let size = if self.included == (false, false) { PAGE } else { PAGE_WITH_CONTENT }.min(self.left);
        let list =
            self.app.store.list_jobs(&self.filter, JobSort::Newest, self.after.as_ref(), size, self.included).await?;
        if list.truncated {
            // What it left out must not be missing without a word.
            let help = "a search looks at 100,000 jobs of a queue, or 1,000 of a schedule, at most: narrow it, by \
                created_before too";
            return Err(Error::field("?created_after", "max", help));
        }
        let found = i64::try_from(list.jobs.len()).unwrap_or(i64::MAX);
        self.left = if found < size { 0 } else { self.left - found };
        self.after = list.jobs.last().map(|(place, _)| place.clone());
        let jobs = list.jobs.into_iter().map(|(_, job)| job);
        match self.format {
            Format::Ndjson => lines(jobs),
            Format::Csv => records(jobs, first, self.included),
        }
    }
}

fn lines(jobs: impl Iterator<Item = JobDetail>) -> Result<Bytes, Error> {
    let mut bytes = Vec::new();
    for job in jobs {
        serde_json::to_writer(&mut bytes, &Job::from(job)).map_err(|error| unwritten(&error))?;
        bytes.push(b'\n');
    }
    Ok(bytes.into())
}

const COLUMNS: [&str; 24] = [
    "id",
    "queue",
    "kind",
    "state",
    "priority",
    "tags",
    "attempt",
    "failed_attempts",
    "max_attempts",
    "created_at",
    "run_after",
    "started_at",
    "finished_at",
    "wait_ms",
    "run_ms",
    "worker_id",
    "dedup_key",
    "origin_job_id",
    "expires_at",
    "cancel_reason",
    "error_class",
    "error_message",
    "error_fingerprint",
    "created_by",
];

fn records(jobs: impl Iterator<Item = JobDetail>, first: bool, included: (bool, bool)) -> Result<Bytes, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let contents = [("payload", included.0), ("result", included.1)].into_iter().filter(|(_, wanted)| *wanted);
    if first {
        let names = COLUMNS.into_iter().chain(contents.map(|(name, _)| name));
        writer.write_record(names).map_err(|error| unwritten(&error))?;
    }
    for job in jobs {
        writer.write_record(record(job, included)).map_err(|error| unwritten(&error))?;
    }
    Ok(writer.into_inner().map_err(|error| unwritten(&error))?.into())
}

/// The fields of a line, in the order of [`COLUMNS`]; what is absent is empty.
fn record(job: JobDetail, included: (bool, bool)) -> Vec<String> {
    let time = |time: Option<_>| time.map_or(String::new(), |time| Time(time).to_string());
    let number = |number: Option<i64>| number.map_or(String::new(), |number| number.to_string());
    let mut fields = vec![
        job.job_id.to_string(),
        job.queue,
        job.kind,
        job.state,
        job.priority.to_string(),
        serde_json::to_string(&job.tags).unwrap_or_default(),
        job.attempt.to_string(),
        job.failed_attempts.to_string(),
        job.max_attempts.to_string(),
        time(Some(job.created_at)),
        time(Some(job.run_after)),
        time(job.started_at),
        time(job.finished_at),
        number(job.wait_ms),
        number(job.run_ms),
        job.worker.unwrap_or_default(),
        job.dedup_key.unwrap_or_default(),
        job.origin_job_id.map_or(String::new(), |id| id.to_string()),
        time(job.expires_at),
        job.cancel_reason.unwrap_or_default(),
        job.error.error_class.unwrap_or_default(),
        job.error.error_message.unwrap_or_default(),
        job.error.error_fingerprint.unwrap_or_default(),
        job.created_by.unwrap_or_default(),
    ];
    for (wanted, content) in [(included.0, job.payload), (included.1, job.result)] {
        if wanted {
            fields.push(content.unwrap_or_default());
        }
    }
    fields
}

fn unwritten(error: &impl std::fmt::Display) -> Error {
    tracing::error!(%error, "an export could not be written");
    Error::Internal
}

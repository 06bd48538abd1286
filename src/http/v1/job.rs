//! What a job, its attempts and its failures look like.

use std::fmt;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::Fields;
use super::schedule_fields::schedule_of;
use crate::domain::{Failure, JobState, cut};
use crate::http::answer::Answers;
use crate::http::problem::Error;
use crate::store::{ErrorColumns, JobDetail};

/// What a handler answers.
pub(super) type Answer = Result<Response, Error>;

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let bytes = write(body)?;
    Ok(with_type(status, Body::from(bytes)))
}

/// A JSON answer that may be large: refused if memory is full of others that are being read.
pub(super) fn large_json(answers: &Answers, body: &impl Serialize) -> Answer {
    let bytes = write(body)?;
    let place = answers.reserve(bytes.len()).ok_or(Error::Overloaded)?;
    Ok(with_type(StatusCode::OK, place.body(bytes)))
}

fn write(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Error::Internal
    })
}

fn with_type(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// With the version as its `ETag`.
pub(super) fn tagged(mut response: Response, version: i64) -> Response {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// JSON from the database, as it stands there.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct RawJson(Box<RawValue>);

impl RawJson {
    pub(super) fn of(text: String) -> Option<Self> {
        RawValue::from_string(text).ok().map(Self)
    }
}

/// A moment, with microseconds, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-23T04:52:52.123456Z")]
pub(super) struct Time(pub(super) DateTime<Utc>);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A job as it is now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "queue": "mail", "kind": "welcome", "state": "completed",
    "priority": 0, "attempt": 1, "failed_attempts": 0, "max_attempts": 10, "tags": ["tenant:9"],
    "created_at": "2026-11-23T04:52:52.123456Z", "run_after": "2026-11-23T04:52:52.123456Z",
    "started_at": "2026-11-23T04:52:53.000000Z", "finished_at": "2026-11-23T04:52:54.000000Z",
    "wait_ms": 876, "run_ms": 1000, "worker_id": "web-3", "version": 100_000_016
}))]
pub(super) struct Job {
    id: Uuid,
    queue: String,
    kind: String,
    state: JobState,
    /// Higher goes first (-100 to 100).
    priority: i32,
    /// Claims so far. It only grows: a number to fence writes elsewhere with.
    attempt: i32,
    /// Compared with `max_attempts`.
    failed_attempts: i32,
    max_attempts: i32,
    tags: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it became, or becomes, claimable.
    #[schema(value_type = String, format = DateTime)]
    run_after: Time,
    /// Of the latest attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Time>,
    /// Of the latest attempt: from claimable to started.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_ms: Option<i64>,
    /// Of the latest attempt: from started to finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    lease_expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<String>,
    /// 0 to 100, as the worker says.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress_message: Option<String>,
    /// Since when its worker is asked to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    cancel_requested_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    /// Not started by then: cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedup_key: Option<String>,
    /// The job that this one is the dead letter copy of.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_job_id: Option<Uuid>,
    /// The batch that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
    /// The jobs that it was to wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    depends_on: Option<Vec<Uuid>>,
    /// The schedule that enqueued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::domain::StringMap>)]
    headers: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<JobError>,
    /// With `include=payload`, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<RawJson>,
    /// With `include=result`, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    result: Option<RawJson>,
    /// The name of the token it was enqueued with.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    /// The `ETag`.
    version: i64,
}

impl From<JobDetail> for Job {
    fn from(job: JobDetail) -> Self {
        let state = job.state();
        Self {
            id: job.job_id,
            state,
            last_error: JobError::of(job.error, job.error_attempt, job.error_at),
            queue: job.queue,
            kind: job.kind,
            priority: job.priority,
            attempt: job.attempt,
            failed_attempts: job.failed_attempts,
            max_attempts: job.max_attempts,
            tags: job.tags,
            created_at: Time(job.created_at),
            run_after: Time(job.run_after),
            started_at: job.started_at.map(Time),
            finished_at: job.finished_at.map(Time),
            wait_ms: job.wait_ms,
            run_ms: job.run_ms,
            lease_expires_at: job.lease_expires_at.map(Time),
            worker_id: job.worker,
            progress: job.progress,
            progress_message: job.progress_message,
            cancel_requested_at: job.cancel_requested_at.map(Time),
            cancel_reason: job.cancel_reason,
            expires_at: job.expires_at.map(Time),
            dedup_key: job.dedup_key,
            origin_job_id: job.origin_job_id,
            batch_id: job.batch_id,
            depends_on: job.depends_on,
            schedule_id: job.headers.as_deref().and_then(schedule_of),
            headers: job.headers.and_then(RawJson::of),
            traceparent: job.traceparent,
            payload: job.payload.and_then(RawJson::of),
            result: job.result.and_then(RawJson::of),
            created_by: job.created_by,
            version: job.version,
        }
    }
}

/// How an attempt failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "error_class": "TimeoutError", "message": "smtp timed out", "fingerprint": "9f86d081884c7d65", "attempt": 1,
    "at": "2026-11-23T04:52:54.000000Z"
}))]
pub(super) struct JobError {
    /// What kind of failure: what a program would catch.
    #[schema(value_type = String)]
    error_class: RawJson,
    #[schema(value_type = String)]
    message: RawJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    stack: Option<RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<RawJson>,
    /// The same for failures of one queue, kind and class whose messages differ in numbers
    /// and ids only.
    fingerprint: String,
    attempt: i32,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

/// The texts of a report that were kept as they came.
#[derive(Default, Deserialize)]
struct RawFailure {
    error_class: Option<Box<RawValue>>,
    message: Option<Box<RawValue>>,
    stack: Option<Box<RawValue>>,
}

impl JobError {
    pub(super) fn of(error: ErrorColumns, attempt: Option<i32>, at: Option<DateTime<Utc>>) -> Option<Self> {
        let text = |text: String| serde_json::value::to_raw_value(&text).ok().map(RawJson);
        let raw: RawFailure = error.error_raw.and_then(|raw| serde_json::from_str(&raw).ok()).unwrap_or_default();
        Some(Self {
            error_class: raw.error_class.map(RawJson).or_else(|| text(error.error_class?))?,
            message: raw.message.map(RawJson).or_else(|| text(error.error_message.unwrap_or_default()))?,
            stack: raw.stack.map(RawJson).or_else(|| text(error.error_stack?)),
            data: error.error_data.and_then(RawJson::of),
            fingerprint: error.error_fingerprint.unwrap_or_default(),
            attempt: attempt?,
            at: Time(at?),
        })
    }
}

/// What a worker reports of a failure.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"error_class": "TimeoutError", "message": "smtp timed out"}))]
#[expect(dead_code, reason = "read by `read_failure`, which keeps what it cannot store as text")]
pub(super) struct JobFailure {
    /// What kind of failure (`error` if absent); what is longer than 256 bytes is cut.
    error_class: Option<String>,
    /// What is longer than 32 KiB is cut.
    message: Option<String>,
    /// What is longer than 32 KiB is cut.
    stack: Option<String>,
    /// Any JSON, byte for byte.
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<serde_json::Value>,
}

/// Reads a [`JobFailure`]: no text is refused, whatever it holds.
pub(super) fn read_failure(fields: &Fields<'_>) -> Failure {
    let mut odd = false;
    let mut text = |name, max| {
        let (text, replaced) = fields.any_text(name)?;
        odd |= replaced && text.len() <= max;
        Some(cut(text, max))
    };
    let error_class = text("error_class", Failure::CLASS_BYTES_MAX).filter(|class| !class.is_empty());
    let message = text("message", Failure::TEXT_BYTES_MAX);
    let stack = text("stack", Failure::TEXT_BYTES_MAX);
    let data = fields.json("data", DATA_BYTES_MAX);
    if let Some(Err(_)) = data {
        fields.fault("data", "max", format!("at most {DATA_BYTES_MAX} bytes"));
    }
    let data = data.and_then(Result::ok).map(|data| data.as_str().to_owned());
    Failure {
        error_class: error_class.unwrap_or_else(|| "error".to_owned()),
        message: message.unwrap_or_default(),
        stack,
        data,
        raw: odd.then(|| fields.raw_members(&["error_class", "message", "stack"])),
    }
}

/// The largest data of a failure, in bytes.
const DATA_BYTES_MAX: usize = 64 * 1024;

/// What a change of state came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "state": "completed", "attempt": 1}))]
pub(super) struct JobStatus {
    id: Uuid,
    state: JobState,
    attempt: i32,
    /// When it can be claimed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    run_after: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Time>,
}

impl From<crate::store::JobStatus> for JobStatus {
    fn from(status: crate::store::JobStatus) -> Self {
        Self {
            id: status.id.0,
            state: status.state,
            attempt: status.attempt,
            run_after: status.run_after.map(Time),
            finished_at: status.finished_at.map(Time),
        }
    }
}

//! Refusals of everything that is not a classic route: problem documents (RFC 9457).

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LINK, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::BodyError;
use super::request::{request_id, request_path};
use crate::domain::{JobId, JobState};
use crate::store;

/// The content type of every problem document.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds after which a client should try again what was refused for now.
pub(super) const RETRY_AFTER_SECONDS: u32 = 1;

/// Every code, its status and title, in the order of `docs/problems.md`.
pub const CODES: [(&str, u16, &str); 34] = [
    ("invalid_request", 400, "Invalid request"),
    ("invalid_cursor", 400, "Invalid cursor"),
    ("route_not_found", 404, "Route not found"),
    ("queue_not_found", 404, "Queue not found"),
    ("job_not_found", 404, "Job not found"),
    ("schedule_not_found", 404, "Schedule not found"),
    ("batch_not_found", 404, "Batch not found"),
    ("bulk_operation_not_found", 404, "Bulk operation not found"),
    ("worker_not_found", 404, "Worker not found"),
    ("problem_not_found", 404, "Problem not found"),
    ("method_not_allowed", 405, "Method not allowed"),
    ("not_acceptable", 406, "Not acceptable"),
    ("request_timeout", 408, "Request timeout"),
    ("lease_lost", 409, "Lease lost"),
    ("invalid_state", 409, "Invalid state"),
    ("duplicate_job", 409, "Duplicate job"),
    ("queue_not_empty", 409, "Queue not empty"),
    ("idempotency_in_progress", 409, "Idempotency key in use"),
    ("conflict", 409, "Conflicting changes"),
    ("precondition_failed", 412, "Precondition failed"),
    ("payload_too_large", 413, "Payload too large"),
    ("uri_too_long", 414, "URI too long"),
    ("unsupported_media_type", 415, "Unsupported media type"),
    ("validation_failed", 422, "Validation failed"),
    ("dependency_invalid", 422, "Invalid dependency"),
    ("idempotency_mismatch", 422, "Idempotency key reused"),
    ("filter_required", 422, "Filter required"),
    ("queue_full", 429, "Queue full"),
    ("headers_too_large", 431, "Headers too large"),
    ("internal", 500, "Internal error"),
    ("outcome_unknown", 503, "Outcome unknown"),
    ("unavailable", 503, "Unavailable"),
    ("overloaded", 503, "Overloaded"),
    ("timeout", 504, "Timeout"),
];

/// Why a request was refused. Handlers return nothing else.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum Error {
    #[error("{0}")]
    InvalidRequest(Cow<'static, str>, Vec<FieldError>),
    #[error("the cursor is unreadable, older than 24 hours, or was made for other filters: begin again without one")]
    InvalidCursor,
    #[error("there is no such route; GET /docs lists them")]
    RouteNotFound,
    #[error("there is no queue of this name")]
    QueueNotFound(String),
    #[error("there is no such job, or it is past its retention")]
    JobNotFound(JobId),
    #[error("there is no such worker, or it has stopped")]
    WorkerNotFound(String),
    #[error("there is no schedule of this id")]
    ScheduleNotFound(String),
    #[error("there is no such batch, or it is past its retention")]
    BatchNotFound(Uuid),
    #[error("there is no such bulk operation, or it was over 90 days ago")]
    BulkOperationNotFound(Uuid),
    #[error("there is no problem of this code; docs/problems.md lists them")]
    ProblemNotFound(String),
    #[error("this route does not take this method; see the header Allow")]
    MethodNotAllowed,
    #[error("answers are application/json, which the header Accept excludes")]
    NotAcceptable,
    #[error("the body came too slowly")]
    RequestTimeout,
    #[error("{}", lost(*.1, *.2))]
    LeaseLost(JobId, JobState, i32),
    #[error("the job is {}, and this is possible only while it is {}", .1.as_str(), names(.2))]
    InvalidState(JobId, JobState, Vec<JobState>),
    #[error("the bulk operation is {1}, and this is possible only while it is running")]
    OperationOver(Uuid, String),
    #[error("a job that is not finished holds this dedup key")]
    DuplicateJob(Option<JobId>),
    #[error("the queue has {1} unfinished jobs; force=true deletes it all the same")]
    QueueNotEmpty(String, i64),
    #[error("a request with this idempotency key is not finished; send it again")]
    IdempotencyInProgress,
    #[error("others change this at the same time; send it again")]
    Conflict,
    #[error("it has been changed meanwhile, or is not what If-Match or If-None-Match demands: read it again")]
    PreconditionFailed(Option<i64>),
    #[error("{0} is larger than its limit of {1} bytes")]
    PayloadTooLarge(&'static str, i64, Option<i64>),
    #[error("the path and query are longer than {0} bytes")]
    UriTooLong(usize),
    #[error("the headers are larger than {0} bytes, or more than {1}")]
    HeadersTooLarge(usize, usize),
    #[error("{0}")]
    UnsupportedMediaType(&'static str),
    #[error("{}", summary(.0))]
    ValidationFailed(Vec<FieldError>),
    #[error("{}", summary(.0))]
    DependencyInvalid(Vec<FieldError>),
    #[error("this idempotency key was used with another body in the last 24 hours")]
    IdempotencyMismatch,
    #[error("an empty filter means all jobs of all queues: name some, or say all: true")]
    FilterRequired,
    #[error("the queue has no room for that: {2} jobs wait, and its max_depth is {1}")]
    QueueFull(String, i64, i64),
    #[error("{0}")]
    Unavailable(Cow<'static, str>),
    #[error("the server is busy: nothing was done")]
    Overloaded,
    #[error("the connection to the database broke while it committed: it may or may not have happened")]
    OutcomeUnknown,
    #[error("the database took too long, and nothing was done: ask for less")]
    Timeout,
    #[error("a bug of the server; its log has the details under this request id")]
    Internal,
}

fn lost(state: JobState, attempt: i32) -> String {
    format!(
        "this lease is not, or no longer, the current one; the job is {} (attempt {attempt}). Drop the job: whoever \
         holds it now will finish it",
        state.as_str()
    )
}

fn names(states: &[JobState]) -> String {
    states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(", ")
}

fn summary(errors: &[FieldError]) -> String {
    match errors {
        [only] => format!("{}: {}", only.pointer, only.message),
        many => format!("{} members are not as they should be; see errors", many.len()),
    }
}

/// What is wrong with one member of a body, or one query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"pointer": "/priority", "code": "max", "message": "at most 100"}))]
pub(super) struct FieldError {
    /// JSON Pointer into the body, or `?name` for a query parameter.
    pub(super) pointer: String,
    /// required, type, min, max, pattern, enum, unknown, conflict, depth or encoding.
    #[schema(value_type = String)]
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
}

/// Why a request was refused (RFC 9457). Members after `errors` are there where the code
/// has them.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:presque:problem:lease-lost", "title": "Lease lost", "status": 409, "code": "lease_lost",
    "detail": "this lease is not, or no longer, the current one", "instance": "/v1/jobs/claim",
    "request_id": "0a1b2c3d4e5f"
}))]
pub(super) struct Problem {
    /// `urn:presque:problem:` and the code with dashes.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of this code.
    #[schema(value_type = String)]
    title: &'static str,
    /// The status of the answer, repeated.
    #[schema(value_type = i32)]
    status: u16,
    /// What programs compare.
    #[schema(value_type = String)]
    code: &'static str,
    /// What is wrong this time, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The answer's `X-Request-Id`; the server's log lines carry it.
    request_id: String,
    /// When to try again, in milliseconds; it is in `Retry-After`, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    retry_after_ms: Option<u32>,
    /// What is wrong, member by member.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Option<Vec<FieldError>>)]
    errors: Vec<FieldError>,
    /// What was not found, or is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// The job it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<Uuid>,
    /// The queue it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<String>,
    /// The job's state.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<JobState>,
    /// The states in which it would be possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_states: Option<Vec<JobState>>,
    /// What is allowed at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<i64>,
    /// What was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    actual: Option<i64>,
    /// The version it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<i64>,
}

impl Error {
    /// For a request that is wrong as a whole.
    pub(super) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidRequest(detail.into(), Vec::new())
    }

    /// For one wrong member or header.
    pub(super) fn field(pointer: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self::ValidationFailed(vec![FieldError { pointer: pointer.to_owned(), code, message: message.into() }])
    }

    /// For what has more bytes than it may.
    pub(super) fn too_large(what: &'static str, limit: usize, actual: usize) -> Self {
        let size = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
        Self::PayloadTooLarge(what, size(limit), Some(size(actual)))
    }

    fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(..) => "invalid_request",
            Self::InvalidCursor => "invalid_cursor",
            Self::RouteNotFound => "route_not_found",
            Self::QueueNotFound(_) => "queue_not_found",
            Self::JobNotFound(_) => "job_not_found",
            Self::ScheduleNotFound(_) => "schedule_not_found",
            Self::BatchNotFound(_) => "batch_not_found",
            Self::WorkerNotFound(_) => "worker_not_found",
            Self::BulkOperationNotFound(_) => "bulk_operation_not_found",
            Self::ProblemNotFound(_) => "problem_not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotAcceptable => "not_acceptable",
            Self::RequestTimeout => "request_timeout",
            Self::LeaseLost(..) => "lease_lost",
            Self::InvalidState(..) | Self::OperationOver(..) => "invalid_state",
            Self::DuplicateJob(_) => "duplicate_job",
            Self::QueueNotEmpty(..) => "queue_not_empty",
            Self::IdempotencyInProgress => "idempotency_in_progress",
            Self::Conflict => "conflict",
            Self::PreconditionFailed(_) => "precondition_failed",
            Self::PayloadTooLarge(..) => "payload_too_large",
            Self::UriTooLong(_) => "uri_too_long",
            Self::HeadersTooLarge(..) => "headers_too_large",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::ValidationFailed(_) => "validation_failed",
            Self::DependencyInvalid(_) => "dependency_invalid",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::FilterRequired => "filter_required",
            Self::QueueFull(..) => "queue_full",
            Self::Unavailable(_) => "unavailable",
            Self::Overloaded => "overloaded",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    /// The members that this code has beyond those of every problem.
    fn fill(self, problem: &mut Problem) {
        match self {
            Self::InvalidRequest(_, errors) | Self::ValidationFailed(errors) | Self::DependencyInvalid(errors) => {
                problem.errors = errors;
            }
            Self::QueueNotFound(queue) => problem.queue = Some(queue),
            Self::JobNotFound(id) => problem.job_id = Some(id.0),
            Self::ScheduleNotFound(id) | Self::WorkerNotFound(id) | Self::ProblemNotFound(id) => {
                problem.resource = Some(id);
            }
            Self::BatchNotFound(id) | Self::BulkOperationNotFound(id) | Self::OperationOver(id, _) => {
                problem.resource = Some(id.to_string());
            }
            Self::LeaseLost(id, state, _) => (problem.job_id, problem.state) = (Some(id.0), Some(state)),
            Self::InvalidState(id, state, allowed) => {
                (problem.job_id, problem.state, problem.allowed_states) = (Some(id.0), Some(state), Some(allowed));
            }
            Self::DuplicateJob(id) => problem.job_id = id.map(|id| id.0),
            Self::QueueNotEmpty(queue, actual) => (problem.queue, problem.actual) = (Some(queue), Some(actual)),
            Self::PreconditionFailed(version) => problem.current_version = version,
            Self::PayloadTooLarge(_, limit, actual) => (problem.limit, problem.actual) = (Some(limit), actual),
            Self::QueueFull(queue, limit, actual) => {
                (problem.queue, problem.limit, problem.actual) = (Some(queue), Some(limit), Some(actual));
            }
            _ => {}
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        let logged = &error as &dyn std::error::Error;
        if matches!(error, store::Error::Statement(_)) {
            tracing::error!(error = logged, "request failed");
        } else {
            tracing::debug!(error = logged, "refused for now");
        }
        match error {
            store::Error::Unavailable(_) => Self::Unavailable("the database does not answer".into()),
            store::Error::Overloaded | store::Error::Locked | store::Error::RolledBack(_) | store::Error::Unwanted => {
                Self::Overloaded
            }
            store::Error::Timeout => Self::Timeout,
            store::Error::OutcomeUnknown(_) => Self::OutcomeUnknown,
            store::Error::Statement(_) => Self::Internal,
        }
    }
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(limit) => {
                Self::PayloadTooLarge("the body", i64::try_from(limit).unwrap_or(i64::MAX), None)
            }
            BodyError::Timeout => Self::RequestTimeout,
            BodyError::Broken => Self::invalid("the body could not be read"),
            BodyError::Overloaded => Self::Overloaded,
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let code = self.code();
        let (_, status, title) = CODES.into_iter().find(|(known, ..)| *known == code).unwrap_or((code, 500, code));
        let retry = matches!(status, 429 | 503) || code == "idempotency_in_progress" || code == "conflict";
        let mut problem = Problem {
            kind: format!("urn:presque:problem:{}", code.replace('_', "-")),
            title,
            status,
            code,
            detail: Some(self.to_string()),
            instance: request_path(),
            request_id: request_id(),
            retry_after_ms: retry.then_some(RETRY_AFTER_SECONDS * 1000),
            ..Problem::default()
        };
        self.fill(&mut problem);
        let mut response = Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Ok(help) = HeaderValue::from_str(&format!("</docs/errors/{code}>; rel=\"help\"")) {
            headers.insert(LINK, help);
        }
        if retry {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

//! Putting jobs in.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::fields::Fields;
use super::job::{Answer, Time, json};
use super::params::Params;
use super::request::{JsonBody, QueuePath, Takes};
use crate::domain::{DedupKey, JobState, LEASE_MS, MS_MAX, Payload, QueueName, StringMap};
use crate::engine::EnqueueAnswer;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::store::{self, Dedup, EnqueueRefusal, Enqueued};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(enqueue_job)).routes(routes!(enqueue_jobs))
}

/// A job to enqueue. What is absent, its queue decides.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "kind": "welcome", "payload": {"user_id": 17}, "tags": ["tenant:9"], "dedup_key": "welcome:17"
}))]
#[expect(dead_code, reason = "read by `read_job`, which tells all that is wrong at once")]
pub(super) struct NewJob {
    /// Required in `enqueue_jobs`; in `enqueue_job` the path says it.
    queue: Option<String>,
    /// What is to be done: up to 128 characters (`default` if absent).
    kind: Option<String>,
    /// Any JSON, kept byte for byte (null if absent).
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<serde_json::Value>,
    /// Higher goes first (-100 to 100).
    priority: Option<i32>,
    /// Not before this moment; one in the past means now.
    #[schema(value_type = Option<String>, format = DateTime)]
    run_after: Option<String>,
    /// Not before this many milliseconds from now; not with `run_after`.
    delay_ms: Option<i64>,
    /// Not started by then: cancelled, with the reason `expired`.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// Failures after which it is discarded (1 to 1000).
    max_attempts: Option<i32>,
    /// How long a worker holds it without a heartbeat (1000 to 43200000).
    lease_ms: Option<i64>,
    /// How long one attempt may take, heartbeats or not; 0 is no limit.
    timeout_ms: Option<i64>,
    /// Up to 16, each up to 64 characters.
    tags: Option<Vec<String>>,
    /// While a job with this key is there, no other one gets in: up to 256 characters.
    dedup_key: Option<String>,
    /// Until when the key is held: started, finished or window.
    dedup_until: Option<String>,
    /// With the until window: for how long.
    dedup_window_ms: Option<i64>,
    /// What happens if the key is held: `return_existing`, `reject` or `replace`.
    dedup_on_conflict: Option<String>,
    /// Up to 32 texts that the worker gets with the job; names that begin with `presque-` are reserved.
    #[schema(value_type = Option<StringMap>)]
    headers: Option<BTreeMap<String, String>>,
    /// W3C Trace Context; the request's header of this name if absent.
    traceparent: Option<String>,
}

/// Jobs to enqueue together: all of them or none.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"jobs": [
    {"queue": "mail", "payload": {"user_id": 17}}, {"queue": "reports", "kind": "daily", "delay_ms": 60000}
]}))]
#[expect(dead_code, reason = "read by `enqueue_jobs`")]
pub(super) struct EnqueueJobsRequest {
    /// 1 to 1000.
    jobs: Vec<NewJob>,
}

/// A job that was stored, or the one that was there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "queue": "mail", "state": "available", "duplicate": false,
    "run_after": "2026-11-23T04:52:52.123456Z"
}))]
pub(super) struct EnqueueResult {
    id: Uuid,
    queue: String,
    state: JobState,
    /// The job was there: it holds the dedup key.
    duplicate: bool,
    #[schema(value_type = String, format = DateTime)]
    run_after: Time,
}

impl From<Enqueued> for EnqueueResult {
    fn from(job: Enqueued) -> Self {
        Self {
            id: job.id.0,
            queue: job.queue,
            state: job.state,
            duplicate: job.duplicate,
            run_after: Time(job.run_after),
        }
    }
}

/// In the order of the request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"results": [{
    "id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "queue": "mail", "state": "available", "duplicate": false,
    "run_after": "2026-11-23T04:52:52.123456Z"
}]}))]
pub(super) struct EnqueueJobsResponse {
    results: Vec<EnqueueResult>,
}

/// Enqueue a job
///
/// When the answer is sent, the job is committed. With an `Idempotency-Key` the call can be
/// repeated safely for 24 hours: the answer is the same, with `Idempotency-Replayed: true`.
#[utoipa::path(
    post, path = "/v1/queues/{queue}/jobs", tag = "jobs",
    params(
        ("queue" = String, Path, description = "The queue; made by its first job", example = "mail"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable characters"),
    ),
    request_body = NewJob,
    responses(
        (status = 201, description = "Stored", body = EnqueueResult),
        (status = 200, description = "A job with this dedup key was there", body = EnqueueResult),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`duplicate_job` or `idempotency_in_progress`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`queue_full`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn enqueue_job(
    State(app): State<App>,
    QueuePath(queue): QueuePath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let idempotency = body.idempotency(&headers, Some(&queue))?;
    let mut job = body.parse(|fields| read_job(&app, fields, Some(&queue)))?;
    take_traceparent(job.iter_mut(), &headers);
    let enqueue = store::Enqueue {
        jobs: job.into_iter().map(Result::from).collect::<Result<_, Error>>()?,
        idempotency: idempotency.map(|key| ("enqueue_job", key)),
        ..store::Enqueue::default()
    };
    let (response, replayed) = stored_one(&app, enqueue).await?;
    Ok(mark_replayed(response, replayed))
}

/// Stores one job: the answer, and whether it is that of an earlier request.
pub(super) async fn stored_one(app: &App, enqueue: store::Enqueue) -> Result<(Response, bool), Error> {
    let queues = queues_of(&enqueue);
    one_answered(app.engine.enqueue(enqueue, false).await?, &queues)
}

/// As [`stored_one`], of what the engine answers.
pub(super) fn one_answered(answer: EnqueueAnswer, queues: &[String]) -> Result<(Response, bool), Error> {
    let (mut jobs, replayed) = answered(answer, queues, true)?;
    let job = jobs.pop().ok_or(Error::Internal)?;
    let location = format!("/v1/jobs/{}", job.id);
    let status = if job.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = json(status, &EnqueueResult::from(job))?;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok((response, replayed))
}

/// Enqueue many jobs
///
/// Into any queues, all of them or none. Safe to repeat with an `Idempotency-Key`.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable characters")),
    request_body = EnqueueJobsRequest,
    responses(
        (status = 201, description = "Stored", body = EnqueueJobsResponse),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`duplicate_job` or `idempotency_in_progress`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`queue_full`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn enqueue_jobs(State(app): State<App>, params: Params, headers: HeaderMap, body: Body) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::ManyJobs).await?;
    let idempotency = body.idempotency(&headers, None)?;
    let jobs = body
        .parse(|fields| fields.required("jobs", fields.objects("jobs", 1..=1000, |job| read_job(&app, job, None))))?;
    let mut jobs: Vec<Read> = jobs.into_iter().flatten().flatten().collect();
    take_traceparent(jobs.iter_mut(), &headers);
    let enqueue = store::Enqueue {
        jobs: jobs.into_iter().map(Result::from).collect::<Result<_, Error>>()?,
        idempotency: idempotency.map(|key| ("enqueue_jobs", key)),
        ..store::Enqueue::default()
    };
    let queues = queues_of(&enqueue);
    let (jobs, replayed) = answered(app.engine.enqueue(enqueue, false).await?, &queues, false)?;
    let results = jobs.into_iter().map(EnqueueResult::from).collect();
    Ok(mark_replayed(json(StatusCode::CREATED, &EnqueueJobsResponse { results })?, replayed))
}

/// The queue of each job.
pub(super) fn queues_of(enqueue: &store::Enqueue) -> Vec<String> {
    enqueue.jobs.iter().map(|job| job.queue.to_string()).collect()
}

/// What was stored of the jobs, or of `one`, of these queues, and whether an earlier request did it.
fn answered(answer: EnqueueAnswer, queues: &[String], one: bool) -> Result<(Vec<Enqueued>, bool), Error> {
    let queue = |item: usize| queues.get(item).cloned().unwrap_or_default();
    match answer {
        EnqueueAnswer::Stored { jobs, replayed } => Ok((jobs, replayed)),
        EnqueueAnswer::Mismatch => Err(Error::IdempotencyMismatch),
        EnqueueAnswer::InProgress => Err(Error::IdempotencyInProgress),
        EnqueueAnswer::Refused(refusal) => Err(match refusal {
            EnqueueRefusal::QueueNotFound { item } => Error::QueueNotFound(queue(item)),
            EnqueueRefusal::PayloadTooLarge { limit, actual, .. } => {
                Error::PayloadTooLarge("the payload", limit, Some(actual))
            }
            EnqueueRefusal::QueueFull { item, limit, actual } => Error::QueueFull(queue(item), limit, actual),
            EnqueueRefusal::Duplicate { holder, .. } => Error::DuplicateJob(holder),
            EnqueueRefusal::NoWindow { item } => {
                let pointer = if one { "/dedup_window_ms".to_owned() } else { format!("/jobs/{item}/dedup_window_ms") };
                Error::field(&pointer, "required", "neither the job nor its queue says how long the window is")
            }
            EnqueueRefusal::Leases => Error::Internal,
        }),
    }
}

pub(super) fn mark_replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// A job as it was read, or why its payload is too large for any queue.
enum Read {
    Job(Box<store::NewJob>),
    TooLarge { limit: usize, actual: usize },
}

impl From<Read> for Result<store::NewJob, Error> {
    fn from(read: Read) -> Self {
        match read {
            Read::Job(job) => Ok(*job),
            Read::TooLarge { limit, actual } => Err(Error::too_large("the payload", limit, actual)),
        }
    }
}

/// The trace of the request, for jobs that name none.
fn take_traceparent<'a>(jobs: impl Iterator<Item = &'a mut Read>, headers: &HeaderMap) {
    let given = traceparent_of(headers);
    for read in jobs {
        if let Read::Job(job) = read
            && job.traceparent.is_none()
        {
            job.traceparent.clone_from(&given);
        }
    }
}

/// The trace that the headers of a request name.
pub(super) fn traceparent_of(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.filter(|text| is_traceparent(text)).map(str::to_owned)
}

/// W3C Trace Context, version 00: lower case hex of these lengths.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    parts.len() == 4 && parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.into_iter().all(hex)
}

/// Reads a [`NewJob`]; the path names the queue where it does.
fn read_job(app: &App, fields: &Fields<'_>, path: Option<&QueueName>) -> Option<Read> {
    let named = fields.text("queue", QueueName::MAX).map(|name| QueueName::parse(&name));
    let queue = match (named, path) {
        (Some(Ok(named)), Some(path)) if named != *path => {
            fields.fault("queue", "conflict", "the path names another queue");
            None
        }
        (Some(Ok(named)), _) => Some(named),
        (Some(Err(invalid)), _) => {
            fields.fault("queue", "pattern", invalid.0);
            None
        }
        (None, Some(path)) => Some(path.clone()),
        (None, None) => fields.required("queue", None),
    };
    let kind = fields.printable("kind", 128).unwrap_or_else(|| "default".to_owned());
    let payload = fields.json("payload", app.payload_bytes_max);
    let (run_after, delay_ms) = (fields.time("run_after"), fields.int("delay_ms", 0..=MS_MAX));
    if fields.has("run_after") && fields.has("delay_ms") {
        fields.fault("delay_ms", "conflict", "not together with run_after");
    }
    let headers = fields.map("headers", 32, 1024);
    if let Some(name) = headers.iter().flatten().map(|(name, _)| name).find(|name| is_reserved(name)) {
        fields.fault(
            "headers",
            "conflict",
            format!("{name:?} is for schedules: names that begin with presque- are reserved"),
        );
    }
    let job = store::NewJob {
        priority: fields.small("priority", -100..=100),
        run_after,
        delay_ms,
        expires_at: fields.time("expires_at"),
        max_attempts: fields.small("max_attempts", 1..=1000),
        lease_ms: fields.int("lease_ms", LEASE_MS),
        timeout_ms: fields.int("timeout_ms", 0..=MS_MAX),
        tags: fields.texts("tags", 0..=16, 64),
        headers: headers.and_then(|map| serde_json::to_string(&map).ok()),
        traceparent: traceparent(fields),
        dedup: dedup(fields),
        ..store::NewJob::new(queue?, &kind, Payload::null())
    };
    match payload {
        None => Some(Read::Job(Box::new(job))),
        Some(Ok(payload)) => Some(Read::Job(Box::new(store::NewJob { payload, ..job }))),
        Some(Err(actual)) => Some(Read::TooLarge { limit: app.payload_bytes_max, actual }),
    }
}

/// What we say of jobs ourselves.
fn is_reserved(name: &str) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("presque-"))
}

fn traceparent(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("traceparent", 55)?;
    if !is_traceparent(&text) {
        fields.fault("traceparent", "pattern", "like 00-<32 hex digits>-<16 hex digits>-<2 hex digits>");
    }
    Some(text)
}

fn dedup(fields: &Fields<'_>) -> Option<Dedup> {
    let key = fields.filled("dedup_key", 256);
    let until = fields.choice("dedup_until", &["started", "finished", "window"]);
    let window_ms = fields.int("dedup_window_ms", 1..=MS_MAX);
    let on_conflict = fields.choice("dedup_on_conflict", &["return_existing", "reject", "replace"]);
    for name in ["dedup_until", "dedup_window_ms", "dedup_on_conflict"] {
        if fields.has(name) && !fields.has("dedup_key") {
            fields.fault(name, "conflict", "only together with dedup_key");
        }
    }
    if fields.has("dedup_window_ms") && until.as_ref().is_some_and(|until| until != "window") {
        fields.fault("dedup_window_ms", "conflict", "only with dedup_until window");
    }
    let key = DedupKey::parse(&key?).ok()?;
    Some(Dedup { key, scope: None, until, window_ms, on_conflict })
}

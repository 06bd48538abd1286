//! Putting jobs in.

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
use super::links::link;
use super::new_job::{Asked, NewJob, Read, read_job, take_traceparent};
use super::params::Params;
use super::request::{JsonBody, QueuePath, Takes};
use crate::domain::JobState;
use crate::engine::EnqueueAnswer;
use crate::http::App;
use crate::http::problem::{Error, FieldError, Problem};
use crate::http::request::by;
use crate::store::{self, EnqueueRefusal, Enqueued};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(enqueue_job)).routes(routes!(enqueue_jobs))
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
        (status = 422, description = "`validation_failed`, `dependency_invalid` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
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
    let job = body.parse(|fields| read_job(&app, fields, Asked::Alone(&queue)))?;
    let enqueue = store::Enqueue {
        jobs: jobs_of(job.into_iter().collect(), &headers)?,
        idempotency: idempotency.map(|key| ("enqueue_job", key)),
        by: by(),
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
    let (mut jobs, replayed) = answered(answer, queues, &[String::new()])?;
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
        (status = 422, description = "`validation_failed`, `dependency_invalid` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`queue_full`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn enqueue_jobs(State(app): State<App>, params: Params, headers: HeaderMap, body: Body) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::ManyJobs).await?;
    let idempotency = body.idempotency(&headers, None)?;
    let read = |job: &Fields<'_>| read_job(&app, job, Asked::Together);
    let jobs = body.parse(|fields| fields.required("jobs", fields.objects("jobs", 1..=1000, read)))?;
    let enqueue = store::Enqueue {
        jobs: jobs_of(jobs.into_iter().flatten().flatten().collect(), &headers)?,
        idempotency: idempotency.map(|key| ("enqueue_jobs", key)),
        by: by(),
        ..store::Enqueue::default()
    };
    let queues = queues_of(&enqueue);
    let places: Vec<String> = (0..queues.len()).map(|n| format!("/jobs/{n}")).collect();
    let (jobs, replayed) = answered(app.engine.enqueue(enqueue, false).await?, &queues, &places)?;
    let results = jobs.into_iter().map(EnqueueResult::from).collect();
    Ok(mark_replayed(json(StatusCode::CREATED, &EnqueueJobsResponse { results })?, replayed))
}

/// The jobs of a request as they were read, linked among each other.
pub(super) fn jobs_of(mut read: Vec<Read>, headers: &HeaderMap) -> Result<Vec<store::NewJob>, Error> {
    take_traceparent(read.iter_mut(), headers);
    link(&mut read)?;
    read.into_iter().map(Result::from).collect()
}

/// The queue of each job.
pub(super) fn queues_of(enqueue: &store::Enqueue) -> Vec<String> {
    enqueue.all_jobs().map(|job| job.queue.to_string()).collect()
}

/// What was stored of the jobs of these queues, which stand at these places of the body, and whether an earlier request
/// did it.
pub(super) fn answered(
    answer: EnqueueAnswer,
    queues: &[String],
    places: &[String],
) -> Result<(Vec<Enqueued>, bool), Error> {
    let queue = |item: usize| queues.get(item).cloned().unwrap_or_default();
    let pointer = |item: usize, name: &str| format!("{}/{name}", places.get(item).map_or("", String::as_str));
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
                let message = "neither the job nor its queue says how long the window is";
                Error::field(&pointer(item, "dedup_window_ms"), "required", message)
            }
            EnqueueRefusal::DependencyUnknown { item, job } => Error::DependencyInvalid(vec![FieldError {
                pointer: pointer(item, "depends_on"),
                code: "unknown",
                message: format!("there is no job {job}, or it is past its retention"),
            }]),
            EnqueueRefusal::BatchNotRunning { item, batch } => {
                let message = format!("there is no batch {batch} that is running");
                Error::field(&pointer(item, "batch_id"), "unknown", message)
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

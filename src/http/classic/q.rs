//! `/q/{queue}`: one job in, one job out.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ClassicError, Refusal};
use super::extract::{Query, Queue, WorkerParam, require_json};
use super::{Answer, LEASE_TOKEN, empty, json, with_job_id};
use crate::domain::{DedupKey, JobId, Payload, RunAfter};
use crate::engine::EnqueueAnswer;
use crate::http::App;
use crate::http::body::Bytes;
use crate::http::request::by;
use crate::store::{Dedup, Enqueue, EnqueueRefusal, NewJob};

/// The kind of every job that came by a classic route.
pub(super) const KIND: &str = "classic";

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(
        enqueue_classic_job,
        fetch_classic_job,
        fail_classic_job,
        purge_classic_queue
    ))
}

/// Enqueue a job
///
/// Stores the body byte for byte as a job. When the answer is sent, the job is committed.
#[utoipa::path(
    post, path = "/q/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "1 to 128 of letters, digits and `_ . : @ + -`", example = "mail"),
        ("delayed" = Option<f64>, Query, description = "Not before this moment, in epoch seconds, a fraction allowed"),
        ("uniq" = Option<String>, Query, description = "Refuse the job while another one with this key waits in the queue"),
    ),
    request_body(content = serde_json::Value, description = "The job: any JSON value", content_type = "application/json", example = json!({"to": "ann@example.com"})),
    responses(
        (status = 201, description = "Stored; empty body", headers(("X-Presque-Job-Id" = String, description = "The job's id"))),
        (status = 400, description = "`content-type must be set to application/json`, `job is missing`, `job already exists`, `invalid JSON`, `delayed must be an epoch` or `invalid queue name`", body = ClassicError),
        (status = 413, description = "`job is too large`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn enqueue_classic_job(
    State(app): State<App>,
    Queue(queue): Queue,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    require_json(&headers)?;
    let Bytes { bytes, held: _held } = app.bodies.read(body, app.payload_bytes_max).await?;
    let job = one(&app, Queue(queue), &query, bytes)?;
    store(&app, Enqueue { jobs: vec![job], ..Enqueue::default() }).await
}

/// Fail a job and insert it again
///
/// A worker could not do this job: counts a failure for the queue and for the worker, and
/// enqueues the body as a new job. The failure is counted also when the job is refused
/// because its `uniq` key is taken.
#[utoipa::path(
    put, path = "/q/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("delayed" = Option<f64>, Query, description = "Not before this moment, in epoch seconds"),
        ("uniq" = Option<String>, Query, description = "Refuse the job while another one with this key waits in the queue"),
        ("worker_id" = Option<String>, Query, description = "The worker; else the header"),
        ("X-presque-workerid" = Option<String>, Header, description = "The worker"),
    ),
    request_body(content = serde_json::Value, description = "The job: any JSON value", content_type = "application/json", example = json!({"to": "ann@example.com"})),
    responses(
        (status = 201, description = "Counted and stored; empty body", headers(("X-Presque-Job-Id" = String, description = "The new job's id"))),
        (status = 400, description = "As for POST", body = ClassicError),
        (status = 413, description = "`job is too large`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn fail_classic_job(
    State(app): State<App>,
    Queue(queue): Queue,
    query: Query,
    worker: WorkerParam,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    require_json(&headers)?;
    let Bytes { bytes, held: _held } = app.bodies.read(body, app.payload_bytes_max).await?;
    let job = one(&app, Queue(queue), &query, bytes)?;
    let worker = worker.if_any();
    let failed = Enqueue { jobs: vec![job.clone()], failed: true, worker: worker.clone(), ..Enqueue::default() };
    match (store(&app, failed).await, worker) {
        // The lease may have run out since it was seen: then it is a failure like any other.
        (Err(Refusal::Leases), Some(worker)) => {
            let delay_ms = match job.run_after {
                Some(at) => Some((at - app.store.now().await?).num_milliseconds().max(0)),
                None => None,
            };
            match app.engine.fail_classic(&worker, &job.queue, job.payload.clone(), delay_ms).await? {
                Some(id) => Ok(with_job_id(empty(StatusCode::CREATED), Some(id))),
                None => store(&app, Enqueue { jobs: vec![job], failed: true, ..Enqueue::default() }).await,
            }
        }
        (answer, _) => answer,
    }
}

/// Fetch a job
///
/// Takes the first job off the queue and answers its bytes. It is handed out once and
/// never again: a worker that dies with it has lost it.
#[utoipa::path(
    get, path = "/q/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("worker_id" = Option<String>, Query, description = "The worker; else the header"),
        ("X-presque-workerid" = Option<String>, Header, description = "The worker, whose `processed` grows by one if it is registered"),
    ),
    responses(
        (status = 200, description = "The job, byte for byte", body = serde_json::Value, headers(("X-Presque-Job-Id" = String, description = "The job's id")), example = json!({"to": "ann@example.com"})),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 404, description = "`no job`, or `queue is closed` while it is stopped", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn fetch_classic_job(State(app): State<App>, Queue(queue): Queue, worker: WorkerParam) -> Answer {
    let jobs = app.engine.fetch(queue, 1, worker.if_any()).await?.ok_or(Refusal::QueueClosed)?;
    let job = jobs.into_iter().next().ok_or(Refusal::NoJob)?;
    let mut response = with_job_id(json(StatusCode::OK, whole(&app, job.payload)), Some(job.id));
    if let Some(Ok(token)) = job.token.map(|token| HeaderValue::from_str(&token.to_string())) {
        response.headers_mut().insert(LEASE_TOKEN, token);
    }
    Ok(response)
}

/// Purge a queue
///
/// Waiting and delayed jobs, unique keys and the queue's counters are gone at once,
/// however many they are. The queue stays in the list, with its policy.
#[utoipa::path(
    delete, path = "/q/{queue}", tag = "classic",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses(
        (status = 204, description = "Empty now; no body"),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn purge_classic_queue(State(app): State<App>, Queue(queue): Queue) -> Answer {
    app.engine.purge_queue(queue, by()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// One job, counted among the large answers where there is room: it has been taken, and is
/// answered in any case.
fn whole(app: &App, payload: String) -> Body {
    match app.answers.reserve(payload.len()) {
        Some(place) => place.body(payload.into_bytes()),
        None => Body::from(payload),
    }
}

/// Checks the request in the order of 2010 and makes the job of it.
fn one(app: &App, Queue(queue): Queue, query: &Query, body: Vec<u8>) -> Result<NewJob, Refusal> {
    if body.is_empty() {
        return Err(Refusal::JobMissing);
    }
    let run_after = delayed(query)?.map(RunAfter::at);
    let payload = Payload::parse(body, app.payload_bytes_max)?;
    let dedup = query.bytes("uniq").and_then(DedupKey::from_bytes).map(|key| Dedup {
        key,
        scope: Some("queue".to_owned()),
        until: Some("started".to_owned()),
        window_ms: None,
        on_conflict: Some("reject".to_owned()),
    });
    Ok(NewJob { run_after, dedup, ..NewJob::new(queue, KIND, payload) })
}

/// The parameter `delayed`.
pub(super) fn delayed(query: &Query) -> Result<Option<RunAfter>, Refusal> {
    RunAfter::parse_epoch(&query.text("delayed").unwrap_or_default()).map_err(|_| Refusal::Delayed)
}

async fn store(app: &App, jobs: Enqueue) -> Answer {
    let stored = enqueue(app, jobs).await?;
    Ok(with_job_id(empty(StatusCode::CREATED), stored))
}

/// Stores jobs; answers the id of the first.
pub(super) async fn enqueue(app: &App, jobs: Enqueue) -> Result<Option<JobId>, Refusal> {
    match app.engine.enqueue(Enqueue { by: by(), ..jobs }, true).await? {
        EnqueueAnswer::Stored { jobs, .. } => Ok(jobs.first().map(|job| job.id)),
        EnqueueAnswer::Refused(refusal) => Err(match refusal {
            EnqueueRefusal::Duplicate { .. } => Refusal::JobExists,
            EnqueueRefusal::PayloadTooLarge { .. } => Refusal::TooLarge,
            EnqueueRefusal::QueueFull { .. } => Refusal::Overloaded,
            EnqueueRefusal::QueueNotFound { .. } => Refusal::InvalidQueueName,
            EnqueueRefusal::Leases => Refusal::Leases,
            // The policy of a queue always has a window where it needs one, and nothing is linked here.
            EnqueueRefusal::NoWindow { .. }
            | EnqueueRefusal::DependencyUnknown { .. }
            | EnqueueRefusal::BatchNotRunning { .. } => Refusal::Internal,
        }),
        EnqueueAnswer::Mismatch | EnqueueAnswer::InProgress => Err(Refusal::Overloaded),
    }
}

//! `/q/{queue}`: one job in, one job out.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ClassicError, Refusal};
use super::extract::{Query, Queue, WorkerParam, require_json};
use super::{Answer, empty, json, with_job_id};
use crate::domain::{DedupKey, Payload, RunAfter};
use crate::http::App;
use crate::http::body::Bytes;
use crate::store::Enqueue;

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
    store(&app, one(&app, Queue(queue), &query, bytes)?).await
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
    store(&app, Enqueue { failed: true, worker: worker.if_any(), ..job }).await
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
        (status = 404, description = "`no job`, or `queue is closed` while it is stopped", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn fetch_classic_job(State(app): State<App>, Queue(queue): Queue, worker: WorkerParam) -> Answer {
    let jobs = app.engine.fetch(queue, 1, worker.if_any()).await?.ok_or(Refusal::QueueClosed)?;
    let job = jobs.into_iter().next().ok_or(Refusal::NoJob)?;
    Ok(with_job_id(json(StatusCode::OK, Body::from(job.payload)), Some(job.id)))
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
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn purge_classic_queue(State(app): State<App>, Queue(queue): Queue) -> Answer {
    app.engine.purge_queue(queue).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Checks the request in the order of 2010 and makes the job of it.
fn one(app: &App, Queue(queue): Queue, query: &Query, body: Vec<u8>) -> Result<Enqueue, Refusal> {
    if body.is_empty() {
        return Err(Refusal::JobMissing);
    }
    Ok(Enqueue {
        queue,
        kind: KIND,
        run_after: delayed(query)?,
        dedup_key: query.bytes("uniq").and_then(DedupKey::from_bytes),
        payloads: vec![Payload::parse(body, app.payload_bytes_max)?],
        failed: false,
        worker: None,
    })
}

/// The parameter `delayed`.
pub(super) fn delayed(query: &Query) -> Result<Option<RunAfter>, Refusal> {
    RunAfter::parse_epoch(&query.text("delayed").unwrap_or_default()).map_err(|_| Refusal::Delayed)
}

async fn store(app: &App, job: Enqueue) -> Answer {
    let enqueued = app.engine.enqueue(job).await?;
    if !enqueued.accepted {
        return Err(Refusal::JobExists);
    }
    Ok(with_job_id(empty(StatusCode::CREATED), enqueued.first_job_id))
}

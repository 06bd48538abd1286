//! `/w/{queue}`: registered workers and their counters.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ClassicError, Refusal};
use super::extract::{Query, Queue, WorkerParam};
use super::{Answer, answer, empty};
use crate::domain::{QueueName, WorkerId};
use crate::http::App;
use crate::http::body::Bytes;
use crate::http::request::by;

/// The largest body of a registration: room for the longest id and much besides.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_classic_workers)).routes(routes!(
        get_classic_workers,
        register_classic_worker,
        unregister_classic_worker
    ))
}

/// A registered worker. The counters are strings, as they were in 2010.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"worker_id": "web-3", "started_at": 1_273_923_534, "processed": "7", "failed": "0"}))]
struct ClassicWorker {
    worker_id: String,
    /// When it registered, in epoch seconds.
    started_at: i64,
    /// Jobs fetched since then.
    processed: String,
    /// Failures reported since then.
    failed: String,
}

/// The workers of a queue, and the queue's counters.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queue_name": "mail", "workers_list": ["web-3"], "processed": 7, "failed": 1}))]
struct ClassicQueueWorkers {
    queue_name: String,
    workers_list: Vec<String>,
    processed: i64,
    failed: i64,
}

/// Ids of workers; or one of the two objects, as the parameters ask.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "documents the three shapes of one answer")]
enum ClassicWorkers {
    Ids(Vec<String>),
    Worker(ClassicWorker),
    Queue(ClassicQueueWorkers),
}

/// List workers, or show one
///
/// Without a parameter the ids of all registered workers; with `worker_id` that worker;
/// with `queue_name` the workers of that queue.
#[utoipa::path(
    get, path = "/w/", tag = "classic",
    params(
        ("worker_id" = Option<String>, Query, description = "Show this worker"),
        ("queue_name" = Option<String>, Query, description = "Show the workers of this queue; goes before `worker_id`"),
    ),
    responses(
        (status = 200, description = "Ids, a worker, or a queue's workers", body = ClassicWorkers),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 404, description = "`no such worker`", body = ClassicError),
        (status = 503, description = "`database unavailable` or `overloaded`; see `Retry-After`", body = ClassicError),
    ),
)]
pub(super) async fn list_classic_workers(State(app): State<App>, query: Query) -> Answer {
    match asked(&app, &query).await? {
        Some(found) => Ok(found),
        None => Ok(answer(&app.store.list_worker_ids().await?)),
    }
}

/// Show the workers of a queue
///
/// Zeros and no workers for a queue never seen.
#[utoipa::path(
    get, path = "/w/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("worker_id" = Option<String>, Query, description = "Show this worker instead"),
        ("queue_name" = Option<String>, Query, description = "Show the workers of this queue instead"),
    ),
    responses(
        (status = 200, description = "The queue's workers, or the worker", body = ClassicWorkers),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 404, description = "`no such worker`", body = ClassicError),
        (status = 503, description = "`database unavailable` or `overloaded`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn get_classic_workers(State(app): State<App>, Queue(queue): Queue, query: Query) -> Answer {
    match asked(&app, &query).await? {
        Some(found) => Ok(found),
        None => on_queue(&app, &queue).await,
    }
}

/// Register a worker
///
/// Optional: it makes the worker's counters. They begin at zero, also when the worker was
/// registered before. The id comes from the header, the query or the body.
#[utoipa::path(
    post, path = "/w/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("worker_id" = Option<String>, Query, description = "The worker; else the header or the body"),
        ("X-presque-workerid" = Option<String>, Header, description = "The worker"),
    ),
    request_body(content = serde_json::Value, description = "May hold `worker_id`, whatever its `Content-Type` says", content_type = "application/json", example = json!({"worker_id": "web-3"})),
    responses(
        (status = 201, description = "Registered; empty body"),
        (status = 400, description = "`worker_id is missing`, `invalid worker_id` or `invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn register_classic_worker(
    State(app): State<App>,
    Queue(queue): Queue,
    WorkerParam(given): WorkerParam,
    body: Body,
) -> Answer {
    let Bytes { bytes: body, held: _held } = app.bodies.read(body, BODY_BYTES_MAX).await?;
    let in_body = || match serde_json::from_slice::<Value>(&body).ok()?.get("worker_id")? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    };
    let worker = WorkerParam(given.or_else(in_body)).required()?;
    app.engine.register_worker(worker, queue, by()).await?;
    Ok(empty(StatusCode::CREATED))
}

/// Unregister a worker
///
/// Takes the worker off this queue; off its last one, it is gone. Safe to repeat.
#[utoipa::path(
    delete, path = "/w/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("worker_id" = Option<String>, Query, description = "The worker; else the header"),
        ("X-presque-workerid" = Option<String>, Header, description = "The worker"),
    ),
    responses(
        (status = 204, description = "Unregistered; no body"),
        (status = 400, description = "`worker_id is missing`, `invalid worker_id` or `invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn unregister_classic_worker(State(app): State<App>, Queue(queue): Queue, worker: WorkerParam) -> Answer {
    app.engine.unregister_worker(worker.required()?, queue, by()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// What the parameters ask for, if they ask for anything.
async fn asked(app: &App, query: &Query) -> Result<Option<axum::response::Response>, Refusal> {
    if let Some(name) = query.text("queue_name") {
        let queue = QueueName::parse(&name).map_err(|_| Refusal::InvalidQueueName)?;
        return on_queue(app, &queue).await.map(Some);
    }
    let Some(id) = query.text("worker_id") else { return Ok(None) };
    let worker = WorkerId::parse(&id).map_err(|_| Refusal::NoSuchWorker)?;
    let worker = app.store.find_worker(&worker).await?.ok_or(Refusal::NoSuchWorker)?;
    Ok(Some(answer(&ClassicWorker {
        worker_id: worker.id,
        started_at: worker.started_at,
        processed: worker.started.to_string(),
        failed: worker.failed.to_string(),
    })))
}

async fn on_queue(app: &App, name: &QueueName) -> Answer {
    let found = app.store.workers_on_queue(name).await?;
    Ok(answer(&ClassicQueueWorkers {
        queue_name: name.to_string(),
        workers_list: found.workers,
        processed: found.started,
        failed: found.failed,
    }))
}

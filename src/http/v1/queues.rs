//! Queues: their settings, their counts, and whether they hand anything out.

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::job::{Answer, Time, json, large_json, tagged};
use super::jobs::{REASON_MAX, empty};
use super::paging::{Wanted, linked};
use super::params::Params;
use super::policy::{UpsertQueueRequest, read_policy};
use super::request::{JsonBody, Precondition, QueuePath, Takes, UPSERT_TRIES};
use crate::domain::{MS_MAX, QueueName, QueuePolicy};
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::request::by;
use crate::store::{Counts, QueueDetail};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_queues))
        .routes(routes!(get_queue, upsert_queue, delete_queue))
        .routes(routes!(pause_queue))
        .routes(routes!(resume_queue))
}

/// How many jobs are in each state; from counters, at most 2 seconds old.
#[derive(Default, Serialize, ToSchema)]
#[schema(example = json!({
    "pending": 0, "scheduled": 2, "available": 10, "running": 4, "retryable": 1, "completed": 1200, "discarded": 3,
    "cancelled": 0
}))]
pub(super) struct StateCounts {
    pending: i64,
    scheduled: i64,
    available: i64,
    running: i64,
    retryable: i64,
    completed: i64,
    discarded: i64,
    cancelled: i64,
}

impl From<Counts> for StateCounts {
    fn from(counts: Counts) -> Self {
        Self {
            pending: counts.pending,
            scheduled: counts.scheduled,
            available: counts.available,
            running: counts.running,
            retryable: counts.retryable,
            completed: counts.completed,
            discarded: counts.discarded,
            cancelled: counts.cancelled,
        }
    }
}

/// A queue.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "name": "mail", "policy": crate::domain::QueuePolicy::default(), "paused": false,
    "counts": {
        "pending": 0, "scheduled": 2, "available": 10, "running": 4, "retryable": 1, "completed": 1200,
        "discarded": 3, "cancelled": 0
    },
    "oldest_available_at": "2026-11-23T05:00:52.123456Z", "latency_ms": 250, "enqueued_per_min": 120.0,
    "completed_per_min": 118.0, "failed_per_min": 0.5, "workers": 3, "version": 4,
    "created_at": "2026-11-23T04:52:52.123456Z", "updated_at": "2026-11-23T04:52:52.123456Z"
}))]
struct Queue {
    name: String,
    policy: QueuePolicy,
    /// It takes jobs and hands none out.
    paused: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pause_reason: Option<String>,
    /// When it resumes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    resume_at: Option<Time>,
    counts: StateCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_available_at: Option<Time>,
    /// The age of the oldest available job; 0 if there is none.
    latency_ms: i64,
    /// Over the last minute or two.
    enqueued_per_min: f64,
    completed_per_min: f64,
    failed_per_min: f64,
    /// Workers that say they work on it.
    #[schema(value_type = i32)]
    workers: i64,
    /// The `ETag`.
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<QueueDetail> for Queue {
    fn from(queue: QueueDetail) -> Self {
        Self {
            name: queue.name,
            policy: queue.policy.0,
            paused: queue.paused_at.is_some(),
            paused_at: queue.paused_at.map(Time),
            paused_by: queue.paused_by,
            pause_reason: queue.pause_reason,
            resume_at: queue.resume_at.map(Time),
            counts: queue.counts.into(),
            oldest_available_at: queue.oldest_available_at.map(Time),
            latency_ms: queue.latency_ms.max(0),
            enqueued_per_min: queue.enqueued_per_min,
            completed_per_min: queue.completed_per_min,
            failed_per_min: queue.failed_per_min,
            workers: queue.workers,
            version: queue.version,
            created_at: Time(queue.created_at),
            updated_at: Time(queue.updated_at),
        }
    }
}

/// Some queues.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct QueuePage {
    data: Vec<Queue>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// For how long, and why.
#[derive(ToSchema)]
#[schema(example = json!({"reason": "smtp is down", "resume_after_ms": 600_000}))]
#[expect(dead_code, reason = "read by `pause_queue`")]
struct PauseQueueRequest {
    /// For people: up to 1024 characters.
    reason: Option<String>,
    /// Resume by itself after this many milliseconds.
    resume_after_ms: Option<i64>,
}

/// List queues
///
/// Sorted by name, byte by byte, with their counts.
#[utoipa::path(
    get, path = "/v1/queues", tag = "queues",
    params(
        ("name_contains" = Option<String>, Query, description = "Whose names contain this"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some queues", body = QueuePage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_queues(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let contains = params.text("name_contains", QueueName::MAX);
    let page = Wanted::read(&params);
    params.finish()?;
    let (pages, after) = page.open::<String>(&app, "list_queues", &contains).await?;
    let mut queues = app.store.list_queues(None, contains.as_deref(), after.as_deref(), pages.ask()).await?;
    let next_cursor = pages.next(&mut queues, app.store.now().await?, |last| last.name.clone())?;
    let page = QueuePage { data: queues.into_iter().map(Queue::from).collect(), next_cursor };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

async fn find(app: &App, name: &QueueName) -> Result<Option<QueueDetail>, Error> {
    Ok(app.store.list_queues(Some(name), None, None, 1).await?.pop())
}

fn show(status: StatusCode, queue: QueueDetail) -> Result<Response, Error> {
    let version = queue.version;
    Ok(tagged(json(status, &Queue::from(queue))?, version))
}

async fn show_known(app: &App, name: &QueueName) -> Answer {
    match find(app, name).await? {
        Some(queue) => show(StatusCode::OK, queue),
        None => Err(Error::QueueNotFound(name.to_string())),
    }
}

/// Show a queue
///
/// Its settings, its pause, and its counts, which are never counted row by row.
#[utoipa::path(
    get, path = "/v1/queues/{queue}", tag = "queues",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses(
        (status = 200, description = "The queue", body = Queue, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_queue(State(app): State<App>, QueuePath(name): QueuePath, params: Params) -> Answer {
    params.finish()?;
    show_known(&app, &name).await
}

/// Set up a queue
///
/// Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
/// A change holds for jobs that are not claimed yet. With `dry_run` nothing is written: the
/// answer is what the queue would be.
#[utoipa::path(
    patch, path = "/v1/queues/{queue}", tag = "queues",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("dry_run" = Option<bool>, Query, description = "Only check"),
        ("If-Match" = Option<String>, Header, description = "The version it must have, as its `ETag` says it"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is not there"),
    ),
    request_body = UpsertQueueRequest,
    responses(
        (status = 200, description = "The queue as it is now", body = Queue, headers(("ETag" = String, description = "Its version"))),
        (status = 201, description = "Made", body = Queue, headers(("ETag" = String, description = "Its version"))),
        (status = 409, description = "`conflict`: others change it at the same time", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn upsert_queue(
    State(app): State<App>,
    QueuePath(name): QueuePath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let dry_run = params.bool("dry_run").unwrap_or(false);
    params.finish()?;
    let wanted = Precondition::of(&headers)?;
    let body = JsonBody::read(&app, &headers, body, Takes::Patch).await?;
    for _ in 0..UPSERT_TRIES {
        let known = find(&app, &name).await?;
        let version = known.as_ref().map(|queue| queue.version);
        wanted.check(version)?;
        let before = known.as_ref().map(|queue| queue.policy.0.clone()).unwrap_or_default();
        let policy = body.parse(|fields| read_policy(fields, before.clone()))?;
        policy.check(&name).map_err(|(setting, why)| Error::field(&format!("/{setting}"), "conflict", why.0))?;
        if dry_run {
            let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
            return json(status, &would_be(known, &name, policy, app.store.now().await?));
        }
        if known.is_some() && policy == before {
            return show_known(&app, &name).await;
        }
        let dead_letters = QueueName::parse(&policy.dead_letter_queue).ok();
        let differences = policy.differences();
        let made = app.engine.upsert_queue(name.clone(), differences, version, dead_letters, by()).await?;
        if let Some(created) = made {
            let queue = find(&app, &name).await?.ok_or_else(|| Error::QueueNotFound(name.to_string()))?;
            return show(if created { StatusCode::CREATED } else { StatusCode::OK }, queue);
        }
    }
    Err(Error::Conflict)
}

/// What a queue would be with these settings.
fn would_be(
    known: Option<QueueDetail>,
    name: &QueueName,
    policy: QueuePolicy,
    now: chrono::DateTime<chrono::Utc>,
) -> Queue {
    match known {
        Some(queue) => Queue { policy, ..Queue::from(queue) },
        None => Queue {
            name: name.to_string(),
            policy,
            paused: false,
            paused_at: None,
            paused_by: None,
            pause_reason: None,
            resume_at: None,
            counts: StateCounts::default(),
            oldest_available_at: None,
            latency_ms: 0,
            enqueued_per_min: 0.0,
            completed_per_min: 0.0,
            failed_per_min: 0.0,
            workers: 0,
            version: 1,
            created_at: Time(now),
            updated_at: Time(now),
        },
    }
}

/// Delete a queue
///
/// Its unfinished jobs are cancelled (reason `queue_deleted`), which takes `force` if there are
/// any; running ones are left to end. History keeps the name. A queue made again later is
/// another one.
#[utoipa::path(
    delete, path = "/v1/queues/{queue}", tag = "queues",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("force" = Option<bool>, Query, description = "Also if it has unfinished jobs"),
        ("If-Match" = Option<String>, Header, description = "The version it must have, as its `ETag` says it"),
    ),
    responses(
        (status = 204, description = "Deleted; no body"),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`queue_not_empty`", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn delete_queue(
    State(app): State<App>,
    QueuePath(name): QueuePath,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    let force = params.bool("force").unwrap_or(false);
    params.finish()?;
    let wanted = Precondition::of(&headers)?;
    let not_found = || Error::QueueNotFound(name.to_string());
    let outcome = app.engine.delete_queue(name.clone(), force, wanted.version, by()).await?.ok_or_else(not_found)?;
    if outcome.deleted {
        return Ok(empty());
    }
    wanted.check(Some(outcome.version))?;
    if outcome.unfinished > 0 {
        Err(Error::QueueNotEmpty(name.to_string(), outcome.unfinished))
    } else {
        Err(Error::Conflict)
    }
}

/// Pause a queue
///
/// It takes jobs and hands none out; running ones go on. Safe to repeat: the reason and the
/// end are those of the last call.
#[utoipa::path(
    post, path = "/v1/queues/{queue}/pause", tag = "queues",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    request_body(content = PauseQueueRequest, description = "May be left out", content_type = "application/json"),
    responses(
        (status = 200, description = "The queue", body = Queue),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn pause_queue(
    State(app): State<App>,
    QueuePath(name): QueuePath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::Optional).await?;
    let (reason, resume_after_ms) =
        body.parse(|fields| (fields.text("reason", REASON_MAX), fields.int("resume_after_ms", 1..=MS_MAX)))?;
    app.engine.pause_queue(name.clone(), reason, resume_after_ms, false, by()).await?;
    show_known(&app, &name).await
}

/// Resume a queue
///
/// Safe to repeat.
#[utoipa::path(
    post, path = "/v1/queues/{queue}/resume", tag = "queues",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses(
        (status = 200, description = "The queue", body = Queue),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn resume_queue(State(app): State<App>, QueuePath(name): QueuePath, params: Params) -> Answer {
    params.finish()?;
    app.engine.resume_queue(name.clone(), false, by()).await?;
    show_known(&app, &name).await
}

//! Batches: jobs that are watched together.

use axum::body::Body;
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::enqueue::{answered, jobs_of, mark_replayed, queues_of};
use super::fields::Fields;
use super::job::{Answer, Time, json};
use super::new_job::{Asked, NewJob, Read, read_job};
use super::paging::{Wanted, linked};
use super::params::Params;
use super::queues::StateCounts;
use super::request::{Client, JsonBody, Patience, Takes, path_param};
use super::texts::parse_uuid;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::request::by;
use crate::store;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(create_batch, list_batches)).routes(routes!(get_batch))
}

/// Jobs to enqueue and watch together: all of them or none.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "monthly report",
    "jobs": [
        {"queue": "reports", "kind": "collect", "name": "collect"},
        {"queue": "reports", "kind": "render", "depends_on_names": ["collect"]}
    ],
    "on_success": {"queue": "mail", "kind": "report_ready"}
}))]
#[expect(dead_code, reason = "read by `create_batch`")]
struct NewBatch {
    /// For people: up to 256 characters.
    name: Option<String>,
    /// 1 to 1000. Running ones can add more, by `batch_id`.
    jobs: Vec<NewJob>,
    /// Enqueued when all jobs have ended.
    on_complete: Option<NewJob>,
    /// Enqueued when all jobs have ended, and each was completed.
    on_success: Option<NewJob>,
    /// Enqueued when all jobs have ended, and one was discarded or cancelled.
    on_failure: Option<NewJob>,
    /// Up to 16, each up to 64 characters.
    tags: Option<Vec<String>>,
}

/// A batch.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01a206c8-d8c7-76c7-bfda-d9bb00000000", "name": "monthly report", "state": "running", "total": 2,
    "counts": {
        "pending": 1, "scheduled": 0, "available": 0, "running": 0, "retryable": 0, "completed": 1, "discarded": 0,
        "cancelled": 0
    },
    "progress": 0.5, "tags": [], "callback_job_ids": [], "created_at": "2026-11-23T04:52:52.123456Z"
}))]
struct Batch {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// running until all jobs have ended; then completed, or failed if one was discarded or cancelled.
    state: String,
    /// How many jobs it has.
    total: i64,
    counts: StateCounts,
    /// The share of its jobs that have ended: 0 to 1.
    progress: f64,
    tags: Vec<String>,
    /// What its end enqueued.
    callback_job_ids: Vec<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Time>,
}

impl From<store::Batch> for Batch {
    fn from(batch: store::Batch) -> Self {
        let ended = batch.counts.completed + batch.counts.discarded + batch.counts.cancelled;
        #[expect(clippy::cast_precision_loss, reason = "no batch has so many jobs")]
        let progress = if batch.total > 0 { ended as f64 / batch.total as f64 } else { 1.0 };
        Self {
            id: batch.id,
            name: batch.name,
            state: batch.state,
            total: batch.total,
            counts: batch.counts.into(),
            progress,
            tags: batch.tags,
            callback_job_ids: batch.callback_job_ids,
            created_at: Time(batch.created_at),
            finished_at: batch.finished_at.map(Time),
        }
    }
}

/// Some batches.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct BatchPage {
    data: Vec<Batch>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The batch named in the path.
struct BatchPath(Uuid);

impl<S: Send + Sync> FromRequestParts<S> for BatchPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let text = path_param(parts, state).await?;
        let id = parse_uuid(&text);
        id.map(Self).ok_or_else(|| Error::invalid("batch ids look like 01a206c8-d8c7-76c7-bfda-d9bb00000000"))
    }
}

/// A batch as it was read: its jobs, and those that follow.
struct ReadBatch {
    name: Option<String>,
    tags: Vec<String>,
    jobs: Vec<Read>,
    callbacks: Vec<(&'static str, Read)>,
}

/// Reads a [`NewBatch`].
fn read_batch(app: &App, fields: &Fields<'_>) -> ReadBatch {
    let read = |job: &Fields<'_>| read_job(app, job, Asked::InBatch);
    let jobs = fields.required("jobs", fields.objects("jobs", 1..=1000, read));
    let follows = [("on_complete", "complete"), ("on_success", "success"), ("on_failure", "failure")];
    let callbacks = follows.into_iter().filter_map(|(member, event)| {
        let read = fields.object(member, |job| read_job(app, job, Asked::AtEnd));
        Some((event, read??))
    });
    ReadBatch {
        callbacks: callbacks.collect(),
        name: fields.printable("name", 256),
        tags: fields.texts("tags", 0..=16, 64).unwrap_or_default(),
        jobs: jobs.into_iter().flatten().flatten().collect(),
    }
}

/// Create a batch
///
/// Enqueues its jobs, which may wait for each other by `depends_on_names`, all of them or none. The batch ends when all
/// of its jobs have; what is to follow is then enqueued, each at most once. A retry of one of its jobs opens it again. A
/// job that was there, by its dedup key, is not in it.
#[utoipa::path(
    post, path = "/v1/batches", tag = "batches",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable characters")),
    request_body = NewBatch,
    responses(
        (status = 201, description = "Stored", body = Batch),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`duplicate_job` or `idempotency_in_progress`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`, `dependency_invalid` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`queue_full`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn create_batch(State(app): State<App>, params: Params, headers: HeaderMap, body: Body) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::ManyJobs).await?;
    let idempotency = body.idempotency(&headers, None)?;
    let batch = body.parse(|fields| read_batch(&app, fields))?;
    let (events, followers): (Vec<_>, Vec<_>) = batch.callbacks.into_iter().unzip();
    let places: Vec<String> = batch.jobs.iter().chain(&followers).map(|job| job.at.clone()).collect();
    let enqueue = store::Enqueue {
        jobs: jobs_of(batch.jobs, &headers)?,
        idempotency: idempotency.map(|key| ("create_batch", key)),
        by: by(),
        batch: Some(store::NewBatch {
            name: batch.name,
            tags: batch.tags,
            callbacks: events.into_iter().zip(jobs_of(followers, &headers)?).collect(),
        }),
        ..store::Enqueue::default()
    };
    let queues = queues_of(&enqueue);
    let (jobs, replayed) = answered(app.engine.enqueue(enqueue, false).await?, &queues, &places)?;
    let id = jobs.first().and_then(|job| job.batch).ok_or(Error::Internal)?;
    let batch = app.store.find_batch(id).await?.ok_or(Error::BatchNotFound(id))?;
    let mut response = json(StatusCode::CREATED, &Batch::from(batch))?;
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/batches/{id}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(mark_replayed(response, replayed))
}

/// List batches
///
/// The newest first. Those that ended are kept for 90 days.
#[utoipa::path(
    get, path = "/v1/batches", tag = "batches",
    params(
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some batches", body = BatchPage, headers(("Link" = String, description = "The next page"))),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_batches(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let page = Wanted::read(&params);
    params.finish()?;
    let (pages, below) = page.open::<Uuid>(&app, "list_batches", &()).await?;
    let mut batches = app.store.list_batches(below, pages.ask()).await?;
    let now = match batches.first() {
        Some(batch) => batch.as_of,
        None => app.store.now().await?,
    };
    let next_cursor = pages.next(&mut batches, now, |last| last.id)?;
    let page = BatchPage { data: batches.into_iter().map(Batch::from).collect(), next_cursor };
    Ok(linked(json(StatusCode::OK, &page)?, &uri, page.next_cursor.as_deref()))
}

/// Show a batch
///
/// With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until it has ended, up to 30 seconds. Its
/// jobs are listed by `GET /v1/jobs?batch_id=`.
#[utoipa::path(
    get, path = "/v1/batches/{batch_id}", tag = "batches",
    params(
        ("batch_id" = Uuid, Path, description = "The batch", example = "01a206c8-d8c7-76c7-bfda-d9bb00000000"),
        ("wait_ms" = Option<i64>, Query, description = "How long to wait (0 to 30000)"),
    ),
    responses(
        (status = 200, description = "The batch", body = Batch),
        (status = 404, description = "`batch_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_batch(
    State(app): State<App>,
    BatchPath(id): BatchPath,
    params: Params,
    headers: HeaderMap,
    client: Client,
) -> Answer {
    let patience = Patience::read(&params, &headers);
    params.finish()?;
    let draining = app.lifecycle.draining();
    let found = tokio::select! {
        found = app.engine.wait_for_batch(id, patience.wait, &draining) => found?,
        // Nobody listens any more; whoever still does gets the batch as it is.
        () = client.left() => app.store.find_batch(id).await?,
    };
    let batch = found.ok_or(Error::BatchNotFound(id))?;
    Ok(patience.applied(json(StatusCode::OK, &Batch::from(batch))?))
}

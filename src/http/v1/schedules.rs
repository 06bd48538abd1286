//! Schedules: jobs that are enqueued by the clock.

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::enqueue::{EnqueueResult, mark_replayed, one_answered, queues_of};
use super::job::{Answer, RawJson, Time, json, large_json, tagged};
use super::jobs::empty;
use super::new_job::traceparent_of;
use super::paging::{Wanted, linked};
use super::params::Params;
use super::request::{JsonBody, Precondition, SchedulePath, Takes, UPSERT_TRIES};
use super::schedule_fields::{TriggerScheduleRequest, UpsertScheduleRequest, read_schedule, recurrence};
use crate::domain::{Payload, QueueName};
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::request::by;
use crate::store;

/// How many of the next due times are shown.
const NEXT_RUNS: usize = 5;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_schedules))
        .routes(routes!(get_schedule, upsert_schedule, delete_schedule))
        .routes(routes!(trigger_schedule))
}

/// A schedule.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "report", "queue": "reports", "cron": "0 9 * * mon-fri", "timezone": "Europe/Paris", "kind": "daily",
    "payload": {"format": "pdf"}, "tags": [], "paused": false, "catch_up": "one", "overlap": "allow", "jitter_ms": 0,
    "next_run_at": "2026-11-26T08:00:00.000000Z", "next_runs": ["2026-11-26T08:00:00.000000Z"], "version": 1,
    "created_at": "2026-11-23T04:52:52.123456Z", "updated_at": "2026-11-23T04:52:52.123456Z"
}))]
struct Schedule {
    id: String,
    queue: String,
    cron: String,
    /// An IANA name.
    timezone: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<RawJson>,
    /// The queue's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i32>,
    tags: Vec<String>,
    /// The queue's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_attempts: Option<i32>,
    /// It fires nothing; what becomes due meanwhile is passed over.
    paused: bool,
    /// skip, one or all.
    catch_up: String,
    /// allow or skip.
    overlap: String,
    jitter_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The last due time that fired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_job_id: Option<Uuid>,
    /// Absent while it is paused, and when there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run_at: Option<Time>,
    /// Up to 5.
    #[schema(value_type = Vec<String>)]
    next_runs: Vec<Time>,
    /// The `ETag`.
    version: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl Schedule {
    fn of(schedule: store::Schedule, now: DateTime<Utc>) -> Self {
        let recurrence = recurrence(&schedule).ok().filter(|_| !schedule.paused);
        let next = schedule.next_run_at.filter(|_| recurrence.is_some());
        let mut next_runs: Vec<Time> = next.into_iter().map(Time).collect();
        if let (Some(next), Some(recurrence)) = (next, recurrence) {
            next_runs.extend(recurrence.following(next.max(now), NEXT_RUNS - 1).into_iter().map(Time));
        }
        Self {
            id: schedule.id,
            queue: schedule.queue,
            cron: schedule.cron,
            timezone: schedule.timezone,
            kind: schedule.kind,
            payload: schedule.payload.and_then(RawJson::of),
            priority: schedule.priority,
            tags: schedule.tags,
            max_attempts: schedule.max_attempts,
            paused: schedule.paused,
            catch_up: schedule.catch_up,
            overlap: schedule.overlap,
            jitter_ms: schedule.jitter_ms,
            starts_at: schedule.starts_at.map(Time),
            ends_at: schedule.ends_at.map(Time),
            description: schedule.description,
            last_run_at: schedule.last_run_at.map(Time),
            last_job_id: schedule.last_job_id,
            next_run_at: next.map(Time),
            next_runs,
            version: schedule.version,
            created_at: Time(schedule.created_at),
            updated_at: Time(schedule.updated_at),
        }
    }
}

/// Some schedules.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct SchedulePage {
    data: Vec<Schedule>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List schedules
///
/// Sorted by id, byte by byte.
#[utoipa::path(
    get, path = "/v1/schedules", tag = "schedules",
    params(
        ("queue" = Option<String>, Query, description = "That enqueue into this queue"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some schedules", body = SchedulePage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_schedules(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let queue = params.text("queue", QueueName::MAX);
    let page = Wanted::read(&params);
    params.finish()?;
    // A name that no queue can have has no schedules.
    let named = queue.as_deref().map(QueueName::parse).transpose();
    let (pages, after) = page.open::<String>(&app, "list_schedules", &queue).await?;
    let mut schedules = match named {
        Ok(queue) => app.store.list_schedules(None, queue.as_ref(), after.as_deref(), pages.ask()).await?,
        Err(_) => Vec::new(),
    };
    let now = app.store.now().await?;
    let pages = pages.of_at_most(store::Store::have_room(&schedules));
    let next_cursor = pages.next(&mut schedules, now, |last| last.id.clone())?;
    let data = schedules.into_iter().map(|schedule| Schedule::of(schedule, now)).collect();
    let page = SchedulePage { data, next_cursor };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

async fn find(app: &App, id: &QueueName) -> Result<Option<store::Schedule>, Error> {
    Ok(app.store.list_schedules(Some(id.as_str()), None, None, 1).await?.pop())
}

async fn find_known(app: &App, id: &QueueName) -> Result<store::Schedule, Error> {
    find(app, id).await?.ok_or_else(|| Error::ScheduleNotFound(id.to_string()))
}

async fn show(app: &App, status: StatusCode, schedule: store::Schedule) -> Answer {
    let version = schedule.version;
    Ok(tagged(json(status, &Schedule::of(schedule, app.store.now().await?))?, version))
}

/// Show a schedule
///
/// With its last run and the next five.
#[utoipa::path(
    get, path = "/v1/schedules/{schedule_id}", tag = "schedules",
    params(("schedule_id" = String, Path, description = "The schedule", example = "report")),
    responses(
        (status = 200, description = "The schedule", body = Schedule, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "`schedule_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_schedule(State(app): State<App>, SchedulePath(id): SchedulePath, params: Params) -> Answer {
    params.finish()?;
    let schedule = find_known(&app, &id).await?;
    show(&app, StatusCode::OK, schedule).await
}

/// Set up a schedule
///
/// Makes it if it is not there. What is absent stays as it is, or has its default in a new one.
/// Each due time fires once, however many servers run, by the database's clock. With `dry_run`
/// nothing is written: the answer is what the schedule would be, with its next five runs.
#[utoipa::path(
    patch, path = "/v1/schedules/{schedule_id}", tag = "schedules",
    params(
        ("schedule_id" = String, Path, description = "The schedule", example = "report"),
        ("dry_run" = Option<bool>, Query, description = "Only check"),
        ("If-Match" = Option<String>, Header, description = "The version it must have, as its `ETag` says it"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: only if it is not there"),
    ),
    request_body = UpsertScheduleRequest,
    responses(
        (status = 200, description = "The schedule as it is now", body = Schedule, headers(("ETag" = String, description = "Its version"))),
        (status = 201, description = "Made", body = Schedule, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: others change it at the same time", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn upsert_schedule(
    State(app): State<App>,
    SchedulePath(id): SchedulePath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let dry_run = params.bool("dry_run").unwrap_or(false);
    params.finish()?;
    let wanted = Precondition::of(&headers)?;
    let body = JsonBody::read(&app, &headers, body, Takes::Patch).await?;
    for _ in 0..UPSERT_TRIES {
        let seen = find(&app, &id).await?;
        wanted.check(seen.as_ref().map(|schedule| schedule.version))?;
        let now = app.store.now().await?;
        let read = body.parse(|fields| read_schedule(fields, &id, seen.as_ref(), now, app.payload_bytes_max))?;
        let schedule = read.ok_or(Error::Internal)??;
        check_queue(&app, &schedule).await?;
        let status = if seen.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        if dry_run {
            return json(status, &Schedule::of(schedule, now));
        }
        if seen.as_ref() == Some(&schedule) {
            return show(&app, status, schedule).await;
        }
        if app.engine.upsert_schedule(schedule, seen, by()).await?.is_some() {
            let schedule = find_known(&app, &id).await?;
            return show(&app, status, schedule).await;
        }
    }
    Err(Error::Conflict)
}

/// Refuses a queue that no job could be enqueued into.
async fn check_queue(app: &App, schedule: &store::Schedule) -> Result<(), Error> {
    let queue = QueueName::parse(&schedule.queue).map_err(|_| Error::Internal)?;
    let known = app.store.list_queues(Some(&queue), None, None, 1).await?.pop();
    if known.is_none() && !app.engine.makes_queues() {
        return Err(Error::QueueNotFound(schedule.queue.clone()));
    }
    let limit = known.map(|queue| queue.policy.0).unwrap_or_default().payload_max_bytes;
    let actual = schedule.payload.as_ref().map_or(0, String::len);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if actual > limit { Err(Error::too_large("the payload", limit, actual)) } else { Ok(()) }
}

/// Delete a schedule
///
/// Jobs that it enqueued stay.
#[utoipa::path(
    delete, path = "/v1/schedules/{schedule_id}", tag = "schedules",
    params(
        ("schedule_id" = String, Path, description = "The schedule", example = "report"),
        ("If-Match" = Option<String>, Header, description = "The version it must have, as its `ETag` says it"),
    ),
    responses(
        (status = 204, description = "Deleted; no body"),
        (status = 404, description = "`schedule_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn delete_schedule(
    State(app): State<App>,
    SchedulePath(id): SchedulePath,
    params: Params,
    headers: HeaderMap,
) -> Answer {
    params.finish()?;
    let wanted = Precondition::of(&headers)?;
    let not_found = || Error::ScheduleNotFound(id.to_string());
    let outcome = app.engine.delete_schedule(id.to_string(), wanted.version, by()).await?;
    let (deleted, version) = outcome.ok_or_else(not_found)?;
    if deleted { Ok(empty()) } else { Err(Error::PreconditionFailed(Some(version))) }
}

/// Trigger a schedule
///
/// Enqueues its job now, beside its due times, also while it is paused.
#[utoipa::path(
    post, path = "/v1/schedules/{schedule_id}/trigger", tag = "schedules",
    params(
        ("schedule_id" = String, Path, description = "The schedule", example = "report"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable characters"),
    ),
    request_body(content = TriggerScheduleRequest, description = "May be left out", content_type = "application/json"),
    responses(
        (status = 201, description = "Stored", body = EnqueueResult),
        (status = 404, description = "`schedule_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_in_progress`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "`queue_full`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn trigger_schedule(
    State(app): State<App>,
    SchedulePath(id): SchedulePath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::Optional).await?;
    let idempotency = body.idempotency(&headers, Some(&id))?;
    let payload = body.parse(|fields| fields.json("payload", app.payload_bytes_max))?.transpose();
    let payload = payload.map_err(|actual| Error::too_large("the payload", app.payload_bytes_max, actual))?;
    let schedule = find_known(&app, &id).await?;
    let mut job = job_of(schedule, payload).ok_or(Error::Internal)?;
    job.traceparent = traceparent_of(&headers);
    let enqueue = store::Enqueue {
        jobs: vec![job],
        idempotency: idempotency.map(|key| ("trigger_schedule", key)),
        by: by(),
        ..store::Enqueue::default()
    };
    let queues = queues_of(&enqueue);
    let (response, replayed) = one_answered(app.engine.trigger_schedule(id.to_string(), enqueue).await?, &queues)?;
    Ok(mark_replayed(response, replayed))
}

/// What a schedule enqueues when somebody asks it to.
fn job_of(schedule: store::Schedule, payload: Option<Payload>) -> Option<store::NewJob> {
    let queue = QueueName::parse(&schedule.queue).ok()?;
    let own = schedule.payload.map(|text| Payload::parse(text.into_bytes(), usize::MAX));
    let payload = payload.or(own.transpose().ok()?).unwrap_or_else(Payload::null);
    Some(store::NewJob {
        priority: schedule.priority,
        max_attempts: schedule.max_attempts,
        tags: Some(schedule.tags).filter(|tags| !tags.is_empty()),
        headers: Some(json!({"presque-schedule-id": schedule.id}).to_string()),
        ..store::NewJob::new(queue, &schedule.kind, payload)
    })
}

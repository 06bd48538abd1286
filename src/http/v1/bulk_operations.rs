//! Bulk operations: one change to all jobs that pass a filter.

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use chrono::{Datelike as _, Duration};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::enqueue::mark_replayed;
use super::fields::Fields;
use super::job::{Answer, RawJson, Time, json, large_json};
use super::job_filter::{JobFilter, job_filter, look_back};
use super::jobs::REASON_MAX;
use super::paging::{Wanted, linked};
use super::params::Params;
use super::request::{BulkOperationPath, Client, JsonBody, Patience, Takes};
use crate::domain::{BulkAction, MS_MAX, QueueName};
use crate::engine::BulkAnswer;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::request::by;
use crate::store;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_bulk_operations, create_bulk_operation))
        .routes(routes!(get_bulk_operation))
        .routes(routes!(cancel_bulk_operation))
}

/// A change to all jobs that pass a filter.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "action": "retry", "filter": {"state": ["discarded"], "queue": ["mail"], "error_class": "TimeoutError"},
    "spread_ms": 600_000, "reason": "smtp outage over"
}))]
#[expect(dead_code, reason = "read by `read_operation`")]
struct NewBulkOperation {
    /// retry, cancel, delete, move, reprioritize or reschedule.
    action: String,
    filter: JobFilter,
    /// Must be true if the filter is empty.
    all: Option<bool>,
    /// Only count the jobs, and show some.
    dry_run: Option<bool>,
    /// For people: up to 1024 characters. Jobs that are cancelled have it as their reason.
    reason: Option<String>,
    /// Of move: where the jobs go.
    target_queue: Option<String>,
    /// Of reprioritize: -100 to 100.
    priority: Option<i32>,
    /// Of reschedule: not before this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    run_after: Option<String>,
    /// Of retry and reschedule: the jobs are spread over so many milliseconds.
    spread_ms: Option<i64>,
}

/// A bulk operation as it is now.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01a206c8-d8c7-76c7-bfda-d9bb00000000", "action": "retry", "state": "running",
    "filter": {"state": ["discarded"], "queue": ["mail"], "error_class": "TimeoutError"}, "dry_run": false,
    "matched": 48211, "processed": 12000, "skipped": 3, "failed": 0,
    "sample_job_ids": ["01a206c8-d8c7-76c7-bfda-d9bb00000001"], "reason": "smtp outage over",
    "created_at": "2026-11-23T04:52:52.123456Z"
}))]
struct BulkOperation {
    id: Uuid,
    /// retry, cancel, delete, move, reprioritize or reschedule.
    action: String,
    /// running; preview, completed, cancelled or failed when it is over.
    state: String,
    #[schema(value_type = JobFilter)]
    filter: Option<RawJson>,
    dry_run: bool,
    /// Jobs that passed the filter when it began: exact up to 1000000, of more that number. It grows while they are
    /// counted.
    matched: i64,
    /// Jobs that were changed.
    processed: i64,
    /// Jobs that could no longer be changed when they were reached.
    skipped: i64,
    /// Jobs that could not be changed for another reason.
    failed: i64,
    /// Up to 10.
    sample_job_ids: Vec<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Why the latest job failed, or the operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// The name of the token it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Absent while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Time>,
}

impl From<store::BulkOperation> for BulkOperation {
    fn from(operation: store::BulkOperation) -> Self {
        Self {
            id: operation.id,
            action: operation.action,
            state: operation.state,
            filter: RawJson::of(operation.filter),
            dry_run: operation.dry_run,
            matched: operation.matched,
            processed: operation.processed,
            skipped: operation.skipped,
            failed: operation.failed,
            sample_job_ids: operation.sample_job_ids,
            reason: operation.reason,
            last_error: operation.last_error,
            created_by: operation.created_by,
            created_at: Time(operation.created_at),
            finished_at: operation.finished_at.map(Time),
        }
    }
}

/// Some bulk operations.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct BulkOperationPage {
    data: Vec<BulkOperation>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Change many jobs
///
/// Does the same to all jobs that pass the filter, and that were there when it began, as a request about each of them
/// would. An operation on up to 500 jobs is usually over when it is answered; larger ones go on, on any server. With
/// `dry_run` nothing is changed: the jobs are counted, and some are shown. Safe to repeat with an `Idempotency-Key`.
#[utoipa::path(
    post, path = "/v1/bulk-operations", tag = "bulk",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable characters")),
    request_body = NewBulkOperation,
    responses(
        (status = 202, description = "The operation as it is now", body = BulkOperation),
        (status = 404, description = "`queue_not_found`: that of `target_queue`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_in_progress`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`filter_required`, `validation_failed` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn create_bulk_operation(State(app): State<App>, params: Params, headers: HeaderMap, body: Body) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let idempotency = body.idempotency(&headers, None)?;
    let (operation, all) = body.parse(read_operation)?;
    let mut operation = operation.ok_or(Error::Internal)?;
    if operation.filter == store::JobFilter::default() && !all {
        return Err(Error::FilterRequired);
    }
    look_back(&app, &mut operation.filter).await?;
    if let Some(target) = &operation.options.target_queue
        && !app.engine.makes_queues()
    {
        let target = QueueName::parse(target).map_err(|_| Error::Internal)?;
        if let Some(missing) = app.store.find_missing_queue(&[target]).await? {
            return Err(Error::QueueNotFound(missing));
        }
    }
    operation.idempotency = idempotency;
    match app.engine.create_bulk_operation(operation).await? {
        BulkAnswer::Begun { operation, replayed } => {
            let location = format!("/v1/bulk-operations/{}", operation.id);
            let mut response = json(StatusCode::ACCEPTED, &BulkOperation::from(*operation))?;
            if let Ok(location) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(LOCATION, location);
            }
            Ok(mark_replayed(response, replayed))
        }
        BulkAnswer::Mismatch => Err(Error::IdempotencyMismatch),
        BulkAnswer::InProgress => Err(Error::IdempotencyInProgress),
    }
}

/// Reads a [`NewBulkOperation`], and whether an empty filter is meant.
fn read_operation(fields: &Fields<'_>) -> (Option<store::NewBulkOperation>, bool) {
    let action = fields.required("action", fields.choice("action", &BulkAction::ALL.map(BulkAction::as_str)));
    let action = action.as_deref().and_then(BulkAction::parse);
    let filter = fields.required("filter", fields.object("filter", job_filter));
    let (all, dry_run) = (fields.bool("all"), fields.bool("dry_run"));
    let reason = fields.text("reason", REASON_MAX);
    let target = fields.text("target_queue", QueueName::MAX).and_then(|name| {
        let name = QueueName::parse(&name);
        name.map_err(|invalid| fields.fault("target_queue", "pattern", invalid.0)).ok()
    });
    let options = store::BulkOptions {
        target_queue: target.map(|name| name.to_string()),
        priority: fields.small("priority", -100..=100),
        run_after: fields.time("run_after"),
        spread_ms: fields.int("spread_ms", 0..=MS_MAX),
    };
    let last = options.run_after.map(|at| at + Duration::milliseconds(options.spread_ms.unwrap_or(0)));
    if last.is_some_and(|last| last.year() > 9999) {
        fields.fault("spread_ms", "max", "from run_after on, it ends after the year 9999");
    }
    let Some(action) = action else { return (None, false) };
    for (name, of, needed) in [
        ("target_queue", &[BulkAction::Move][..], true),
        ("priority", &[BulkAction::Reprioritize], true),
        ("run_after", &[BulkAction::Reschedule], true),
        ("spread_ms", &[BulkAction::Retry, BulkAction::Reschedule], false),
    ] {
        match (of.contains(&action), fields.has(name)) {
            (true, false) if needed => fields.fault(name, "required", format!("{} needs it", action.as_str())),
            (false, true) => fields.fault(name, "conflict", format!("not together with {}", action.as_str())),
            _ => {}
        }
    }
    let operation = filter.map(|filter| store::NewBulkOperation {
        action: action.as_str(),
        filter,
        options,
        dry_run: dry_run.unwrap_or(false),
        reason,
        idempotency: None,
        by: by(),
    });
    (operation, all.unwrap_or(false))
}

/// List bulk operations
///
/// The newest first. They are kept for 90 days after their end.
#[utoipa::path(
    get, path = "/v1/bulk-operations", tag = "bulk",
    params(
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some bulk operations", body = BulkOperationPage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_bulk_operations(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let page = Wanted::read(&params);
    params.finish()?;
    let (pages, below) = page.open::<Uuid>(&app, "list_bulk_operations", &()).await?;
    let mut operations = app.store.list_bulk_operations(None, below, pages.ask()).await?;
    let next_cursor = pages.next(&mut operations, app.store.now().await?, |last| last.id)?;
    let page = BulkOperationPage { data: operations.into_iter().map(BulkOperation::from).collect(), next_cursor };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

/// Show a bulk operation
///
/// With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until it is over, up to 30 seconds.
#[utoipa::path(
    get, path = "/v1/bulk-operations/{bulk_operation_id}", tag = "bulk",
    params(
        ("bulk_operation_id" = uuid::Uuid, Path, description = "The operation", example = "01a206c8-d8c7-76c7-bfda-d9bb00000000"),
        ("wait_ms" = Option<i64>, Query, description = "How long to wait (0 to 30000)"),
    ),
    responses(
        (status = 200, description = "The operation", body = BulkOperation),
        (status = 404, description = "`bulk_operation_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_bulk_operation(
    State(app): State<App>,
    BulkOperationPath(id): BulkOperationPath,
    params: Params,
    headers: HeaderMap,
    client: Client,
) -> Answer {
    let patience = Patience::read(&params, &headers);
    params.finish()?;
    let draining = app.lifecycle.draining();
    let found = tokio::select! {
        found = app.engine.wait_for_bulk_operation(id, patience.wait, &draining) => found?,
        // Nobody listens any more; whoever still does gets it as it is.
        () = client.left() => app.engine.find_bulk_operation(id).await?,
    };
    let operation = found.ok_or(Error::BulkOperationNotFound(id))?;
    Ok(patience.applied(json(StatusCode::OK, &BulkOperation::from(operation))?))
}

/// Cancel a bulk operation
///
/// It ends when the jobs in hand are done, within a moment. What was done stays done.
#[utoipa::path(
    post, path = "/v1/bulk-operations/{bulk_operation_id}/cancel", tag = "bulk",
    params(("bulk_operation_id" = uuid::Uuid, Path, description = "The operation", example = "01a206c8-d8c7-76c7-bfda-d9bb00000000")),
    responses(
        (status = 200, description = "The operation", body = BulkOperation),
        (status = 404, description = "`bulk_operation_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`invalid_state`: it is over", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn cancel_bulk_operation(
    State(app): State<App>,
    BulkOperationPath(id): BulkOperationPath,
    params: Params,
) -> Answer {
    params.finish()?;
    match app.engine.cancel_bulk_operation(id, by()).await? {
        None => Err(Error::BulkOperationNotFound(id)),
        Some((operation, true)) => json(StatusCode::OK, &BulkOperation::from(operation)),
        Some((operation, false)) => Err(Error::OperationOver(id, operation.state)),
    }
}

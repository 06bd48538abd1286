//! What workers report of the jobs they hold.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::attempt::{LogLine, read_logs};
use super::fields::Fields;
use super::job::{Answer, JobFailure, JobStatus, Time, json, read_failure};
use super::jobs::REASON_MAX;
use super::params::Params;
use super::request::{JobPath, JsonBody, Takes};
use crate::domain::{LEASE_MS, LeaseToken, MS_MAX, Outcome, cut};
use crate::engine::SettleAnswer;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::store::{LogLine as LoggedLine, Settle};

/// The largest result that is read, in bytes: what any queue may allow.
const RESULT_BYTES_MAX: usize = 4 * 1024 * 1024;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(heartbeat_job))
        .routes(routes!(complete_job))
        .routes(routes!(fail_job))
        .routes(routes!(release_job))
}

/// A sign of life for one job.
#[derive(ToSchema)]
#[schema(example = json!({"lease_token": "6f1ed002ab5595859014ebf0951522d9", "progress": 40.0}))]
#[expect(dead_code, reason = "read by `heartbeat_job`")]
struct HeartbeatJobRequest {
    lease_token: String,
    /// How long to hold it from now on (the lease's own length if absent); never less than before.
    extend_ms: Option<i64>,
    /// 0 to 100.
    progress: Option<f64>,
    progress_message: Option<String>,
    /// An attempt keeps 64 KiB of them.
    logs: Option<Vec<LogLine>>,
}

/// A lease that goes on.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "lease_expires_at": "2026-11-23T05:01:06.000000Z",
    "cancel_requested": false
}))]
#[expect(clippy::struct_field_names, reason = "as the members are called")]
struct Lease {
    job_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    lease_expires_at: Time,
    /// Somebody wants the job cancelled: stop, and answer with `fail` and `cancelled`.
    cancel_requested: bool,
}

/// Success.
#[derive(ToSchema)]
#[schema(example = json!({"lease_token": "6f1ed002ab5595859014ebf0951522d9", "result": {"sent": true}}))]
#[expect(dead_code, reason = "read by `complete_job`")]
struct CompleteJobRequest {
    lease_token: String,
    /// Any JSON, kept byte for byte.
    #[schema(value_type = Option<serde_json::Value>)]
    result: Option<serde_json::Value>,
    logs: Option<Vec<LogLine>>,
}

/// Failure.
#[derive(ToSchema)]
#[schema(example = json!({
    "lease_token": "6f1ed002ab5595859014ebf0951522d9",
    "error": {"error_class": "TimeoutError", "message": "smtp timed out"}
}))]
#[expect(dead_code, reason = "read by `fail_job`")]
struct FailJobRequest {
    lease_token: String,
    /// Required, unless `cancelled`.
    error: Option<JobFailure>,
    /// False discards the job now, whatever attempts it has left (true if absent).
    retry: Option<bool>,
    /// When to try again, instead of the queue's backoff.
    retry_in_ms: Option<i64>,
    /// It was not a failure: the worker stopped the job, because a cancel was requested. The
    /// job is then cancelled.
    cancelled: Option<bool>,
    logs: Option<Vec<LogLine>>,
}

/// Giving a job back, without counting a failure.
#[derive(ToSchema)]
#[schema(example = json!({"lease_token": "6f1ed002ab5595859014ebf0951522d9", "delay_ms": 5000}))]
#[expect(dead_code, reason = "read by `release_job`")]
struct ReleaseJobRequest {
    lease_token: String,
    /// Not before this many milliseconds from now (0 if absent).
    delay_ms: Option<i64>,
    /// Noted among the attempt's log lines.
    reason: Option<String>,
}

/// The token that a body shows. What is no token is one that no lease has.
pub(super) fn read_token(fields: &Fields<'_>) -> LeaseToken {
    let token = fields.required("lease_token", fields.text("lease_token", 1024));
    LeaseToken::parse(&token.unwrap_or_default())
}

pub(super) fn read_progress(fields: &Fields<'_>) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "a percentage needs no more digits")]
    fields.number("progress", 0.0..=100.0).map(|progress| progress as f32)
}

/// A result, or the size of one that no queue would take.
pub(super) fn read_result(fields: &Fields<'_>) -> (Option<String>, Option<usize>) {
    match fields.json("result", RESULT_BYTES_MAX) {
        None => (None, None),
        Some(Ok(result)) => (Some(result.as_str().to_owned()), None),
        Some(Err(bytes)) => (None, Some(bytes)),
    }
}

/// Settles one job and answers its status.
async fn settle_one(app: &App, item: Settle) -> Answer {
    let id = item.job;
    match app.engine.settle(vec![item]).await?.pop() {
        Some(SettleAnswer::Ended(status)) => json(StatusCode::OK, &JobStatus::from(status)),
        Some(SettleAnswer::Extended { lease_expires_at, cancel_requested }) => {
            let lease = Lease { job_id: id.0, lease_expires_at: Time(lease_expires_at), cancel_requested };
            json(StatusCode::OK, &lease)
        }
        Some(SettleAnswer::Lost { state, attempt }) => Err(Error::LeaseLost(id, state, attempt)),
        Some(SettleAnswer::ResultTooLarge { limit, actual }) => {
            Err(Error::PayloadTooLarge("the result", limit, Some(actual)))
        }
        Some(SettleAnswer::NotFound) | None => Err(Error::JobNotFound(id)),
    }
}

/// Keep a job's lease alive
///
/// Best at a third of the lease. Says whether somebody wants the job cancelled. A worker that
/// holds many jobs does this for all of them in one call, `heartbeat_worker`.
#[utoipa::path(
    post, path = "/v1/jobs/{job_id}/heartbeat", tag = "work",
    params(("job_id" = Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001")),
    request_body = HeartbeatJobRequest,
    responses(
        (status = 200, description = "The lease goes on", body = Lease),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`lease_lost`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn heartbeat_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let item = body.parse(|fields| Settle {
        delay_ms: fields.int("extend_ms", LEASE_MS),
        progress: read_progress(fields),
        progress_message: fields.any_text("progress_message").map(|(text, _)| cut(text, REASON_MAX)),
        logs: read_logs(fields),
        ..Settle::new(id, read_token(fields), Outcome::Extended)
    })?;
    settle_one(&app, item).await
}

/// Complete a job
///
/// Stores the result. Safe to repeat: the same report with the same lease is answered the same.
#[utoipa::path(
    post, path = "/v1/jobs/{job_id}/complete", tag = "work",
    params(("job_id" = Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001")),
    request_body = CompleteJobRequest,
    responses(
        (status = 200, description = "Completed", body = JobStatus),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`lease_lost`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn complete_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let (item, too_large) = body.parse(|fields| {
        let (result, too_large) = read_result(fields);
        let item =
            Settle { result, logs: read_logs(fields), ..Settle::new(id, read_token(fields), Outcome::Completed) };
        (item, too_large)
    })?;
    if let Some(bytes) = too_large {
        return Err(Error::too_large("the result", RESULT_BYTES_MAX, bytes));
    }
    settle_one(&app, item).await
}

/// Fail a job
///
/// It is tried again after the queue's backoff (`retryable`), or discarded if that was its last
/// attempt or `retry` is false. Safe to repeat.
#[utoipa::path(
    post, path = "/v1/jobs/{job_id}/fail", tag = "work",
    params(("job_id" = Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001")),
    request_body = FailJobRequest,
    responses(
        (status = 200, description = "`retryable`, `discarded` or `cancelled`", body = JobStatus),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`lease_lost`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn fail_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let item = body.parse(|fields| {
        let failure = fields.object("error", read_failure);
        let cancelled = fields.bool("cancelled").unwrap_or(false);
        let failure = if cancelled { failure } else { fields.required("error", failure) };
        let outcome = if cancelled { Outcome::Cancelled } else { Outcome::Failed };
        Settle {
            failure,
            retry: fields.bool("retry").unwrap_or(true),
            delay_ms: fields.int("retry_in_ms", 0..=MS_MAX),
            logs: read_logs(fields),
            ..Settle::new(id, read_token(fields), outcome)
        }
    })?;
    settle_one(&app, item).await
}

/// Release a job
///
/// Gives it back without counting a failure: to stop in order, or because it is too early for
/// it. After a thousand releases of one job a release counts as a failure. Safe to repeat.
#[utoipa::path(
    post, path = "/v1/jobs/{job_id}/release", tag = "work",
    params(("job_id" = Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001")),
    request_body = ReleaseJobRequest,
    responses(
        (status = 200, description = "`available` or `scheduled`", body = JobStatus),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`lease_lost`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn release_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let (mut item, reason) = body.parse(|fields| {
        let delay_ms = fields.int("delay_ms", 0..=MS_MAX);
        let item = Settle { delay_ms, ..Settle::new(id, read_token(fields), Outcome::Released) };
        (item, fields.text("reason", REASON_MAX))
    })?;
    item.logs.extend(reason.map(|message| LoggedLine { at: None, level: "info".to_owned(), message }));
    settle_one(&app, item).await
}

//! Looking at jobs, and changing single ones.

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::attempt::Attempt;
use super::fields::Fields;
use super::job::{Answer, Job, JobStatus, json, large_json, tagged};
use super::paging::{Wanted, linked};
use super::params::Params;
use super::request::{Client, JobPath, JsonBody, Patience, Precondition, Takes};
use crate::domain::{Action, Asker, JobId, MS_MAX};
use crate::engine::{Acted, JobWait, WaitFor};
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::request::by;
use crate::store::{JobUpdate, Retried, Updated};

/// Why a job was cancelled when nobody said.
const NO_REASON: &str = "cancelled";

/// The longest reason, in characters.
pub(super) const REASON_MAX: usize = 1024;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_job, update_job, delete_job))
        .routes(routes!(list_job_attempts))
        .routes(routes!(cancel_job))
        .routes(routes!(retry_job))
}

/// Some attempts, newest first.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct AttemptPage {
    data: Vec<Attempt>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What a waiting job should become; what is absent stays as it is.
#[derive(ToSchema)]
#[schema(example = json!({"priority": 10}))]
#[expect(dead_code, reason = "read by `update_job`")]
struct UpdateJobRequest {
    /// -100 to 100.
    priority: Option<i32>,
    #[schema(value_type = Option<String>, format = DateTime)]
    run_after: Option<String>,
    /// 1 to 1000.
    max_attempts: Option<i32>,
    /// Up to 16, each up to 64 characters.
    tags: Option<Vec<String>>,
    /// Any JSON, byte for byte.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<serde_json::Value>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
}

/// How to cancel a job.
#[derive(ToSchema)]
#[schema(example = json!({"reason": "the order was withdrawn"}))]
#[expect(dead_code, reason = "read by `cancel_job`")]
struct CancelJobRequest {
    /// For people: up to 1024 characters.
    reason: Option<String>,
    /// Void the lease of a running job now, instead of asking its worker.
    force: Option<bool>,
}

/// How to retry a job.
#[derive(ToSchema)]
#[schema(example = json!({"delay_ms": 60000}))]
#[expect(dead_code, reason = "read by `retry_job`")]
struct RetryJobRequest {
    /// Not before this many milliseconds from now (0 if absent).
    delay_ms: Option<i64>,
    /// Count failures from zero again (true if absent); attempts are kept either way.
    reset_attempts: Option<bool>,
    /// Needed for completed jobs.
    force: Option<bool>,
}

/// Which of payload and result are to be shown.
pub(super) fn included(params: &Params) -> (bool, bool) {
    let asked = params.choices("include", &[("payload", true), ("result", false)]).unwrap_or_default();
    (asked.contains(&true), asked.contains(&false))
}

/// Show a job
///
/// With `wait_ms`, or the header `Prefer: wait=<seconds>`, the answer waits until the job is
/// finished (or started, with `wait_for`), up to 30 seconds: a way to await a result.
#[utoipa::path(
    get, path = "/v1/jobs/{job_id}", tag = "jobs",
    params(
        ("job_id" = uuid::Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001"),
        ("include" = Option<Vec<String>>, Query, description = "payload, result"),
        ("wait_ms" = Option<i64>, Query, description = "How long to wait (0 to 30000)"),
        ("wait_for" = Option<String>, Query, description = "finished (if absent) or started"),
    ),
    responses(
        (status = 200, description = "The job", body = Job, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    client: Client,
) -> Answer {
    let included = included(&params);
    let patience = Patience::read(&params, &headers);
    let wait_for = params.choice("wait_for", &[("finished", WaitFor::Finished), ("started", WaitFor::Started)]);
    params.finish()?;
    let wait = JobWait { wait: patience.wait, wait_for: wait_for.unwrap_or(WaitFor::Finished) };
    let draining = app.lifecycle.draining();
    let found = tokio::select! {
        found = app.engine.wait_for_job(id, wait, included, &draining) => found?,
        // Nobody listens any more; whoever still does gets the job as it is.
        () = client.left() => app.store.find_job(id, included.0, included.1).await?,
    };
    let job = found.ok_or(Error::JobNotFound(id))?;
    let version = job.version;
    let response = large_json(&app.answers, &Job::from(job))?;
    Ok(patience.applied(tagged(response, version)))
}

/// Update a waiting job
///
/// While it is pending, scheduled, available or retryable. With `If-Match` only if it still
/// has that version.
#[utoipa::path(
    patch, path = "/v1/jobs/{job_id}", tag = "jobs",
    params(
        ("job_id" = uuid::Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001"),
        ("If-Match" = Option<String>, Header, description = "The version it must have, as its `ETag` says it"),
    ),
    request_body = UpdateJobRequest,
    responses(
        (status = 200, description = "The job as it is now", body = Job, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`invalid_state`", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "`payload_too_large`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn update_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let wanted = Precondition::of(&headers)?;
    let body = JsonBody::read(&app, &headers, body, Takes::Patch).await?;
    let (update, too_large) = body.parse(|fields| read_update(&app, fields))?;
    if let Some(actual) = too_large {
        return Err(Error::too_large("the payload", app.payload_bytes_max, actual));
    }
    let actual = update.payload.as_ref().map(|payload| i64::try_from(payload.as_str().len()).unwrap_or(i64::MAX));
    match done(id, Action::Update, app.engine.update_job(id, update, wanted.version, Asker::Person(by())).await?)? {
        Updated::PayloadTooLarge { limit } => Err(Error::PayloadTooLarge("the payload", limit, actual)),
        Updated::Done { .. } => {
            let job = app.store.find_job(id, false, false).await?.ok_or(Error::JobNotFound(id))?;
            let version = job.version;
            Ok(tagged(json(StatusCode::OK, &Job::from(job))?, version))
        }
    }
}

/// What was done to a job, or why nothing was.
fn done<T>(id: JobId, action: Action, acted: Acted<T>) -> Result<T, Error> {
    match acted {
        Acted::Done(done) => Ok(done),
        Acted::NotFound => Err(Error::JobNotFound(id)),
        Acted::Refused(job) if action.allows(job.state()) => Err(Error::PreconditionFailed(Some(job.version))),
        Acted::Refused(job) => Err(Error::InvalidState(id, job.state(), action.allowed_states())),
        Acted::Overtaken => Err(Error::Conflict),
    }
}

/// Reads an [`UpdateJobRequest`], and the size of a payload that no queue would take.
fn read_update(app: &App, fields: &Fields<'_>) -> (JobUpdate, Option<usize>) {
    let (payload, too_large) = match fields.json("payload", app.payload_bytes_max) {
        None => (None, None),
        Some(Ok(payload)) => (Some(payload), None),
        Some(Err(actual)) => (None, Some(actual)),
    };
    let update = JobUpdate {
        priority: fields.small("priority", -100..=100),
        run_after: fields.time("run_after"),
        max_attempts: fields.small("max_attempts", 1..=1000),
        tags: fields.texts("tags", 0..=16, 64),
        payload,
        expires_at: fields.time("expires_at"),
    };
    (update, too_large)
}

/// Delete a job
///
/// A final one, with its attempts; its statistics stay. With `force` a waiting one, too: it is
/// cancelled and deleted in one step.
#[utoipa::path(
    delete, path = "/v1/jobs/{job_id}", tag = "jobs",
    params(
        ("job_id" = uuid::Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001"),
        ("force" = Option<bool>, Query, description = "Also if it waits"),
    ),
    responses(
        (status = 204, description = "Deleted; no body"),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`invalid_state`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn delete_job(State(app): State<App>, JobPath(id): JobPath, params: Params) -> Answer {
    let force = params.bool("force").unwrap_or(false);
    params.finish()?;
    done(id, Action::Delete { force }, app.engine.delete_job(id, force, Asker::Person(by())).await?)?;
    Ok(empty())
}

/// No content.
pub(super) fn empty() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// List the attempts of a job
///
/// Newest first, with their errors and log lines.
#[utoipa::path(
    get, path = "/v1/jobs/{job_id}/attempts", tag = "jobs",
    params(
        ("job_id" = uuid::Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some attempts", body = AttemptPage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_job_attempts(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    JobPath(id): JobPath,
    params: Params,
) -> Answer {
    let page = Wanted::read(&params);
    params.finish()?;
    let (pages, below) = page.open(&app, "list_job_attempts", &id).await?;
    let attempts = app.store.list_job_attempts(id, below.unwrap_or(i32::MAX), pages.ask()).await?;
    let mut attempts = attempts.ok_or(Error::JobNotFound(id))?;
    let next_cursor = pages.next(&mut attempts, app.store.now().await?, |last| last.attempt)?;
    let data = attempts.into_iter().map(|attempt| Attempt::of(id.0, attempt)).collect();
    let page = AttemptPage { data, next_cursor };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

/// Cancel a job
///
/// At once if it waits. If it runs, its worker is asked to stop, at its next heartbeat; with
/// `force` the lease is void now, and whatever the worker reports later is refused.
#[utoipa::path(
    post, path = "/v1/jobs/{job_id}/cancel", tag = "jobs",
    params(("job_id" = uuid::Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001")),
    request_body(content = CancelJobRequest, description = "May be left out", content_type = "application/json"),
    responses(
        (status = 200, description = "`cancelled`, or `running` while its worker is asked", body = JobStatus),
        (status = 404, description = "`job_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`invalid_state`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn cancel_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::Optional).await?;
    let (reason, force) =
        body.parse(|fields| (fields.text("reason", REASON_MAX), fields.bool("force").unwrap_or(false)))?;
    let reason = reason.unwrap_or_else(|| NO_REASON.to_owned());
    let status = done(id, Action::Cancel, app.engine.cancel_job(id, reason, force, Asker::Person(by())).await?)?;
    json(StatusCode::OK, &JobStatus::from(status))
}

/// Retry a job
///
/// A discarded or cancelled one, one in its backoff or before its time; a completed one with
/// `force`. The id and the attempts are kept; its result is cleared.
#[utoipa::path(
    post, path = "/v1/jobs/{job_id}/retry", tag = "jobs",
    params(("job_id" = uuid::Uuid, Path, description = "The job", example = "01a206c8-d8c7-76c7-bfda-d9bb00000001")),
    request_body(content = RetryJobRequest, description = "May be left out", content_type = "application/json"),
    responses(
        (status = 200, description = "`available` or `scheduled`", body = JobStatus),
        (status = 404, description = "`job_not_found`, or `queue_not_found` if its queue was deleted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`invalid_state` or `duplicate_job`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn retry_job(
    State(app): State<App>,
    JobPath(id): JobPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::Optional).await?;
    let (delay_ms, reset_attempts, force) = body.parse(|fields| {
        (
            fields.int("delay_ms", 0..=MS_MAX).unwrap_or(0),
            fields.bool("reset_attempts").unwrap_or(true),
            fields.bool("force").unwrap_or(false),
        )
    })?;
    let retried = app.engine.retry_job(id, delay_ms, reset_attempts, force, Asker::Person(by())).await?;
    match done(id, Action::Retry { force }, retried)? {
        Retried::Again(status, _) => json(StatusCode::OK, &JobStatus::from(status)),
        Retried::Held(holder) => Err(Error::DuplicateJob(Some(holder))),
        Retried::Retired(queue) => Err(Error::QueueNotFound(queue)),
    }
}

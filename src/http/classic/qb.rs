//! `/qb/{queue}`: many jobs in, many jobs out.

use std::borrow::Cow;
use std::collections::HashMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ClassicError, Refusal};
use super::extract::{Query, Queue, WorkerParam, require_json};
use super::q::{KIND, delayed, enqueue};
use super::{Answer, MANY_JOBS_ANSWER, answer_in, empty};
use crate::domain::{Payload, RunAfter};
use crate::http::App;
use crate::http::body::{Bytes, MANY_JOBS_BYTES_MAX};
use crate::store::{Enqueue, NewJob};

const BATCH_DEFAULT: i64 = 10;
const BATCH_MAX: i64 = 1000;

/// The most jobs of one request: what one statement stores well within its timeout.
const JOBS_MAX: usize = 10_000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(
        enqueue_classic_jobs,
        fetch_classic_jobs,
        refuse_classic_batch_put,
        refuse_classic_batch_delete
    ))
}

/// Jobs to enqueue together.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"jobs": [{"to": "ann@example.com"}, {"to": "bob@example.com"}]}))]
struct ClassicJobs {
    /// At most 10,000.
    jobs: Vec<serde_json::Value>,
}

/// Enqueue many jobs
///
/// All of them or none. Each is kept byte for byte as it stands in the array.
#[utoipa::path(
    post, path = "/qb/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("delayed" = Option<f64>, Query, description = "Not before this moment, in epoch seconds; for all of them"),
    ),
    request_body(content = ClassicJobs, content_type = "application/json"),
    responses(
        (status = 201, description = "Stored; empty body"),
        (status = 400, description = "`jobs should be an array of job`, or as for one job", body = ClassicError),
        (status = 413, description = "`job is too large`: one of them, or all together", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn enqueue_classic_jobs(
    State(app): State<App>,
    Queue(queue): Queue,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    require_json(&headers)?;
    let Bytes { bytes: body, held: _held } = app.bodies.read(body, MANY_JOBS_BYTES_MAX).await?;
    if body.is_empty() {
        return Err(Refusal::JobMissing);
    }
    let run_after = delayed(&query)?;
    let payloads = jobs(&body, app.payload_bytes_max)?;
    if !payloads.is_empty() {
        let run_after = run_after.map(RunAfter::at);
        let job = |payload| NewJob { run_after, ..NewJob::new(queue.clone(), KIND, payload) };
        let jobs = payloads.into_iter().map(job).collect();
        enqueue(&app, Enqueue { jobs, ..Enqueue::default() }).await?;
    }
    Ok(empty(StatusCode::CREATED))
}

/// Fetch many jobs
///
/// Takes up to `batch_size` jobs off the queue, in order; fewer if they would be larger
/// than 16 MiB together. Each is handed out once and never again.
#[utoipa::path(
    get, path = "/qb/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("batch_size" = Option<i64>, Query, description = "How many at most: 10 if absent, up to 1000"),
        ("worker_id" = Option<String>, Query, description = "The worker; else the header"),
        ("X-presque-workerid" = Option<String>, Header, description = "The worker"),
    ),
    responses(
        (status = 200, description = "The jobs, each as a string that holds its JSON", body = Vec<String>, example = json!(["{\"to\":\"ann@example.com\"}"])),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 404, description = "`no job` or `queue is closed`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn fetch_classic_jobs(State(app): State<App>, Queue(queue): Queue, query: Query, worker: WorkerParam) -> Answer {
    let limit = batch_size(query.text("batch_size").as_deref());
    // Before the jobs are taken: afterwards they could not be refused.
    let place = app.answers.reserve(MANY_JOBS_ANSWER).ok_or(Refusal::Overloaded)?;
    let jobs = app.engine.fetch(queue, limit, worker.if_any()).await?.ok_or(Refusal::QueueClosed)?;
    if jobs.is_empty() {
        return Err(Refusal::NoJob);
    }
    let payloads: Vec<&str> = jobs.iter().map(|job| job.payload.as_str()).collect();
    Ok(answer_in(Some(place), &payloads))
}

/// Not supported
///
/// A failed job is put back alone, with `PUT /q/{queue}`.
#[utoipa::path(
    put, path = "/qb/{queue}", tag = "classic",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses((status = 400, description = "`PUT is not supported in batch mode`", body = ClassicError)),
)]
async fn refuse_classic_batch_put(_queue: Queue) -> Refusal {
    Refusal::BatchMode("PUT")
}

/// Not supported
///
/// A queue is purged with `DELETE /q/{queue}`.
#[utoipa::path(
    delete, path = "/qb/{queue}", tag = "classic",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses((status = 400, description = "`DELETE is not supported in batch mode`", body = ClassicError)),
)]
async fn refuse_classic_batch_delete(_queue: Queue) -> Refusal {
    Refusal::BatchMode("DELETE")
}

/// The jobs of `{"jobs":[...]}`, each as its bytes stand there.
fn jobs(body: &[u8], max_bytes: usize) -> Result<Vec<Payload>, Refusal> {
    let document: &RawValue =
        std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str(text).ok()).ok_or(Refusal::InvalidJson)?;
    // A member named twice is the last one, as in 2010.
    let members: HashMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(document.get()).map_err(|_| Refusal::NotAnArray)?;
    let jobs = members.get("jobs").ok_or(Refusal::NotAnArray)?;
    let jobs: Vec<&RawValue> = serde_json::from_str(jobs.get()).map_err(|_| Refusal::NotAnArray)?;
    if jobs.len() > JOBS_MAX {
        return Err(Refusal::TooLarge);
    }
    jobs.into_iter().map(|job| Payload::of_raw(job, max_bytes).map_err(Refusal::from)).collect()
}

/// 0 or absent is the default; negative or not a number is 1.
fn batch_size(given: Option<&str>) -> i64 {
    match given.map(|text| text.trim().parse::<f64>()) {
        None | Some(Ok(0.0)) => BATCH_DEFAULT,
        #[expect(clippy::cast_possible_truncation, reason = "truncation is what a fraction of a job means")]
        Some(Ok(size)) if size >= 1.0 => size.min(1000.0) as i64,
        Some(_) => 1,
    }
    .min(BATCH_MAX)
}

#[cfg(test)]
mod tests {
    use super::batch_size;

    #[test]
    fn batch_sizes_are_read_as_the_contract_says() {
        for (given, size) in [
            (None, 10),
            (Some("0"), 10),
            (Some("1"), 1),
            (Some("25"), 25),
            (Some("1000"), 1000),
            (Some("1001"), 1000),
            (Some("1e9"), 1000),
            (Some("-3"), 1),
            (Some("many"), 1),
            (Some("NaN"), 1),
            (Some("2.9"), 2),
            (Some("0.5"), 1),
        ] {
            assert_eq!(batch_size(given), size, "{given:?}");
        }
    }
}

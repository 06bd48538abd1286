//! `/j/{queue}`: a queue's counters.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ClassicError;
use super::extract::Queue;
use super::{Answer, answer};
use crate::http::App;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get_classic_counts))
}

/// A queue's counters.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queue_name": "mail", "job_count": 1, "job_failed": 0, "job_processed": 7}))]
struct ClassicCounts {
    queue_name: String,
    /// Jobs that could be fetched now; delayed ones do not count before their time.
    job_count: i64,
    /// Failures reported with `PUT`.
    job_failed: i64,
    /// Jobs fetched.
    job_processed: i64,
}

/// Count a queue's jobs
///
/// Exact when it is read. Zeros for a queue never seen.
#[utoipa::path(
    get, path = "/j/{queue}", tag = "classic",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses(
        (status = 200, description = "The counters", body = ClassicCounts),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable` or `overloaded`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn get_classic_counts(State(app): State<App>, Queue(name): Queue) -> Answer {
    let queue = app.store.find_queue(&name).await?;
    Ok(answer(&ClassicCounts {
        queue_name: name.to_string(),
        job_count: queue.as_ref().map_or(0, |queue| queue.available),
        job_failed: queue.as_ref().map_or(0, |queue| queue.failed),
        job_processed: queue.as_ref().map_or(0, |queue| queue.started),
    }))
}

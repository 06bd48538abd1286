//! `/status`: all queues, and one of them with its policy.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ClassicError, Refusal};
use super::extract::{Query, Queue};
use super::{Answer, MANY_JOBS_ANSWER, answer, answer_in};
use crate::http::App;

/// The most jobs that `with_desc` shows.
const DESCRIBED_MAX: i64 = 1000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_classic_queues)).routes(routes!(get_classic_status))
}

/// All queues.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queues": ["mail"], "size": 1}))]
struct ClassicQueues {
    /// Sorted byte by byte.
    queues: Vec<String>,
    /// How many.
    size: usize,
}

/// One queue.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queue": "mail", "size": 10, "policy": {"status": "open"}}))]
struct ClassicStatus {
    queue: String,
    /// Jobs that could be fetched now; delayed ones do not count before their time.
    size: i64,
    /// `status` (`open` or `stop`) and the settings that differ from the defaults.
    policy: Map<String, Value>,
    /// With `with_desc` only: the first jobs (at most 1000), each as a string that holds
    /// its JSON, in the order in which they would be fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<Vec<String>>,
}

/// List all queues
///
/// Every queue that a job was ever put into or that was stopped or started, sorted.
#[utoipa::path(
    get, path = "/status/", tag = "classic",
    responses(
        (status = 200, description = "The queues", body = ClassicQueues),
        (status = 503, description = "`database unavailable` or `overloaded`; see `Retry-After`", body = ClassicError),
    ),
)]
pub(super) async fn list_classic_queues(State(app): State<App>) -> Answer {
    let queues = app.store.list_queue_names().await?;
    Ok(answer(&ClassicQueues { size: queues.len(), queues }))
}

/// Show a queue
///
/// Its size and its policy; zero and open for a queue never seen.
#[utoipa::path(
    get, path = "/status/{queue}", tag = "classic",
    params(
        ("queue" = String, Path, description = "The queue", example = "mail"),
        ("with_desc" = Option<String>, Query, description = "`1` adds the jobs themselves", example = "1"),
    ),
    responses(
        (status = 200, description = "The queue", body = ClassicStatus),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable` or `overloaded`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn get_classic_status(State(app): State<App>, Queue(name): Queue, query: Query) -> Answer {
    let described = query.text("with_desc").is_some_and(|value| value != "0");
    let place = if described { Some(app.answers.reserve(MANY_JOBS_ANSWER).ok_or(Refusal::Overloaded)?) } else { None };
    let (queue, jobs) = if described {
        let found = app.store.describe_queue(&name, DESCRIBED_MAX).await?;
        let (queue, jobs) = found.map(|found| (found.queue, found.payloads)).unzip();
        (queue, Some(jobs.unwrap_or_default()))
    } else {
        (app.store.find_queue(&name).await?, None)
    };
    let paused = queue.as_ref().is_some_and(|queue| queue.paused);
    let mut policy = Map::from_iter([("status".to_owned(), Value::from(if paused { "stop" } else { "open" }))]);
    let size = queue.as_ref().map_or(0, |queue| queue.available);
    policy.extend(queue.map(|queue| queue.policy.0).unwrap_or_default());
    Ok(answer_in(place, &ClassicStatus { queue: name.to_string(), size, policy, jobs }))
}

//! `/control/{queue}`: stopping a queue and starting it again.

use axum::body::Body;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ClassicError, Refusal};
use super::extract::Queue;
use super::{Answer, answer};
use crate::http::App;
use crate::http::body::Bytes;
use crate::http::request::by;

/// How much of a refused status is repeated, in characters.
const SHOWN_MAX: usize = 100;

/// The largest body of a command.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get_classic_control, set_classic_control))
}

/// Whether a queue hands out jobs.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queue": "mail", "status": "1"}))]
struct ClassicControl {
    queue: String,
    /// `"1"` open, `"0"` stopped, `null` for a queue never seen.
    #[schema(value_type = serde_json::Value)]
    status: Option<&'static str>,
}

/// What a queue should do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "stop"}))]
struct ClassicCommand {
    /// `stop` or `start`.
    status: String,
}

/// A command was carried out.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"queue": "mail", "response": "updated"}))]
struct ClassicUpdated {
    queue: String,
    /// Always `updated`.
    response: &'static str,
}

/// Ask whether a queue is open
#[utoipa::path(
    get, path = "/control/{queue}", tag = "classic",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    responses(
        (status = 200, description = "Its status, a string", body = ClassicControl),
        (status = 400, description = "`invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable` or `overloaded`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn get_classic_control(State(app): State<App>, Queue(name): Queue) -> Answer {
    let paused = app.store.is_queue_paused(&name).await?;
    Ok(answer(&ClassicControl { queue: name.to_string(), status: paused.map(|paused| if paused { "0" } else { "1" }) }))
}

/// Stop or start a queue
///
/// A stopped queue still takes jobs; it hands none out. A queue never seen is made.
#[utoipa::path(
    post, path = "/control/{queue}", tag = "classic",
    params(("queue" = String, Path, description = "The queue", example = "mail")),
    request_body(content = ClassicCommand, description = "With or without `Content-Type`", content_type = "application/json"),
    responses(
        (status = 200, description = "Done", body = ClassicUpdated),
        (status = 400, description = "`content is missing`, `invalid status <what came>`, `invalid JSON` or `invalid queue name`", body = ClassicError),
        (status = 503, description = "`database unavailable`, `overloaded` or `outcome unknown`; see `Retry-After`", body = ClassicError),
    ),
)]
async fn set_classic_control(State(app): State<App>, Queue(name): Queue, body: Body) -> Answer {
    let Bytes { bytes: body, held: _held } = app.bodies.read(body, BODY_BYTES_MAX).await?;
    if body.is_empty() {
        return Err(Refusal::ContentMissing);
    }
    let document: Value = serde_json::from_slice(&body).map_err(|_| Refusal::InvalidJson)?;
    match document.get("status") {
        Some(Value::String(status)) if status == "stop" => {
            app.engine.pause_queue(name.clone(), None, None, true, by()).await?;
        }
        Some(Value::String(status)) if status == "start" => app.engine.resume_queue(name.clone(), true, by()).await?,
        Some(Value::String(other)) => return Err(invalid(other)),
        Some(other) => return Err(invalid(&other.to_string())),
        None => return Err(invalid("")),
    }
    Ok(answer(&ClassicUpdated { queue: name.to_string(), response: "updated" }))
}

fn invalid(status: &str) -> Refusal {
    Refusal::InvalidStatus(status.chars().take(SHOWN_MAX).collect())
}

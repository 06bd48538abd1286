//! The routes of 2010, word for word: one file for each letter of its paths.

mod control;
mod error;
mod extract;
mod j;
mod q;
mod qb;
mod status;
mod w;

use std::future::Future;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use self::error::Refusal;
use super::App;
use super::answer::Place;
use super::problem::Error;
use crate::domain::JobId;

/// Room for an answer of many jobs: 16 MiB of them, and what their escapes add.
const MANY_JOBS_ANSWER: usize = 24 * 1024 * 1024;

const JSON: &str = "application/json";

/// Says which job an answer is about, so that old code can move to `/v1` one call at a time.
const JOB_ID: HeaderName = HeaderName::from_static("x-presque-job-id");

/// The right to the job, where it is held under a lease.
const LEASE_TOKEN: HeaderName = HeaderName::from_static("x-presque-lease-token");

/// What a classic handler answers.
type Answer = Result<Response, Refusal>;

/// The documented routes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(q::router())
        .merge(qb::router())
        .merge(j::router())
        .merge(status::router())
        .merge(control::router())
        .merge(w::router())
}

/// The same routes without a slash or a name: spellings that the document does not repeat.
pub(super) fn spellings() -> Router<App> {
    let mut router = Router::new()
        .route("/status", axum::routing::get(status::list_classic_queues))
        .route("/w", axum::routing::get(w::list_classic_workers));
    for path in ["/w", "/w/"] {
        let nameless = || async { Refusal::QueueNameMissing };
        router = router.route(path, axum::routing::post(nameless).delete(nameless));
    }
    for prefix in ["/q", "/qb", "/j", "/control"] {
        router = router
            .route(prefix, any(|| async { Refusal::QueueNameMissing }))
            .route(&format!("{prefix}/"), any(|| async { Refusal::QueueNameMissing }));
    }
    router
}

/// Whether a path belongs to a classic route, whatever follows its first segment.
pub(super) fn is_classic(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    ["q", "qb", "j", "status", "control", "w"].contains(&first)
}

/// Refuses a path that no route has: one with more than a name is a classic refusal.
pub(super) async fn refuse_route(uri: Uri) -> Response {
    if is_classic(uri.path()) {
        Refusal::InvalidQueueName.into_response()
    } else {
        Error::RouteNotFound.into_response()
    }
}

/// Refuses a path and query that are too long, or too many headers.
pub(super) fn refuse_head(error: &Error) -> Response {
    match error {
        Error::HeadersTooLarge(..) => Refusal::HeadersTooLarge,
        _ => Refusal::UriTooLong,
    }
    .into_response()
}

/// For a handler that panicked.
pub(super) fn refuse_panic() -> Response {
    Refusal::Internal.into_response()
}

/// Refuses methods in the classic shape. `HEAD` is one of them: the framework would
/// answer it with the handler of `GET`, which takes a job off the queue.
pub(super) async fn only_listed_methods<Fut>(mut request: Request, answer: impl FnOnce(Request) -> Fut) -> Response
where
    Fut: Future<Output = Response>,
{
    if request.method() == Method::HEAD {
        // A method that is listed nowhere makes the router tell which ones are.
        *request.method_mut() = Method::TRACE;
    }
    let response = answer(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allowed = response.headers().get(ALLOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let allowed: Vec<&str> = allowed.split(',').map(str::trim).filter(|method| *method != "HEAD").collect();
    let mut refused = Refusal::MethodNotAllowed.into_response();
    if let Ok(allowed) = HeaderValue::from_str(&allowed.join(", ")) {
        refused.headers_mut().insert(ALLOW, allowed);
    }
    refused
}

/// An answer with the content type that every classic answer has, empty ones too.
fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

fn empty(status: StatusCode) -> Response {
    json(status, Body::empty())
}

fn answer(body: &impl Serialize) -> Response {
    answer_in(None, body)
}

/// An answer that may be large, in the place that was kept for it.
fn answer_in(place: Option<Place>, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let body = match place {
                Some(place) => place.body(bytes),
                None => Body::from(bytes),
            };
            json(StatusCode::OK, body)
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            json(StatusCode::INTERNAL_SERVER_ERROR, Body::from(r#"{"error":"internal error"}"#))
        }
    }
}

fn with_job_id(mut response: Response, id: Option<JobId>) -> Response {
    if let Some(id) = id
        && let Ok(value) = HeaderValue::from_str(&id.to_string())
    {
        response.headers_mut().insert(JOB_ID, value);
    }
    response
}

//! What every request passes: its id, its log line, the size of its head, its panics.

use std::future::Future;
use std::net::IpAddr;
use std::time::Instant;

use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONNECTION};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use tracing::{Instrument as _, Span};
use uuid::Uuid;

use super::classic;
use super::problem::Error;
use crate::domain::By;
use crate::engine::panic_message;
use crate::lifecycle::Lifecycle;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest path and query, in bytes.
const URI_BYTES_MAX: usize = 8 * 1024;

/// The most bytes of headers, names and values, and the most headers. A head that is more than
/// twice as large is refused in `connection.rs`, before anybody can say why.
const HEADER_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 100;

/// How much of a path a problem repeats, in characters.
const PATH_SHOWN_MAX: usize = 200;

tokio::task_local! {
    static CURRENT: Current;
}

/// The request that is being answered.
struct Current {
    id: HeaderValue,
    path: String,
    span: Span,
    client: Option<IpAddr>,
}

impl Current {
    fn id(&self) -> String {
        self.id.to_str().unwrap_or_default().to_owned()
    }
}

/// The id of the request that is being answered.
pub(super) fn request_id() -> String {
    CURRENT.try_with(Current::id).unwrap_or_default()
}

/// The path of the request that is being answered.
pub(super) fn request_path() -> Option<String> {
    CURRENT.try_with(|current| current.path.clone()).ok()
}

/// The span of the request that is being answered.
pub(super) fn span() -> Option<Span> {
    CURRENT.try_with(|current| current.span.clone()).ok()
}

/// Who asks for what the request that is being answered changes.
pub(super) fn by() -> By {
    let by = |current: &Current| By { actor: None, request_id: Some(current.id()), ip: current.client };
    CURRENT.try_with(by).unwrap_or_default()
}

/// Gives the request its id, logs it, and refuses what no handler should see.
pub(super) async fn observed<Fut>(
    lifecycle: &Lifecycle,
    client: Option<IpAddr>,
    traced: &Span,
    request: Request,
    answer: impl FnOnce(Request) -> Fut,
) -> Response
where
    Fut: Future<Output = Response>,
{
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|value| is_request_id(value.as_bytes()))
        .cloned()
        .unwrap_or_else(new_request_id);
    let path: String = request.uri().path().chars().take(PATH_SHOWN_MAX).collect();
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default());
    let current = Current { id: id.clone(), path, span: traced.clone(), client };
    let mut response = CURRENT.scope(current, logged(client, request, answer)).instrument(span).await;
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if lifecycle.is_draining() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn logged<Fut>(client: Option<IpAddr>, request: Request, answer: impl FnOnce(Request) -> Fut) -> Response
where
    Fut: Future<Output = Response>,
{
    let begun = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = match too_large(&request) {
        None => answer(request).await,
        Some(error) => {
            // In the shape of the route that was meant.
            let classic = classic::is_classic(&path);
            let mut response = if classic { classic::refuse_head(&error) } else { error.into_response() };
            // What else comes from there is of the same kind.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    };
    let status = response.status().as_u16();
    let ms = begun.elapsed().as_secs_f64() * 1000.0;
    // `?path` escapes what a log reader must not see raw.
    tracing::debug!(%method, ?path, status, ms, client = client.map(tracing::field::display), "answered");
    response
}

/// Whether a client takes JSON.
pub(super) fn accepts_json(headers: &HeaderMap) -> bool {
    let mut asked = headers.get_all(ACCEPT).iter().peekable();
    asked.peek().is_none()
        || asked.any(|value| {
            value.to_str().unwrap_or_default().split(',').any(|item| {
                let mut parts = item.split(';').map(|part| part.trim().to_ascii_lowercase());
                let media = parts.next().unwrap_or_default();
                let excluded = parts.any(|part| matches!(part.as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
                !excluded && ["", "*/*", "application/*", "application/json"].contains(&media.as_str())
            })
        })
}

/// What is too large about the head of a request.
fn too_large(request: &Request) -> Option<Error> {
    if request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > URI_BYTES_MAX) {
        return Some(Error::UriTooLong(URI_BYTES_MAX));
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX)
        .then_some(Error::HeadersTooLarge(HEADER_BYTES_MAX, HEADERS_MAX))
}

/// A panic in a handler ends this request only.
pub(super) fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    tracing::error!(what = panic_message(panic), "a handler panicked");
    match request_path() {
        Some(path) if classic::is_classic(&path) => classic::refuse_panic(),
        _ => Error::Internal.into_response(),
    }
}

/// 1 to 64 letters, digits, `_` and `-`: safe in headers, logs and documents.
fn is_request_id(value: &[u8]) -> bool {
    (1..=64).contains(&value.len()) && value.iter().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(b))
}

fn new_request_id() -> HeaderValue {
    let id = Uuid::new_v4().simple().to_string();
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unknown"))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_problem_document_that_tells_nothing() {
        let response = panicked(&"secret");
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("secret"));
    }
}

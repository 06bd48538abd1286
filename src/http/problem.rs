//! Refusals of everything that is not a classic route: problem documents (RFC 9457).

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::request::request_id;

/// The content type of every problem document.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Seconds after which a client should try again what was refused for now.
pub(super) const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("there is no such route; GET /docs lists them")]
    RouteNotFound,
    #[error("this route does not take this method; see the header Allow")]
    MethodNotAllowed,
    #[error("the path and query are longer than {0} bytes")]
    UriTooLong(usize),
    #[error("{0}")]
    Unavailable(Cow<'static, str>),
    #[error("a bug of the server; its log has the details under this request id")]
    Internal,
}

impl Error {
    /// The one table from error to status, code and title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::RouteNotFound => (StatusCode::NOT_FOUND, "route_not_found", "Route not found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::UriTooLong(_) => (StatusCode::URI_TOO_LONG, "uri_too_long", "URI too long"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }
}

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:presque:problem:unavailable", "title": "Unavailable", "status": 503, "code": "unavailable",
    "detail": "the database does not answer", "request_id": "0a1b2c3d4e5f", "retry_after_ms": 1000
}))]
pub(super) struct Problem {
    /// `urn:presque:problem:` and the code with dashes.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of this code.
    title: &'static str,
    /// The status of the answer, repeated.
    status: u16,
    /// What programs compare.
    code: &'static str,
    /// What is wrong this time, for people.
    detail: String,
    /// The answer's `X-Request-Id`; the server's log lines carry it.
    request_id: String,
    /// When to try again, in milliseconds; with 503 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code, title) = self.kind();
        let retry = status == StatusCode::SERVICE_UNAVAILABLE;
        let problem = Problem {
            kind: format!("urn:presque:problem:{}", code.replace('_', "-")),
            title,
            status: status.as_u16(),
            code,
            detail: self.to_string(),
            request_id: request_id(),
            retry_after_ms: retry.then_some(RETRY_AFTER_SECONDS * 1000),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if retry {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

//! `GET /`: a small page that says what runs here.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Nothing is loaded, from here or elsewhere; the style is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = include_str!("home.html");

pub(super) async fn page() -> Response {
    let page = PAGE.replace("{version}", env!("CARGO_PKG_VERSION"));
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, page).into_response()
}

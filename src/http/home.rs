//! `GET /`: a small page that says what runs here.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::response::{IntoResponse, Response};

/// Nothing is loaded, from here or elsewhere; the style is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const PAGE: &str = include_str!("home.html");

/// The page, its curl lines with the host it was asked for.
pub(super) async fn page(headers: HeaderMap) -> Response {
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok());
    // A name or an address and a port: nothing that means something in HTML or a shell.
    let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b));
    let host = asked.filter(plain).unwrap_or("127.0.0.1:5000");
    let page = PAGE.replace("{version}", env!("CARGO_PKG_VERSION")).replace("{host}", host);
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, page).into_response()
}

//! `GET /docs/errors/{code}`: what a problem means, its cause and its fix, from
//! `docs/problems.md`.

use std::fmt::Write as _;

use axum::extract::Path;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};

use super::problem::Error;

/// Nothing is loaded, from here or elsewhere; the style is in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const PROBLEMS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems.md"));

/// The page of one code.
pub(super) async fn page(Path(code): Path<String>) -> Response {
    let Some(text) = section(&code) else { return Error::ProblemNotFound(code).into_response() };
    let mut paragraphs = String::new();
    for part in text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()) {
        let _ = writeln!(paragraphs, "<p>{}</p>", inline(part));
    }
    let page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{code} - presque</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}}\
         code{{background:#8882;padding:0 .2em}}</style>\n\
         <h1><code>{code}</code></h1>\n{paragraphs}<p><a href=\"../../docs/\">API reference</a></p>\n</html>\n"
    );
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)], page).into_response()
}

/// What stands below the heading of this code.
fn section(code: &str) -> Option<&'static str> {
    let heading = format!("\n## {code}\n");
    let begin = PROBLEMS.find(&heading)? + heading.len();
    let rest = &PROBLEMS[begin..];
    Some(rest.find("\n## ").map_or(rest, |end| &rest[..end]))
}

/// Text with its backquoted parts as code.
fn inline(text: &str) -> String {
    let safe = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::with_capacity(safe.len());
    for (n, part) in safe.split('`').enumerate() {
        if n % 2 == 1 {
            let _ = write!(html, "<code>{part}</code>");
        } else {
            html.push_str(part);
        }
    }
    html
}

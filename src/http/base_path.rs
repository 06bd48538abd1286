//! A path prefix that a proxy in front of the server leaves in place.

use axum::extract::Request;
use axum::http::header::{LINK, LOCATION};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::domain::Invalid;

/// What the paths of routes begin with.
const ROUTES: [&str; 13] = [
    "v1",
    "q",
    "qb",
    "j",
    "w",
    "status",
    "control",
    "livez",
    "readyz",
    "metrics",
    "docs",
    "openapi.json",
    "openapi-3.0.json",
];

/// A prefix like `/jobs`; empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// Segments of letters, digits and `_ . ~ -`; a slash at the end is nothing.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim_end_matches('/');
        let segment = |one: &str| {
            !one.is_empty()
                && one != "."
                && one != ".."
                && one.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.~-".contains(&b))
        };
        let first = text.split('/').nth(1).unwrap_or_default();
        if ROUTES.contains(&first) {
            return Err(Invalid("not a path whose first segment is one of the server's own, like /v1 or /q"));
        }
        if text.is_empty() || text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment)) {
            return Ok(Self(text.to_owned()));
        }
        Err(Invalid("a path like /jobs: segments of letters, digits and _ . ~ -"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the prefix off. A request without it is for this server as well: that is how a load
    /// balancer asks whether it is ready.
    pub(super) fn strip(&self, request: &mut Request) {
        if self.0.is_empty() {
            return;
        }
        let Some(all) = request.uri().path_and_query() else { return };
        let Some(rest) = all.as_str().strip_prefix(&self.0) else { return };
        let rest = match rest.chars().next() {
            Some('/') => rest.to_owned(),
            None | Some('?') => format!("/{rest}"),
            Some(_) => return,
        };
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = rest.parse::<PathAndQuery>().ok();
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }

    /// Puts the prefix before paths that an answer names.
    pub(super) fn put_back(&self, headers: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        let base = &self.0;
        change(headers, &LOCATION, |text| text.starts_with('/').then(|| format!("{base}{text}")));
        change(headers, &LINK, |text| text.strip_prefix("</").map(|rest| format!("<{base}/{rest}")));
    }
}

fn change(headers: &mut HeaderMap, name: &HeaderName, with: impl Fn(&str) -> Option<String>) {
    let changed: Vec<HeaderValue> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let text = value.to_str().ok().and_then(&with);
            text.and_then(|text| HeaderValue::from_str(&text).ok()).unwrap_or_else(|| value.clone())
        })
        .collect();
    headers.remove(name);
    for value in changed {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn stripped(base: &str, path: &str) -> String {
        let mut request = Request::builder().uri(path).body(Body::empty()).unwrap();
        BasePath::parse(base).unwrap().strip(&mut request);
        request.uri().to_string()
    }

    #[test]
    fn the_prefix_is_taken_off_whole_segments_only() {
        assert_eq!(stripped("/jobs", "/jobs/v1/queues?limit=1"), "/v1/queues?limit=1");
        assert_eq!(stripped("/jobs/", "/jobs"), "/");
        assert_eq!(stripped("/jobs", "/jobs?x=1"), "/?x=1");
        assert_eq!(stripped("/jobs", "/readyz"), "/readyz");
        assert_eq!(stripped("/jobs", "/jobsmith"), "/jobsmith");
        assert_eq!(stripped("/a/b", "/a/b/q/%2e%2e"), "/q/%2e%2e");
        assert_eq!(stripped("", "/q/x"), "/q/x");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["jobs", "/v1", "/q/x", "/jobs//x", "/../x", "/a b", "/a?b", "/ä"] {
            assert!(BasePath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_in_answers_have_the_prefix() {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_static("/v1/jobs/1"));
        headers.append(LINK, HeaderValue::from_static("</docs/errors/internal>; rel=\"help\""));
        headers.append(LINK, HeaderValue::from_static("<https://example.org/>"));
        BasePath::parse("/jobs").unwrap().put_back(&mut headers);
        assert_eq!(headers[LOCATION], "/jobs/v1/jobs/1");
        let links: Vec<_> = headers.get_all(LINK).iter().collect();
        assert_eq!(links, ["</jobs/docs/errors/internal>; rel=\"help\"", "<https://example.org/>"]);
    }
}

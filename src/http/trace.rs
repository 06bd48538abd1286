//! Spans of requests for OpenTelemetry, after its conventions for HTTP and messaging. They cost
//! nothing where nothing is exported: `telemetry.rs` turns them on.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::request;
use crate::metrics::TRACE;

/// What a route does with jobs: the name of the operation and its type.
fn operation(method: &str, route: &str) -> Option<(&'static str, &'static str)> {
    match (method, route) {
        (
            "POST",
            "/v1/queues/{queue}/jobs"
            | "/v1/jobs"
            | "/q/{queue}"
            | "/qb/{queue}"
            | "/v1/schedules/{schedule_id}/trigger",
        ) => Some(("enqueue", "create")),
        ("POST", "/v1/jobs/claim") => Some(("claim", "receive")),
        ("GET", "/q/{queue}" | "/qb/{queue}") => Some(("fetch", "receive")),
        ("POST", "/v1/jobs/settle") => Some(("settle", "settle")),
        ("POST", "/v1/jobs/{job_id}/complete") => Some(("complete", "settle")),
        ("POST", "/v1/jobs/{job_id}/fail") => Some(("fail", "settle")),
        ("POST", "/v1/jobs/{job_id}/release") => Some(("release", "settle")),
        _ => None,
    }
}

/// The span of a request, below the one that its `traceparent` names.
pub(super) fn begin(request: &Request, method: &'static str, route: &'static str, queue: Option<&str>) -> Span {
    let span = tracing::trace_span!(
        target: TRACE,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        url.path = request.uri().path(),
        messaging.system = field::Empty,
        messaging.operation.name = field::Empty,
        messaging.operation.type = field::Empty,
        messaging.destination.name = field::Empty,
        messaging.batch.message_count = field::Empty,
    );
    if span.is_disabled() {
        return span;
    }
    if let Some((name, of_type)) = operation(method, route) {
        span.record("messaging.system", "presque");
        span.record("messaging.operation.name", name);
        span.record("messaging.operation.type", of_type);
    }
    if let Some(queue) = queue {
        span.record("messaging.destination.name", queue);
    }
    // A parent is set once, before the span is entered: that cannot fail here.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier(request.headers())));
    span
}

pub(super) fn end(span: &Span, status: u16) {
    if span.is_disabled() {
        return;
    }
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// Links the span of this request to those in which its jobs were made: they may be hours old, so
/// they are no parents.
pub(super) fn link<'a>(traceparents: impl Iterator<Item = Option<&'a str>>) {
    let Some(span) = request::span().filter(|span| !span.is_disabled()) else { return };
    let mut jobs = 0_i64;
    for traceparent in traceparents {
        jobs += 1;
        let Some(traceparent) = traceparent else { continue };
        let carrier = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
        let context = TraceContextPropagator::new().extract(&carrier);
        span.add_link(context.span().span_context().clone());
    }
    span.record("messaging.batch.message_count", jobs);
}

fn carrier(headers: &HeaderMap) -> HashMap<String, String> {
    ["traceparent", "tracestate"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned())))
        .collect()
}

//! Spans for OpenTelemetry: what a collector is sent.

use std::sync::{Arc, Mutex};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Folder, Server};

/// A collector that keeps what it is sent.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = kept.clone();
    let take = axum::routing::post(move |body: axum::body::Bytes| {
        keep.lock().unwrap().extend_from_slice(&body);
        std::future::ready("")
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/v1/traces", take)).await.unwrap() });
    (url, kept)
}

fn holds(kept: &[u8], part: &[u8]) -> bool {
    kept.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_a_span_of_the_callers_trace_and_a_claim_is_linked_to_it() {
    let (url, kept) = collector().await;
    let folder = Folder::new();
    let data = folder.path().to_str().unwrap();
    let mut server = Server::start(&["--data-dir", data, "--drain-seconds", "0", "--otlp-endpoint", &url]);
    let client = reqwest::Client::new();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let call = |path: &str, body: serde_json::Value| {
        let request = client.post(format!("{}{path}", server.url)).header("content-type", "application/json");
        request.body(body.to_string())
    };
    let put = call("/v1/queues/mail/jobs", json!({})).header("traceparent", traceparent).send().await.unwrap();
    assert_eq!(put.status(), 201);
    let claimed = call("/v1/jobs/claim", json!({"queues": ["mail"]})).send().await.unwrap();
    let claimed: serde_json::Value = claimed.json().await.unwrap();
    assert_eq!(claimed["jobs"][0]["traceparent"], traceparent);
    // The last spans are sent when it ends.
    server.signal(Signal::SIGTERM);
    assert!(server.wait().1);
    let kept = kept.lock().unwrap();
    for name in [
        "presque",
        "POST /v1/queues/{queue}/jobs",
        "POST /v1/jobs/claim",
        "group commit",
        "messaging.destination.name",
        "messaging.operation.type",
        "receive",
        "http.response.status_code",
        "postgresql",
    ] {
        assert!(holds(&kept, name.as_bytes()), "no {name} among the spans");
    }
    let trace = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
    let caller = [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31];
    let times = kept.windows(trace.len()).filter(|window| **window == trace).count();
    assert!(times >= 2, "the span of the enqueue, and the link of the claim: {times}");
    assert!(kept.windows(caller.len()).filter(|window| **window == caller).count() >= 2);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let refused = Server::command().args(["serve", "--otlp-endpoint", "collector:4318"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a URL like http://127.0.0.1:4318"), "{refused:?}");
}

//! What goes wrong on the server's side: a problem that says what to do, in time, and nothing lost.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use serde_json::{Value, json};

use crate::support::{JSON, TestApp, until};

const JOB: &str = "01a206c8-d8c7-76c7-bfda-d9bb00000001";

/// Ends every session of the test's database but this one's, as a failover would.
async fn end_sessions(app: &TestApp) {
    app.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .await;
}

/// Sends it until it is taken; answers that, and the codes of the refusals before.
async fn insist(app: &TestApp, uri: &str, headers: &[(&str, &str)], body: &Value) -> (Value, Vec<String>) {
    let mut refusals = Vec::new();
    for _ in 0..30 {
        let answer = app.send("POST", uri, headers, body.to_string()).await;
        if answer.status.is_success() {
            return (answer.json(), refusals);
        }
        let problem = answer.json();
        assert_eq!(answer.status, 503, "{problem}");
        assert!(problem["retry_after_ms"].as_i64() > Some(0) && !answer.header("retry-after").is_empty(), "{problem}");
        refusals.push(problem["code"].as_str().unwrap().to_owned());
    }
    panic!("refused thirty times: {refusals:?}");
}

#[tokio::test]
async fn a_lost_database_is_a_problem_in_time_on_every_operation() {
    let app = TestApp::without_database().await;
    let document = presque::http::document(presque::http::Variant::V31);
    let mut asked = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for (method, operation) in item.as_object().unwrap() {
            let uri = path
                .replace("{queue}", "q")
                .replace("{worker_id}", "w")
                .replace("{job_id}", JOB)
                .replace("{batch_id}", JOB)
                .replace("{bulk_operation_id}", JOB)
                .replace("{schedule_id}", "s");
            let uri = uri.replace("/timeseries", "/timeseries?metric=completed");
            let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref");
            let body = schema.map_or(Value::Null, |schema| {
                document.pointer(&schema.as_str().unwrap()[1..]).unwrap()["example"].clone()
            });
            let (headers, body) = if body.is_null() { (vec![], String::new()) } else { (vec![JSON], body.to_string()) };
            let (app, method) = (&app, method.to_uppercase());
            asked.push(async move {
                let begun = Instant::now();
                let answer = app.send(&method, &uri, &headers, body).await;
                let problem = answer.problem(503, "unavailable");
                assert_eq!((problem["retry_after_ms"].as_i64(), answer.header("retry-after")), (Some(1000), "1"));
                assert_eq!(answer.header("cache-control"), "no-store");
                assert!(begun.elapsed() < Duration::from_secs(5), "{method} {uri} took {:?}", begun.elapsed());
            });
        }
    }
    assert_eq!(asked.len(), 42);
    futures_util::future::join_all(asked).await;
}

#[tokio::test]
async fn ended_sessions_cost_no_job_and_no_outcome() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.report("complete", &held, json!({})).await.ok(200);
    let (mut ids, mut refusals, mut tokens) = (HashSet::new(), Vec::new(), HashSet::new());
    for n in 0..20 {
        let key = format!("key-{n}");
        end_sessions(&app).await;
        let body = json!({"payload": n});
        let (stored, refused) =
            insist(&app, "/v1/queues/q/jobs", &[JSON, ("idempotency-key", key.as_str())], &body).await;
        refusals.extend(refused);
        ids.insert(stored["id"].as_str().unwrap().to_owned());

        let key = format!("claim-{n}");
        end_sessions(&app).await;
        let body = json!({"queues": ["q"]});
        let (claimed, refused) =
            insist(&app, "/v1/jobs/claim", &[JSON, ("idempotency-key", key.as_str())], &body).await;
        refusals.extend(refused);
        let held = &claimed["jobs"][0];
        assert_eq!(held["payload"], n, "one job for each key, handed out once: {claimed}");
        assert!(tokens.insert(held["lease_token"].as_str().unwrap().to_owned()));

        end_sessions(&app).await;
        let uri = format!("/v1/jobs/{}/complete", held["id"].as_str().unwrap());
        let (done, refused) = insist(&app, &uri, &[JSON], &json!({"lease_token": held["lease_token"]})).await;
        refusals.extend(refused);
        assert_eq!((&done["state"], &done["attempt"]), (&json!("completed"), &json!(1)));
    }
    assert_eq!(ids.len(), 20);
    // A pooler hides ended sessions from most requests.
    if app.store.can_listen() {
        assert!(refusals.iter().any(|code| code == "outcome_unknown"), "no request met a dead session: {refusals:?}");
    }
    until("no dead session is left", || async { app.get("/v1/queues/q").await.status == 200 }).await;
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    let found = ["available", "running", "retryable", "completed"].map(|state| counts[state].as_i64().unwrap());
    assert_eq!(found, [0, 0, 0, 21], "{counts}");
}

#[tokio::test]
async fn a_bug_is_told_as_one_and_tells_nothing_else() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    app.sql("alter table presque_internal.job rename column headers to elsewhere").await;
    let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON, ("x-request-id", "r-7")], "{}").await;
    let problem = answer.problem(500, "internal");
    assert_eq!(problem["request_id"], "r-7");
    let text = problem.to_string();
    assert!(!["headers", "column", "presque_internal", "42703"].iter().any(|word| text.contains(word)), "{text}");
}

#[tokio::test]
async fn a_change_that_never_comes_through_is_a_conflict() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", "{}").await.ok(201);
    // As if somebody else always were faster.
    app.sql(
        "create function presque_internal.overtake() returns trigger language plpgsql as 'begin return null; end';
         create trigger overtake before update on presque_internal.queue
         for each row execute function presque_internal.overtake()",
    )
    .await;
    let begun = Instant::now();
    app.patch("/v1/queues/q", r#"{"lease_ms":5000}"#).await.problem(409, "conflict");
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(app.get("/v1/queues/q").await.json()["version"], 1);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    app.sql(
        "create function presque_internal.linger() returns trigger language plpgsql
         as 'begin perform pg_sleep(20); return new; end';
         create trigger linger before insert on presque_internal.job
         for each row execute function presque_internal.linger()",
    )
    .await;
    let begun = Instant::now();
    app.post("/v1/queues/q/jobs", "{}").await.problem(504, "timeout");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    app.sql("drop trigger linger on presque_internal.job").await;
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 1, "nothing was done");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_a_problem() {
    let app = TestApp::start().await;
    let long = "x".repeat(33 * 1024);
    app.send("GET", "/v1/jobs", &[("x-long", &long)], "").await.problem(431, "headers_too_large");
    let many: Vec<String> = (0..101).map(|n| format!("x-{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();
    app.send("GET", "/v1/jobs", &many, "").await.problem(431, "headers_too_large");
    app.send("GET", "/v1/jobs", &many[1..], "").await.ok(200);
    app.send("GET", "/q/foo", &many, "").await.refuses(431, "headers are too large");
    app.get(&format!("/v1/jobs?q={}", "x".repeat(9000))).await.problem(414, "uri_too_long");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = TestApp::start().await;
    let stalled = futures_util::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{\"kind\"")) });
    let stalled = futures_util::StreamExt::chain(stalled, futures_util::stream::pending());
    // The clock of the body goes on while nothing else does.
    tokio::time::pause();
    let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON], Body::from_stream(stalled)).await;
    tokio::time::resume();
    answer.problem(408, "request_timeout");
}

#[test]
fn every_code_is_in_a_test() {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api");
    let mut text = String::new();
    for folder in [tests.to_owned(), format!("{tests}/v1")] {
        for file in std::fs::read_dir(folder).unwrap().flatten().filter(|file| file.path().is_file()) {
            text.push_str(&std::fs::read_to_string(file.path()).unwrap());
        }
    }
    for (code, status, _) in presque::http::CODES {
        assert!(text.contains(&format!("problem({status}, \"{code}\")")) || code == "outcome_unknown", "{code}");
    }
}

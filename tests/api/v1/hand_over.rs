//! Jobs that are handed to parked claims by the statement that stores them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{TestApp, until};

/// How many requests wait for something.
async fn waiting(app: &TestApp) -> u64 {
    let metrics = app.get("/metrics").await;
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("presque_long_polls "));
    line.unwrap().parse().unwrap()
}

/// A claim that is parked when this returns.
async fn parked(app: &Arc<TestApp>, mut request: Value) -> JoinHandle<Value> {
    request["wait_ms"] = json!(20_000);
    parked_at(app, "/v1/jobs/claim", request.to_string()).await
}

async fn parked_at(app: &Arc<TestApp>, path: &'static str, body: String) -> JoinHandle<Value> {
    let before = waiting(app).await;
    let claiming = app.clone();
    let claim = tokio::spawn(async move { claiming.post(path, body).await.ok(200) });
    // It has looked once, and found nothing.
    while waiting(app).await <= before {
        assert!(!claim.is_finished());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    claim
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    let mut connection = app.db.connect().await;
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}

/// Jobs that were held from the moment at which they were stored.
const HANDED: &str = "select count(*) from presque_internal.job join presque_internal.lease \
    on lease.job_id = job.id and lease.claimed_at = job.created_at";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_stored_as_held_by_who_waits_for_it() {
    let app = Arc::new(TestApp::start().await);
    app.patch("/v1/queues/q", r#"{"max_attempts":4,"timeout_ms":60000}"#).await.ok(201);
    let claim = parked(&app, json!({"queues": ["other", "q"], "worker_id": "w", "lease_ms": 30_000})).await;
    let job = json!({"kind": "k", "payload": {"a": "\u{1F600}"}, "priority": 3, "tags": ["t"], "headers": {"h": "1"}});
    let stored = app.put_in("q", job).await;
    assert_eq!(stored["state"], "running");
    let held = claim.await.unwrap()["jobs"][0].clone();
    let shown = app.job(&stored["id"]).await;
    let time = |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    assert_eq!(
        (&held["id"], &held["attempt"], &held["max_attempts"], &held["priority"], &held["tags"], &held["headers"]),
        (&stored["id"], &json!(1), &json!(4), &json!(3), &json!(["t"]), &json!({"h": "1"}))
    );
    assert_eq!(
        (&held["payload"], &held["lease_ms"], &held["kind"]),
        (&json!({"a": "\u{1F600}"}), &json!(30_000), &json!("k"))
    );
    assert_eq!((time(&held["timeout_at"]) - time(&held["created_at"])).num_milliseconds(), 60_000);
    for member in ["created_at", "run_after", "lease_expires_at"] {
        assert_eq!(held[member], shown[member], "{member}");
    }
    assert_eq!(
        (&shown["state"], &shown["worker_id"], &shown["started_at"]),
        (&json!("running"), &json!("w"), &held["created_at"])
    );
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(0), &json!(1)));
    assert_eq!(count(&app, HANDED).await, 1);
    app.report("fail", &held, json!({"error": {}, "retry_in_ms": 0})).await.ok(200);
    let again = app.claim("q", 1).await.remove(0);
    assert_eq!((&again["id"], &again["attempt"]), (&stored["id"], &json!(2)));
    app.report("complete", &again, json!({"result": 1})).await.ok(200);
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["completed"], &counts["running"], &counts["retryable"]), (&json!(1), &json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_go_to_those_who_wait_in_their_order_and_what_is_left_waits() {
    let app = Arc::new(TestApp::start().await);
    app.patch("/v1/queues/q", "{}").await.ok(201);
    let first = parked(&app, json!({"queues": ["q"], "max_jobs": 3})).await;
    let second = parked(&app, json!({"queues": ["q"], "kinds": ["a", "b"], "max_jobs": 2})).await;
    let third = parked(&app, json!({"queues": ["q"], "kinds": ["b"]})).await;
    let kinds = ["a", "a", "a", "b", "b", "b", "b", "c"];
    let jobs: Vec<Value> = kinds.iter().map(|kind| json!({"queue": "q", "kind": kind})).collect();
    let stored = app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201)["results"].clone();
    let states: Vec<&str> = stored.as_array().unwrap().iter().map(|job| job["state"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|state| **state == "running").count(), 6, "{states:?}");
    let mut seen = Vec::new();
    for (claim, wanted) in [(first, 3), (second, 2), (third, 1)] {
        let jobs = claim.await.unwrap()["jobs"].clone();
        assert_eq!(jobs.as_array().unwrap().len(), wanted);
        seen.extend(jobs.as_array().unwrap().iter().map(|job| job["id"].clone()));
    }
    seen.extend(app.claim("q", 10).await.iter().map(|job| job["id"].clone()));
    assert_eq!(seen, stored.as_array().unwrap().iter().map(|job| job["id"].clone()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_handed_out_now_is_not() {
    let app = Arc::new(TestApp::start().await);
    app.put_in("q", json!({})).await;
    app.claim("q", 1).await;
    app.post("/v1/queues/q/pause", "{}").await.ok(200);
    let claim = parked(&app, json!({"queues": ["q"]})).await;
    assert_eq!(app.put_in("q", json!({"kind": "paused"})).await["state"], "available");
    assert_eq!(app.put_in("q", json!({"kind": "delayed", "delay_ms": 60_000})).await["state"], "scheduled");
    let large = json!({"payload": "x".repeat(300_000)});
    app.post("/v1/queues/q/jobs", large.to_string()).await.problem(413, "payload_too_large");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!claim.is_finished());
    app.post("/v1/queues/q/resume", "{}").await.ok(200);
    assert_eq!(claim.await.unwrap()["jobs"][0]["kind"], "paused");
    // A keyed claim looks for itself; so does who is too late.
    let claim = parked(&app, json!({"queues": ["q"]})).await;
    let expired = json!({"kind": "expired", "expires_at": "2020-01-01T00:00:00Z"});
    app.post("/v1/queues/q/jobs", expired.to_string()).await;
    app.put_in("q", json!({"kind": "keyed", "dedup_key": "1"})).await;
    assert_eq!(claim.await.unwrap()["jobs"][0]["kind"], "keyed");
    assert_eq!(count(&app, HANDED).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_handed_what_it_did_not_ask_for() {
    let app = Arc::new(TestApp::start().await);
    for queue in ["a", "b"] {
        app.patch(&format!("/v1/queues/{queue}"), "{}").await.ok(201);
    }
    // So many that it stands where all kinds are called.
    let kinds: Vec<String> = (0..50).map(|n| format!("k{n}")).collect();
    let claim = parked(&app, json!({"queues": ["a", "b"], "kinds": kinds})).await;
    assert_eq!(app.post("/v1/queues/a/jobs", r#"{"kind":"other"}"#).await.ok(201)["state"], "available");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!claim.is_finished());
    app.post("/v1/queues/b/jobs", r#"{"kind":"k49"}"#).await.ok(201);
    assert_eq!(claim.await.unwrap()["jobs"][0]["kind"], "k49");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_left_keeps_no_job_from_others() {
    let app = Arc::new(TestApp::start().await);
    for round in 0..20 {
        let claim = parked(&app, json!({"queues": ["q"]})).await;
        let waiting = parked(&app, json!({"queues": ["q"]})).await;
        let putting = {
            let app = app.clone();
            tokio::spawn(async move { app.put_in("q", json!({})).await })
        };
        // Before, while and after the job is stored for it.
        tokio::time::sleep(Duration::from_micros(200 * round)).await;
        claim.abort();
        let stored = putting.await.unwrap();
        // One that was answered in time holds its job rightly.
        if let Ok(answer) = claim.await {
            app.report("release", &answer["jobs"][0], json!({})).await.ok(200);
        }
        let held =
            tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("it comes to who is left").unwrap();
        assert_eq!(held["jobs"][0]["id"], stored["id"], "round {round}");
        app.report("complete", &held["jobs"][0], json!({})).await.ok(200);
    }
    until("nothing is left", || async { app.get("/v1/queues/q").await.json()["counts"]["completed"] == 20 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_was_read_takes_no_room_from_others_while_its_request_waits() {
    let app = Arc::new(TestApp::start().await);
    app.patch("/v1/queues/q", "{}").await.ok(201);
    // As large as one may be, and more of them than there is room for at once.
    let settle = json!({"items": [], "claim": {"queues": ["q"], "wait_ms": 20_000}}).to_string();
    let large = format!("{settle}{}", " ".repeat(16 * 1024 * 1024 - settle.len()));
    let mut claims = Vec::new();
    for _ in 0..14 {
        claims.push(parked_at(&app, "/v1/jobs/settle", large.clone()).await);
    }
    for _ in 0..claims.len() {
        app.put_in("q", json!({})).await;
    }
    for claim in claims {
        assert_eq!(claim.await.unwrap()["jobs"].as_array().unwrap().len(), 1);
    }
}

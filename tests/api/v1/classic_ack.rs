//! Durable delivery for clients of 2010 that cannot change: `classic_ack = lease`.

use serde_json::json;

use crate::support::{JSON, TestApp};

const W: (&str, &str) = ("X-presque-workerid", "w");

async fn start() -> TestApp {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"classic_ack":"lease","backoff_base_ms":0}"#).await.ok(201);
    app
}

#[tokio::test]
async fn the_next_fetch_completes_what_the_worker_held() {
    let app = start().await;
    for job in ["1", "2"] {
        app.enqueue("/q/q", job).await;
    }
    let first = app.send("GET", "/q/q", &[W], "").await;
    first.expect(200, "1");
    assert_eq!(first.header("x-presque-lease-token").len(), 32);
    let id = json!(first.header("x-presque-job-id"));
    assert_eq!(app.job(&id).await["state"], "running");
    app.send("GET", "/q/q", &[W], "").await.expect(200, "2");
    assert_eq!(app.job(&id).await["state"], "completed");
    app.send("GET", "/q/q", &[W], "").await.refuses(404, "no job");
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["completed"], &counts["running"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn a_worker_that_dies_loses_no_job() {
    let app = start().await;
    app.enqueue("/q/q", "1").await;
    app.send("GET", "/q/q", &[W], "").await.expect(200, "1");
    app.sql("update presque_internal.lease set expires_at = now() - interval '1 second'").await;
    app.engine.expire_leases(10, None).await.unwrap();
    app.send("GET", "/q/q", &[("X-presque-workerid", "other")], "").await.expect(200, "1");
}

#[tokio::test]
async fn a_put_fails_the_oldest_and_its_body_is_what_is_tried_again() {
    let app = start().await;
    for job in ["1", "2"] {
        app.enqueue("/q/q", job).await;
    }
    app.send("GET", "/qb/q", &[W], "").await.expect(200, r#"["1","2"]"#);
    let failed = app.send("PUT", "/q/q", &[JSON, W], r#"{"again":1}"#).await;
    failed.expect(201, "");
    let id = json!(failed.header("x-presque-job-id"));
    let job = app.job(&id).await;
    assert_eq!((&job["payload"], &job["failed_attempts"]), (&json!({"again": 1}), &json!(1)));
    assert_eq!(app.get("/j/q").await.json()["job_failed"], 1, "counted once");
    app.send("GET", "/q/q", &[W], "").await.expect(200, r#"{"again":1}"#);
    let late = app.database_now().await + 3600.0;
    app.send("PUT", &format!("/q/q?delayed={late}"), &[JSON, W], "3").await.expect(201, "");
    assert_eq!(app.job(&id).await["state"], "retryable");
    // Who holds nothing puts in a new job, as ever.
    app.send("PUT", "/q/q", &[JSON, ("X-presque-workerid", "idle")], "4").await.expect(201, "");
    app.send("GET", "/q/q", &[W], "").await.expect(200, "4");
}

#[tokio::test]
async fn leaving_completes_and_registering_gives_back() {
    let app = start().await;
    for job in ["1", "2"] {
        app.enqueue("/q/q", job).await;
    }
    app.send("POST", "/w/q", &[W], "").await.expect(201, "");
    app.send("GET", "/q/q", &[W], "").await.expect(200, "1");
    // It started anew: what ended it must not be acknowledged.
    app.send("POST", "/w/q", &[W], "").await.expect(201, "");
    app.send("GET", "/q/q", &[W], "").await.expect(200, "1");
    app.send("DELETE", "/w/q", &[W], "").await.expect(204, "");
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["completed"], &counts["available"], &counts["running"]), (&json!(1), &json!(1), &json!(0)));
    assert_eq!(app.get("/j/q").await.json()["job_failed"], 0);
}

#[tokio::test]
async fn who_names_no_worker_gets_jobs_as_in_2010() {
    let app = start().await;
    app.enqueue("/q/q", "1").await;
    let fetched = app.get("/q/q").await;
    fetched.expect(200, "1");
    assert_eq!(fetched.header("x-presque-lease-token"), "");
    let attempts = app.get(&format!("/v1/jobs/{}/attempts", fetched.header("x-presque-job-id"))).await.ok(200);
    assert_eq!(attempts["data"][0]["outcome"], "delivered");
}

#[tokio::test]
async fn leases_of_v1_are_none_of_a_classic_worker_s_business_elsewhere() {
    let app = TestApp::start().await;
    app.put_in("plain", json!({"payload": 1})).await;
    let held = app.claim("plain", 1).await.remove(0);
    app.enqueue("/q/plain", "2").await;
    app.send("GET", "/q/plain", &[W], "").await.expect(200, "2");
    app.send("PUT", "/q/plain", &[JSON, W], "3").await.expect(201, "");
    app.send("POST", "/w/plain", &[W], "").await.expect(201, "");
    app.send("DELETE", "/w/plain", &[W], "").await.expect(204, "");
    app.report("complete", &held, json!({})).await.ok(200);
}

#[tokio::test]
async fn the_two_apis_share_their_queues() {
    let app = TestApp::start().await;
    app.put_in("q", json!({"payload": {"v": 1}, "priority": 9})).await;
    app.enqueue("/q/q", r#" {"classic": 1} "#).await;
    app.put_in("q", json!({"payload": "late", "delay_ms": 60000})).await;
    app.get("/status/q?with_desc=1")
        .await
        .expect(200, r#"{"queue":"q","size":2,"policy":{"status":"open"},"jobs":["{\"v\":1}"," {\"classic\": 1} "]}"#);
    app.get("/q/q").await.expect(200, r#"{"v":1}"#);
    let claimed = app.claim("q", 1).await.remove(0);
    assert_eq!((&claimed["payload"], &claimed["kind"]), (&json!({"classic": 1}), &json!("classic")));
    app.post("/control/q", r#"{"status":"stop"}"#).await;
    assert_eq!(app.get("/v1/queues/q").await.json()["paused"], true);
    app.post("/v1/queues/q/resume", "").await.ok(200);
    app.get("/control/q").await.expect(200, r#"{"queue":"q","status":"1"}"#);
}

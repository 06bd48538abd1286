//! The same request again: one effect, one answer.

use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{JSON, TestApp};

const KEY: (&str, &str) = ("Idempotency-Key", "\"order-17\"");

#[tokio::test]
async fn a_repeated_enqueue_is_answered_the_same_and_stores_nothing() {
    let app = TestApp::start().await;
    let body = r#"{"payload":1}"#;
    let first = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], body).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let first = first.ok(201);
    let again = app.send("POST", "/v1/queues/q/jobs", &[JSON, ("idempotency-key", "order-17")], body).await;
    assert_eq!(again.header("idempotency-replayed"), "true", "with or without quotes");
    assert_eq!(again.ok(201), first);
    // Another server, or this one after a restart, knows it too.
    let other = TestApp::beside(&app);
    assert_eq!(other.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], body).await.ok(201)["id"], first["id"]);
    app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], r#"{"payload":2}"#).await.problem(422, "idempotency_mismatch");
    assert_eq!(app.claim("q", 10).await.len(), 1);
    let replayed = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], body).await.ok(201);
    assert_eq!(replayed["state"], "running", "the replay shows how the job is now");
    let other_operation =
        app.send("POST", "/v1/jobs", &[JSON, KEY], r#"{"jobs":[{"queue":"q"},{"queue":"r"}]}"#).await.ok(201);
    let repeated =
        app.send("POST", "/v1/jobs", &[JSON, KEY], r#"{"jobs":[{"queue":"q"},{"queue":"r"}]}"#).await.ok(201);
    assert_eq!(other_operation, repeated);
}

#[tokio::test]
async fn only_successes_are_remembered_and_for_a_day() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"max_depth":1}"#).await.ok(201);
    let full = app.put_in("q", json!({})).await;
    app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], "{}").await.problem(429, "queue_full");
    app.send("DELETE", &format!("/v1/jobs/{}?force=true", full["id"].as_str().unwrap()), &[], "").await.ok(204);
    let stored = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], "{}").await.ok(201);
    app.patch("/v1/queues/q", r#"{"max_depth":0}"#).await.ok(200);
    app.sql("update presque_internal.idempotency set created_at = now() - interval '25 hours'").await;
    let anew = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], "{}").await.ok(201);
    assert_ne!(anew["id"], stored["id"]);
    app.sql("update presque_internal.idempotency set created_at = now() - interval '25 hours'").await;
    assert_eq!(app.store.forget(10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_duplicate_by_its_dedup_key_is_replayed_as_one() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({"dedup_key": "k"})).await;
    for _ in 0..2 {
        let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], r#"{"dedup_key":"k"}"#).await.ok(200);
        assert_eq!((&answer["id"], &answer["duplicate"]), (&first["id"], &json!(true)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_make_one_job_and_all_get_it() {
    let app = Arc::new(TestApp::start().await);
    app.put_in("q", json!({})).await;
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let app = app.clone();
        requests.spawn(async move {
            let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], r#"{"payload":1}"#).await;
            (answer.header("idempotency-replayed") == "true", answer.ok(201)["id"].as_str().unwrap().to_owned())
        });
    }
    let answers = requests.join_all().await;
    assert_eq!(answers.iter().filter(|(replayed, _)| !replayed).count(), 1, "one did it");
    assert!(answers.iter().all(|(_, id)| *id == answers[0].1));
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 2);
}

#[tokio::test]
async fn a_key_that_is_in_use_for_long_is_told_so() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let mut other = app.db.connect().await;
    sqlx::query("begin").execute(&mut other).await.unwrap();
    sqlx::query(
        "insert into presque_internal.idempotency (operation, key, body_hash) values ('enqueue_job', 'order-17', '')",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], "{}").await;
    let problem = answer.problem(409, "idempotency_in_progress");
    assert_eq!((answer.header("retry-after"), &problem["retry_after_ms"]), ("1", &json!(1000)));
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    app.send("POST", "/v1/queues/q/jobs", &[JSON, KEY], "{}").await.ok(201);
}

#[tokio::test]
async fn a_repeated_claim_gets_the_same_jobs_while_their_leases_live() {
    let app = TestApp::start().await;
    for n in 0..4 {
        app.put_in("q", json!({"payload": n})).await;
    }
    let body = r#"{"queues":["q"],"max_jobs":2}"#;
    let claim = || async { app.send("POST", "/v1/jobs/claim", &[JSON, KEY], body).await };
    let first = claim().await.ok(200);
    assert_eq!(first["jobs"].as_array().unwrap().len(), 2);
    let again = claim().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.ok(200)["jobs"], first["jobs"], "tokens and all");
    app.report("complete", &first["jobs"][0], json!({})).await.ok(200);
    assert_eq!(claim().await.ok(200)["jobs"], json!([first["jobs"][1]]));
    app.send("POST", "/v1/jobs/claim", &[JSON, KEY], r#"{"queues":["q"]}"#).await.problem(422, "idempotency_mismatch");
    assert_eq!(app.claim("q", 10).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_with_a_key_waits_as_any_other_and_finding_nothing_uses_no_key_up() {
    let app = Arc::new(TestApp::start().await);
    let body = r#"{"queues":["q"],"wait_ms":20000}"#;
    let claim = {
        let app = app.clone();
        tokio::spawn(async move { app.send("POST", "/v1/jobs/claim", &[JSON, KEY], body).await.ok(200) })
    };
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    let job = app.put_in("q", json!({})).await;
    assert_eq!(claim.await.unwrap()["jobs"][0]["id"], job["id"]);
    let again = app.send("POST", "/v1/jobs/claim", &[JSON, KEY], body).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json()["jobs"][0]["id"]), ("true", &job["id"]));
    let other = ("Idempotency-Key", "empty");
    let nothing = r#"{"queues":["empty"]}"#;
    assert_eq!(app.send("POST", "/v1/jobs/claim", &[JSON, other], nothing).await.ok(200)["jobs"], json!([]));
    let job = app.put_in("empty", json!({})).await;
    assert_eq!(app.send("POST", "/v1/jobs/claim", &[JSON, other], nothing).await.ok(200)["jobs"][0]["id"], job["id"]);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let app = TestApp::start().await;
    for bad in ["", "\"\"", " ", "é", &"x".repeat(256), "a\tb"] {
        let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON, ("idempotency-key", bad)], "{}").await;
        assert_eq!(answer.problem(422, "validation_failed")["errors"][0]["pointer"], "Idempotency-Key", "{bad:?}");
    }
    app.send("POST", "/v1/queues/q/jobs", &[JSON, ("idempotency-key", &"x".repeat(255))], "{}").await.ok(201);
}

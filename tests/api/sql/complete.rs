//! A job that is completed inside a transaction of its worker: its effects are there exactly once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{ask, refusal, start, value};
use crate::support::TestApp;

async fn claimed(app: &TestApp) -> (Value, String) {
    app.put_in("q", json!({"dedup_key": uuid::Uuid::now_v7().to_string()})).await;
    let job = app.claim("q", 1).await.remove(0);
    let call = format!("presque.complete({}, {}", quoted(&job["id"]), quoted(&job["lease_token"]));
    (job, call)
}

fn quoted(value: &Value) -> String {
    format!("'{}'", value.as_str().unwrap())
}

async fn effects(user: &mut PgConnection) -> String {
    value(user, "select count(*) from effect").await
}

#[tokio::test]
async fn the_effect_and_the_end_of_the_job_are_one() {
    let (app, mut user) = start().await;
    ask(&mut user, "create table effect (job uuid)").await.unwrap();
    let (job, call) = claimed(&app).await;
    let (id, effect) = (quoted(&job["id"]), format!("insert into effect values ({})", quoted(&job["id"])));
    ask(&mut user, &format!("begin; {effect}; select {call}); rollback")).await.unwrap();
    assert_eq!((effects(&mut user).await.as_str(), &app.job(&job["id"]).await["state"]), ("0", &json!("running")));
    assert_eq!(value(&mut user, &format!("begin; {effect}; select {call}, '{{\"ok\":true}}')")).await, "t");
    // Said twice is said once.
    assert_eq!(value(&mut user, &format!("select {call})")).await, "t");
    assert_eq!(value(&mut user, &format!("select presque.job_state({id})")).await, "running", "until the commit");
    ask(&mut user, "commit").await.unwrap();
    let done = app.job(&job["id"]).await;
    assert_eq!(
        (&done["state"], &done["result"], &done["attempt"]),
        (&json!("completed"), &json!({"ok": true}), &json!(1))
    );
    assert_eq!(effects(&mut user).await, "1");
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["completed"], &counts["running"]), (&json!(1), &json!(0)));
    // Its key is free, and nothing is left of it.
    assert_eq!(value(&mut user, "select count(*) from presque_internal.dedup").await, "0");
    assert_eq!(value(&mut user, "select count(*) from presque_internal.at_commit").await, "0");
    // It is over: nobody completes it again, and the worker that repeats itself over HTTP is told the same.
    assert_eq!(value(&mut user, &format!("select {call})")).await, "f");
    app.report("complete", &job, json!({})).await.ok(200);
}

#[tokio::test]
async fn who_has_no_lease_changes_nothing() {
    let (app, mut user) = start().await;
    let (job, call) = claimed(&app).await;
    let id = quoted(&job["id"]);
    for token in ["", "x", "00000000000000000000000000000000", "'; drop table orders --"] {
        let token = token.replace('\'', "''");
        assert_eq!(value(&mut user, &format!("select presque.complete({id}, '{token}')")).await, "f");
    }
    assert_eq!(value(&mut user, "select presque.complete('01a206c8-d8c7-76c7-bfda-d9bb00000001', 'x')").await, "f");
    assert_eq!(value(&mut user, "select presque.complete(null, null)").await, "f");
    let (code, message) = refusal(&mut user, &format!("select {call}, to_jsonb(repeat('x', 65536)))")).await;
    assert!(code == "PQ004" && message.contains("65538 bytes"), "{code} {message}");
    assert_eq!(app.job(&job["id"]).await["state"], "running");
}

#[tokio::test]
async fn a_lease_that_ends_before_the_commit_undoes_the_transaction() {
    let (app, mut user) = start().await;
    ask(&mut user, "create table effect (job uuid)").await.unwrap();
    let (job, call) = claimed(&app).await;
    ask(&mut user, &format!("begin; insert into effect values ({}); select {call})", quoted(&job["id"])))
        .await
        .unwrap();
    app.sql("update presque_internal.lease set expires_at = now() - interval '1 ms'").await;
    assert_eq!(app.engine.expire_leases(10, None).await.unwrap(), 1, "who looks for lost leases does not wait");
    let (code, message) = refusal(&mut user, "commit").await;
    assert!(code == "PQ005" && message.contains("ended before this transaction did"), "{code} {message}");
    assert_eq!(effects(&mut user).await, "0");
    assert_eq!(app.job(&job["id"]).await["failed_attempts"], 1);
    // Said early, as people can.
    app.sql("update presque_internal.scheduled set run_after = now()").await;
    let again = app.claim("q", 1).await.remove(0);
    let call = format!("presque.complete({}, {})", quoted(&again["id"]), quoted(&again["lease_token"]));
    ask(&mut user, &format!("begin; select {call}; set constraints all immediate")).await.unwrap();
    assert_eq!(value(&mut user, &format!("select presque.job_state({})", quoted(&again["id"]))).await, "completed");
    ask(&mut user, "commit").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_and_reports_of_others_do_not_wait_for_the_transaction() {
    let (app, mut user) = start().await;
    let (job, call) = claimed(&app).await;
    let (other, _) = claimed(&app).await;
    ask(&mut user, &format!("begin; select {call})")).await.unwrap();
    let begun = Instant::now();
    app.report("heartbeat", &job, json!({})).await.ok(200);
    app.report("complete", &other, json!({})).await.ok(200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    ask(&mut user, "commit").await.unwrap();
    assert_eq!(app.job(&job["id"]).await["state"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_transactions_that_complete_a_job_one_is_kept() {
    let (app, mut first) = start().await;
    ask(&mut first, "create table effect (job uuid)").await.unwrap();
    let mut second = app.db.connect().await;
    let (job, call) = claimed(&app).await;
    let statement = format!("begin; insert into effect values ({}); select {call}); commit", quoted(&job["id"]));
    ask(&mut first, &statement.replace("; commit", "")).await.unwrap();
    let late = tokio::spawn(async move { ask(&mut second, &statement).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    ask(&mut first, "commit").await.unwrap();
    assert_eq!(late.await.unwrap().unwrap_err().0, "PQ005");
    assert_eq!(effects(&mut first).await, "1");
}

#[tokio::test]
async fn what_no_longer_fits_at_the_commit_undoes_the_transaction() {
    let (app, mut user) = start().await;
    let (job, call) = claimed(&app).await;
    ask(&mut user, &format!("begin; select {call}, to_jsonb(repeat('x', 2000)))")).await.unwrap();
    app.patch("/v1/queues/q", r#"{"result_max_bytes":1024}"#).await.ok(200);
    assert_eq!(refusal(&mut user, "commit").await.0, "PQ004");
    assert_eq!(app.job(&job["id"]).await["state"], "running");
}

/// Many in one transaction, in the opposite of the order in which servers lock leases; each took as long as it did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_are_completed_by_one_commit_and_their_times_are_true() {
    let (app, mut user) = start().await;
    let mut calls = Vec::new();
    for _ in 0..20 {
        calls.push(claimed(&app).await);
    }
    ask(&mut user, "begin").await.unwrap();
    for (_, call) in calls.iter().rev() {
        assert_eq!(value(&mut user, &format!("select {call})")).await, "t");
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    let beats = calls.iter().map(|(job, _)| app.report("heartbeat", job, json!({})));
    let (committed, beats) = tokio::join!(ask(&mut user, "commit"), futures_util::future::join_all(beats));
    committed.unwrap();
    assert!(beats.iter().all(|answer| [200, 409].contains(&answer.status.as_u16())));
    for (job, _) in &calls {
        let done = app.job(&job["id"]).await;
        assert!(done["state"] == "completed" && done["run_ms"].as_i64().unwrap() >= 700, "{done}");
    }
}

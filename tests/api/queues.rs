//! `/j`, `/status`, `/control` and the purge: queues as a whole.

use crate::support::{TestApp, until};

#[tokio::test]
async fn counters_count_what_waits_what_failed_and_what_was_fetched() {
    let app = TestApp::start().await;
    app.get("/j/foo").await.expect(200, r#"{"queue_name":"foo","job_count":0,"job_failed":0,"job_processed":0}"#);
    for job in ["1", "2", "3"] {
        app.enqueue("/q/foo", job).await;
    }
    app.get("/q/foo").await.expect(200, "1");
    app.get("/qb/foo?batch_size=1").await.expect(200, r#"["2"]"#);
    app.put("/q/foo", "4").await.expect(201, "");
    app.get("/q/empty").await.refuses(404, "no job");
    let expected = r#"{"queue_name":"foo","job_count":2,"job_failed":1,"job_processed":2}"#;
    app.get("/j/foo").await.expect(200, expected);
    assert_eq!(app.store.fold_tally(1000).await.unwrap(), 6, "one row for each change");
    app.get("/j/foo").await.expect(200, expected);
    assert_eq!(app.store.fold_tally(1000).await.unwrap(), 0);
    app.get("/j/foo").await.expect(200, expected);
    app.get("/q/foo").await.expect(200, "3");
    app.get("/j/foo").await.expect(200, r#"{"queue_name":"foo","job_count":1,"job_failed":1,"job_processed":3}"#);
}

#[tokio::test]
async fn counts_are_exact_while_several_servers_fold_them() {
    let app = TestApp::start().await;
    for n in 0..60 {
        app.enqueue("/q/foo", &n.to_string()).await;
        let (a, b) = tokio::join!(app.store.fold_tally(7), app.store.fold_tally(7));
        a.unwrap();
        b.unwrap();
        assert_eq!(app.get("/j/foo").await.json()["job_count"], n + 1);
    }
}

#[tokio::test]
async fn counts_begin_at_the_mark_below_which_all_is_folded_and_survive_a_restore() {
    let app = TestApp::start().await;
    let mut connection = app.db.connect().await;
    let mut pinned = app.db.connect().await;
    sqlx::query("begin isolation level repeatable read").execute(&mut pinned).await.unwrap();
    sqlx::query("select 1 from presque_internal.queue").execute(&mut pinned).await.unwrap();
    for n in 1..=30 {
        app.enqueue("/q/foo", "1").await;
        assert_eq!(app.store.fold_tally(1000).await.unwrap(), 1);
        assert_eq!(app.get("/j/foo").await.json()["job_count"], n);
    }
    let dead: i64 =
        sqlx::query_scalar("select count(*) from presque_internal.tally where xid >= presque_internal.tally_begin()")
            .fetch_one(&mut pinned)
            .await
            .unwrap();
    assert_eq!(dead, 0, "the old snapshot keeps the rows, and they lie below the mark");
    let plan: Vec<String> = sqlx::query_scalar("explain (analyze, costs off, timing off, summary off) select count(*) from presque_internal.tally where xid >= (select presque_internal.tally_begin())")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(plan.iter().any(|line| line.contains("tally_")), "{plan:?}");
    app.enqueue("/q/foo", "1").await;
    // In another cluster transaction numbers begin anew: the mark lies above all of them.
    sqlx::query("update presque_internal.tally_mark set mark = '9000000000000000000'")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 31);
    assert_eq!(app.store.fold_tally(1000).await.unwrap(), 1);
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 31);
}

#[tokio::test]
async fn the_status_lists_all_queues_sorted() {
    let app = TestApp::start().await;
    app.get("/status/").await.expect(200, r#"{"queues":[],"size":0}"#);
    for queue in ["foo", "Bar", "_x", "foo.2", "bar"] {
        app.enqueue(&format!("/q/{queue}"), "1").await;
    }
    let expected = r#"{"queues":["Bar","_x","bar","foo","foo.2"],"size":5}"#;
    app.get("/status/").await.expect(200, expected);
    app.get("/status").await.expect(200, expected);
}

#[tokio::test]
async fn a_queues_status_has_its_size_its_policy_and_its_jobs_if_asked_for() {
    let app = TestApp::start().await;
    app.get("/status/foo").await.expect(200, r#"{"queue":"foo","size":0,"policy":{"status":"open"}}"#);
    let far = app.database_now().await + 1000.0;
    app.enqueue("/q/foo", r#"{"a": 1}"#).await;
    app.enqueue(&format!("/q/foo?delayed={far}"), "9").await;
    app.enqueue("/q/foo", "2").await;
    app.get("/status/foo").await.expect(200, r#"{"queue":"foo","size":2,"policy":{"status":"open"}}"#);
    app.get("/status/foo?with_desc=1")
        .await
        .expect(200, r#"{"queue":"foo","size":2,"policy":{"status":"open"},"jobs":["{\"a\": 1}","2"]}"#);
    app.post("/control/foo", r#"{"status":"stop"}"#).await;
    assert_eq!(app.get("/status/foo").await.json()["policy"]["status"], "stop");
    let many = format!(r#"{{"jobs":[{}]}}"#, vec!["1"; 1100].join(","));
    app.post("/qb/foo", many).await.expect(201, "");
    let status = app.get("/status/foo?with_desc=1").await.json();
    assert_eq!(status["jobs"].as_array().unwrap().len(), 1000);
    assert_eq!(status["size"], 1102);
}

#[tokio::test]
async fn jobs_are_described_in_the_order_in_which_they_are_fetched() {
    let app = TestApp::start().await;
    let soon = app.database_now().await + 0.3;
    app.enqueue("/q/foo", "1").await;
    app.enqueue(&format!("/q/foo?delayed={soon}"), "2").await;
    app.enqueue("/q/foo", "3").await;
    until("the delayed job is due", || async { app.database_now().await > soon }).await;
    let described = app.get("/status/foo?with_desc=1").await.json()["jobs"].clone();
    assert_eq!(described, app.get("/qb/foo").await.json());
    assert_eq!(described, serde_json::json!(["2", "1", "3"]));
}

#[tokio::test]
async fn a_stopped_queue_takes_jobs_and_hands_none_out() {
    let app = TestApp::start().await;
    app.get("/control/foo").await.expect(200, r#"{"queue":"foo","status":null}"#);
    app.enqueue("/q/foo", "1").await;
    app.get("/control/foo").await.expect(200, r#"{"queue":"foo","status":"1"}"#);
    let updated = r#"{"queue":"foo","response":"updated"}"#;
    app.send("POST", "/control/foo", &[], r#"{"status":"stop"}"#).await.expect(200, updated);
    app.post("/control/foo", r#"{"status":"stop"}"#).await.expect(200, updated);
    app.get("/control/foo").await.expect(200, r#"{"queue":"foo","status":"0"}"#);
    app.get("/q/foo").await.refuses(404, "queue is closed");
    app.enqueue("/q/foo", "2").await;
    app.post("/control/foo", r#"{"status":"start"}"#).await.expect(200, updated);
    app.get("/qb/foo").await.expect(200, r#"["1","2"]"#);
    app.post("/control/new", r#"{"status":"start"}"#).await.expect(200, r#"{"queue":"new","response":"updated"}"#);
    app.post("/control/new2", r#"{"status":"stop"}"#).await.expect(200, r#"{"queue":"new2","response":"updated"}"#);
    app.get("/status").await.expect(200, r#"{"queues":["foo","new","new2"],"size":3}"#);
}

#[tokio::test]
async fn a_command_that_is_none_is_refused() {
    let app = TestApp::start().await;
    app.post("/control/foo", "").await.refuses(400, "content is missing");
    app.post("/control/foo", "{").await.refuses(400, "invalid JSON");
    app.post("/control/foo", r#"{"status":"pause"}"#).await.refuses(400, "invalid status pause");
    app.post("/control/foo", r#"{"status":1}"#).await.refuses(400, "invalid status 1");
    app.post("/control/foo", "{}").await.refuses(400, "invalid status ");
    app.post("/control/foo", "[]").await.refuses(400, "invalid status ");
    let long = format!(r#"{{"status":"{}"}}"#, "é".repeat(5000));
    app.post("/control/foo", long).await.refuses(400, &format!("invalid status {}", "é".repeat(100)));
    app.get("/control/foo").await.expect(200, r#"{"queue":"foo","status":null}"#);
}

#[tokio::test]
async fn a_purge_empties_a_queue_at_once_and_keeps_its_policy_and_its_history() {
    let app = TestApp::start().await;
    let soon = app.database_now().await + 0.3;
    app.send("POST", "/w/foo?worker_id=w", &[], "").await.expect(201, "");
    app.enqueue("/q/foo", "0").await;
    app.get("/q/foo").await.expect(200, "0");
    app.enqueue("/q/foo?uniq=k", "1").await;
    app.enqueue(&format!("/q/foo?delayed={soon}"), "2").await;
    app.put("/q/foo", "3").await.expect(201, "");
    app.post("/control/foo", r#"{"status":"stop"}"#).await;
    app.delete("/q/foo").await.expect(204, "");
    app.get("/j/foo").await.expect(200, r#"{"queue_name":"foo","job_count":0,"job_failed":0,"job_processed":0}"#);
    app.get("/status").await.expect(200, r#"{"queues":["foo"],"size":1}"#);
    app.get("/q/foo").await.refuses(404, "queue is closed");
    app.post("/control/foo", r#"{"status":"start"}"#).await;
    app.enqueue("/q/foo?uniq=k", "4").await;
    until("the delayed job would be due", || async { app.database_now().await > soon }).await;
    app.get("/qb/foo").await.expect(200, r#"["4"]"#);
    assert_eq!(app.get("/w/foo").await.json()["workers_list"], serde_json::json!(["w"]));

    assert_eq!(app.store.purge_retired(2).await.unwrap(), 4, "two that waited, one delayed, one key");
    assert_eq!(app.store.purge_retired(2).await.unwrap(), 0);
    let mut connection = app.db.connect().await;
    let history: Vec<(String, Option<String>, Option<String>, i64)> = sqlx::query_as(
        "select state, outcome, cancel_reason, count(*) from presque_internal.done group by 1, 2, 3 order by 1, 2",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        history,
        [("cancelled".to_owned(), None, some("purged"), 3), ("completed".to_owned(), some("delivered"), None, 2)]
    );
}

#[tokio::test]
async fn a_purge_may_be_repeated_and_makes_no_queue() {
    let app = TestApp::start().await;
    app.delete("/q/foo").await.expect(204, "");
    app.get("/status").await.expect(200, r#"{"queues":[],"size":0}"#);
    app.enqueue("/q/foo", "1").await;
    app.delete("/q/foo").await.expect(204, "");
    app.delete("/q/foo").await.expect(204, "");
    app.get("/q/foo").await.refuses(404, "no job");
}

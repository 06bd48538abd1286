//! `/w`: registered workers and their counters.

use crate::support::{JSON, TestApp};

const ID: &str = "X-presque-workerid";

#[tokio::test]
async fn a_worker_registers_works_and_unregisters() {
    let app = TestApp::start().await;
    app.get("/w/?worker_id=x").await.refuses(404, "no such worker");
    let before = app.database_now().await;
    app.send("POST", "/w/foo", &[(ID, "x")], "").await.expect(201, "");
    let worker = app.get("/w/?worker_id=x").await.json();
    let started_at = worker["started_at"].as_i64().unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    let before = before as i64;
    assert!((before..before + 5).contains(&started_at));
    let expected = format!(r#"{{"worker_id":"x","started_at":{started_at},"processed":"0","failed":"0"}}"#);
    app.get("/w/?worker_id=x").await.expect(200, &expected);

    for job in ["1", "2", "3"] {
        app.enqueue("/q/foo", job).await;
    }
    app.send("GET", "/q/foo", &[(ID, "x")], "").await.expect(200, "1");
    app.get("/qb/foo?worker_id=x").await.expect(200, r#"["2","3"]"#);
    app.send("PUT", "/q/foo", &[JSON, (ID, "x")], "3").await.expect(201, "");
    let worker = app.get("/w/?worker_id=x").await.json();
    assert_eq!((&worker["processed"], &worker["failed"]), (&"3".into(), &"1".into()));
    app.get("/w/foo").await.expect(200, r#"{"queue_name":"foo","workers_list":["x"],"processed":3,"failed":1}"#);

    app.store.fold_tally(1000).await.unwrap();
    let worker = app.get("/w/?worker_id=x").await.json();
    assert_eq!((&worker["processed"], &worker["failed"]), (&"3".into(), &"1".into()), "folded sums count too");

    app.send("POST", "/w/foo", &[(ID, "x")], "").await.expect(201, "");
    let worker = app.get("/w/?worker_id=x").await.json();
    assert_eq!((&worker["processed"], &worker["failed"]), (&"0".into(), &"0".into()), "a registration resets");

    app.send("DELETE", "/w/foo", &[(ID, "x")], "").await.expect(204, "");
    app.get("/w/?worker_id=x").await.refuses(404, "no such worker");
    app.get("/w/").await.expect(200, "[]");
}

#[tokio::test]
async fn a_worker_on_two_queues_is_gone_when_it_leaves_the_last_one() {
    let app = TestApp::start().await;
    for uri in ["/w/foo?worker_id=b", "/w/bar?worker_id=b", "/w/foo?worker_id=a"] {
        app.send("POST", uri, &[], "").await.expect(201, "");
    }
    app.get("/w/").await.expect(200, r#"["a","b"]"#);
    app.get("/w").await.expect(200, r#"["a","b"]"#);
    assert_eq!(app.get("/w/foo").await.json()["workers_list"], serde_json::json!(["a", "b"]));
    assert_eq!(app.get("/w/?queue_name=bar").await.json()["workers_list"], serde_json::json!(["b"]));
    app.delete("/w/foo?worker_id=b").await.expect(204, "");
    assert_eq!(app.get("/w/foo").await.json()["workers_list"], serde_json::json!(["a"]));
    assert_eq!(app.get("/w/?worker_id=b").await.status, 200);
    app.delete("/w/bar?worker_id=b").await.expect(204, "");
    app.delete("/w/bar?worker_id=b").await.expect(204, "");
    app.get("/w").await.expect(200, r#"["a"]"#);
    app.get("/status").await.expect(200, r#"{"queues":[],"size":0}"#);
}

#[tokio::test]
async fn the_queue_name_goes_before_the_worker_id_wherever_it_stands() {
    let app = TestApp::start().await;
    app.send("POST", "/w/foo?worker_id=x", &[], "").await.expect(201, "");
    let foo = r#"{"queue_name":"foo","workers_list":["x"],"processed":0,"failed":0}"#;
    for uri in
        ["/w/?queue_name=foo", "/w/bar?queue_name=foo", "/w/foo", "/w/?queue_name=foo&worker_id=x", "/w?queue_name=foo"]
    {
        app.get(uri).await.expect(200, foo);
    }
    assert_eq!(app.get("/w/bar?worker_id=x").await.json()["worker_id"], "x");
    app.get("/w/nobody").await.expect(200, r#"{"queue_name":"nobody","workers_list":[],"processed":0,"failed":0}"#);
    app.get("/w/?queue_name=a%20b").await.refuses(400, "invalid queue name");
}

#[tokio::test]
async fn the_worker_id_comes_from_header_query_or_body_in_this_order() {
    let app = TestApp::start().await;
    app.send("POST", "/w/foo?worker_id=query", &[(ID, "header")], r#"{"worker_id":"body"}"#).await.expect(201, "");
    app.get("/w").await.expect(200, r#"["header"]"#);
    app.send("POST", "/w/foo?worker_id=query", &[], r#"{"worker_id":"body"}"#).await.expect(201, "");
    app.get("/w").await.expect(200, r#"["header","query"]"#);
    app.send("POST", "/w/foo", &[("content-type", "application/x-www-form-urlencoded")], r#"{"worker_id":"body"}"#)
        .await
        .expect(201, "");
    app.get("/w").await.expect(200, r#"["body","header","query"]"#);
    for body in ["", "{}", "{", r#"{"worker_id":""}"#, r#"{"worker_id":null}"#, "[]"] {
        app.send("POST", "/w/foo", &[], body).await.refuses(400, "worker_id is missing");
    }
    app.delete("/w/foo").await.refuses(400, "worker_id is missing");
}

#[tokio::test]
async fn a_fetch_under_an_unknown_id_works_and_counts_for_no_worker() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo", "1").await;
    app.enqueue("/q/foo", "2").await;
    app.send("GET", "/q/foo", &[(ID, "stranger")], "").await.expect(200, "1");
    let unlikely = "x".repeat(1000);
    app.get(&format!("/q/foo?worker_id={unlikely}%00")).await.expect(200, "2");
    app.get("/w").await.expect(200, "[]");
    app.send("POST", "/w/foo", &[(ID, "stranger")], "").await.expect(201, "");
    assert_eq!(app.get("/w/?worker_id=stranger").await.json()["processed"], "0");
    assert_eq!(app.get("/j/foo").await.json()["job_processed"], 2);
    app.post(&format!("/w/foo?worker_id={unlikely}"), "").await.refuses(400, "invalid worker_id");
}

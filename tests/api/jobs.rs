//! `/q` and `/qb`: jobs in, jobs out, every line of the classic contract.

use axum::body::Body;
use http_body_util::StreamBody;
use hyper::body::Frame;

use crate::support::{JSON, TestApp, until};

#[tokio::test]
async fn a_job_goes_in_and_comes_out_byte_for_byte() {
    let app = TestApp::start().await;
    for job in [
        r#"{"hello":"world"}"#,
        " [1, 2.50,\n 3] \t",
        "null",
        "17",
        r#""\u0000\ud800""#,
        "1e400",
        r#"{"a":1,"a":2}"#,
        "-0",
        r#""snow ☃""#,
    ] {
        let stored = app.post("/q/foo", job).await;
        stored.expect(201, "");
        let fetched = app.get("/q/foo").await;
        fetched.expect(200, job);
        assert_eq!(fetched.header("x-presque-job-id"), stored.header("x-presque-job-id"));
        assert_eq!(fetched.header("x-presque-job-id").len(), 36);
        assert_eq!(fetched.header("cache-control"), "no-store");
    }
    app.get("/q/foo").await.refuses(404, "no job");
    app.get("/q/never_seen").await.refuses(404, "no job");
}

#[tokio::test]
async fn jobs_come_out_first_in_first_out_and_due_delayed_ones_before_the_others() {
    let app = TestApp::start().await;
    let soon = app.database_now().await + 0.6;
    app.enqueue("/q/foo", "1").await;
    app.enqueue(&format!("/q/foo?delayed={}", soon + 0.05), r#""later""#).await;
    app.enqueue(&format!("/q/foo?&delayed={soon}"), r#""sooner""#).await;
    app.enqueue("/q/foo", "2").await;
    app.enqueue("/q/foo", "3").await;
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 3, "a delayed job does not count");
    assert_eq!(app.get("/status/foo").await.json()["size"], 3);
    app.get("/q/foo").await.expect(200, "1");
    until("the delayed jobs are due", || async { app.database_now().await > soon + 0.05 }).await;
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 4, "a due one counts");
    for job in [r#""sooner""#, r#""later""#, "2", "3"] {
        app.get("/q/foo").await.expect(200, job);
    }
    app.get("/q/foo").await.refuses(404, "no job");
}

#[tokio::test]
async fn a_job_delayed_to_the_past_or_to_zero_is_not_delayed() {
    let app = TestApp::start().await;
    for delayed in ["0", "", "1", "-7", "1273923534.5"] {
        app.enqueue(&format!("/q/foo?delayed={delayed}"), "1").await;
        app.get("/q/foo").await.expect(200, "1");
    }
    for delayed in ["tomorrow", "NaN", "inf", "1e300"] {
        app.post(&format!("/q/foo?delayed={delayed}"), "1").await.refuses(400, "delayed must be an epoch");
    }
}

#[tokio::test]
async fn a_unique_job_is_refused_until_the_one_before_is_fetched() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo?uniq=a", "1").await;
    app.post("/q/foo?uniq=a", "2").await.refuses(400, "job already exists");
    app.enqueue("/q/foo?uniq=b", "3").await;
    app.enqueue("/q/bar?uniq=a", "4").await;
    app.enqueue("/q/foo?uniq=", "5").await;
    app.enqueue("/q/foo?uniq=", "6").await;
    app.get("/q/foo").await.expect(200, "1");
    app.enqueue("/q/foo?uniq=a", "7").await;
    let far = app.database_now().await + 1000.0;
    app.enqueue(&format!("/q/foo?uniq=c&delayed={far}"), "8").await;
    app.post("/q/foo?uniq=c", "9").await.refuses(400, "job already exists");
    let long = "x".repeat(5000);
    app.enqueue(&format!("/q/foo?uniq={long}"), "10").await;
    app.post(&format!("/q/foo?uniq={long}"), "11").await.refuses(400, "job already exists");
    app.enqueue(&format!("/q/foo?uniq={long}y"), "12").await;
    app.enqueue("/q/foo?uniq=%00%FF", "13").await;
    app.post("/q/foo?uniq=%00%FF", "14").await.refuses(400, "job already exists");
}

#[tokio::test]
async fn a_batch_fetch_frees_unique_keys_too() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo?uniq=a", "1").await;
    app.enqueue("/q/foo?uniq=b", "2").await;
    app.get("/qb/foo").await.expect(200, r#"["1","2"]"#);
    app.enqueue("/q/foo?uniq=a", "3").await;
    app.enqueue("/q/foo?uniq=b", "4").await;
}

#[tokio::test]
async fn what_is_no_job_is_refused_with_the_texts_of_2010() {
    let app = TestApp::start().await;
    let content_type = "content-type must be set to application/json";
    app.send("POST", "/q/foo", &[], "{}").await.refuses(400, content_type);
    app.send("POST", "/q/foo", &[("content-type", "text/plain")], "{}").await.refuses(400, content_type);
    app.send("POST", "/q/foo", &[("Content-Type", "application/json; charset=utf-8")], "1").await.expect(201, "");
    app.send("POST", "/q/foo", &[("CONTENT-TYPE", "Application/JSON")], "1").await.expect(201, "");
    app.post("/q/foo", "").await.refuses(400, "job is missing");
    app.post("/q/foo", "{").await.refuses(400, "invalid JSON");
    app.post("/q/foo", format!("\"{}\"", "x".repeat(262_142))).await.expect(201, "");
    app.post("/q/foo", format!("\"{}\"", "x".repeat(262_143))).await.refuses(413, "job is too large");
}

#[tokio::test]
async fn a_body_without_a_length_is_taken() {
    let app = TestApp::start().await;
    let chunks = ["{\"a\":", "1}"].map(|part| Ok::<_, std::io::Error>(Frame::data(part.into())));
    let body: StreamBody<_> = StreamBody::new(futures_of(chunks));
    app.send("POST", "/q/foo", &[JSON], Body::new(body)).await.expect(201, "");
    app.get("/q/foo").await.expect(200, r#"{"a":1}"#);
}

/// A stream of these frames.
fn futures_of<const N: usize>(
    frames: [Result<Frame<bytes::Bytes>, std::io::Error>; N],
) -> impl futures_core::Stream<Item = Result<Frame<bytes::Bytes>, std::io::Error>> + Send {
    futures_util::stream::iter(frames)
}

#[tokio::test]
async fn a_failed_job_is_counted_and_inserted_again() {
    let app = TestApp::start().await;
    app.send("POST", "/w/foo", &[("X-presque-workerid", "w")], "").await.expect(201, "");
    app.put("/q/foo?worker_id=w", r#"{"n":1}"#).await.expect(201, "");
    assert_eq!(
        app.get("/j/foo").await.text(),
        r#"{"queue_name":"foo","job_count":1,"job_failed":1,"job_processed":0}"#
    );
    assert_eq!(app.get("/w/?worker_id=w").await.json()["failed"], "1");
    app.put("/q/foo?uniq=k&worker_id=w", "2").await.expect(201, "");
    app.put("/q/foo?uniq=k&worker_id=w", "3").await.refuses(400, "job already exists");
    assert_eq!(app.get("/j/foo").await.json()["job_failed"], 3, "the failure is counted all the same");
    assert_eq!(app.get("/w/?worker_id=w").await.json()["failed"], "3");
    let far = app.database_now().await + 1000.0;
    app.put(&format!("/q/foo?delayed={far}"), "4").await.expect(201, "");
    app.get("/qb/foo").await.expect(200, r#"["{\"n\":1}","2"]"#);
    app.put("/q/foo", "").await.refuses(400, "job is missing");
    app.put("/q/foo", "{").await.refuses(400, "invalid JSON");
    app.send("PUT", "/q/foo", &[], "1").await.refuses(400, "content-type must be set to application/json");
    assert_eq!(app.get("/j/foo").await.json()["job_failed"], 4, "a refused request counts nothing");
}

#[tokio::test]
async fn a_batch_goes_in_whole_and_each_job_keeps_its_bytes() {
    let app = TestApp::start().await;
    app.post("/qb/foo", r#"{"other": 1, "jobs" : [ {"a" : 1},"two" ,3.0, [4, 5] ]}"#).await.expect(201, "");
    app.get("/qb/foo").await.expect(200, r#"["{\"a\" : 1}","\"two\"","3.0","[4, 5]"]"#);
    app.get("/qb/foo").await.refuses(404, "no job");
    app.post("/qb/bar", r#"{"jobs":[]}"#).await.expect(201, "");
    assert_eq!(app.get("/status/").await.text(), r#"{"queues":["foo"],"size":1}"#, "no jobs make no queue");
    for body in [r#"{"jobs":{}}"#, r#"{"jobs":1}"#, "{}", "[1]", "1", "null", r#"{"job":[1]}"#] {
        app.post("/qb/foo", body).await.refuses(400, "jobs should be an array of job");
    }
    app.post("/qb/foo", r#"{"jobs":[1,"#).await.refuses(400, "invalid JSON");
    app.post("/qb/foo", "").await.refuses(400, "job is missing");
    app.send("POST", "/qb/foo", &[], "{}").await.refuses(400, "content-type must be set to application/json");
    let large = format!(r#"{{"jobs":[1,"{}"]}}"#, "x".repeat(262_143));
    app.post("/qb/foo", large).await.refuses(413, "job is too large");
    app.post("/qb/foo?delayed=x", r#"{"jobs":[1]}"#).await.refuses(400, "delayed must be an epoch");
    app.get("/q/foo").await.refuses(404, "no job");
}

#[tokio::test]
async fn a_delayed_batch_waits_and_uniq_is_ignored_for_batches() {
    let app = TestApp::start().await;
    let soon = app.database_now().await + 0.4;
    app.post(&format!("/qb/foo?delayed={soon}&uniq=k"), r#"{"jobs":[1,2]}"#).await.expect(201, "");
    app.post("/qb/foo?uniq=k", r#"{"jobs":[3]}"#).await.expect(201, "");
    app.get("/qb/foo").await.expect(200, r#"["3"]"#);
    until("the batch is due", || async { app.database_now().await > soon }).await;
    app.get("/qb/foo").await.expect(200, r#"["1","2"]"#);
}

#[tokio::test]
async fn a_batch_fetch_hands_out_ten_or_as_many_as_asked_for() {
    let app = TestApp::start().await;
    let many = format!(r#"{{"jobs":[{}]}}"#, vec!["1"; 1200].join(","));
    app.post("/qb/foo", many).await.expect(201, "");
    for (query, size) in [
        ("", 10),
        ("?batch_size=0", 10),
        ("?batch_size=3", 3),
        ("?batch_size=-4", 1),
        ("?batch_size=x", 1),
        ("?batch_size=5000", 1000),
        ("?batch_size=1000", 175),
    ] {
        let batch = app.get(&format!("/qb/foo{query}")).await.json();
        assert_eq!(batch.as_array().unwrap().len(), size, "{query}");
    }
}

#[tokio::test]
async fn the_batch_route_refuses_what_it_refused_in_2010() {
    let app = TestApp::start().await;
    app.put("/qb/foo", "1").await.refuses(400, "PUT is not supported in batch mode");
    app.delete("/qb/foo").await.refuses(400, "DELETE is not supported in batch mode");
    app.post("/control/foo", r#"{"status":"stop"}"#).await;
    app.get("/qb/foo").await.refuses(404, "queue is closed");
}

#[tokio::test]
async fn ten_thousand_jobs_go_in_with_one_request_and_more_are_refused() {
    let app = TestApp::start().await;
    let body = |n: usize| format!(r#"{{"jobs":[{}]}}"#, vec!["1"; n].join(","));
    app.post("/qb/foo", body(10_001)).await.refuses(413, "job is too large");
    app.post("/qb/foo", body(10_000)).await.expect(201, "");
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 10_000);
    // A new queue is made once, not once for each job: of the numbers there are, one is used.
    app.post("/qb/bar", body(10)).await.expect(201, "");
    let next = "select from presque_internal.queue as foo join presque_internal.queue as bar
        on bar.queue_id = foo.queue_id + 1 where foo.name = 'foo' and bar.name = 'bar'";
    assert_eq!(app.sql(next).await, 1);
}

#[tokio::test]
async fn an_answer_of_many_jobs_is_kept_to_a_size_and_one_job_is_always_answered() {
    let app = TestApp::start().await;
    let large = format!("\"{}\"", "x".repeat(262_000));
    let batch = format!(r#"{{"jobs":[{}]}}"#, vec![large.as_str(); 35].join(","));
    app.post("/qb/foo", batch.clone()).await.expect(201, "");
    app.post("/qb/foo", batch).await.expect(201, "");
    assert_eq!(app.get("/status/foo?with_desc=1").await.json()["jobs"].as_array().unwrap().len(), 64);
    let first = app.get("/qb/foo?batch_size=1000").await;
    assert_eq!(first.json().as_array().unwrap().len(), 64, "16 MiB of them");
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 6);
    assert_eq!(app.get("/qb/foo?batch_size=1000").await.json().as_array().unwrap().len(), 6);
}

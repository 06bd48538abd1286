//! Input that is odd and right, or wrong in ways that reach far: what it gets, row by row.

use serde_json::json;

use crate::support::{JSON, TestApp};

const JOB: &str = "01a206c8-d8c7-76c7-bfda-d9bb00000001";

/// A request with the body as it stands, and what it is answered.
async fn post(app: &TestApp, uri: &str, body: impl Into<axum::body::Body>) -> crate::support::Answer {
    app.send("POST", uri, &[JSON], body).await
}

#[tokio::test]
async fn documents_and_results_are_kept_byte_for_byte() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"result_max_bytes":200000}"#).await.ok(201);
    let digits = "7".repeat(100_000);
    for document in [
        "null",
        "[]",
        "{}",
        "\"\"",
        "-0",
        "1.0",
        "1e400",
        "1e131071",
        "1e131072",
        "9007199254740993",
        "18446744073709551616",
        digits.as_str(),
        r#"{"b":1,"a":2,"b":3}"#,
        r#"["\u0000","\ud800","\u00e9","é"]"#,
        "{ \"spaces\" :\t[ 1 , 2 ]\n}",
    ] {
        post(&app, "/v1/queues/q/jobs", format!(r#"{{"payload": {document}}}"#)).await.ok(201);
        let claimed = post(&app, "/v1/jobs/claim", r#"{"queues":["q"]}"#).await;
        assert!(
            claimed.text().contains(&format!(r#""payload":{document}"#)),
            "{}",
            &document[..document.len().min(80)]
        );
        let held = &serde_json::from_str::<Held>(claimed.text()).unwrap().jobs[0];
        let (id, token) = (&held.id, &held.lease_token);
        let body = format!(r#"{{"lease_token":"{token}","result": {document}}}"#);
        post(&app, &format!("/v1/jobs/{id}/complete"), body).await.ok_text(200);
        let shown = app.get(&format!("/v1/jobs/{id}?include=result")).await;
        assert!(shown.text().contains(&format!(r#""result":{document}"#)), "{}", &document[..document.len().min(80)]);
    }
    app.get("/v1/jobs?include=payload&include=result&limit=20").await.ok_text(200);
    // Searching reads what can be read, and never fails for the rest.
    assert_eq!(app.get("/v1/jobs?payload=%7B%22a%22%3A2%7D").await.ok(200)["data"].as_array().unwrap().len(), 1);
}

/// As little as a worker needs; the rest may hold what no reader of Rust takes.
#[derive(serde::Deserialize)]
struct Held {
    jobs: Vec<HeldJob>,
}

#[derive(serde::Deserialize)]
struct HeldJob {
    id: String,
    lease_token: String,
}

#[tokio::test]
async fn texts_that_no_database_keeps_are_refused_in_names_and_kept_in_reports() {
    let app = TestApp::start().await;
    for (uri, body, pointer) in [
        ("/v1/jobs", r#"{"jobs":[{"queue":"a\u0000"}]}"#, "/jobs/0/queue"),
        ("/v1/jobs", r#"{"jobs":[{"queue":"q","kind":"\ud800"}]}"#, "/jobs/0/kind"),
        ("/v1/jobs/claim", r#"{"queues":["\u0000"]}"#, "/queues/0"),
        ("/v1/jobs/claim", r#"{"queues":["q"],"kinds":["\udfff"]}"#, "/kinds/0"),
        ("/v1/jobs/claim", r#"{"queues":["q"],"worker_id":"w\u0000"}"#, "/worker_id"),
        ("/v1/queues/q/pause", r#"{"reason":"\u0000"}"#, "/reason"),
        ("/v1/queues/q/jobs", r#"{"headers":{"a":"\ud800"}}"#, "/headers/a"),
    ] {
        let problem = post(&app, uri, body).await.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!(error["pointer"], pointer, "{body}");
        assert!(["encoding", "pattern"].contains(&error["code"].as_str().unwrap()), "{body} {error}");
    }
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    let path = format!("/v1/jobs/{}", held["id"].as_str().unwrap());
    let token = held["lease_token"].as_str().unwrap();
    let beat = format!(r#"{{"lease_token":"{token}","progress_message":"a\u0000b\ud800","progress":1}}"#);
    post(&app, &format!("{path}/heartbeat"), beat).await.ok(200);
    let failed = format!(
        r#"{{"lease_token":"{token}","error":{{"error_class":"\u0000","message":"\ud800","stack":"x\u0000","data":["\u0000"]}}}}"#
    );
    post(&app, &format!("{path}/fail"), failed).await.ok(200);
    let shown = app.get(&format!("{path}?include=result")).await;
    let error = r#""error_class":"\u0000","message":"\ud800","stack":"x\u0000","data":["\u0000"]"#;
    assert!(shown.text().contains(error) && shown.text().contains(r#""state":"retryable""#), "{}", shown.text());
}

#[tokio::test]
async fn nesting_and_sizes_are_exact() {
    let app = TestApp::start().await;
    for depth in [129, 20_000, 1_000_000] {
        let closed = format!(r#"{{"payload":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        let problem = post(&app, "/v1/queues/q/jobs", closed).await.problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/payload"), &json!("depth"))
        );
    }
    app.patch("/v1/queues/q", r#"{"payload_max_bytes":1000,"result_max_bytes":500}"#).await.ok(201);
    let text = |bytes: usize| json!({"payload": "x".repeat(bytes - 2)}).to_string();
    post(&app, "/v1/queues/q/jobs", text(1000)).await.ok(201);
    let problem = post(&app, "/v1/queues/q/jobs", text(1001)).await.problem(413, "payload_too_large");
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(1000), &json!(1001)));
    let held = app.claim("q", 1).await.remove(0);
    app.report("complete", &held, json!({"result": "x".repeat(499)})).await.problem(413, "payload_too_large");
    app.report("complete", &held, json!({"result": "x".repeat(498)})).await.ok(200);
    let many = |count: usize| json!({"jobs": vec![json!({"queue": "q"}); count]}).to_string();
    app.post("/v1/jobs", many(0)).await.problem(422, "validation_failed");
    app.post("/v1/jobs", many(1001)).await.problem(422, "validation_failed");
    let items = json!({"items": vec![json!({"job_id": JOB, "lease_token": "x", "outcome": "completed"}); 1001]});
    app.post("/v1/jobs/settle", items.to_string()).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn tokens_that_are_not_the_current_one_are_told_so() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 2).await;
    let mixed = json!({"id": held[0]["id"], "lease_token": held[1]["lease_token"]});
    let long = "0".repeat(1000);
    for token in ["", "x", "00000000000000000000000000000000", "'; drop table job", long.as_str(), "\u{202e}"] {
        let other = json!({"id": held[0]["id"], "lease_token": token});
        for what in ["complete", "heartbeat", "release"] {
            app.report(what, &other, json!({})).await.problem(409, "lease_lost");
        }
    }
    let problem = app.report("complete", &mixed, json!({})).await.problem(409, "lease_lost");
    assert_eq!((&problem["job_id"], &problem["state"]), (&held[0]["id"], &json!("running")));
    for one in &held {
        app.report("complete", one, json!({})).await.ok(200);
    }
    let waiting = app.put_in("q", json!({})).await;
    let never = json!({"id": waiting["id"], "lease_token": held[0]["lease_token"]});
    let problem = app.report("complete", &never, json!({})).await.problem(409, "lease_lost");
    assert_eq!(problem["state"], "available");
    app.post(&format!("/v1/jobs/{}/cancel", waiting["id"].as_str().unwrap()), "{}").await.ok(200);
    let problem = app.report("fail", &never, json!({"error": {}})).await.problem(409, "lease_lost");
    assert_eq!(problem["state"], "cancelled");
    let unknown = json!({"id": JOB, "lease_token": held[0]["lease_token"]});
    app.report("complete", &unknown, json!({})).await.problem(404, "job_not_found");
    let malformed = json!({"id": "not-an-id", "lease_token": "x"});
    app.report("complete", &malformed, json!({})).await.problem(400, "invalid_request");
}

#[tokio::test]
async fn a_search_is_text_and_no_pattern() {
    let app = TestApp::start().await;
    for message in ["(a+)+$ 100% _x_", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa!"] {
        app.put_in("q", json!({})).await;
        let held = app.claim("q", 1).await.remove(0);
        app.report("fail", &held, json!({"error": {"message": message}})).await.ok(200);
    }
    for (search, found) in
        [("%28a%2B%29%2B%24", 1), ("100%25", 1), ("_x_", 1), ("a%25a", 0), ("%27%3B%20drop", 0), ("%5C", 0)]
    {
        let page = app.get(&format!("/v1/jobs?q={search}")).await.ok(200);
        assert_eq!(page["data"].as_array().unwrap().len(), found, "{search}");
    }
}

#[tokio::test]
async fn no_other_site_is_let_in_and_nothing_is_kept_by_the_way() {
    let app = TestApp::start().await;
    for origin in ["https://example.com", "null"] {
        for (method, headers) in [
            ("GET", vec![("origin", origin)]),
            ("OPTIONS", vec![("origin", origin), ("access-control-request-method", "POST")]),
        ] {
            let answer = app.send(method, "/v1/jobs", &headers, "").await;
            assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{answer:?}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    for uri in ["/v1/info", "/v1/queues", "/v1/workers", "/v1/jobs/x", "/v1/nothing"] {
        assert_eq!(app.get(uri).await.header("cache-control"), "no-store", "{uri}");
    }
}

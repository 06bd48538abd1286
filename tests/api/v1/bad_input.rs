//! What bad input gets: a clear refusal, never a 500, and nothing done.

use serde_json::{Value, json};

use crate::support::{JSON, TestApp};

/// Every operation that takes a body, and whether it may be left out.
const WITH_BODY: [(&str, &str, bool); 16] = [
    ("POST", "/v1/queues/q/jobs", false),
    ("POST", "/v1/jobs", false),
    ("PATCH", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001", false),
    ("POST", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/cancel", true),
    ("POST", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/retry", true),
    ("POST", "/v1/jobs/claim", false),
    ("POST", "/v1/jobs/settle", false),
    ("POST", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/heartbeat", false),
    ("POST", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/complete", false),
    ("POST", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/fail", false),
    ("POST", "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/release", false),
    ("POST", "/v1/workers/w/heartbeat", false),
    ("POST", "/v1/workers/w/signal", false),
    ("PATCH", "/v1/queues/q", false),
    ("POST", "/v1/queues/q/pause", true),
    ("PATCH", "/v1/queues/q?dry_run=true", false),
];

#[tokio::test]
async fn bodies_that_are_no_json_object_are_refused_everywhere() {
    let app = TestApp::start().await;
    let deep = format!("{{\"a\":{}", "[".repeat(1_000_000));
    for (method, uri, optional) in WITH_BODY {
        for body in [
            &b"{"[..],
            b"{}{}",
            b"{} x",
            b"nul",
            b"\xEF\xBB\xBF{}",
            b"{\"a\":\xFF}",
            b"\xFF\xFE{\x00}\x00",
            b"{\"a\":\"\x00\"}",
            deep.as_bytes(),
            br#"{"a":1,"a":2}"#,
        ] {
            app.send(method, uri, &[JSON], body.to_vec()).await.problem(400, "invalid_request");
        }
        for body in ["[]", "1", "null", "\"x\""] {
            let problem = app.send(method, uri, &[JSON], body).await.problem(422, "validation_failed");
            assert_eq!(problem["errors"][0]["code"], "type", "{method} {uri} {body}");
        }
        let unknown = app.send(method, uri, &[JSON], r#"{"zzz":1}"#).await.problem(422, "validation_failed");
        let errors = unknown["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["pointer"] == "/zzz" && error["code"] == "unknown"), "{method} {uri}");
        for media in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
            "application/jsonp",
            "",
        ] {
            app.send(method, uri, &[("content-type", media)], "{}").await.problem(415, "unsupported_media_type");
        }
        app.send(method, uri, &[], "{}").await.problem(415, "unsupported_media_type");
        app.send(method, uri, &[JSON, ("content-encoding", "br")], "{}").await.problem(415, "unsupported_media_type");
        if !optional {
            app.send(method, uri, &[], "").await.problem(415, "unsupported_media_type");
            app.send(method, uri, &[JSON], "").await.problem(400, "invalid_request");
        }
        app.send(method, uri, &[JSON, ("accept", "text/html, application/xml")], "{}")
            .await
            .problem(406, "not_acceptable");
        app.send(method, &format!("{uri}{}verbose=1", if uri.contains('?') { '&' } else { '?' }), &[JSON], "{}")
            .await
            .problem(400, "invalid_request");
    }
    assert_eq!(app.get("/v1/queues").await.ok(200)["data"], json!([]), "nothing was made");
}

#[tokio::test]
async fn every_member_is_checked_and_named() {
    let app = TestApp::start().await;
    let long = "x".repeat(129);
    let tags: Vec<_> = (0..17).map(|n| n.to_string()).collect();
    for (body, pointer, code) in [
        (json!({"queue": "other"}), "/queue", "conflict"),
        (json!({"queue": "a b"}), "/queue", "pattern"),
        (json!({"kind": ""}), "/kind", "min"),
        (json!({"kind": long}), "/kind", "max"),
        (json!({"kind": 7}), "/kind", "type"),
        (json!({"kind": null}), "/kind", "type"),
        (json!({"priority": 101}), "/priority", "max"),
        (json!({"priority": -101}), "/priority", "min"),
        (json!({"priority": 1.5}), "/priority", "type"),
        (json!({"priority": "1"}), "/priority", "type"),
        (json!({"priority": true}), "/priority", "type"),
        (json!({"max_attempts": 0}), "/max_attempts", "min"),
        (json!({"max_attempts": 4_294_967_296_i64}), "/max_attempts", "max"),
        (json!({"delay_ms": -1}), "/delay_ms", "min"),
        (json!({"delay_ms": i64::MAX}), "/delay_ms", "max"),
        (json!({"delay_ms": 1, "run_after": "2026-11-23T04:52:52Z"}), "/delay_ms", "conflict"),
        (json!({"run_after": "tomorrow"}), "/run_after", "pattern"),
        (json!({"run_after": "2026-11-23T04:52:52"}), "/run_after", "pattern"),
        (json!({"run_after": "2026-12-31T23:59:60Z"}), "/run_after", "pattern"),
        (json!({"run_after": "0000-01-01T00:00:00Z"}), "/run_after", "pattern"),
        (json!({"run_after": "+294277-01-01T00:00:00Z"}), "/run_after", "pattern"),
        (json!({"run_after": "infinity"}), "/run_after", "pattern"),
        (json!({"expires_at": 7}), "/expires_at", "type"),
        (json!({"lease_ms": 999}), "/lease_ms", "min"),
        (json!({"lease_ms": 43_200_001}), "/lease_ms", "max"),
        (json!({"timeout_ms": -1}), "/timeout_ms", "min"),
        (json!({"tags": tags}), "/tags", "max"),
        (json!({"tags": ["ok", ""]}), "/tags/1", "min"),
        (json!({"tags": ["y".repeat(65)]}), "/tags/0", "max"),
        (json!({"tags": "a"}), "/tags", "type"),
        (json!({"headers": {"a": 1}}), "/headers/a", "type"),
        (json!({"headers": []}), "/headers", "type"),
        (json!({"traceparent": "x"}), "/traceparent", "pattern"),
        (json!({"dedup_key": ""}), "/dedup_key", "min"),
        (json!({"dedup_key": "k".repeat(257)}), "/dedup_key", "max"),
        (json!({"dedup_key": "k", "dedup_until": "never"}), "/dedup_until", "enum"),
        (json!({"dedup_key": "k", "dedup_window_ms": 0}), "/dedup_window_ms", "min"),
        (json!({"dedup_until": "finished"}), "/dedup_until", "conflict"),
        (json!({"dedup_key": "k", "dedup_on_conflict": "ignore"}), "/dedup_on_conflict", "enum"),
        (json!({"group_key": "g"}), "/group_key", "unknown"),
        (json!({"depends_on": "a"}), "/depends_on", "type"),
        (json!({"depends_on_names": [""]}), "/depends_on_names/0", "min"),
        (json!({"name": ""}), "/name", "min"),
        (json!({"on_dependency_failure": "run"}), "/on_dependency_failure", "conflict"),
        (json!({"batch_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001"}), "/batch_id", "unknown"),
        (json!({"batch_id": 7}), "/batch_id", "type"),
        (json!({"payLoad": 1}), "/payLoad", "unknown"),
    ] {
        let problem = app.post("/v1/queues/q/jobs", body.to_string()).await.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)), "{body}");
    }
}

#[tokio::test]
async fn texts_numbers_and_nesting_that_cannot_be_kept_are_named() {
    let app = TestApp::start().await;
    for (body, pointer, code) in [
        (r#"{"kind":"\u0000"}"#, "/kind", "encoding"),
        (r#"{"kind":"\ud800"}"#, "/kind", "encoding"),
        (r#"{"tags":["\u0000"]}"#, "/tags/0", "encoding"),
        (r#"{"dedup_key":"\ud800"}"#, "/dedup_key", "encoding"),
        (r#"{"priority":1e2}"#, "/priority", "type"),
        (r#"{"priority":99999999999999999999}"#, "/priority", "type"),
    ] {
        let problem = app.post("/v1/queues/q/jobs", body).await.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)), "{body}");
    }
    let deep = format!(r#"{{"payload":{}{}}}"#, "[".repeat(129), "]".repeat(129));
    assert_eq!(
        app.post("/v1/queues/q/jobs", deep).await.problem(422, "validation_failed")["errors"][0]["code"],
        "depth"
    );
    let fits = format!(r#"{{"payload":{}{}}}"#, "[".repeat(128), "]".repeat(128));
    app.post("/v1/queues/q/jobs", fits).await.ok(201);
    let both = json!({"jobs": [{"queue": "q", "priority": 999}, {"queue": "q"}, {"kind": 7}]});
    let errors = app.post("/v1/jobs", both.to_string()).await.problem(422, "validation_failed")["errors"].clone();
    let pointers: Vec<_> = errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/jobs/0/priority", "/jobs/2/queue", "/jobs/2/kind"], "all of them at once");
}

#[tokio::test]
async fn workers_reports_are_checked_too() {
    let app = TestApp::start().await;
    let job = "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001";
    for (uri, body, pointer, code) in [
        ("/v1/jobs/claim".to_owned(), json!({}), "/queues", "required"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": []}), "/queues", "min"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": vec!["q"; 51]}), "/queues", "max"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q", "a b"]}), "/queues/1", "pattern"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q", "q"]}), "/queues/1", "conflict"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "max_jobs": 1001}), "/max_jobs", "max"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "max_jobs": 0}), "/max_jobs", "min"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "lease_ms": 0}), "/lease_ms", "min"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "worker_id": "a b"}), "/worker_id", "pattern"),
        ("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "fair": 1}), "/fair", "type"),
        (format!("{job}/complete"), json!({}), "/lease_token", "required"),
        (format!("{job}/complete"), json!({"lease_token": 1}), "/lease_token", "type"),
        (format!("{job}/fail"), json!({"lease_token": "x"}), "/error", "required"),
        (format!("{job}/fail"), json!({"lease_token": "x", "error": "boom"}), "/error", "type"),
        (format!("{job}/fail"), json!({"lease_token": "x", "error": {"msg": "boom"}}), "/error/msg", "unknown"),
        (format!("{job}/fail"), json!({"lease_token": "x", "error": {}, "retry_in_ms": -1}), "/retry_in_ms", "min"),
        (format!("{job}/release"), json!({"lease_token": "x", "delay_ms": "1"}), "/delay_ms", "type"),
        (format!("{job}/heartbeat"), json!({"lease_token": "x", "progress": 101}), "/progress", "max"),
        (
            format!("{job}/heartbeat"),
            json!({"lease_token": "x", "logs": [{"level": "loud"}]}),
            "/logs/0/at",
            "required",
        ),
        ("/v1/jobs/settle".to_owned(), json!({}), "/items", "required"),
        (
            "/v1/jobs/settle".to_owned(),
            json!({"items": [{"job_id": "x", "lease_token": "x", "outcome": "completed"}]}),
            "/items/0/job_id",
            "pattern",
        ),
        (
            "/v1/jobs/settle".to_owned(),
            json!({"items": [{"lease_token": "x", "outcome": "completed"}]}),
            "/items/0/job_id",
            "required",
        ),
        ("/v1/jobs/settle".to_owned(), json!({"items": [], "claim": {"queue": "q"}}), "/claim/queues", "required"),
        ("/v1/workers/w/heartbeat".to_owned(), json!({"status": "dead"}), "/status", "enum"),
        ("/v1/workers/w/heartbeat".to_owned(), json!({"concurrency": -1}), "/concurrency", "min"),
        ("/v1/workers/w/heartbeat".to_owned(), json!({"leases": [{"job_id": "x"}]}), "/leases/0/job_id", "pattern"),
        ("/v1/workers/w/signal".to_owned(), json!({}), "/signal", "required"),
        ("/v1/queues/q/pause".to_owned(), json!({"resume_after_ms": 0}), "/resume_after_ms", "min"),
    ] {
        let problem = app.post(&uri, body.to_string()).await.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)), "{uri} {body}");
    }
}

#[tokio::test]
async fn names_and_paths_that_are_none_are_refused() {
    let app = TestApp::start().await;
    for name in ["%00", "a%20b", ".a", "-", "%E2%98%83", "%FF", &"x".repeat(129), "a%2Fb", "__proto__%0A"] {
        app.get(&format!("/v1/queues/{name}")).await.problem(400, "invalid_request");
        app.post(&format!("/v1/queues/{name}/jobs"), "{}").await.problem(400, "invalid_request");
        app.post(&format!("/v1/workers/{name}/heartbeat"), "{}").await.problem(400, "invalid_request");
    }
    for uri in [
        "/v1",
        "/v1/",
        "/v1/jobs/",
        "/v1/queues/q/",
        "/v1//jobs",
        "/v1/../v1/jobs",
        "/v2/jobs",
        "/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001/nothing",
    ] {
        app.get(uri).await.problem(404, "route_not_found");
    }
    for (method, uri, allowed) in [
        ("PUT", "/v1/jobs", "GET,HEAD,POST"),
        ("DELETE", "/v1/jobs/claim", "POST"),
        ("POST", "/v1/queues/q", "GET,HEAD,PATCH,DELETE"),
    ] {
        let answer = app.send(method, uri, &[], "").await;
        answer.problem(405, "method_not_allowed");
        let mut methods: Vec<&str> = answer.header("allow").split(',').collect();
        let mut expected: Vec<&str> = allowed.split(',').collect();
        methods.sort_unstable();
        expected.sort_unstable();
        assert_eq!(methods, expected, "{method} {uri}");
    }
}

#[tokio::test]
async fn bodies_may_be_compressed_and_bombs_are_cut() {
    let app = TestApp::start().await;
    let gzip = |bytes: &[u8]| {
        use std::io::Write as _;
        let mut child = std::process::Command::new("gzip")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = child.wait_with_output().unwrap().stdout;
        writer.join().unwrap().unwrap();
        output
    };
    let packed = gzip(br#"{"payload":"packed"}"#);
    app.send("POST", "/v1/queues/q/jobs", &[JSON, ("content-encoding", "gzip")], packed).await.ok(201);
    assert_eq!(app.claim("q", 1).await[0]["payload"], "packed");
    let bomb = gzip(&vec![b' '; 100 << 20]);
    assert!(bomb.len() < 200_000);
    app.send("POST", "/v1/queues/q/jobs", &[JSON, ("content-encoding", "gzip")], bomb.clone())
        .await
        .problem(413, "payload_too_large");
    app.send("POST", "/v1/jobs", &[JSON, ("content-encoding", "gzip")], bomb).await.problem(413, "payload_too_large");
    app.send("POST", "/v1/jobs", &[JSON, ("content-encoding", "gzip")], "no gzip")
        .await
        .problem(400, "invalid_request");
    app.put_in("q", json!({"payload": "x".repeat(5000)})).await;
    let answer = app.send("GET", "/v1/jobs?include=payload", &[("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() < 2000);
}

#[tokio::test]
async fn every_problem_has_a_page_and_a_place_in_the_documentation() {
    let app = TestApp::start().await;
    let documented = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/problems.md")).unwrap();
    let headings: Vec<&str> = documented.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let codes: Vec<&str> = presque::http::CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(headings, codes);
    for code in codes {
        let page = app.get(&format!("/docs/errors/{code}")).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"), "{code}");
        assert!(
            page.text().contains("Fix:") && page.header("content-security-policy").starts_with("default-src 'none'")
        );
    }
    app.get("/docs/errors/%3Cscript%3E").await.problem(404, "problem_not_found");
    let known = app.get("/openapi.json").await.json()["components"]["schemas"]["Problem"]["properties"]["code"]["x-known-values"].clone();
    assert_eq!(known.as_array().unwrap().len(), presque::http::CODES.len());
    let old = app.get("/openapi-3.0.json").await.json();
    assert_eq!(old["openapi"], "3.0.3");
}

#[tokio::test]
async fn what_the_document_knows_the_server_reads() {
    // Every member of every request schema, given a value of a type that none has: the server
    // must know the member, and say what is wrong with it.
    let app = TestApp::start().await;
    let document = presque::http::document(presque::http::Variant::V31);
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for (method, operation) in item.as_object().unwrap() {
            let Some(schema) =
                operation.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str)
            else {
                continue;
            };
            let schema = document.pointer(&schema[1..]).unwrap();
            let uri = path
                .replace("{queue}", "q")
                .replace("{worker_id}", "w")
                .replace("{schedule_id}", "s")
                .replace("{job_id}", "01a206c8-d8c7-76c7-bfda-d9bb00000001");
            for (member, property) in schema["properties"].as_object().unwrap() {
                let any = property.get("type").is_none() && property.get("$ref").is_none();
                let wrong = if property["type"] == "boolean" { json!(7) } else { json!(true) };
                let body = json!({member.as_str(): wrong}).to_string();
                let answer = app.send(&method.to_uppercase(), &uri, &[JSON], body).await;
                let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
                let at = format!("/{member}");
                let told =
                    errors.iter().find(|error| error["pointer"] == at.as_str()).map(|error| error["code"].clone());
                assert_eq!(told, if any { None } else { Some(json!("type")) }, "{method} {path} {member}: {errors:?}");
            }
        }
    }
}

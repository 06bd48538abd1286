//! Changing single jobs: cancel, retry, update, delete.

use serde_json::{Value, json};

use crate::support::{JSON, TestApp};

fn path(id: &Value, what: &str) -> String {
    format!("/v1/jobs/{}{what}", id.as_str().unwrap())
}

async fn state(app: &TestApp, id: &Value) -> String {
    app.job(id).await["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_its_key_is_free() {
    let app = TestApp::start().await;
    for job in [json!({"dedup_key": "k"}), json!({"dedup_key": "k", "delay_ms": 60000})] {
        let job = app.put_in("q", job).await;
        let status = app.post(&path(&job["id"], "/cancel"), r#"{"reason":"withdrawn"}"#).await.ok(200);
        assert_eq!((&status["state"], &status["attempt"]), (&json!("cancelled"), &json!(0)));
        assert_eq!(app.job(&job["id"]).await["cancel_reason"], "withdrawn");
        let problem = app.post(&path(&job["id"], "/cancel"), "").await.problem(409, "invalid_state");
        assert_eq!(
            (&problem["state"], &problem["allowed_states"]),
            (&json!("cancelled"), &json!(["pending", "scheduled", "available", "retryable", "running"]))
        );
    }
    // One in its backoff, one that was given back, one whose priority was changed.
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.report("fail", &held, json!({"error": {}})).await.ok(200);
    assert_eq!(
        app.send("POST", &format!("/v1/jobs/{}/cancel", held["id"].as_str().unwrap()), &[], "").await.ok(200)["state"],
        "cancelled"
    );
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.report("release", &held, json!({})).await.ok(200);
    assert_eq!(app.post(&path(&held["id"], "/cancel"), "{}").await.ok(200)["state"], "cancelled");
    let moved = app.put_in("q", json!({})).await;
    app.patch(&path(&moved["id"], ""), r#"{"priority":9}"#).await.ok(200);
    assert_eq!(app.post(&path(&moved["id"], "/cancel"), "{}").await.ok(200)["state"], "cancelled");
    assert_eq!(app.claim("q", 10).await.len(), 0);
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!(
        counts,
        json!({"pending": 0, "scheduled": 0, "available": 0, "running": 0, "retryable": 0, "completed": 0, "discarded": 0, "cancelled": 5})
    );
}

#[tokio::test]
async fn a_running_job_is_cancelled_by_its_worker_unless_it_is_faster() {
    let app = TestApp::start().await;
    for answer in ["cancelled", "failed", "released", "expired", "completed"] {
        app.put_in("q", json!({})).await;
        let held = app.claim("q", 1).await.remove(0);
        let asked = app.post(&path(&held["id"], "/cancel"), r#"{"reason":"why"}"#).await.ok(200);
        assert_eq!(asked["state"], "running");
        assert_eq!(app.report("heartbeat", &held, json!({})).await.ok(200)["cancel_requested"], true);
        assert!(app.job(&held["id"]).await["cancel_requested_at"].is_string());
        match answer {
            "cancelled" => drop(app.report("fail", &held, json!({"error": {}, "cancelled": true})).await.ok(200)),
            "failed" => drop(app.report("fail", &held, json!({"error": {"message": "m"}})).await.ok(200)),
            "released" => drop(app.report("release", &held, json!({})).await.ok(200)),
            "completed" => drop(app.report("complete", &held, json!({})).await.ok(200)),
            _ => {
                app.sql("update presque_internal.lease set expires_at = now() - interval '1 second'").await;
                app.engine.expire_leases(10, None).await.unwrap();
            }
        }
        let job = app.job(&held["id"]).await;
        let expected = if answer == "completed" { "completed" } else { "cancelled" };
        assert_eq!(job["state"], expected, "{answer}");
        if expected == "cancelled" {
            assert_eq!(job["cancel_reason"], "why", "{answer}");
        }
    }
}

#[tokio::test]
async fn a_forced_cancel_voids_the_lease() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    assert_eq!(app.post(&path(&held["id"], "/cancel"), r#"{"force":true}"#).await.ok(200)["state"], "cancelled");
    for (what, members) in
        [("complete", json!({})), ("heartbeat", json!({})), ("fail", json!({"error": {}, "cancelled": true}))]
    {
        assert_eq!(app.report(what, &held, members).await.problem(409, "lease_lost")["state"], "cancelled");
    }
    let attempts = app.get(&path(&held["id"], "/attempts")).await.ok(200);
    assert_eq!(attempts["data"][0]["outcome"], "cancelled");
}

#[tokio::test]
async fn a_retry_keeps_the_id_and_the_attempts() {
    let app = TestApp::start().await;
    app.put_in("q", json!({"max_attempts": 1})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.report("fail", &held, json!({"error": {"message": "m"}})).await.ok(200);
    let id = &held["id"];
    let status = app.post(&path(id, "/retry"), "").await.ok(200);
    assert_eq!((&status["state"], &status["attempt"]), (&json!("available"), &json!(1)));
    let job = app.job(id).await;
    assert_eq!((&job["attempt"], &job["failed_attempts"]), (&json!(1), &json!(0)));
    assert!(job.get("finished_at").is_none());
    app.post(&path(id, "/retry"), "{}").await.problem(409, "invalid_state");
    let held = app.claim("q", 1).await.remove(0);
    assert_eq!(held["attempt"], 2);
    app.post(&path(id, "/retry"), "{}").await.problem(409, "invalid_state");
    app.report("complete", &held, json!({"result": 1})).await.ok(200);
    app.post(&path(id, "/retry"), "{}").await.problem(409, "invalid_state");
    assert_eq!(app.post(&path(id, "/retry"), r#"{"force":true,"delay_ms":60000}"#).await.ok(200)["state"], "scheduled");
    assert!(app.job(id).await.get("result").is_none());
    assert_eq!(
        app.post(&path(id, "/retry"), r#"{"delay_ms":0}"#).await.ok(200)["state"],
        "available",
        "before its time"
    );
    let attempts = app.get(&path(id, "/attempts")).await.ok(200);
    let outcomes: Vec<_> =
        attempts["data"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["completed", "failed"]);
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!(
        (&counts["available"], &counts["completed"], &counts["discarded"], &counts["scheduled"]),
        (&json!(1), &json!(0), &json!(0), &json!(0))
    );
}

#[tokio::test]
async fn a_retry_ends_a_backoff_and_keeps_the_failures_if_asked() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.report("fail", &held, json!({"error": {}})).await.ok(200);
    assert_eq!(
        app.post(&path(&held["id"], "/retry"), r#"{"reset_attempts":false}"#).await.ok(200)["state"],
        "available"
    );
    assert_eq!(app.claim("q", 1).await[0]["failed_attempts"], 1);
}

#[tokio::test]
async fn a_retry_that_would_make_two_of_one_key_is_refused() {
    let app = TestApp::start().await;
    let old = app.put_in("q", json!({"dedup_key": "k"})).await;
    app.post(&path(&old["id"], "/cancel"), "").await.ok(200);
    let new = app.put_in("q", json!({"dedup_key": "k"})).await;
    assert_eq!(app.post(&path(&old["id"], "/retry"), "{}").await.problem(409, "duplicate_job")["job_id"], new["id"]);
    assert_eq!(state(&app, &old["id"]).await, "cancelled");
    app.post(&path(&new["id"], "/cancel"), "{}").await.ok(200);
    app.post(&path(&old["id"], "/retry"), "{}").await.ok(200);
    assert_eq!(
        app.post("/v1/queues/q/jobs", r#"{"dedup_key":"k"}"#).await.ok(200)["id"],
        old["id"],
        "it holds its key again"
    );
}

#[tokio::test]
async fn a_waiting_job_can_be_changed_and_a_running_one_cannot() {
    let app = TestApp::start().await;
    let job = app.put_in("q", json!({"payload": 1})).await;
    app.put_in("q", json!({"payload": 2})).await;
    let change = json!({"priority": 5, "tags": ["new"], "payload": {"x": 1}, "max_attempts": 2, "expires_at": "2099-01-01T00:00:00Z"});
    let answer = app.patch(&path(&job["id"], ""), change.to_string()).await;
    let changed = answer.ok(200);
    assert_eq!(
        (&changed["priority"], &changed["tags"], &changed["max_attempts"]),
        (&json!(5), &json!(["new"]), &json!(2))
    );
    assert_eq!(answer.header("etag"), format!("\"{}\"", changed["version"]));
    assert_eq!(app.job(&job["id"]).await["payload"], json!({"x": 1}));
    app.patch(&path(&job["id"], ""), r#"{"run_after":"2099-01-01T00:00:00Z"}"#).await.ok(200);
    assert_eq!(state(&app, &job["id"]).await, "scheduled");
    app.patch(&path(&job["id"], ""), r#"{"priority":-5}"#).await.ok(200);
    app.patch(&path(&job["id"], ""), r#"{"run_after":"2001-01-01T00:00:00Z","priority":6}"#).await.ok(200);
    assert_eq!(state(&app, &job["id"]).await, "available");
    assert_eq!(app.claim("q", 1).await[0]["id"], job["id"], "the higher priority goes first");
    let problem = app.patch(&path(&job["id"], ""), r#"{"priority":1}"#).await.problem(409, "invalid_state");
    assert_eq!(
        (&problem["state"], &problem["allowed_states"]),
        (&json!("running"), &json!(["pending", "scheduled", "available", "retryable"]))
    );
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["scheduled"], &counts["running"]), (&json!(1), &json!(0), &json!(1)));
    let large = json!({"payload": "x".repeat(262_144)}).to_string();
    let other = app.claim("q", 1).await.remove(0);
    app.report("release", &other, json!({})).await.ok(200);
    app.patch(&path(&other["id"], ""), large).await.problem(413, "payload_too_large");
    assert_eq!(app.claim("q", 5).await.len(), 1, "refused, and where it was");
}

#[tokio::test]
async fn an_update_may_demand_the_version_it_was_made_for() {
    let app = TestApp::start().await;
    let job = app.put_in("q", json!({})).await;
    let seen = app.get(&path(&job["id"], "")).await;
    let tag = seen.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", seen.json()["version"]));
    let update = |tag: String, body: &'static str| {
        let (app, path) = (&app, path(&job["id"], ""));
        async move {
            app.send("PATCH", &path, &[("content-type", "application/merge-patch+json"), ("if-match", &tag)], body)
                .await
        }
    };
    let changed = update(tag.clone(), r#"{"priority":1}"#).await.ok(200);
    let problem = update(tag.clone(), r#"{"priority":2}"#).await.problem(412, "precondition_failed");
    assert_eq!(problem["current_version"], changed["version"]);
    update("*".to_owned(), r#"{"priority":3}"#).await.ok(200);
    update("nonsense".to_owned(), r#"{"priority":3}"#).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn a_final_job_is_deleted_and_a_waiting_one_by_force() {
    let app = TestApp::start().await;
    app.put_in("q", json!({"dedup_key": "k"})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.delete(&path(&held["id"], "?force=true")).await.problem(409, "invalid_state");
    app.report("complete", &held, json!({})).await.ok(200);
    app.delete(&path(&held["id"], "")).await.ok(204);
    app.get(&path(&held["id"], "")).await.problem(404, "job_not_found");
    app.get(&path(&held["id"], "/attempts")).await.problem(404, "job_not_found");
    app.delete(&path(&held["id"], "")).await.problem(404, "job_not_found");
    app.report("complete", &held, json!({})).await.problem(404, "job_not_found");
    for job in [json!({"dedup_key": "k"}), json!({"dedup_key": "k", "delay_ms": 60000})] {
        let waiting = app.put_in("q", job).await;
        let problem = app.delete(&path(&waiting["id"], "")).await.problem(409, "invalid_state");
        assert_eq!(problem["allowed_states"], json!(["completed", "discarded", "cancelled"]));
        app.delete(&path(&waiting["id"], "?force=true")).await.ok(204);
        app.get(&path(&waiting["id"], "")).await.problem(404, "job_not_found");
    }
    // One that failed and waits for its next attempt leaves nothing of the first one behind.
    app.put_in("q", json!({})).await;
    let failed = app.claim("q", 1).await.remove(0);
    let line = json!({"at": "2026-11-25T12:00:00Z", "level": "info", "message": "m"});
    app.report("fail", &failed, json!({"error": {}, "logs": [line]})).await.ok(200);
    app.delete(&path(&failed["id"], "?force=true")).await.ok(204);
    for table in ["job", "attempt", "attempt_log", "done", "scheduled"] {
        assert_eq!(app.sql(&format!("select from presque_internal.{table}")).await, 0, "{table}");
    }
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert!(counts.as_object().unwrap().values().all(|count| *count == 0), "{counts}");
}

#[tokio::test]
async fn attempts_come_newest_first_in_pages() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    for _ in 0..7 {
        let held = app.claim("q", 1).await.remove(0);
        app.report("release", &held, json!({})).await.ok(200);
    }
    let held = app.claim("q", 1).await.remove(0);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = path(&held["id"], "/attempts");
        let answer = app.get(&format!("{path}?limit=3{cursor}")).await;
        let page = answer.ok(200);
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| (one["attempt"].as_i64().unwrap(), one["outcome"].as_str().unwrap().to_owned())),
        );
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        assert_eq!(answer.header("link"), format!("<{path}?limit=3{cursor}>; rel=\"next\""));
    }
    let expected: Vec<_> = (1..=8).rev().map(|n| (n, if n == 8 { "running" } else { "released" }.to_owned())).collect();
    assert_eq!(seen, expected);
    let fresh = app.put_in("q", json!({})).await;
    assert_eq!(app.get(&path(&fresh["id"], "/attempts")).await.ok(200), json!({"data": []}));
}

#[tokio::test]
async fn a_job_that_is_not_there_is_told_so() {
    let app = TestApp::start().await;
    let id = json!("01a206c8-d8c7-76c7-bfda-d9bb00000001");
    let problem = app.get(&path(&id, "")).await.problem(404, "job_not_found");
    assert_eq!((&problem["job_id"], &problem["instance"]), (&id, &json!(path(&id, ""))));
    for (method, what, body) in [
        ("PATCH", "", "{}"),
        ("DELETE", "", ""),
        ("GET", "/attempts", ""),
        ("POST", "/cancel", ""),
        ("POST", "/retry", ""),
        ("POST", "/complete", r#"{"lease_token":"x"}"#),
        ("POST", "/heartbeat", r#"{"lease_token":"x"}"#),
        ("POST", "/release", r#"{"lease_token":"x"}"#),
        ("POST", "/fail", r#"{"lease_token":"x","error":{}}"#),
    ] {
        app.send(method, &path(&id, what), &[JSON], body).await.problem(404, "job_not_found");
    }
    for bad in ["x", "01a206c8", "01A206C8-D8C7-76C7-BFDA-D9BB0000000G", "01a206c8d8c776c7bfdad9bb00000001", "%00"] {
        app.get(&format!("/v1/jobs/{bad}")).await.problem(400, "invalid_request");
    }
}

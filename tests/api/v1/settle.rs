//! What workers report, and who may.

use serde_json::{Value, json};

use crate::support::{TestApp, until};

async fn one(app: &TestApp, job: Value) -> Value {
    app.put_in("q", job).await;
    app.claim("q", 1).await.remove(0)
}

#[tokio::test]
async fn a_completed_job_has_its_result_and_may_be_completed_again_by_the_same_lease() {
    let app = TestApp::start().await;
    let held = one(&app, json!({})).await;
    let first = app.report("complete", &held, json!({"result": {"sent": true}})).await.ok(200);
    assert_eq!((&first["state"], &first["attempt"]), (&json!("completed"), &json!(1)));
    assert_eq!(
        app.report("complete", &held, json!({"result": "other"})).await.ok(200),
        first,
        "a lost answer is harmless"
    );
    let job = app.job(&held["id"]).await;
    assert_eq!(
        (&job["state"], &job["result"], &job["worker_id"]),
        (&json!("completed"), &json!({"sent": true}), &json!("w"))
    );
    assert!(
        job["run_ms"].as_i64().unwrap() >= 0 && job["wait_ms"].as_i64().unwrap() >= 0 && job["finished_at"].is_string()
    );
    let problem = app.report("fail", &held, json!({"error": {}})).await.problem(409, "lease_lost");
    assert_eq!((&problem["state"], &problem["job_id"]), (&json!("completed"), &held["id"]));
}

#[tokio::test]
async fn a_failed_job_is_tried_again_until_it_is_discarded() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"max_attempts":2,"backoff_jitter":0}"#).await.ok(201);
    let held = one(&app, json!({})).await;
    let failed = app.report("fail", &held, json!({"error": {"error_class": "E", "message": "x"}})).await.ok(200);
    assert_eq!((&failed["state"], &failed["attempt"]), (&json!("retryable"), &json!(1)));
    let wait = chrono::DateTime::parse_from_rfc3339(failed["run_after"].as_str().unwrap()).unwrap().timestamp();
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    let now = app.database_now().await as i64;
    assert!((2..=5).contains(&(wait - now)), "the backoff is 5 s");
    let again = app.report("fail", &held, json!({"error": {}})).await.ok(200);
    assert_eq!(again, failed, "the same report, the same answer");
    assert_eq!(app.claim("q", 1).await.len(), 0);
    app.sql("update presque_internal.scheduled set run_after = now()").await;
    let held = app.claim("q", 1).await.remove(0);
    let failed = app.report("fail", &held, json!({"error": {"message": "the last"}})).await.ok(200);
    assert_eq!((&failed["state"], &failed["attempt"]), (&json!("discarded"), &json!(2)));
    let job = app.job(&held["id"]).await;
    assert_eq!(
        (&job["state"], &job["failed_attempts"], &job["last_error"]["message"]),
        (&json!("discarded"), &json!(2), &json!("the last"))
    );
    let attempts = app.get(&format!("/v1/jobs/{}/attempts", held["id"].as_str().unwrap())).await.ok(200);
    let outcomes: Vec<_> =
        attempts["data"].as_array().unwrap().iter().map(|one| (&one["attempt"], &one["outcome"])).collect();
    assert_eq!(outcomes, [(&json!(2), &json!("failed")), (&json!(1), &json!("failed"))]);
}

#[tokio::test]
async fn a_failure_may_name_its_own_wait_or_rule_out_another_attempt() {
    let app = TestApp::start().await;
    let held = one(&app, json!({})).await;
    app.report("fail", &held, json!({"error": {}, "retry_in_ms": 0})).await.ok(200);
    let held = app.claim("q", 1).await.remove(0);
    assert_eq!(app.report("fail", &held, json!({"error": {}, "retry": false})).await.ok(200)["state"], "discarded");
    assert_eq!(app.job(&held["id"]).await["failed_attempts"], 2);
}

#[tokio::test]
async fn a_released_job_costs_no_failure() {
    let app = TestApp::start().await;
    let held = one(&app, json!({"max_attempts": 1})).await;
    let released = app.report("release", &held, json!({"reason": "shutting down"})).await.ok(200);
    assert_eq!(released["state"], "available");
    assert_eq!(app.report("release", &held, json!({})).await.ok(200)["state"], "available");
    let held = app.claim("q", 1).await.remove(0);
    assert_eq!((&held["attempt"], &held["failed_attempts"]), (&json!(2), &json!(0)));
    assert_eq!(app.report("release", &held, json!({"delay_ms": 60000})).await.ok(200)["state"], "scheduled");
    let attempts = app.get(&format!("/v1/jobs/{}/attempts", held["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(attempts["data"][1]["logs"][0]["message"], "shutting down");
    assert_eq!(app.job(&held["id"]).await["state"], "scheduled");
    app.sql("update presque_internal.scheduled set run_after = now(), releases = 1000").await;
    let held = app.claim("q", 1).await.remove(0);
    for _ in 0..2 {
        let one_too_many = app.report("release", &held, json!({})).await.ok(200);
        assert_eq!(one_too_many["state"], "discarded", "the thousand-and-first is a failure");
    }
    assert_eq!(app.job(&held["id"]).await["last_error"]["error_class"], "too_many_releases");
}

#[tokio::test]
async fn a_heartbeat_extends_and_never_shortens_and_keeps_progress_and_logs() {
    let app = TestApp::start().await;
    let held = one(&app, json!({"lease_ms": 60000})).await;
    let sent = json!({"at": "2026-11-23T04:52:53.5Z", "level": "warn", "message": "slow \u{0} smtp"});
    let beat = json!({"extend_ms": 1000, "progress": 41.5, "progress_message": "half", "logs": [sent]});
    let short = app.report("heartbeat", &held, beat).await.ok(200);
    assert_eq!(short["lease_expires_at"], held["lease_expires_at"]);
    let long = app.report("heartbeat", &held, json!({"extend_ms": 600_000})).await.ok(200);
    assert!(long["lease_expires_at"].as_str() > held["lease_expires_at"].as_str());
    assert_eq!(long["cancel_requested"], false);
    let job = app.job(&held["id"]).await;
    assert_eq!(
        (&job["progress"], &job["progress_message"], &job["state"]),
        (&json!(41.5), &json!("half"), &json!("running"))
    );
    assert_eq!(job["lease_expires_at"], long["lease_expires_at"]);
    let attempts = app.get(&format!("/v1/jobs/{}/attempts", held["id"].as_str().unwrap())).await.ok(200);
    let line = &attempts["data"][0]["logs"][0];
    assert_eq!(
        (&line["level"], &line["message"], &line["at"]),
        (&json!("warn"), &json!("slow \u{FFFD} smtp"), &json!("2026-11-23T04:52:53.500000Z"))
    );
    let long_line = json!({"at": "2026-11-23T04:52:53Z", "level": "info", "message": "x".repeat(30_000)});
    for _ in 0..5 {
        app.report("heartbeat", &held, json!({"logs": [long_line]})).await.ok(200);
    }
    let attempts = app.get(&format!("/v1/jobs/{}/attempts", held["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(attempts["data"][0]["logs"].as_array().unwrap().len(), 3, "64 KiB are kept");
}

#[tokio::test]
async fn a_stale_holder_is_refused_on_every_path() {
    let app = TestApp::start().await;
    let stale = one(&app, json!({"max_attempts": 5})).await;
    app.sql("update presque_internal.lease set expires_at = now() - interval '1 second'").await;
    assert_eq!(app.engine.expire_leases(10, None).await.unwrap(), 1);
    let lost = app.job(&stale["id"]).await;
    assert_eq!(
        (&lost["state"], &lost["failed_attempts"], &lost["last_error"]["error_class"]),
        (&json!("retryable"), &json!(1), &json!("lease_expired"))
    );
    app.sql("update presque_internal.scheduled set run_after = now()").await;
    let current = app.claim("q", 1).await.remove(0);
    assert_eq!(current["id"], stale["id"]);
    for (what, members) in [
        ("heartbeat", json!({})),
        ("complete", json!({})),
        ("fail", json!({"error": {}})),
        ("release", json!({})),
        ("fail", json!({"error": {}, "cancelled": true})),
    ] {
        let problem = app.report(what, &stale, members).await.problem(409, "lease_lost");
        assert_eq!(problem["state"], "running", "{what}");
    }
    let settle =
        json!({"items": [{"job_id": stale["id"], "lease_token": stale["lease_token"], "outcome": "completed"}]});
    let result = app.post("/v1/jobs/settle", settle.to_string()).await.ok(200)["results"][0].clone();
    assert_eq!(
        (&result["ok"], &result["code"], &result["state"]),
        (&json!(false), &json!("lease_lost"), &json!("running"))
    );
    let beat = json!({"leases": [{"job_id": stale["id"], "lease_token": stale["lease_token"]}]});
    let directive = app.post("/v1/workers/w/heartbeat", beat.to_string()).await.ok(200);
    assert_eq!(directive["lost_job_ids"], json!([stale["id"]]));
    let stop = json!({"status": "stopped", "leases": [{"job_id": stale["id"], "lease_token": stale["lease_token"]}]});
    app.post("/v1/workers/w/heartbeat", stop.to_string()).await.ok(200);
    for token in ["", "x", "00000000000000000000000000000000", &"f".repeat(32)] {
        let forged = json!({"id": stale["id"], "lease_token": token});
        app.report("complete", &forged, json!({})).await.problem(409, "lease_lost");
    }
    assert_eq!(
        app.report("complete", &current, json!({})).await.ok(200)["state"],
        "completed",
        "the successor was not disturbed"
    );
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_back_only_if_it_was_not_extended_meanwhile() {
    let app = TestApp::start().await;
    let held = one(&app, json!({"timeout_ms": 600_000})).await;
    let due = "update presque_internal.lease set expires_at = now() - interval '1 second'";
    app.sql(due).await;
    // Late, and not replaced: it still counts.
    app.report("heartbeat", &held, json!({})).await.ok(200);
    assert_eq!(app.engine.expire_leases(10, None).await.unwrap(), 0);
    app.sql("update presque_internal.lease set timeout_at = now() - interval '1 second'").await;
    app.report("heartbeat", &held, json!({})).await.ok(200);
    assert_eq!(app.engine.expire_leases(10, None).await.unwrap(), 1, "a timeout is none of a heartbeat's business");
    let job = app.job(&held["id"]).await;
    assert_eq!((&job["state"], &job["last_error"]["error_class"]), (&json!("retryable"), &json!("timeout")));
    let attempts = app.get(&format!("/v1/jobs/{}/attempts", held["id"].as_str().unwrap())).await.ok(200);
    assert_eq!(attempts["data"][0]["outcome"], "timed_out");
}

#[tokio::test]
async fn a_crash_costs_an_attempt_so_that_no_job_kills_workers_for_ever() {
    let app = TestApp::start().await;
    app.put_in("q", json!({"max_attempts": 3})).await;
    for attempt in 1..=3 {
        app.sql("update presque_internal.scheduled set run_after = now()").await;
        let held = app.claim("q", 1).await.remove(0);
        assert_eq!(held["attempt"], attempt);
        app.sql("update presque_internal.lease set expires_at = now() - interval '1 second'").await;
        app.engine.expire_leases(10, None).await.unwrap();
    }
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["discarded"], &counts["running"], &counts["retryable"]), (&json!(1), &json!(0), &json!(0)));
}

#[tokio::test]
async fn a_result_that_is_too_large_is_refused_and_leaves_the_lease() {
    let app = TestApp::start().await;
    let held = one(&app, json!({})).await;
    let problem =
        app.report("complete", &held, json!({"result": "x".repeat(65_536)})).await.problem(413, "payload_too_large");
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(65_536), &json!(65_538)));
    assert_eq!(app.report("complete", &held, json!({"result": "x"})).await.ok(200)["state"], "completed");
    app.patch("/v1/queues/q", r#"{"store_results":false}"#).await.ok(200);
    let held = one(&app, json!({})).await;
    app.report("complete", &held, json!({"result": "x"})).await.ok(200);
    assert!(app.job(&held["id"]).await.get("result").is_none());
}

#[tokio::test]
async fn a_failure_is_kept_whatever_its_texts_hold() {
    let app = TestApp::start().await;
    let held = one(&app, json!({})).await;
    let (id, token) = (held["id"].as_str().unwrap(), held["lease_token"].as_str().unwrap());
    let error = r#"{"error_class":"E\u0000","message":"half \ud800 pair","stack":"\u0007","data":"\u0000"}"#;
    app.post(&format!("/v1/jobs/{id}/fail"), format!(r#"{{"lease_token":"{token}","error":{error},"retry":false}}"#))
        .await
        .ok(200);
    let shown = app.get(&format!("/v1/jobs/{id}")).await;
    for part in [r#""error_class":"E\u0000""#, r#""message":"half \ud800 pair""#, r#""data":"\u0000""#] {
        assert!(shown.text().contains(part), "{}", shown.text());
    }
    assert_eq!(app.get("/v1/jobs?error_class=E%EF%BF%BD").await.problem(400, "invalid_request")["status"], 400);
    assert!(app.get("/v1/jobs?q=half").await.text().contains(id), "and found");
}

#[tokio::test]
async fn failures_of_one_kind_have_one_fingerprint() {
    let app = TestApp::start().await;
    let mut prints = Vec::new();
    for (class, message) in [("E", "no user 17"), ("E", "no user 4711"), ("F", "no user 17"), ("E", "no mail")] {
        let held = one(&app, json!({})).await;
        app.report("fail", &held, json!({"error": {"error_class": class, "message": message}, "retry": false}))
            .await
            .ok(200);
        prints.push(app.job(&held["id"]).await["last_error"]["fingerprint"].as_str().unwrap().to_owned());
    }
    assert!(prints[0] == prints[1] && prints[0] != prints[2] && prints[0] != prints[3], "{prints:?}");
    let found = app.get(&format!("/v1/jobs?error_fingerprint={}", prints[0])).await.ok(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_discarded_job_leaves_a_copy_in_the_dead_letter_queue() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"dead_letter_queue":"dead"}"#).await.ok(201);
    app.get("/v1/queues/dead").await.ok(200);
    let held =
        one(&app, json!({"kind": "k", "payload": {"a": 1}, "tags": ["t"], "headers": {"h": "1"}, "priority": 4})).await;
    app.report("fail", &held, json!({"error": {}, "retry": false})).await.ok(200);
    assert_eq!(app.job(&held["id"]).await["state"], "discarded");
    let copy = app.claim("dead", 1).await.remove(0);
    assert_eq!(
        (&copy["kind"], &copy["payload"], &copy["tags"], &copy["priority"]),
        (&json!("k"), &json!({"a": 1}), &json!(["t"]), &json!(4))
    );
    assert_eq!(app.job(&copy["id"]).await["origin_job_id"], held["id"]);
    let counts = app.get("/v1/queues/dead").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_lease_that_runs_out_is_handled_within_a_second_by_any_server() {
    let db = crate::support::TestDb::fresh().await;
    let url = db.url();
    let server = crate::support::Server::start(&["--allow-unsafe-durability", "--database-url", &url]);
    let client = reqwest::Client::new();
    let post = |path: &str, body: Value| client.post(format!("{}{path}", server.url)).json(&body).send();
    let mut late = Vec::new();
    for _ in 0..3 {
        post("/v1/queues/q/jobs", json!({"max_attempts": 1, "lease_ms": 1000})).await.unwrap();
        let claimed: Value = post("/v1/jobs/claim", json!({"queues": ["q"]})).await.unwrap().json().await.unwrap();
        let id = claimed["jobs"][0]["id"].as_str().unwrap().to_owned();
        let url = format!("{}/v1/jobs/{id}", server.url);
        until("the lease has run out", || async {
            client.get(&url).send().await.unwrap().json::<Value>().await.unwrap()["state"] == "discarded"
        })
        .await;
        let job: Value = client.get(&url).send().await.unwrap().json().await.unwrap();
        let time = |text: &Value| chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
        late.push((time(&job["finished_at"]) - time(&claimed["jobs"][0]["lease_expires_at"])).num_milliseconds());
    }
    // The machine has other things to do, too, but not each time.
    assert!(late.iter().min().unwrap() < &1500 && late.iter().max().unwrap() < &3000, "{late:?}");
}

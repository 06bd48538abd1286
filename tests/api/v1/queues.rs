//! Settings, counts, pauses.

use serde_json::{Value, json};

use crate::support::{JSON, TestApp, until};

#[tokio::test]
async fn a_queue_is_set_up_and_changed_member_by_member() {
    let app = TestApp::start().await;
    app.get("/v1/queues/q").await.problem(404, "queue_not_found");
    let made = app.patch("/v1/queues/q", r#"{"max_attempts":3,"labels":{"team":"a"}}"#).await;
    let queue = made.ok(201);
    assert_eq!((&queue["policy"]["max_attempts"], &queue["policy"]["labels"]), (&json!(3), &json!({"team": "a"})));
    assert_eq!(
        (&queue["policy"]["lease_ms"], &queue["paused"], &queue["version"]),
        (&json!(60_000), &json!(false), &json!(1))
    );
    assert_eq!(made.header("etag"), "\"1\"");
    let changed = app
        .patch("/v1/queues/q", r#"{"lease_ms":5000,"backoff_strategy":"list","backoff_delays_ms":[1,2]}"#)
        .await
        .ok(200);
    assert_eq!(
        (&changed["policy"]["max_attempts"], &changed["policy"]["lease_ms"], &changed["version"]),
        (&json!(3), &json!(5000), &json!(2))
    );
    assert_eq!(app.patch("/v1/queues/q", r#"{"lease_ms":5000}"#).await.ok(200)["version"], 2, "nothing changed");
    let stored: Value = app.get("/status/q").await.json()["policy"].clone();
    assert_eq!(
        stored,
        json!({"status": "open", "max_attempts": 3, "labels": {"team": "a"}, "lease_ms": 5000, "backoff_strategy": "list", "backoff_delays_ms": [1, 2]}),
        "only what differs is kept"
    );
    assert_eq!(app.get("/v1/queues/q").await.ok(200)["policy"], changed["policy"]);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_by_name() {
    let app = TestApp::start().await;
    for (body, pointer, code) in [
        (json!({"max_attempts": 0}), "/max_attempts", "min"),
        (json!({"max_attempts": 1001}), "/max_attempts", "max"),
        (json!({"backoff_strategy": "linear"}), "/backoff_strategy", "enum"),
        (json!({"backoff_strategy": "list"}), "/backoff_delays_ms", "conflict"),
        (json!({"backoff_jitter": 1.5}), "/backoff_jitter", "max"),
        (json!({"backoff_factor": "2"}), "/backoff_factor", "type"),
        (json!({"backoff_delays_ms": [1, -1]}), "/backoff_delays_ms/1", "min"),
        (json!({"lease_ms": 999}), "/lease_ms", "min"),
        (json!({"lease_ms": 43_200_001}), "/lease_ms", "max"),
        (json!({"dedup_until": "window"}), "/dedup_window_ms", "conflict"),
        (json!({"payload_max_bytes": 4_194_305}), "/payload_max_bytes", "max"),
        (json!({"dead_letter_queue": "a b"}), "/dead_letter_queue", "pattern"),
        (json!({"dead_letter_queue": "q"}), "/dead_letter_queue", "conflict"),
        (json!({"labels": {"a": 1}}), "/labels/a", "type"),
        (json!({"store_results": null}), "/store_results", "type"),
        (json!({"ordering": "fifo"}), "/ordering", "unknown"),
        (json!({"max_concurrency": 1}), "/max_concurrency", "unknown"),
        (json!({"rate_limit": 1}), "/rate_limit", "unknown"),
        (json!({"push_url": ""}), "/push_url", "unknown"),
    ] {
        let problem = app.patch("/v1/queues/q", body.to_string()).await.problem(422, "validation_failed");
        let error = &problem["errors"][0];
        assert_eq!((error["pointer"].as_str(), error["code"].as_str()), (Some(pointer), Some(code)), "{body}");
    }
    app.get("/v1/queues/q").await.problem(404, "queue_not_found");
}

#[tokio::test]
async fn a_change_may_be_tried_dry_and_may_demand_a_version() {
    let app = TestApp::start().await;
    let dry = app.patch("/v1/queues/q?dry_run=true", r#"{"lease_ms":7000}"#).await.ok(201);
    assert_eq!(dry["policy"]["lease_ms"], 7000);
    app.get("/v1/queues/q").await.problem(404, "queue_not_found");
    let change = |name: &'static str, value: &'static str| {
        let app = &app;
        async move { app.send("PATCH", "/v1/queues/q", &[JSON, (name, value)], r#"{"lease_ms":7000}"#).await }
    };
    change("if-match", "\"1\"").await.problem(412, "precondition_failed");
    change("if-match", "*").await.problem(412, "precondition_failed");
    change("if-none-match", "*").await.ok(201);
    change("if-match", "*").await.ok(200);
    let problem = change("if-none-match", "*").await.problem(412, "precondition_failed");
    assert_eq!(problem["current_version"], 1);
    change("if-match", "\"2\"").await.problem(412, "precondition_failed");
    change("if-match", "\"1\"").await.ok(200);
    assert_eq!(
        change("if-none-match", "\"1\"").await.problem(422, "validation_failed")["errors"][0]["pointer"],
        "If-None-Match"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_different_settings_at_once_are_all_kept() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let mut changes = tokio::task::JoinSet::new();
    for body in [r#"{"lease_ms":7000}"#, r#"{"max_attempts":7}"#, r#"{"timeout_ms":7}"#, r#"{"max_depth":7}"#] {
        let app = app.clone();
        changes.spawn(async move { app.patch("/v1/queues/q", body).await.status.as_u16() });
    }
    let mut statuses = changes.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    let policy = app.get("/v1/queues/q").await.ok(200)["policy"].clone();
    assert_eq!(
        (&policy["lease_ms"], &policy["max_attempts"], &policy["timeout_ms"], &policy["max_depth"]),
        (&json!(7000), &json!(7), &json!(7), &json!(7))
    );
}

#[tokio::test]
async fn queues_are_listed_in_pages_with_their_counts() {
    let app = TestApp::start().await;
    for name in ["b", "a", "c.mail", "B", "d.mail"] {
        app.put_in(name, json!({})).await;
    }
    app.claim("a", 1).await;
    app.store.fold_tally(100).await.unwrap();
    app.put_in("a", json!({"delay_ms": 60000})).await;
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = app.get(&format!("/v1/queues?limit=2{cursor}")).await;
        let page = answer.ok(200);
        names.extend(page["data"].as_array().unwrap().iter().map(|queue| queue["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert_eq!(answer.header("link"), format!("</v1/queues?limit=2&cursor={next}>; rel=\"next\""));
        cursor = format!("&cursor={next}");
    }
    assert_eq!(names, ["B", "a", "b", "c.mail", "d.mail"]);
    let mail = app.get("/v1/queues?name_contains=mail").await.ok(200);
    assert_eq!(mail["data"].as_array().unwrap().len(), 2);
    let counts = mail["data"][0]["counts"].clone();
    assert_eq!(counts["available"], 1);
    let a = app.get("/v1/queues/a").await.ok(200);
    assert_eq!(
        (&a["counts"]["running"], &a["counts"]["scheduled"], &a["counts"]["available"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(a["enqueued_per_min"].as_f64().unwrap() > 0.0, "{a}");
    assert_eq!((&a["latency_ms"], a.get("oldest_available_at")), (&json!(0), None));
    app.sql("update presque_internal.ready set eligible_at = now() - interval '5 seconds'").await;
    let b = app.get("/v1/queues/b").await.ok(200);
    assert!((5000..8000).contains(&b["latency_ms"].as_i64().unwrap()) && b["oldest_available_at"].is_string(), "{b}");
}

#[tokio::test]
async fn a_pause_has_a_reason_and_may_end_by_itself() {
    let app = TestApp::start().await;
    app.send("POST", "/v1/queues/q/pause", &[], "").await.problem(404, "queue_not_found");
    app.send("POST", "/v1/queues/q/resume", &[], "").await.problem(404, "queue_not_found");
    app.put_in("q", json!({})).await;
    let paused = app.post("/v1/queues/q/pause", r#"{"reason":"smtp","resume_after_ms":600000}"#).await.ok(200);
    assert_eq!((&paused["paused"], &paused["pause_reason"]), (&json!(true), &json!("smtp")));
    assert!(paused["paused_at"].is_string() && paused["resume_at"].is_string());
    let again = app.post("/v1/queues/q/pause", r#"{"reason":"still"}"#).await.ok(200);
    assert_eq!(
        (&again["paused_at"], &again["pause_reason"], again.get("resume_at")),
        (&paused["paused_at"], &json!("still"), None)
    );
    app.post("/v1/queues/q/pause", r#"{"resume_after_ms":1}"#).await.ok(200);
    until("the pause is over", || async { app.engine.resume_due_queues().await.unwrap() == 1 }).await;
    let resumed = app.get("/v1/queues/q").await.ok(200);
    assert_eq!((&resumed["paused"], resumed.get("pause_reason")), (&json!(false), None));
    app.post("/v1/queues/q/resume", "").await.ok(200);
}

#[tokio::test]
async fn a_queue_is_deleted_with_its_jobs_only_by_force_and_history_keeps_its_name() {
    let app = TestApp::start().await;
    app.delete("/v1/queues/q").await.problem(404, "queue_not_found");
    let waiting = app.put_in("q", json!({"dedup_key": "k"})).await;
    app.put_in("q", json!({})).await;
    app.claim("q", 1).await;
    let held = app.claim("q", 1).await.remove(0);
    let problem = app.delete("/v1/queues/q").await.problem(409, "queue_not_empty");
    assert_eq!((&problem["queue"], &problem["actual"]), (&json!("q"), &json!(2)));
    app.send("DELETE", "/v1/queues/q?force=true", &[("if-match", "\"9\"")], "")
        .await
        .problem(412, "precondition_failed");
    app.delete("/v1/queues/q?force=true").await.ok(204);
    app.get("/v1/queues/q").await.problem(404, "queue_not_found");
    app.report("fail", &held, json!({"error": {}, "retry_in_ms": 0})).await.ok(200);
    app.store.purge_retired(100).await.unwrap();
    let job = app.job(&held["id"]).await;
    assert_eq!(
        (&job["state"], &job["cancel_reason"], &job["queue"]),
        (&json!("cancelled"), &json!("queue_deleted"), &json!("q"))
    );
    assert_eq!(app.job(&waiting["id"]).await["state"], "running", "left to end");
    let anew = app.put_in("q", json!({"dedup_key": "k"})).await;
    assert_ne!(
        anew["id"].as_str().unwrap()[28..],
        waiting["id"].as_str().unwrap()[28..],
        "another queue of the same name"
    );
    let history = app.get("/v1/jobs?queue=q").await.ok(200);
    assert_eq!(history["data"].as_array().unwrap().len(), 3);
    app.patch("/v1/queues/empty", "{}").await.ok(201);
    app.delete("/v1/queues/empty").await.ok(204);
}

#[tokio::test]
async fn the_defaults_in_sql_are_those_of_the_program_and_so_is_the_backoff() {
    use presque::domain::QueuePolicy;
    let app = TestApp::start().await;
    let mut connection = app.db.connect().await;
    let in_sql: Value =
        sqlx::query_scalar("select presque_internal.default_policy()").fetch_one(&mut connection).await.unwrap();
    assert_eq!(serde_json::from_value::<QueuePolicy>(in_sql.clone()).unwrap(), QueuePolicy::default());
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let mut ours = names(&serde_json::to_value(QueuePolicy::default()).unwrap());
    let mut theirs = names(&in_sql);
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    let policies = [
        json!({}),
        json!({"backoff_factor": 1.5, "backoff_base_ms": 333, "backoff_max_ms": 100_000, "backoff_jitter": 0.5}),
        json!({"backoff_factor": 10.0, "backoff_base_ms": 1, "backoff_max_ms": 3_155_760_000_000_i64, "backoff_jitter": 0}),
        json!({"backoff_strategy": "fixed", "backoff_base_ms": 1234, "backoff_jitter": 1}),
        json!({"backoff_strategy": "list", "backoff_delays_ms": [0, 10, 200, 3000]}),
    ];
    for change in policies {
        let mut policy = serde_json::to_value(QueuePolicy::default()).unwrap();
        policy.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let ours: QueuePolicy = serde_json::from_value(policy.clone()).unwrap();
        for failures in [1, 2, 3, 4, 5, 9, 17, 100, 1000] {
            for chance in [0.0, 0.25, 0.5, 0.999] {
                let theirs: i64 = sqlx::query_scalar("select presque_internal.backoff_ms($1, $2, $3)")
                    .bind(&policy)
                    .bind(i32::try_from(failures).unwrap())
                    .bind(chance)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap();
                let wait = ours.backoff_ms(failures, chance);
                let close = (wait - theirs).abs() <= 1 + wait / 1_000_000_000;
                assert!(close, "{change} after {failures} failures at {chance}: {wait} here, {theirs} there");
            }
        }
    }
}

//! Putting jobs in.

use serde_json::{Value, json};

use crate::support::{JSON, TestApp, until};

#[tokio::test]
async fn a_job_is_stored_with_all_that_was_said_of_it() {
    let app = TestApp::start().await;
    let asked = json!({
        "kind": "welcome", "payload": {"user_id": 17}, "priority": 7, "tags": ["a", "te\"x\\t", "ü,{}"],
        "headers": {"x": "y"}, "max_attempts": 3, "lease_ms": 5000, "timeout_ms": 9000, "dedup_key": "k",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    });
    let answer = app.post("/v1/queues/mail/jobs", asked.to_string()).await;
    let stored = answer.ok(201);
    assert_eq!(answer.header("location"), format!("/v1/jobs/{}", stored["id"].as_str().unwrap()));
    assert_eq!(
        (&stored["queue"], &stored["state"], &stored["duplicate"]),
        (&json!("mail"), &json!("available"), &json!(false))
    );
    let job = app.job(&stored["id"]).await;
    for name in ["kind", "payload", "priority", "tags", "headers", "max_attempts", "dedup_key", "traceparent"] {
        assert_eq!(job[name], asked[name], "{name}");
    }
    let claimed = &app.claim("mail", 1).await[0];
    for name in ["kind", "payload", "priority", "tags", "headers", "max_attempts", "traceparent"] {
        assert_eq!(claimed[name], asked[name], "{name}");
    }
    assert!(claimed["timeout_at"].is_string() && claimed["attempt"] == 1);
    let plain = app.put_in("mail", json!({})).await;
    let plain = app.job(&plain["id"]).await;
    assert_eq!((&plain["kind"], &plain["payload"], &plain["priority"]), (&json!("default"), &Value::Null, &json!(0)));
    assert_eq!(
        (&plain["max_attempts"], &plain["tags"], &plain["version"]),
        (&json!(10), &json!([]), &json!(100_000_003))
    );
}

#[tokio::test]
async fn payloads_and_results_are_kept_byte_for_byte() {
    let app = TestApp::start().await;
    for odd in
        [r#"{"b":1,"a":2,"b":3}"#, "1e400", "-0", "9007199254740993", r#""\u0000\ud800""#, "[1.0, 2 ]", r#"{"é":" "}"#]
    {
        app.post("/v1/queues/odd/jobs", format!(r#"{{"payload":{odd}}}"#)).await.ok(201);
        let claimed = app.post("/v1/jobs/claim", r#"{"queues":["odd"]}"#).await;
        assert!(claimed.text().contains(&format!("\"payload\":{odd},")), "{}", claimed.text());
        let job = claimed.text().split("\"id\":\"").nth(1).unwrap()[..36].to_owned();
        let token = claimed.text().split("\"lease_token\":\"").nth(1).unwrap()[..32].to_owned();
        let complete = format!(r#"{{"lease_token":"{token}","result":{odd}}}"#);
        app.post(&format!("/v1/jobs/{job}/complete"), complete).await.ok(200);
        let shown = app.get(&format!("/v1/jobs/{job}?include=payload&include=result")).await;
        assert!(shown.text().contains(&format!("\"payload\":{odd},\"result\":{odd}")), "{}", shown.text());
    }
}

#[tokio::test]
async fn many_jobs_are_stored_together_or_not_at_all() {
    let app = TestApp::start().await;
    let asked = json!({"jobs": [{"queue": "a", "payload": 1}, {"queue": "b", "payload": 2, "delay_ms": 60000}, {"queue": "a", "payload": 3}]});
    let stored = app.post("/v1/jobs", asked.to_string()).await.ok(201);
    let results = stored["results"].as_array().unwrap();
    let seen: Vec<_> =
        results.iter().map(|job| (job["queue"].as_str().unwrap(), job["state"].as_str().unwrap())).collect();
    assert_eq!(seen, [("a", "available"), ("b", "scheduled"), ("a", "available")]);
    let claimed = app.claim("a", 10).await;
    assert_eq!(claimed.iter().map(|job| &job["payload"]).collect::<Vec<_>>(), [1, 3], "in their order");

    app.patch("/v1/queues/small", json!({"payload_max_bytes": 4}).to_string()).await.ok(201);
    let asked = json!({"jobs": [{"queue": "a"}, {"queue": "small", "payload": "12345"}]});
    let problem = app.post("/v1/jobs", asked.to_string()).await.problem(413, "payload_too_large");
    assert_eq!((&problem["limit"], &problem["actual"]), (&json!(4), &json!(7)));
    assert_eq!(app.claim("a", 10).await.len(), 0, "none of them");
    let thousand = json!({"jobs": vec![json!({"queue": "a"}); 1000]});
    assert_eq!(app.post("/v1/jobs", thousand.to_string()).await.ok(201)["results"].as_array().unwrap().len(), 1000);
    let more = json!({"jobs": vec![json!({"queue": "a"}); 1001]});
    app.post("/v1/jobs", more.to_string()).await.problem(422, "validation_failed");
    app.post("/v1/jobs", r#"{"jobs":[]}"#).await.problem(422, "validation_failed");
}

/// The moment so many milliseconds after that one.
fn after(epoch_seconds: f64, ms: i64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of this century")]
    let at = (epoch_seconds * 1000.0).round() as i64 + ms;
    chrono::DateTime::from_timestamp_millis(at).unwrap().to_rfc3339()
}

#[tokio::test]
async fn a_delayed_job_waits_for_its_time_and_then_goes_first() {
    let app = TestApp::start().await;
    let later = app.put_in("q", json!({"payload": "later", "delay_ms": 1500})).await;
    assert_eq!(later["state"], "scheduled");
    let soon = after(app.database_now().await, 400);
    app.put_in("q", json!({"payload": "soon", "run_after": soon})).await;
    app.put_in("q", json!({"payload": "now", "run_after": "2001-01-01T00:00:00+02:00"})).await;
    assert_eq!(app.claim("q", 5).await.len(), 1);
    app.put_in("q", json!({"payload": "fresh"})).await;
    until("both are due", || async { app.job(&later["id"]).await["state"] == "available" }).await;
    let claimed = app.claim("q", 5).await;
    assert_eq!(claimed.iter().map(|job| &job["payload"]).collect::<Vec<_>>(), ["soon", "later", "fresh"]);
}

#[tokio::test]
async fn promotion_keeps_the_order_in_which_jobs_became_due() {
    let app = TestApp::start().await;
    let now = app.database_now().await;
    for ms in [300, 100, 200] {
        app.put_in("q", json!({"payload": ms, "run_after": after(now, 1000 + ms)})).await;
    }
    app.put_in("q", json!({"payload": "fresh"})).await;
    app.put_in("q", json!({"payload": "urgent", "priority": 1})).await;
    let waiting = || async { app.get("/v1/queues/q").await.json()["counts"]["scheduled"] == 0 };
    until("all are due", waiting).await;
    assert_eq!(app.engine.promote(2, None).await.unwrap(), 2);
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["scheduled"]), (&json!(5), &json!(0)), "promoted or not");
    let claimed = app.claim("q", 9).await;
    let expected = [json!("urgent"), json!(100), json!(200), json!(300), json!("fresh")];
    assert_eq!(claimed.iter().map(|job| job["payload"].clone()).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn higher_priorities_go_first_and_within_one_the_older() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"default_priority":3}"#).await.ok(201);
    for (n, priority) in [(1, Some(-100)), (2, None), (3, Some(100)), (4, Some(0)), (5, None), (6, Some(3))] {
        let job = priority.map_or(json!({"payload": n}), |priority| json!({"payload": n, "priority": priority}));
        app.put_in("q", job).await;
    }
    let claimed = app.claim("q", 10).await;
    assert_eq!(claimed.iter().map(|job| job["payload"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 2, 5, 6, 4, 1]);
}

#[tokio::test]
async fn a_job_that_has_expired_is_cancelled_instead_of_handed_out() {
    let app = TestApp::start().await;
    let old = app.put_in("q", json!({"expires_at": "2001-01-01T00:00:00Z", "dedup_key": "k"})).await;
    let good = app.put_in("q", json!({"payload": "good"})).await;
    let claimed = app.claim("q", 1).await;
    assert_eq!(claimed[0]["id"], good["id"], "the claim goes on to the next one");
    let old = app.job(&old["id"]).await;
    assert_eq!(
        (&old["state"], &old["cancel_reason"], &old["attempt"]),
        (&json!("cancelled"), &json!("expired"), &json!(0))
    );
    app.put_in("q", json!({"dedup_key": "k"})).await;
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"], &counts["cancelled"]), (&json!(1), &json!(1), &json!(1)));
}

#[tokio::test]
async fn a_job_whose_time_is_over_is_cancelled_although_nobody_claims() {
    let app = TestApp::start().await;
    let (running, waiting) =
        (app.put_in("r", json!({"expires_at": "2099-01-01T00:00:00Z"})).await, app.put_in("q", json!({})).await);
    app.claim("r", 1).await;
    let soon = json!({"expires_at": "2001-01-01T00:00:00Z"}).to_string();
    app.patch(&format!("/v1/jobs/{}", waiting["id"].as_str().unwrap()), soon).await.ok(200);
    app.sql("update presque_internal.expiring set expires_at = now()").await;
    assert_eq!(app.engine.expire_jobs(10, None).await.unwrap(), 2);
    let gone = app.job(&waiting["id"]).await;
    assert_eq!((&gone["state"], &gone["cancel_reason"]), (&json!("cancelled"), &json!("expired")));
    let held = app.job(&running["id"]).await;
    assert_eq!((&held["state"], held.get("cancel_requested_at")), (&json!("running"), None), "it has started");
    assert_eq!(app.engine.expire_jobs(10, None).await.unwrap(), 0);
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 0);
    // It is looked at again, for it may come back.
    app.sql("update presque_internal.lease set expires_at = now()").await;
    app.engine.expire_leases(10, None).await.unwrap();
    app.sql("update presque_internal.expiring set expires_at = now()").await;
    assert_eq!(app.engine.expire_jobs(10, None).await.unwrap(), 1);
    assert_eq!(app.job(&running["id"]).await["cancel_reason"], "expired");
    // Who retries it means that it may run.
    app.sql("update presque_internal.job set expires_at = now()").await;
    app.post(&format!("/v1/jobs/{}/retry", running["id"].as_str().unwrap()), "").await.ok(200);
    assert_eq!(app.claim("r", 1).await.remove(0)["id"], running["id"]);
}

#[tokio::test]
async fn a_key_is_held_until_its_job_is_finished_started_or_its_window_is_over() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({"dedup_key": "f"})).await;
    let again = |key: &str| {
        let body = json!({"dedup_key": key, "dedup_on_conflict": "return_existing"}).to_string();
        let app = &app;
        async move { app.post("/v1/queues/q/jobs", body).await }
    };
    let existing = again("f").await.ok(200);
    assert_eq!((&existing["id"], &existing["duplicate"]), (&first["id"], &json!(true)));
    let running = app.claim("q", 1).await.remove(0);
    let existing = again("f").await.ok(200);
    assert_eq!((&existing["id"], &existing["state"]), (&first["id"], &json!("running")));
    app.report("complete", &running, json!({})).await.ok(200);
    assert_ne!(again("f").await.ok(201)["id"], first["id"], "finished: the key is free");

    let started = app.put_in("s", json!({"dedup_key": "s", "dedup_until": "started"})).await;
    app.claim("s", 1).await;
    assert_ne!(app.put_in("s", json!({"dedup_key": "s", "dedup_until": "started"})).await["id"], started["id"]);

    let windowed = json!({"dedup_key": "w", "dedup_until": "window", "dedup_window_ms": 3_600_000});
    let first = app.put_in("w", windowed.clone()).await;
    let running = app.claim("w", 1).await.remove(0);
    app.report("complete", &running, json!({})).await.ok(200);
    let existing = app.post("/v1/queues/w/jobs", windowed.to_string()).await.ok(200);
    assert_eq!((&existing["id"], &existing["state"]), (&first["id"], &json!("completed")), "finished, and still held");
    app.sql("update presque_internal.dedup set until_at = now() where key = 'w'").await;
    assert_ne!(app.post("/v1/queues/w/jobs", windowed.to_string()).await.ok(201)["id"], first["id"]);
    assert!(app.store.forget(100).await.unwrap() == 0);
    app.sql("update presque_internal.dedup set until_at = now() where key = 'w'").await;
    assert_eq!(app.store.forget(100).await.unwrap(), 1, "windows that are over are forgotten");
}

#[tokio::test]
async fn a_conflict_of_keys_is_answered_as_the_job_or_its_queue_says() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({"dedup_key": "k", "payload": 1})).await;
    let reject = json!({"dedup_key": "k", "dedup_on_conflict": "reject"}).to_string();
    let problem = app.post("/v1/queues/q/jobs", reject.clone()).await.problem(409, "duplicate_job");
    assert_eq!(problem["job_id"], first["id"]);
    app.post(
        "/v1/jobs",
        json!({"jobs": [{"queue": "q"}, {"queue": "q", "dedup_key": "k", "dedup_on_conflict": "reject"}]}).to_string(),
    )
    .await
    .problem(409, "duplicate_job");
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 1, "all or none");
    let replace = json!({"dedup_key": "k", "dedup_on_conflict": "replace", "payload": 2, "priority": 5});
    let replaced = app.post("/v1/queues/q/jobs", replace.to_string()).await.ok(200);
    assert_eq!((&replaced["id"], &replaced["duplicate"]), (&first["id"], &json!(true)));
    let job = app.job(&first["id"]).await;
    assert_eq!((&job["payload"], &job["priority"]), (&json!(2), &json!(5)));
    let delayed = json!({"dedup_key": "k", "dedup_on_conflict": "replace", "payload": 3, "delay_ms": 60000});
    assert_eq!(app.post("/v1/queues/q/jobs", delayed.to_string()).await.ok(200)["state"], "scheduled");
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["scheduled"]), (&json!(0), &json!(1)));
    app.post("/v1/queues/q/jobs", replace.to_string()).await.ok(200);
    assert_eq!(app.claim("q", 5).await.len(), 1);
    app.post("/v1/queues/q/jobs", replace.to_string()).await.problem(409, "duplicate_job");

    app.patch("/v1/queues/g", r#"{"dedup_scope":"global","dedup_on_conflict":"reject"}"#).await.ok(201);
    app.patch("/v1/queues/h", r#"{"dedup_scope":"global"}"#).await.ok(201);
    let global = app.put_in("g", json!({"dedup_key": "x"})).await;
    assert_eq!(app.post("/v1/queues/h/jobs", r#"{"dedup_key":"x"}"#).await.ok(200)["id"], global["id"]);
    app.post("/v1/queues/g/jobs", r#"{"dedup_key":"x"}"#).await.problem(409, "duplicate_job");
    // A retry takes the key again where it was held: for all queues.
    app.post(&format!("/v1/jobs/{}/cancel", global["id"].as_str().unwrap()), "").await.ok(200);
    app.post(&format!("/v1/jobs/{}/retry", global["id"].as_str().unwrap()), "").await.ok(200);
    assert_eq!(app.post("/v1/queues/h/jobs", r#"{"dedup_key":"x"}"#).await.ok(200)["id"], global["id"]);
    let twins = json!({"jobs": [{"queue": "q", "dedup_key": "t"}, {"queue": "q"}, {"queue": "q", "dedup_key": "t"}]});
    let results = app.post("/v1/jobs", twins.to_string()).await.ok(201)["results"].clone();
    assert_eq!((&results[2]["id"], &results[2]["duplicate"]), (&results[0]["id"], &json!(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_producers_with_one_key_one_stores_and_the_others_get_its_job() {
    let app = std::sync::Arc::new(TestApp::start().await);
    app.put_in("q", json!({})).await;
    let mut producers = tokio::task::JoinSet::new();
    for n in 0..20 {
        let app = app.clone();
        producers.spawn(async move {
            let jobs = json!({"jobs": [{"queue": "q", "dedup_key": "a"}, {"queue": "q", "dedup_key": "b"}, {"queue": "q", "payload": n}]});
            let answer = app.post("/v1/jobs", jobs.to_string()).await.ok(201);
            (answer["results"][0]["id"].clone(), answer["results"][1]["id"].clone())
        });
    }
    let answers = producers.join_all().await;
    assert!(answers.iter().all(|pair| *pair == answers[0]), "{answers:?}");
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 1 + 2 + 20);
}

#[tokio::test]
async fn a_queue_that_is_full_takes_no_more() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"max_depth":2}"#).await.ok(201);
    app.put_in("q", json!({"delay_ms": 60000})).await;
    app.put_in("q", json!({})).await;
    let answer = app.post("/v1/queues/q/jobs", "{}").await;
    let problem = answer.problem(429, "queue_full");
    assert_eq!((&problem["queue"], &problem["limit"], &problem["actual"]), (&json!("q"), &json!(2), &json!(2)));
    assert_eq!((answer.header("retry-after"), &problem["retry_after_ms"]), ("1", &json!(1000)));
    app.claim("q", 1).await;
    app.put_in("q", json!({})).await;
}

#[tokio::test]
async fn the_trace_of_the_request_is_the_jobs_unless_it_names_one() {
    let app = TestApp::start().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (header, expected) in [(trace, json!(trace)), ("nonsense", Value::Null)] {
        let answer = app.send("POST", "/v1/queues/q/jobs", &[JSON, ("traceparent", header)], "{}").await;
        assert_eq!(app.job(&answer.ok(201)["id"]).await["traceparent"], expected);
    }
}

#[tokio::test]
async fn queues_are_not_made_by_themselves_where_that_is_off() {
    let app = TestApp::strict().await;
    let problem = app.post("/v1/queues/q/jobs", "{}").await.problem(404, "queue_not_found");
    assert_eq!(problem["queue"], "q");
    app.post("/v1/jobs/claim", r#"{"queues":["q"]}"#).await.problem(404, "queue_not_found");
    app.patch("/v1/queues/q", "{}").await.ok(201);
    app.put_in("q", json!({})).await;
    app.post("/v1/jobs", r#"{"jobs":[{"queue":"q"},{"queue":"r"}]}"#).await.problem(404, "queue_not_found");
    assert_eq!(app.claim("q", 5).await.len(), 1);
    app.enqueue("/q/classic", "1").await;
}

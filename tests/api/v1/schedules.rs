//! Schedules: set up, fired once, missed, skipped.

use serde_json::{Value, json};

use crate::support::{JSON, TestApp};

async fn set_up(app: &TestApp, id: &str, settings: Value) -> Value {
    app.patch(&format!("/v1/schedules/{id}"), settings.to_string()).await.ok(201)
}

/// Lets the schedule's next due time be so many seconds ago.
async fn make_due(app: &TestApp, id: &str, seconds: i64) {
    let moved = app
        .sql(&format!(
            "update presque_internal.schedule set next_run_at = date_trunc('second', now()) - interval '{seconds} s'
             where id = '{id}'"
        ))
        .await;
    assert_eq!(moved, 1);
}

async fn jobs(app: &TestApp, queue: &str) -> Vec<Value> {
    app.get(&format!("/v1/jobs?queue={queue}&sort=created_at&include=payload&limit=500")).await.ok(200)["data"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_schedule_is_set_up_changed_listed_and_deleted() {
    let app = TestApp::start().await;
    app.get("/v1/schedules/report").await.problem(404, "schedule_not_found");
    let settings =
        json!({"queue": "reports", "cron": "0 9 * * mon-fri", "timezone": "Europe/Paris", "payload": {"a": 1.0}});
    let made = app.patch("/v1/schedules/report", settings.to_string()).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let made = made.ok(201);
    assert_eq!(made["next_runs"].as_array().unwrap().len(), 5);
    assert_eq!(made["next_run_at"], made["next_runs"][0]);
    assert_eq!(
        (&made["kind"], &made["catch_up"], &made["overlap"]),
        (&json!("default"), &json!("one"), &json!("allow"))
    );
    assert!(app.get("/v1/schedules/report").await.ok_text(200).contains(r#""payload":{"a":1.0}"#), "byte for byte");

    let same = app.patch("/v1/schedules/report", r#"{"cron":"0 9 * * mon-fri"}"#).await.ok(200);
    assert_eq!(same["version"], 1, "nothing changed");
    let changed = app.patch("/v1/schedules/report", r#"{"cron":"@hourly","tags":["a"]}"#).await.ok(200);
    assert_eq!(
        (&changed["version"], &changed["payload"], &changed["tags"]),
        (&json!(2), &json!({"a": 1.0}), &json!(["a"]))
    );
    assert_ne!(changed["next_runs"], made["next_runs"]);
    let paused = app.patch("/v1/schedules/report", r#"{"paused":true}"#).await.ok(200);
    assert_eq!((paused.get("next_run_at"), &paused["next_runs"]), (None, &json!([])));

    for id in ["a", "b", "c"] {
        set_up(&app, id, json!({"queue": "other", "cron": "@daily"})).await;
    }
    let page = app.get("/v1/schedules?queue=other&limit=2").await.ok(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["data"][0]["id"]), (2, &json!("a")));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/v1/schedules?queue=other&limit=2&cursor={cursor}")).await.ok(200);
    assert_eq!((&rest["data"][0]["id"], rest.get("next_cursor")), (&json!("c"), None));

    let stale = app.send("DELETE", "/v1/schedules/report", &[("if-match", "\"1\"")], "").await;
    assert_eq!(stale.problem(412, "precondition_failed")["current_version"], 3);
    app.send("DELETE", "/v1/schedules/report", &[("if-match", "\"3\"")], "").await.ok(204);
    app.delete("/v1/schedules/report").await.problem(404, "schedule_not_found");
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_conditions_hold() {
    let app = TestApp::start().await;
    let settings = r#"{"queue":"q","cron":"*/10 * * * * *"}"#;
    let dry = app.patch("/v1/schedules/s?dry_run=true", settings).await.ok(201);
    assert_eq!(dry["next_runs"].as_array().unwrap().len(), 5);
    app.get("/v1/schedules/s").await.problem(404, "schedule_not_found");
    let create = [JSON, ("if-none-match", "*")];
    app.send("PATCH", "/v1/schedules/s", &create, settings).await.ok(201);
    app.send("PATCH", "/v1/schedules/s", &create, settings).await.problem(412, "precondition_failed");
    let stale = [JSON, ("if-match", "\"7\"")];
    app.send("PATCH", "/v1/schedules/s", &stale, r#"{"paused":true}"#).await.problem(412, "precondition_failed");
}

#[tokio::test]
async fn what_makes_no_schedule_is_refused_by_name() {
    let app = TestApp::start().await;
    for (body, pointer, code) in [
        (json!({"cron": "@daily"}), "/queue", "required"),
        (json!({"queue": "q"}), "/cron", "required"),
        (json!({"queue": "a b", "cron": "@daily"}), "/queue", "pattern"),
        (json!({"queue": "q", "cron": "61 * * * *"}), "/cron", "pattern"),
        (json!({"queue": "q", "cron": "0 0 31 2 *"}), "/cron", "pattern"),
        (json!({"queue": "q", "cron": ""}), "/cron", "min"),
        (json!({"queue": "q", "cron": "@daily", "timezone": "Paris"}), "/timezone", "pattern"),
        (json!({"queue": "q", "cron": "@daily", "catch_up": "some"}), "/catch_up", "enum"),
        (json!({"queue": "q", "cron": "@daily", "overlap": "wait"}), "/overlap", "enum"),
        (json!({"queue": "q", "cron": "@daily", "jitter_ms": 86_400_001}), "/jitter_ms", "max"),
        (json!({"queue": "q", "cron": "@daily", "priority": 101}), "/priority", "max"),
        (json!({"queue": "q", "cron": "@daily", "payload": null, "kind": null}), "/kind", "type"),
        (json!({"queue": "q", "cron": "@daily", "crom": 1}), "/crom", "unknown"),
        (
            json!({"queue": "q", "cron": "@daily", "starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}),
            "/ends_at",
            "conflict",
        ),
    ] {
        let problem = app.patch("/v1/schedules/s", body.to_string()).await.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["pointer"] == pointer && error["code"] == code), "{body}: {problem}");
    }
    app.patch("/v1/schedules/a%20b", r#"{"queue":"q","cron":"@daily"}"#).await.problem(400, "invalid_request");
    let large = json!({"queue": "q", "cron": "@daily", "payload": "x".repeat(300_000)});
    app.patch("/v1/schedules/s", large.to_string()).await.problem(413, "payload_too_large");
    let strict = TestApp::strict().await;
    strict.patch("/v1/schedules/s", r#"{"queue":"q","cron":"@daily"}"#).await.problem(404, "queue_not_found");
    let reserved = json!({"headers": {"Presque-Schedule-Id": "mine"}});
    app.post("/v1/queues/q/jobs", reserved.to_string()).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn a_due_time_becomes_a_job_once_however_many_servers_look() {
    let app = TestApp::start().await;
    let settings = json!({
        "queue": "q", "cron": "* * * * * *", "kind": "tick", "payload": {"n": 1}, "priority": 3, "tags": ["a"],
        "max_attempts": 2
    });
    set_up(&app, "tick", settings).await;
    app.sql(
        "update presque_internal.schedule
         set next_run_at = date_trunc('second', now()) - interval '3 s',
             ends_at = date_trunc('second', now()) - interval '1 s'",
    )
    .await;
    let servers: Vec<TestApp> = (0..5).map(|_| TestApp::beside(&app)).collect();
    let looks = servers.iter().map(|server| server.engine.fire_schedules(100));
    for look in futures_util::future::join_all(looks).await {
        look.unwrap();
    }
    let fired = jobs(&app, "q").await;
    assert_eq!(fired.len(), 3, "due 3, 2 and 1 s ago, then it ended: {fired:?}");
    let due: std::collections::BTreeSet<&str> =
        fired.iter().map(|job| job["headers"]["presque-due-at"].as_str().unwrap()).collect();
    assert_eq!(due.len(), 3);
    for job in &fired {
        assert_eq!((&job["kind"], &job["payload"], &job["priority"]), (&json!("tick"), &json!({"n": 1}), &json!(3)));
        assert_eq!(
            (&job["tags"], &job["max_attempts"], &job["schedule_id"]),
            (&json!(["a"]), &json!(2), &json!("tick"))
        );
    }
    let schedule = app.get("/v1/schedules/tick").await.ok(200);
    assert_eq!(schedule.get("next_run_at"), None, "it has ended");
    assert_eq!(schedule["last_job_id"], fired[2]["id"]);
    assert_eq!(app.get("/v1/queues/q").await.ok(200)["counts"]["available"], 3);
    assert_eq!(app.claim("q", 10).await.len(), 3);
}

#[tokio::test]
async fn missed_times_are_caught_up_as_the_schedule_says() {
    let app = TestApp::start().await;
    for (catch_up, expected) in [("skip", 0), ("one", 1), ("all", 30)] {
        let settings = json!({"queue": catch_up, "cron": "* * * * *", "catch_up": catch_up});
        set_up(&app, catch_up, settings).await;
        // Half an hour without a server, and not within 10 s of a due time.
        app.sql(&format!(
            "update presque_internal.schedule
             set next_run_at = date_trunc('minute', now()) - interval '30 min',
                 ends_at = date_trunc('minute', now()) - interval '30 s'
             where id = '{catch_up}'"
        ))
        .await;
        app.engine.fire_schedules(100).await.unwrap();
        let fired = jobs(&app, catch_up).await.len();
        assert_eq!(fired, expected, "{catch_up}");
    }
}

#[tokio::test]
async fn a_run_may_be_skipped_while_the_last_job_is_unfinished() {
    let app = TestApp::start().await;
    set_up(&app, "s", json!({"queue": "q", "cron": "@yearly", "overlap": "skip"})).await;
    let mut fired = 0;
    for (what, expected) in [("first", 1), ("waits", 1), ("runs", 1), ("done", 2)] {
        match what {
            "runs" => assert_eq!(app.claim("q", 1).await.len(), 1),
            "done" => {
                let job = jobs(&app, "q").await[0].clone();
                app.post(&format!("/v1/jobs/{}/cancel", job["id"].as_str().unwrap()), r#"{"force":true}"#)
                    .await
                    .ok(200);
            }
            _ => {}
        }
        fired += 1;
        make_due(&app, "s", 5 - fired).await;
        app.engine.fire_schedules(100).await.unwrap();
        assert_eq!(jobs(&app, "q").await.len(), expected, "{what}");
    }
    let skipped =
        app.sql("delete from presque_internal.schedule_run where skipped = 'overlap' and job_id is null").await;
    assert_eq!(skipped, 2);
}

#[tokio::test]
async fn paused_ones_fire_nothing_and_go_on_from_now() {
    let app = TestApp::start().await;
    set_up(&app, "s", json!({"queue": "q", "cron": "@yearly", "paused": true, "catch_up": "all"})).await;
    make_due(&app, "s", 600).await;
    assert_eq!(app.engine.fire_schedules(100).await.unwrap(), 0);
    app.patch("/v1/schedules/s", r#"{"paused":false}"#).await.ok(200);
    assert_eq!(app.engine.fire_schedules(100).await.unwrap(), 0, "what was due meanwhile is passed over");
    // A queue that was deleted is made again; one that is full takes a due time all the same.
    app.patch("/v1/queues/q", r#"{"max_depth":1}"#).await.ok(201);
    app.put_in("q", json!({})).await;
    make_due(&app, "s", 1).await;
    app.engine.fire_schedules(100).await.unwrap();
    assert_eq!(jobs(&app, "q").await.len(), 2);
    app.delete("/v1/queues/q?force=true").await.ok(204);
    make_due(&app, "s", 1).await;
    app.sql("delete from presque_internal.schedule_run").await;
    app.engine.fire_schedules(100).await.unwrap();
    assert_eq!(app.get("/v1/queues/q").await.ok(200)["counts"]["available"], 1);
}

#[tokio::test]
async fn one_that_cannot_be_read_keeps_no_other_from_firing() {
    let app = TestApp::start().await;
    for id in ["bad", "good"] {
        set_up(&app, id, json!({"queue": "q", "cron": "@yearly"})).await;
        make_due(&app, id, if id == "bad" { 9 } else { 1 }).await;
    }
    app.sql("update presque_internal.schedule set cron = 'of a later version' where id = 'bad'").await;
    assert!(app.engine.fire_schedules(100).await.is_err(), "the loop tells");
    assert_eq!(jobs(&app, "q").await[0]["schedule_id"], "good");
}

#[tokio::test]
async fn a_clock_that_is_set_back_fires_nothing_again() {
    let app = TestApp::start().await;
    set_up(&app, "s", json!({"queue": "q", "cron": "@every 1s"})).await;
    make_due(&app, "s", 3).await;
    app.engine.fire_schedules(100).await.unwrap();
    let fired = jobs(&app, "q").await.len();
    make_due(&app, "s", 3).await;
    app.engine.fire_schedules(100).await.unwrap();
    // Those due meanwhile are new; the others are not there twice.
    let mut due: Vec<String> =
        jobs(&app, "q").await.iter().map(|job| job["headers"]["presque-due-at"].to_string()).collect();
    assert!(due.len() <= fired + 2, "{fired} {due:?}");
    due.sort();
    due.dedup();
    assert_eq!(due.len(), jobs(&app, "q").await.len());
}

#[tokio::test]
async fn jitter_delays_jobs_and_never_due_times() {
    let app = TestApp::start().await;
    set_up(&app, "s", json!({"queue": "q", "cron": "@every 1s", "jitter_ms": 86_400_000})).await;
    make_due(&app, "s", 8).await;
    app.engine.fire_schedules(100).await.unwrap();
    let fired = jobs(&app, "q").await;
    assert!(fired.len() >= 8, "{}", fired.len());
    let waits: std::collections::BTreeSet<&str> = fired.iter().map(|job| job["run_after"].as_str().unwrap()).collect();
    assert_eq!(waits.len(), fired.len(), "each its own");
    assert_eq!(app.get("/v1/queues/q").await.ok(200)["counts"]["scheduled"], fired.len());
}

#[tokio::test]
async fn a_schedule_is_triggered_by_hand_and_safely_repeated() {
    let app = TestApp::start().await;
    app.post("/v1/schedules/s/trigger", "{}").await.problem(404, "schedule_not_found");
    set_up(&app, "s", json!({"queue": "q", "cron": "@yearly", "payload": {"n": 1}, "paused": true, "kind": "k"})).await;
    let keyed = [JSON, ("idempotency-key", "once")];
    let first = app.send("POST", "/v1/schedules/s/trigger", &keyed, r#"{"payload":{"n":2}}"#).await;
    assert!(first.header("location").starts_with("/v1/jobs/"));
    let first = first.ok(201);
    let again = app.send("POST", "/v1/schedules/s/trigger", &keyed, r#"{"payload":{"n":2}}"#).await;
    assert_eq!((again.header("idempotency-replayed"), &again.ok(201)["id"]), ("true", &first["id"]));
    app.send("POST", "/v1/schedules/s/trigger", &keyed, r#"{"payload":{"n":3}}"#)
        .await
        .problem(422, "idempotency_mismatch");
    let plain = app.send("POST", "/v1/schedules/s/trigger", &[], "").await.ok(201);
    let job = app.job(&plain["id"]).await;
    assert_eq!((&job["payload"], &job["schedule_id"], &job["kind"]), (&json!({"n": 1}), &json!("s"), &json!("k")));
    assert_eq!(app.job(&first["id"]).await["payload"], json!({"n": 2}));
}

#[tokio::test]
async fn a_list_shows_the_jobs_of_a_schedule() {
    let app = TestApp::start().await;
    set_up(&app, "s", json!({"queue": "q", "cron": "@yearly"})).await;
    set_up(&app, "other", json!({"queue": "q", "cron": "@yearly"})).await;
    app.put_in("q", json!({})).await;
    let keyed = [JSON, ("idempotency-key", "k")];
    for _ in 0..3 {
        app.send("POST", "/v1/schedules/s/trigger", &keyed, "{}").await.ok(201);
    }
    app.post("/v1/schedules/other/trigger", "{}").await.ok(201);
    for ago in [8, 6, 4, 2] {
        make_due(&app, "s", ago).await;
        app.engine.fire_schedules(10).await.unwrap();
    }
    let all = app.get("/v1/jobs?schedule_id=s").await.ok(200);
    let shown = |page: &Value| -> Vec<String> {
        page["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    let ids = shown(&all);
    assert_eq!(ids.len(), 5, "four times, and one that was asked for thrice with one key: {all}");
    assert!(all["data"].as_array().unwrap().iter().all(|job| job["schedule_id"] == "s") && all["truncated"] == false);
    assert!(ids.windows(2).all(|pair| pair[0] > pair[1]), "the newest first");
    let mut paged = Vec::new();
    let mut query = "/v1/jobs?schedule_id=s&limit=2".to_owned();
    loop {
        let page = app.get(&query).await.ok(200);
        paged.extend(shown(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/v1/jobs?schedule_id=s&limit=2&cursor={cursor}");
    }
    assert_eq!(paged, ids);
    let oldest = app.get("/v1/jobs?schedule_id=s&sort=created_at&state=available").await.ok(200);
    assert_eq!(shown(&oldest), ids.iter().rev().cloned().collect::<Vec<_>>());
    // Runs are kept for longer than their jobs.
    app.sql(
        "insert into presque_internal.schedule_run (schedule_id, due_at, job_id)
             select 's', now() - n * interval '1 minute', gen_random_uuid() from generate_series(1, 3000) as n",
    )
    .await;
    let discarded = app.get("/v1/jobs?schedule_id=s&state=discarded").await.ok(200);
    assert_eq!((shown(&discarded), &discarded["truncated"]), (Vec::new(), &json!(false)));
    let named = app.get(&format!("/v1/jobs?schedule_id=s&id={}", ids[2])).await.ok(200);
    assert_eq!(shown(&named), [ids[2].clone()]);
    assert_eq!(shown(&app.get("/v1/jobs?schedule_id=none").await.ok(200)), Vec::<String>::new());
    let export = app.get("/v1/jobs/export?schedule_id=s").await;
    assert_eq!((export.status.as_u16(), export.text().lines().count()), (200, 5));
}

/// Due times that were missed are enqueued by one statement, at one moment.
#[tokio::test]
async fn a_list_pages_through_jobs_of_one_moment() {
    let app = TestApp::start().await;
    set_up(&app, "s", json!({"queue": "q", "cron": "@every 10s", "catch_up": "all"})).await;
    make_due(&app, "s", 95).await;
    app.engine.fire_schedules(10).await.unwrap();
    let stored = jobs(&app, "q").await.len();
    assert!((9..=11).contains(&stored), "{stored}");
    let mut seen = std::collections::HashSet::new();
    let mut query = "/v1/jobs?schedule_id=s&limit=2".to_owned();
    loop {
        let page = app.get(&query).await.ok(200);
        for job in page["data"].as_array().unwrap() {
            assert!(seen.insert(job["id"].as_str().unwrap().to_owned()), "twice: {job}");
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("/v1/jobs?schedule_id=s&limit=2&cursor={cursor}");
    }
    assert_eq!(seen.len(), stored);
}

#[tokio::test]
async fn a_page_holds_as_many_schedules_as_have_room() {
    let app = TestApp::start().await;
    let payload = "x".repeat(250_000);
    for n in 0..70 {
        let settings = json!({"queue": "q", "cron": "@yearly", "payload": payload});
        set_up(&app, &format!("s{n:02}"), settings).await;
    }
    let first = app.get("/v1/schedules?limit=500").await.ok(200);
    let count = |page: &Value| page["data"].as_array().unwrap().len();
    assert_eq!(count(&first), 16 * 1024 * 1024 / 250_002);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/v1/schedules?limit=500&cursor={cursor}")).await.ok(200);
    assert_eq!((count(&first) + count(&rest), rest.get("next_cursor")), (70, None));
}

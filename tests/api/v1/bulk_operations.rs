//! Bulk operations: what each action does to jobs in all states, and what it leaves alone.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{JSON, TestApp};

/// Begins an operation; what is answered.
pub(super) async fn bulk(app: &TestApp, operation: Value) -> Value {
    app.post("/v1/bulk-operations", operation.to_string()).await.ok(202)
}

/// State, and the counts matched, processed, skipped and failed.
pub(super) fn told(operation: &Value) -> (&str, [i64; 4]) {
    let counts = ["matched", "processed", "skipped", "failed"].map(|name| operation[name].as_i64().unwrap());
    (operation["state"].as_str().unwrap(), counts)
}

/// Jobs in every state, by its name; each has been in this queue only.
pub(super) async fn one_of_each(app: &TestApp, queue: &str) -> BTreeMap<&'static str, Value> {
    let mut jobs = BTreeMap::new();
    for state in ["completed", "discarded", "retryable", "running"] {
        app.put_in(queue, json!({"max_attempts": if state == "discarded" { 1 } else { 5 }, "tags": ["t"]})).await;
        let held = app.claim(queue, 1).await.remove(0);
        let error = json!({"error": {"error_class": "Outage", "message": "smtp timed out"}});
        match state {
            "completed" => drop(app.report("complete", &held, json!({})).await.ok(200)),
            "running" => {}
            _ => drop(app.report("fail", &held, error).await.ok(200)),
        }
        jobs.insert(state, held["id"].clone());
    }
    let cancelled = app.put_in(queue, json!({})).await["id"].clone();
    app.post(&format!("/v1/jobs/{}/cancel", cancelled.as_str().unwrap()), "{}").await.ok(200);
    jobs.insert("cancelled", cancelled);
    jobs.insert("scheduled", app.put_in(queue, json!({"delay_ms": 3_600_000})).await["id"].clone());
    jobs.insert("available", app.put_in(queue, json!({"payload": {"n": 1.0}})).await["id"].clone());
    jobs
}

/// The state of each of these jobs; `gone` if it is not there any more.
async fn states(app: &TestApp, jobs: &BTreeMap<&'static str, Value>) -> BTreeMap<&'static str, String> {
    let mut states = BTreeMap::new();
    for (name, id) in jobs {
        let answer = app.get(&format!("/v1/jobs/{}", id.as_str().unwrap())).await;
        let state = if answer.status == 404 { "gone".into() } else { answer.ok(200)["state"].as_str().unwrap().into() };
        states.insert(*name, state);
    }
    states
}

async fn counts(app: &TestApp, queue: &str) -> Value {
    app.get(&format!("/v1/queues/{queue}")).await.ok(200)["counts"].clone()
}

/// What became of jobs in every state, of those that it became something else of.
async fn changes(operation: Value) -> (TestApp, Value, BTreeMap<&'static str, String>, BTreeMap<&'static str, Value>) {
    let app = TestApp::start().await;
    let other = one_of_each(&app, "other").await;
    let jobs = one_of_each(&app, "q").await;
    let before = counts(&app, "other").await;
    let done = bulk(&app, operation).await;
    let mut states_now = states(&app, &jobs).await;
    states_now.retain(|name, state| name != state);
    // Nothing outside the filter has changed.
    assert!(states(&app, &other).await.iter().all(|(name, state)| name == state));
    assert_eq!(counts(&app, "other").await, before);
    (app, done, states_now, jobs)
}

fn became(pairs: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    pairs.iter().map(|(name, state)| (*name, (*state).to_owned())).collect()
}

#[tokio::test]
async fn a_retry_takes_what_has_failed_was_cancelled_or_waits_for_its_time() {
    let (app, done, now, jobs) = changes(json!({"action": "retry", "filter": {"queue": ["q"]}})).await;
    assert_eq!(told(&done), ("completed", [4, 4, 0, 0]));
    let again = ["cancelled", "discarded", "retryable", "scheduled"].map(|name| (name, "available"));
    assert_eq!(now, became(&again));
    assert_eq!(app.job(&jobs["discarded"]).await["failed_attempts"], 0);
    assert_eq!(app.claim("q", 10).await.len(), 5);

    let retry = json!({"action": "retry", "filter": {"queue": ["q"], "state": ["completed", "discarded"]}});
    let (_, done, now, _) = changes(retry).await;
    assert_eq!(told(&done), ("completed", [2, 2, 0, 0]));
    assert_eq!(now, became(&[("completed", "available"), ("discarded", "available")]));
}

#[tokio::test]
async fn a_retry_is_spread_over_the_time_it_is_given() {
    let app = TestApp::start().await;
    for _ in 0..20 {
        let id = app.put_in("q", json!({"kind": "k"})).await["id"].clone();
        app.post(&format!("/v1/jobs/{}/cancel", id.as_str().unwrap()), "{}").await.ok(200);
    }
    let done = bulk(&app, json!({"action": "retry", "filter": {"kind": ["k"]}, "spread_ms": 3_600_000})).await;
    assert_eq!(told(&done), ("completed", [20, 20, 0, 0]));
    let mut connection = app.db.connect().await;
    let (jobs, widest, last): (i64, f64, f64) = sqlx::query_as(
        "select count(*), max(run_after - before)::float8, max(run_after)::float8
         from (
            select run_after, lag(run_after, 1, 0) over (order by run_after) as before
            from (select extract(epoch from run_after - now()) as run_after from presque_internal.scheduled) as waits
         ) as gaps",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(jobs >= 18 && last < 3600.0 && widest < 600.0, "{jobs} jobs, {widest} s apart, the last after {last} s");
}

#[tokio::test]
async fn what_cannot_be_changed_has_failed_and_it_is_said_why() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({"dedup_key": "k"})).await["id"].clone();
    app.post(&format!("/v1/jobs/{}/cancel", first.as_str().unwrap()), "{}").await.ok(200);
    let second = app.put_in("q", json!({"dedup_key": "k"})).await["id"].clone();
    let done = bulk(&app, json!({"action": "retry", "filter": {"queue": ["q"]}})).await;
    assert_eq!(told(&done), ("completed", [1, 0, 0, 1]));
    let why = done["last_error"].as_str().unwrap();
    assert!(why.contains(first.as_str().unwrap()) && why.contains(second.as_str().unwrap()), "{why}");
    assert_eq!(app.job(&first).await["state"], "cancelled");
}

#[tokio::test]
async fn a_cancel_takes_what_waits_and_asks_what_runs() {
    let cancel = json!({"action": "cancel", "filter": {"queue": ["q"]}, "reason": "the outage"});
    let (app, done, now, jobs) = changes(cancel).await;
    assert_eq!(told(&done), ("completed", [4, 4, 0, 0]));
    assert_eq!(now, became(&["available", "retryable", "scheduled"].map(|name| (name, "cancelled"))));
    assert_eq!(app.job(&jobs["available"]).await["cancel_reason"], "the outage");
    assert_eq!(app.job(&jobs["running"]).await["cancel_reason"], "the outage");
    assert!(app.job(&jobs["running"]).await["cancel_requested_at"].is_string());
    let counts = counts(&app, "q").await;
    assert_eq!((&counts["cancelled"], &counts["available"], &counts["running"]), (&json!(4), &json!(0), &json!(1)));
}

#[tokio::test]
async fn a_delete_takes_all_but_what_runs_or_what_the_filter_names() {
    let (app, done, now, _) = changes(json!({"action": "delete", "filter": {"queue": ["q"]}})).await;
    assert_eq!(told(&done), ("completed", [6, 6, 0, 0]));
    let gone = ["available", "cancelled", "completed", "discarded", "retryable", "scheduled"];
    assert_eq!(now, became(&gone.map(|name| (name, "gone"))));
    let counts = counts(&app, "q").await;
    assert_eq!(counts["running"], 1);
    assert_eq!(counts.as_object().unwrap().values().map(|n| n.as_i64().unwrap()).sum::<i64>(), 1);

    let waiting = json!({"queue": ["q"], "state": ["available", "scheduled", "retryable", "running"]});
    let (_, done, now, _) = changes(json!({"action": "delete", "filter": waiting})).await;
    assert_eq!(told(&done), ("completed", [3, 3, 0, 0]));
    assert_eq!(now, became(&["available", "retryable", "scheduled"].map(|name| (name, "gone"))));

    let (_, done, now, _) = changes(
        json!({"action": "delete", "filter": {"queue": ["q"], "error_class": "Outage", "state": ["discarded"]}}),
    )
    .await;
    assert_eq!(told(&done), ("completed", [1, 1, 0, 0]));
    assert_eq!(now, became(&[("discarded", "gone")]));
}

#[tokio::test]
async fn a_move_leaves_a_cancelled_job_and_makes_one_with_the_same_content() {
    let (app, done, now, jobs) =
        changes(json!({"action": "move", "filter": {"queue": ["q"]}, "target_queue": "new"})).await;
    assert_eq!(told(&done), ("completed", [3, 3, 0, 0]));
    assert_eq!(now, became(&["available", "retryable", "scheduled"].map(|name| (name, "cancelled"))));
    assert_eq!(app.job(&jobs["available"]).await["cancel_reason"], "moved");
    let there = app.get("/v1/jobs?queue=new&sort=created_at&include=payload").await;
    assert!(there.text().contains(r#""payload":{"n":1.0}"#), "byte for byte: {}", there.text());
    let there = there.ok(200)["data"].as_array().unwrap().clone();
    let origins: Vec<&Value> = there.iter().map(|job| &job["origin_job_id"]).collect();
    assert_eq!(there.len(), 3);
    assert!(["available", "retryable", "scheduled"].iter().all(|name| origins.contains(&&jobs[name])));
    let of = |name: &str| there.iter().find(|job| job["origin_job_id"] == jobs[name]).unwrap();
    assert_eq!((&of("available")["state"], &of("scheduled")["state"]), (&json!("available"), &json!("scheduled")));
    let original = app.job(&jobs["retryable"]).await;
    for member in ["kind", "tags", "priority", "max_attempts"] {
        assert_eq!(of("retryable")[member], original[member], "{member}");
    }
    let counts = counts(&app, "new").await;
    assert_eq!((&counts["available"], &counts["scheduled"]), (&json!(1), &json!(2)));
    assert_eq!(app.claim("new", 10).await.len(), 1);
}

#[tokio::test]
async fn a_move_sets_keys_free_and_keeps_to_the_limits_of_the_other_queue() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/small", r#"{"max_depth":2,"payload_max_bytes":10}"#).await.ok(201);
    let keyed = json!({"dedup_key": "k", "priority": 7, "headers": {"a": "b"}, "expires_at": "2099-01-01T00:00:00Z",
        "lease_ms": 5000, "timeout_ms": 6000, "traceparent": format!("00-{}-{}-01", "1".repeat(32), "2".repeat(16))});
    let first = app.put_in("q", keyed.clone()).await["id"].clone();
    app.put_in("q", json!({"payload": "longer than ten bytes"})).await;
    let one_by_one = json!({"action": "move", "filter": {"queue": ["q", "small"]}, "target_queue": "small"});
    let done = bulk(&app, one_by_one.clone()).await;
    assert_eq!(told(&done), ("completed", [2, 1, 0, 1]));
    assert!(done["last_error"].as_str().unwrap().contains("payload is too large"), "{done}");
    app.put_in("q", json!({"dedup_key": "k"})).await;
    let moved = app.get("/v1/jobs?queue=small").await.ok(200)["data"][0].clone();
    assert_eq!(
        (&moved["origin_job_id"], &moved["priority"], &moved["headers"]),
        (&first, &json!(7), &json!({"a": "b"}))
    );
    assert_eq!(moved["expires_at"], "2099-01-01T00:00:00.000000Z");
    assert_eq!((&moved["traceparent"], moved.get("dedup_key")), (&keyed["traceparent"], None));
    let limits = "select count(*) from presque_internal.job join presque_internal.expiring on expiring.job_id = job.id
        where origin_job_id is not null and lease_ms = 5000 and timeout_ms = 6000";
    let copied: i64 = sqlx::query_scalar(limits).fetch_one(&mut app.db.connect().await).await.unwrap();
    assert_eq!(copied, 1);

    app.put_in("q", json!({})).await;
    app.put_in("small", json!({})).await;
    let done = bulk(&app, one_by_one).await;
    // Two are in that queue; one is too large for it, and for the others there is no room.
    assert_eq!(told(&done), ("completed", [5, 0, 2, 3]));
}

#[tokio::test]
async fn moves_take_the_places_in_a_batch_and_among_dependencies_also_when_they_happen_at_once() {
    let app = TestApp::start().await;
    let chain = |n: usize| {
        [
            json!({"queue": "q", "kind": "a", "name": format!("a{n}")}),
            json!({"queue": "q", "kind": "b", "name": format!("b{n}"), "depends_on_names": [format!("a{n}")]}),
            json!({"queue": "q", "kind": "c", "name": format!("c{n}"), "depends_on_names": [format!("b{n}")]}),
            json!({"queue": "other", "kind": "d", "depends_on_names": [format!("a{n}"), format!("c{n}")]}),
        ]
    };
    let jobs: Vec<Value> = (0..50).flat_map(chain).collect();
    let batch = app.post("/v1/batches", json!({"jobs": jobs}).to_string()).await.ok(201);
    let done = bulk(&app, json!({"action": "move", "filter": {"queue": ["q"]}, "target_queue": "new"})).await;
    assert_eq!(told(&done), ("completed", [150, 150, 0, 0]));
    let batch = format!("/v1/batches/{}", batch["id"].as_str().unwrap());
    let counted = app.get(&batch).await.ok(200);
    let of = |states: [&str; 3]| states.map(|state| counted["counts"][state].as_i64().unwrap());
    assert_eq!(of(["available", "pending", "cancelled"]), [50, 150, 0], "{counted}");
    let there = counts(&app, "new").await;
    assert_eq!((&there["available"], &there["pending"]), (&json!(50), &json!(100)));
    assert_eq!(counts(&app, "q").await["pending"], 0);
    // Each is available when those before it are completed.
    for (queue, kind) in [("new", "a"), ("new", "b"), ("new", "c"), ("other", "d")] {
        let mut held = Vec::new();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while held.len() < 50 {
            assert!(std::time::Instant::now() < deadline, "{} of {kind}: {}", held.len(), app.get(&batch).await.text());
            app.engine.resolve_linked().await.unwrap();
            held.extend(app.claim(queue, 100).await);
        }
        assert!(held.len() == 50 && held.iter().all(|job| job["kind"] == kind), "{kind}");
        for job in &held {
            app.report("complete", job, json!({})).await.ok(200);
        }
    }
    while app.engine.resolve_linked().await.unwrap() == presque::engine::LinkedLook::Worked {}
    let counted = app.get(&batch).await.ok(200);
    assert_eq!((&counted["state"], &counted["total"]), (&json!("completed"), &json!(200)), "{counted}");
}

#[tokio::test]
async fn jobs_that_wait_for_others_are_changed_like_others_that_wait() {
    for (action, state) in [("reprioritize", "pending"), ("cancel", "cancelled"), ("delete", "gone")] {
        let app = TestApp::start().await;
        let first = app.put_in("q", json!({})).await["id"].clone();
        let second = app.put_in("q", json!({"depends_on": [first]})).await["id"].clone();
        let mut operation = json!({"action": action, "filter": {"state": ["pending"]}});
        if action == "reprioritize" {
            operation["priority"] = json!(5);
        }
        let done = bulk(&app, operation).await;
        assert_eq!(told(&done), ("completed", [1, 1, 0, 0]), "{action}");
        let jobs = BTreeMap::from([("first", first), ("second", second)]);
        assert_eq!(states(&app, &jobs).await, became(&[("first", "available"), ("second", state)]));
        assert_eq!(counts(&app, "q").await["pending"], i64::from(action == "reprioritize"));
    }
}

#[tokio::test]
async fn what_waits_is_given_another_priority_or_another_time() {
    let (app, done, now, jobs) =
        changes(json!({"action": "reprioritize", "filter": {"queue": ["q"]}, "priority": 9})).await;
    assert_eq!((told(&done), now.len()), (("completed", [3, 3, 0, 0]), 0));
    for name in ["available", "retryable", "scheduled"] {
        assert_eq!(app.job(&jobs[name]).await["priority"], 9, "{name}");
    }
    assert_eq!(app.job(&jobs["running"]).await["priority"], 0);

    let later = json!({"action": "reschedule", "filter": {"queue": ["q"]}, "run_after": "2099-01-01T00:00:00Z"});
    let (app, done, now, jobs) = changes(later).await;
    assert_eq!(told(&done), ("completed", [3, 3, 0, 0]));
    assert_eq!(now, became(&[("available", "scheduled")]));
    for name in ["available", "retryable", "scheduled"] {
        assert_eq!(app.job(&jobs[name]).await["run_after"], "2099-01-01T00:00:00.000000Z", "{name}");
    }
    let spread = json!({"action": "reschedule", "filter": {"queue": ["q"]}, "run_after": "2099-01-01T00:00:00Z", "spread_ms": 60_000});
    bulk(&app, spread).await;
    let mut times = Vec::new();
    for name in ["available", "retryable", "scheduled"] {
        times.push(app.job(&jobs[name]).await["run_after"].as_str().unwrap().to_owned());
    }
    assert!(times.iter().all(|time| time.starts_with("2099-01-01T00:00:")), "{times:?}");
    times.dedup();
    assert_eq!(times.len(), 3);
    bulk(&app, json!({"action": "reschedule", "filter": {"queue": ["q"]}, "run_after": "2001-01-01T00:00:00Z"})).await;
    assert_eq!(app.claim("q", 10).await.len(), 3, "in the past means now");
}

#[tokio::test]
async fn a_dry_run_counts_and_changes_nothing() {
    let app = TestApp::start().await;
    let jobs = one_of_each(&app, "q").await;
    for _ in 0..15 {
        app.put_in("q", json!({"kind": "k"})).await;
    }
    let preview =
        bulk(&app, json!({"action": "cancel", "filter": {"kind": ["k"]}, "dry_run": true, "reason": "look"})).await;
    assert_eq!(told(&preview), ("preview", [15, 0, 0, 0]));
    assert_eq!(preview["sample_job_ids"].as_array().unwrap().len(), 10);
    assert_eq!((&preview["dry_run"], &preview["reason"]), (&json!(true), &json!("look")));
    assert!(preview["finished_at"].is_string());
    assert!(states(&app, &jobs).await.iter().all(|(name, state)| name == state));
    assert_eq!(counts(&app, "q").await["available"], 16);
    let path = format!("/v1/bulk-operations/{}", preview["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.ok(200), preview);
    assert_eq!(app.post(&format!("{path}/cancel"), "").await.problem(409, "invalid_state")["resource"], preview["id"]);
    assert!(!app.engine.work_on_bulk_operations().await.unwrap(), "nothing is left to do");
}

#[tokio::test]
async fn the_same_key_begins_one_operation() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let key = [JSON, ("idempotency-key", "k")];
    let cancel = json!({"action": "cancel", "filter": {"queue": ["q"]}}).to_string();
    let asked = (0..20).map(|_| app.send("POST", "/v1/bulk-operations", &key, cancel.clone()));
    let answers = futures_util::future::join_all(asked).await;
    let ids: std::collections::BTreeSet<String> =
        answers.iter().map(|answer| answer.ok(202)["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed") != "true").count(), 1);
    app.put_in("q", json!({})).await;
    let again = app.send("POST", "/v1/bulk-operations", &key, cancel).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(told(&again.ok(202)), ("completed", [1, 1, 0, 0]));
    assert_eq!(counts(&app, "q").await["available"], 1, "the second job is none of it");
    let other = json!({"action": "delete", "filter": {"queue": ["q"]}}).to_string();
    app.send("POST", "/v1/bulk-operations", &key, other).await.problem(422, "idempotency_mismatch");
}

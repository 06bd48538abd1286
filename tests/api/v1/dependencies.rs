//! Jobs that wait for other jobs.

use std::time::Duration;

use presque::engine::LinkedLook;
use serde_json::{Value, json};

use crate::support::TestApp;

/// Moves on what waits for jobs that have ended, as a server does.
pub(super) async fn resolve(app: &TestApp) {
    for _ in 0..200 {
        match app.engine.resolve_linked().await.unwrap() {
            LinkedLook::Worked => {}
            LinkedLook::Idle | LinkedLook::Unused => return,
        }
    }
    panic!("there is no end of it");
}

pub(super) async fn states(app: &TestApp, ids: &[&Value]) -> Vec<String> {
    let mut states = Vec::new();
    for id in ids {
        states.push(app.job(id).await["state"].as_str().unwrap().to_owned());
    }
    states
}

/// Claims the one job that can be claimed, which must be this one, and completes it.
pub(super) async fn complete(app: &TestApp, queue: &str, id: &Value) {
    let claimed = app.claim(queue, 10).await;
    assert_eq!(claimed.iter().map(|job| &job["id"]).collect::<Vec<_>>(), [id]);
    app.report("complete", &claimed[0], json!({})).await.ok(200);
}

async fn pending(app: &TestApp, queue: &str) -> Value {
    app.get(&format!("/v1/queues/{queue}")).await.ok(200)["counts"]["pending"].clone()
}

#[tokio::test]
async fn a_job_waits_until_those_it_depends_on_are_completed() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({})).await["id"].clone();
    let second = app.put_in("other", json!({})).await["id"].clone();
    let asked = json!({"depends_on": [first, second, first], "payload": [1.0]});
    let last = app.post("/v1/queues/q/jobs", asked.to_string()).await.ok(201);
    assert_eq!(last["state"], "pending");
    let last = last["id"].clone();
    let shown = app.job(&last).await;
    assert_eq!((&shown["state"], &shown["depends_on"]), (&json!("pending"), &json!([first, second])));
    assert_eq!(pending(&app, "q").await, 1);
    assert_eq!(app.get("/v1/jobs?state=pending").await.ok(200)["data"][0]["id"], last);

    complete(&app, "q", &first).await;
    resolve(&app).await;
    assert_eq!(states(&app, &[&last]).await, ["pending"], "one is left");
    complete(&app, "other", &second).await;
    resolve(&app).await;
    assert_eq!((states(&app, &[&last]).await, pending(&app, "q").await), (vec!["available".to_owned()], json!(0)));
    let claimed = app.claim("q", 1).await.remove(0);
    assert_eq!((&claimed["id"], &claimed["attempt"], &claimed["payload"]), (&last, &json!(1), &json!([1.0])));
    // Waiting counts from when it could be claimed.
    assert!(app.job(&last).await["wait_ms"].as_i64().unwrap() < 60_000);
    // What is completed already is not waited for.
    let at_once = app.put_in("q", json!({"depends_on": [first]})).await;
    assert_eq!(at_once["state"], "available");
    assert_eq!(app.job(&at_once["id"]).await["depends_on"], json!([first]));
}

#[tokio::test]
async fn jobs_of_a_request_wait_for_each_other_by_name() {
    let app = TestApp::start().await;
    let jobs = json!({"jobs": [
        {"queue": "q", "name": "end", "depends_on_names": ["left", "right"]},
        {"queue": "q", "name": "left", "depends_on_names": ["begin"], "delay_ms": 3_600_000},
        {"queue": "q", "name": "right", "depends_on_names": ["begin"]},
        {"queue": "q", "name": "begin"},
    ]});
    let stored = app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    let ids: Vec<&Value> = stored["results"].as_array().unwrap().iter().map(|job| &job["id"]).collect();
    assert_eq!(states(&app, &ids).await, ["pending", "pending", "pending", "available"]);
    complete(&app, "q", ids[3]).await;
    resolve(&app).await;
    assert_eq!(states(&app, &ids).await, ["pending", "scheduled", "available", "completed"], "a delay is kept");
    complete(&app, "q", ids[2]).await;
    app.patch(&format!("/v1/jobs/{}", ids[1].as_str().unwrap()), r#"{"run_after":"2020-01-01T00:00:00Z"}"#)
        .await
        .ok(200);
    complete(&app, "q", ids[1]).await;
    resolve(&app).await;
    complete(&app, "q", ids[0]).await;
}

#[tokio::test]
async fn a_failure_cancels_what_waits_for_it_and_so_on_unless_it_is_to_run() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({"max_attempts": 1})).await["id"].clone();
    let waits = app.put_in("q", json!({"depends_on": [first], "dedup_key": "k"})).await["id"].clone();
    let further = app.put_in("q", json!({"depends_on": [waits]})).await["id"].clone();
    let runs = json!({"depends_on": [first], "on_dependency_failure": "run"});
    let runs = app.put_in("q", runs).await["id"].clone();
    let claimed = app.claim("q", 1).await.remove(0);
    app.report("fail", &claimed, json!({"error": {"message": "no"}})).await.ok(200);
    resolve(&app).await;
    assert_eq!(
        states(&app, &[&first, &waits, &further, &runs]).await,
        ["discarded", "cancelled", "cancelled", "available"]
    );
    assert_eq!(app.job(&waits).await["cancel_reason"], "dependency_failed");
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    assert_eq!((&counts["pending"], &counts["cancelled"], &counts["available"]), (&json!(0), &json!(2), &json!(1)));
    // Its key is free, and a job that waits for what failed already is cancelled as well.
    let late = app.put_in("q", json!({"depends_on": [first], "dedup_key": "k"})).await;
    assert_eq!((&late["duplicate"], &late["state"]), (&json!(false), &json!("pending")));
    resolve(&app).await;
    assert_eq!(states(&app, &[&late["id"]]).await, ["cancelled"]);
    // A retry lets it run, whatever it waited for.
    app.post(&format!("/v1/jobs/{}/retry", waits.as_str().unwrap()), "{}").await.ok(200);
    assert_eq!(states(&app, &[&waits]).await, ["available"]);
}

#[tokio::test]
async fn a_pending_job_is_changed_cancelled_deleted_and_expires_as_others_do() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({})).await["id"].clone();
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(app.put_in("q", json!({"depends_on": [first]})).await["id"].as_str().unwrap().to_owned());
    }
    let changed = app.patch(&format!("/v1/jobs/{}", waiting[0]), r#"{"priority":7,"payload":{"a":1}}"#).await.ok(200);
    assert_eq!((&changed["state"], &changed["priority"]), (&json!("pending"), &json!(7)));
    let soon = r#"{"expires_at":"2020-01-01T00:00:00Z"}"#;
    app.patch(&format!("/v1/jobs/{}", waiting[1]), soon).await.ok(200);
    assert_eq!(app.engine.expire_jobs(10, None).await.unwrap(), 1);
    let cancelled = app.post(&format!("/v1/jobs/{}/cancel", waiting[2]), "{}").await.ok(200);
    assert_eq!(cancelled["state"], "cancelled");
    app.delete(&format!("/v1/jobs/{}", waiting[3])).await.problem(409, "invalid_state");
    app.delete(&format!("/v1/jobs/{}?force=true", waiting[3])).await.ok(204);
    app.get(&format!("/v1/jobs/{}", waiting[3])).await.problem(404, "job_not_found");
    let ids: Vec<Value> = waiting.iter().map(|id| json!(id)).collect();
    assert_eq!(states(&app, &[&ids[0], &ids[1], &ids[2]]).await, ["pending", "cancelled", "cancelled"]);
    assert_eq!((pending(&app, "q").await, left_edges(&app).await), (json!(1), 1));
    app.post(&format!("/v1/jobs/{}/retry", waiting[0]), "{}").await.problem(409, "invalid_state");
    complete(&app, "q", &first).await;
    resolve(&app).await;
    let claimed = app.claim("q", 5).await;
    assert_eq!((claimed.len(), &claimed[0]["priority"], &claimed[0]["payload"]), (1, &json!(7), &json!({"a": 1})));
    assert_eq!(left_edges(&app).await, 0);
}

async fn left_edges(app: &TestApp) -> i64 {
    let mut connection = app.db.connect().await;
    sqlx::query_scalar("select count(*) from presque_internal.dependency").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn who_waits_for_a_job_that_is_deleted_purged_or_delivered_is_told() {
    let app = TestApp::start().await;
    let deleted = app.put_in("a", json!({})).await["id"].as_str().unwrap().to_owned();
    let purged = app.put_in("b", json!({})).await["id"].clone();
    let delivered = app.put_in("c", json!({})).await["id"].clone();
    let waiting = [
        app.put_in("q", json!({"depends_on": [deleted]})).await["id"].clone(),
        app.put_in("q", json!({"depends_on": [purged]})).await["id"].clone(),
        app.put_in("q", json!({"depends_on": [delivered]})).await["id"].clone(),
    ];
    resolve(&app).await;
    app.delete(&format!("/v1/jobs/{deleted}?force=true")).await.ok(204);
    app.delete("/q/b").await;
    while app.store.purge_retired(10).await.unwrap() > 0 {}
    app.get("/q/c").await;
    resolve(&app).await;
    let waiting: Vec<&Value> = waiting.iter().collect();
    assert_eq!(states(&app, &waiting).await, ["cancelled", "cancelled", "available"]);
    // And pending jobs of a queue that goes are cancelled with it.
    let first = app.put_in("d", json!({})).await["id"].clone();
    let last = app.put_in("e", json!({"depends_on": [first]})).await["id"].clone();
    app.delete("/v1/queues/e").await.problem(409, "queue_not_empty");
    app.delete("/v1/queues/e?force=true").await.ok(204);
    while app.store.purge_retired(10).await.unwrap() > 0 {}
    assert_eq!(app.job(&last).await["cancel_reason"], "queue_deleted");
    assert_eq!(left_edges(&app).await, 0);
}

#[tokio::test]
async fn dependencies_that_cannot_be_are_refused_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let unknown = "01a206c8-d8c7-76c7-bfda-d9bb00000001";
    let refused = app.post("/v1/queues/q/jobs", json!({"depends_on": [unknown]}).to_string()).await;
    assert_eq!(refused.problem(422, "dependency_invalid")["errors"][0]["pointer"], "/depends_on");
    let circle = json!({"jobs": [
        {"queue": "q", "name": "a", "depends_on_names": ["b"]},
        {"queue": "q", "name": "b", "depends_on_names": ["a"]},
        {"queue": "q", "name": "c", "depends_on_names": ["x"]},
        {"queue": "q", "name": "c"},
    ]});
    let errors = app.post("/v1/jobs", circle.to_string()).await.problem(422, "dependency_invalid")["errors"].clone();
    let pointers: Vec<&str> =
        errors.as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(
        pointers,
        ["/jobs/3/name", "/jobs/2/depends_on_names/0", "/jobs/0/depends_on_names", "/jobs/1/depends_on_names",]
    );
    let many: Vec<&str> = vec![unknown; 101];
    for (job, code) in [
        (json!({"depends_on": many}), "max"),
        (json!({"depends_on": ["x"]}), "pattern"),
        (json!({"depends_on": [1]}), "type"),
        (json!({"on_dependency_failure": "run"}), "conflict"),
        (json!({"depends_on": [unknown], "on_dependency_failure": "go"}), "enum"),
    ] {
        let problem = app.post("/v1/queues/q/jobs", job.to_string()).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code, "{job}");
    }
    assert_eq!(app.get("/v1/jobs").await.ok(200)["data"], json!([]));
}

#[tokio::test]
async fn an_end_that_the_dependency_could_not_see_and_that_could_not_see_it_is_found() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({})).await["id"].clone();
    let id = first.as_str().unwrap();
    app.sql("select nextval('presque_internal.link_seq')").await;
    // Its end is under way, and commits after the dependency did.
    let mut ending = app.db.connect().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("begin; select presque.cancel('{id}')")))
        .execute(&mut ending)
        .await
        .unwrap();
    let waits = app.put_in("q", json!({"depends_on": [first]})).await["id"].clone();
    for _ in 0..3 {
        resolve(&app).await;
        app.sql("update presque_internal.dependency set check_at = now()").await;
    }
    assert_eq!(states(&app, &[&waits]).await, ["pending"]);
    assert_eq!(left_edges(&app).await, 1, "it is still looked at");
    sqlx::raw_sql("commit").execute(&mut ending).await.unwrap();
    app.sql("update presque_internal.dependency set check_at = now()").await;
    resolve(&app).await;
    assert_eq!(states(&app, &[&first, &waits]).await, ["cancelled", "cancelled"]);
}

#[tokio::test]
async fn an_end_in_a_stricter_transaction_that_began_before_the_dependency_is_told_at_once() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({})).await["id"].clone();
    let mut ending = app.db.connect().await;
    sqlx::raw_sql("begin isolation level repeatable read; select 1").execute(&mut ending).await.unwrap();
    let waits = app.put_in("q", json!({"depends_on": [first]})).await["id"].clone();
    resolve(&app).await;
    let id = first.as_str().unwrap();
    let cancel = format!("select presque.cancel('{id}'); commit");
    sqlx::raw_sql(sqlx::AssertSqlSafe(cancel)).execute(&mut ending).await.unwrap();
    resolve(&app).await;
    assert_eq!(states(&app, &[&first, &waits]).await, ["cancelled", "cancelled"]);
}

#[tokio::test]
async fn somebody_in_the_way_of_one_job_keeps_no_other_waiting() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({})).await["id"].clone();
    let changed = app.put_in("late", json!({"depends_on": [first]})).await["id"].as_str().unwrap().to_owned();
    let other = app.put_in("other", json!({"depends_on": [first]})).await["id"].clone();
    let mut user = app.db.connect().await;
    // As an update of the job does, in its statement.
    let update = format!(
        "begin;
         update presque_internal.pending set priority = 50, run_after = now() + interval '1 hour' where job_id = '{changed}'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(update)).execute(&mut user).await.unwrap();
    complete(&app, "q", &first).await;
    let begun = std::time::Instant::now();
    resolve(&app).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody is waited for");
    complete(&app, "other", &other).await;
    assert_eq!(states(&app, &[&json!(changed)]).await, ["pending"]);
    sqlx::raw_sql("commit").execute(&mut user).await.unwrap();
    app.sql("update presque_internal.ended_job set due_at = now()").await;
    resolve(&app).await;
    // What was changed meanwhile is not lost.
    assert_eq!(states(&app, &[&json!(changed)]).await, ["scheduled"]);
    assert_eq!(left_edges(&app).await, 0);
    assert_eq!(app.sql("delete from presque_internal.ended_job").await, 0);
}

#[tokio::test]
async fn as_many_dependencies_as_may_be_are_stored_in_time() {
    let app = TestApp::start().await;
    let named = |n: usize, needs: Vec<String>| json!({"queue": "q", "name": n.to_string(), "depends_on_names": needs});
    let jobs: Vec<Value> =
        (0..1000).map(|n| named(n, (n.saturating_sub(100)..n).map(|n| n.to_string()).collect())).collect();
    let stored = app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201)["results"].clone();
    assert_eq!((&stored[0]["state"], &stored[999]["state"]), (&json!("available"), &json!("pending")));
    assert_eq!(app.job(&stored[999]["id"]).await["depends_on"].as_array().unwrap().len(), 100);
    complete(&app, "q", &stored[0]["id"]).await;
    resolve(&app).await;
    complete(&app, "q", &stored[1]["id"]).await;
    let others: Vec<Value> = (0..100).map(|n| stored[n]["id"].clone()).collect();
    let jobs = vec![json!({"queue": "p", "depends_on": others}); 1000];
    let stored = app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201)["results"].clone();
    assert_eq!(app.job(&stored[7]["id"]).await["depends_on"], json!(others));
    assert_eq!(pending(&app, "p").await, 1000);
}

#[tokio::test]
async fn what_waits_for_others_counts_for_the_depth_and_is_not_replaced() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"max_depth":2}"#).await.ok(201);
    let first = app.put_in("p", json!({})).await["id"].clone();
    let waits = json!({"depends_on": [first]});
    for _ in 0..2 {
        app.put_in("q", waits.clone()).await;
    }
    let full = app.post("/v1/queues/q/jobs", waits.to_string()).await.problem(429, "queue_full");
    assert_eq!((&full["limit"], &full["actual"]), (&json!(2), &json!(2)));
    app.post("/v1/queues/q/jobs", "{}").await.problem(429, "queue_full");
    let replace = json!({"depends_on": [first], "dedup_key": "k", "dedup_on_conflict": "replace"});
    let refused = app.post("/v1/queues/p/jobs", replace.to_string()).await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/dedup_on_conflict");
    app.put_in("p", json!({"depends_on": [first], "dedup_key": "k"})).await;
    let replace = json!({"dedup_key": "k", "dedup_on_conflict": "replace"});
    app.post("/v1/queues/p/jobs", replace.to_string()).await.problem(409, "duplicate_job");
    // A duplicate keeps what it waits for, and its batch.
    let again = json!({"dedup_key": "k", "depends_on": [first]}).to_string();
    assert_eq!(app.post("/v1/queues/p/jobs", again).await.ok(200)["state"], "pending");
}

#[tokio::test]
async fn many_that_wait_for_one_are_moved_in_steps() {
    let app = TestApp::start().await;
    let first = app.put_in("q", json!({})).await["id"].clone();
    for _ in 0..5 {
        let jobs: Vec<Value> = (0..900).map(|_| json!({"queue": "q", "depends_on": [first]})).collect();
        app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201);
    }
    assert_eq!(pending(&app, "q").await, 4_500);
    complete(&app, "q", &first).await;
    resolve(&app).await;
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    assert_eq!((&counts["pending"], &counts["available"]), (&json!(0), &json!(4_500)));
    assert_eq!(left_edges(&app).await, 0);
    assert!(app.store.fold_pending(1).await.unwrap() > 0);
    assert_eq!(pending(&app, "q").await, 0);
}

//! Bulk operations that are larger than a request: steps on any server, ends in between, and who looks on.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::bulk_operations::{bulk, told};
use crate::support::TestApp;

/// Puts many jobs in, and answers their ids.
async fn many(app: &TestApp, count: usize, job: Value) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let jobs = vec![job.clone(); (count - ids.len()).min(1000)];
        let stored = app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201);
        ids.extend(stored["results"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()));
    }
    ids
}

async fn look(app: &TestApp, operation: &Value, query: &str) -> Value {
    app.get(&format!("/v1/bulk-operations/{}{query}", operation["id"].as_str().unwrap())).await.ok(200)
}

/// Steps until there is nothing left to do.
async fn finish(app: &TestApp) {
    for _ in 0..1000 {
        if !app.engine.work_on_bulk_operations().await.unwrap() {
            return;
        }
    }
    panic!("it does not end");
}

async fn available(app: &TestApp, queue: &str) -> i64 {
    app.get(&format!("/v1/queues/{queue}")).await.ok(200)["counts"]["available"].as_i64().unwrap()
}

#[tokio::test]
async fn a_large_operation_is_left_to_the_loops_and_takes_none_that_came_later() {
    let app = TestApp::start().await;
    many(&app, 1_100, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    assert_eq!(told(&begun), ("running", [1_100, 0, 0, 0]));
    assert!(begun.get("finished_at").is_none());
    let later: BTreeSet<String> = many(&app, 50, json!({"queue": "q"})).await.into_iter().collect();
    app.engine.work_on_bulk_operations().await.unwrap();
    let now = look(&app, &begun, "").await;
    let (state, [matched, processed, ..]) = told(&now);
    assert_eq!((state, matched), ("running", 1_100));
    assert!((100..1_000).contains(&processed), "{processed}");
    finish(&app).await;
    let done = look(&app, &begun, "").await;
    assert_eq!(told(&done), ("completed", [1_100, 1_100, 0, 0]));
    assert!(done["finished_at"].is_string());
    let left = app.get("/v1/jobs?queue=q&state=available&limit=500").await.ok(200);
    let left: BTreeSet<String> =
        left["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(left, later);
    assert_eq!(available(&app, "q").await, 50);
}

#[tokio::test]
async fn several_servers_share_operations_and_do_each_job_once() {
    let app = TestApp::start().await;
    let other = TestApp::beside(&app);
    let mut begun = Vec::new();
    for queue in ["a", "b"] {
        many(&app, 700, json!({"queue": queue, "delay_ms": 3_600_000})).await;
        begun.push(bulk(&app, json!({"action": "move", "filter": {"queue": [queue]}, "target_queue": "c"})).await);
    }
    while futures_util::future::join_all([&app, &other].map(|server| server.engine.work_on_bulk_operations()))
        .await
        .into_iter()
        .any(|worked| worked.unwrap())
    {}
    for operation in &begun {
        assert_eq!(told(&look(&app, operation, "").await), ("completed", [700, 700, 0, 0]));
    }
    let mut connection = app.db.connect().await;
    let (jobs, origins): (i64, i64) = sqlx::query_as(
        "select count(*), count(distinct origin_job_id) from presque_internal.job where origin_job_id is not null",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((jobs, origins), (1_400, 1_400));
    let counts = app.get("/v1/queues/c").await.ok(200)["counts"].clone();
    assert_eq!(counts["scheduled"], 1_400);
}

#[tokio::test]
async fn another_server_goes_on_where_one_was_lost() {
    let app = TestApp::start().await;
    let ids = many(&app, 600, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    app.engine.work_on_bulk_operations().await.unwrap();
    let before = look(&app, &begun, "").await["processed"].as_i64().unwrap();
    // A server took the next jobs, cancelled two of them, and was not heard of again.
    let next = &ids[usize::try_from(before).unwrap()..][..100];
    for id in &next[..2] {
        app.post(&format!("/v1/jobs/{id}/cancel"), "{}").await.ok(200);
    }
    app.sql(&format!(
        "update presque_internal.bulk_operation
         set holder = gen_random_uuid(), held_until = now() + interval '1 hour', chunk = '{{{}}}', cursor = '{}'",
        next.join(","),
        next[99]
    ))
    .await;
    let other = TestApp::beside(&app);
    assert!(!other.engine.work_on_bulk_operations().await.unwrap(), "it is held");
    app.sql("update presque_internal.bulk_operation set held_until = now()").await;
    finish(&other).await;
    assert_eq!(told(&look(&app, &begun, "").await), ("completed", [600, 598, 2, 0]));
    assert_eq!(available(&app, "q").await, 0);
}

#[tokio::test]
async fn what_a_server_stores_that_was_held_up_for_too_long_is_refused() {
    let app = TestApp::start().await;
    many(&app, 600, json!({"queue": "q"})).await;
    bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    let (slow, fast) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let operation = app.store.claim_bulk_operation(slow, 0).await.unwrap().unwrap();
    let again = app.store.claim_bulk_operation(fast, 60_000).await.unwrap().unwrap();
    assert_eq!(operation.id, again.id);
    let progress = presque::store::BulkProgress { processed: 5, ..Default::default() };
    let save = |holder| app.store.save_bulk_operation(&operation, &progress, "running", holder, 0);
    assert!(save(slow).await.unwrap().is_none());
    assert_eq!(save(fast).await.unwrap().unwrap().processed, 5);
}

#[tokio::test]
async fn a_cancel_ends_it_at_the_next_step_and_what_was_done_stays_done() {
    let app = TestApp::start().await;
    many(&app, 900, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    app.engine.work_on_bulk_operations().await.unwrap();
    let path = format!("/v1/bulk-operations/{}/cancel", begun["id"].as_str().unwrap());
    let ended = app.post(&path, "").await.ok(200);
    assert_eq!(ended["state"], "cancelled");
    let processed = ended["processed"].as_i64().unwrap();
    assert!((100..900).contains(&processed) && ended["finished_at"].is_string(), "{ended}");
    assert!(!app.engine.work_on_bulk_operations().await.unwrap());
    assert_eq!(look(&app, &begun, "").await, ended);
    assert_eq!(available(&app, "q").await, 900 - processed);
    app.post(&path, "").await.problem(409, "invalid_state");

    // While a step is under way: the jobs in hand are done and counted, no more are begun.
    many(&app, 1_500, json!({"queue": "r"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["r"]}})).await;
    let path = format!("/v1/bulk-operations/{}/cancel", begun["id"].as_str().unwrap());
    let ((), ended) = tokio::join!(finish(&app), app.post(&path, ""));
    assert_eq!(ended.ok(200)["state"], "cancelled");
    let done = look(&app, &begun, "").await;
    let (state, [.., skipped, failed]) = told(&done);
    assert_eq!((state, skipped, failed), ("cancelled", 0, 0));
    assert_eq!(available(&app, "r").await, 1_500 - done["processed"].as_i64().unwrap());
}

/// More of each state than one look is about, so that looks end in the middle.
#[tokio::test]
async fn a_walk_meets_every_job_once_whatever_state_it_is_in() {
    let app = TestApp::start().await;
    many(&app, 2_600, json!({"queue": "q"})).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.extend(app.claim("q", 500).await);
    }
    let items: Vec<Value> = held[..1_300]
        .iter()
        .enumerate()
        .map(|(n, job)| {
            let outcome = ["completed", "completed", "completed", "released", "failed"][n % 5];
            let mut item = json!({"job_id": job["id"], "lease_token": job["lease_token"], "outcome": outcome});
            if outcome == "failed" {
                item["error"] = json!({"error_class": "E"});
                item["retry"] = json!(n % 2 == 0);
            }
            item
        })
        .collect();
    for items in items.chunks(650) {
        app.post("/v1/jobs/settle", json!({"items": items}).to_string()).await.ok(200);
    }
    many(&app, 1_200, json!({"queue": "q", "delay_ms": 3_600_000})).await;
    many(&app, 300, json!({"queue": "r"})).await;
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    let counts = |states: &[&str]| states.iter().map(|state| counts[*state].as_i64().unwrap()).sum::<i64>();
    let waiting = ["scheduled", "available", "retryable"];
    assert_eq!(counts(&waiting), 1_100 + 260 + 130 + 1_200);
    for (filter, expected) in [
        (json!({"queue": ["q"]}), counts(&[&waiting[..], &["completed", "discarded"]].concat())),
        (json!({"queue": ["q"], "state": ["completed"]}), 780),
        (json!({"queue": ["q"], "state": ["available", "completed"]}), counts(&["available", "completed"])),
        (json!({"queue": ["q", "r"], "state": ["available"]}), counts(&["available"]) + 300),
        (json!({"error_class": "E"}), 260),
    ] {
        let preview = bulk(&app, json!({"action": "delete", "filter": filter, "dry_run": true})).await;
        assert_eq!(told(&preview), ("preview", [expected, 0, 0, 0]), "{filter}");
    }
    let begun = bulk(&app, json!({"action": "delete", "filter": {"queue": ["q"], "state": waiting}})).await;
    finish(&app).await;
    let done = look(&app, &begun, "").await;
    assert_eq!(told(&done), ("completed", [counts(&waiting), counts(&waiting), 0, 0]));
    let left = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    assert_eq!((&left["completed"], &left["running"], &left["available"]), (&json!(780), &json!(200), &json!(0)));
    assert_eq!(available(&app, "r").await, 300);
}

#[tokio::test]
async fn jobs_that_are_no_longer_in_a_state_that_is_meant_are_skipped() {
    let app = TestApp::start().await;
    let ids = many(&app, 600, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "reprioritize", "filter": {"queue": ["q"]}, "priority": 5})).await;
    app.engine.work_on_bulk_operations().await.unwrap();
    // These are in hand, and are claimed before it goes on.
    let taken: Vec<Value> = app.claim("q", 600).await;
    assert_eq!(taken.len(), 600);
    app.sql(&format!(
        "update presque_internal.bulk_operation set chunk = '{{{}}}', cursor = '{}'",
        ids[400..].join(","),
        ids[599]
    ))
    .await;
    finish(&app).await;
    let done = look(&app, &begun, "").await;
    let (state, [matched, processed, skipped, failed]) = told(&done);
    assert_eq!((state, matched, skipped, failed), ("completed", 600, 200, 0));
    assert!(processed >= 100, "{done}");
}

#[tokio::test]
async fn who_waits_for_an_operation_is_answered_when_it_is_over() {
    let app = TestApp::start().await;
    many(&app, 600, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    assert_eq!(look(&app, &begun, "?wait_ms=50").await["state"], "running", "nobody works on it");
    let (done, ()) = tokio::join!(look(&app, &begun, "?wait_ms=30000"), finish(&app));
    assert_eq!(told(&done), ("completed", [600, 600, 0, 0]));
    let path = format!("/v1/bulk-operations/{}", begun["id"].as_str().unwrap());
    let preferred = app.send("GET", &path, &[("prefer", "wait=10")], "").await;
    assert_eq!(preferred.header("preference-applied"), "wait=10");

    many(&app, 600, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    app.lifecycle.drain();
    let asked = tokio::time::timeout(Duration::from_secs(20), look(&app, &begun, "?wait_ms=30000")).await;
    assert_eq!(asked.unwrap()["state"], "running", "a server that is draining keeps nobody waiting");
}

#[tokio::test]
async fn a_client_that_leaves_cuts_nothing_in_half() {
    let app = TestApp::start().await;
    many(&app, 400, json!({"queue": "q"})).await;
    let router = app.router();
    let body = json!({"action": "cancel", "filter": {"queue": ["q"]}}).to_string();
    let asked = async move { router.send("POST", "/v1/bulk-operations", &[crate::support::JSON], body).await };
    // Its future is dropped, as when a connection breaks.
    let _ = tokio::time::timeout(Duration::from_millis(60), asked).await;
    crate::support::until("it is over", || async {
        let page = app.get("/v1/bulk-operations").await.ok(200);
        page["data"].as_array().unwrap().iter().any(|one| told(one) == ("completed", [400, 400, 0, 0]))
    })
    .await;
    assert_eq!(available(&app, "q").await, 0);
}

#[tokio::test]
async fn operations_are_listed_shown_to_sql_and_forgotten() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for priority in 1..=5 {
        let operation = json!({"action": "reprioritize", "filter": {"queue": ["q"]}, "priority": priority});
        ids.push(bulk(&app, operation).await["id"].as_str().unwrap().to_owned());
    }
    ids.reverse();
    let (mut found, mut uri) = (Vec::new(), "/v1/bulk-operations?limit=2".to_owned());
    loop {
        let page = app.get(&uri).await.ok(200);
        found.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.get("next_cursor") else { break };
        uri = format!("/v1/bulk-operations?limit=2&cursor={}", cursor.as_str().unwrap());
    }
    assert_eq!(found, ids);
    let mut connection = app.db.connect().await;
    let (action, state, queue, by): (String, String, String, Option<String>) = sqlx::query_as(
        "select action, state, filter -> 'queue' ->> 0, created_by from presque.bulk_operations limit 1",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((action.as_str(), state.as_str(), queue.as_str(), by), ("reprioritize", "completed", "q", None));
    // Whoever was given the other views before this one was there has it, too.
    let given: bool = sqlx::query_scalar(
        "select bool_and(
            has_table_privilege(oid, 'presque.bulk_operations', 'select') = has_table_privilege(oid, 'presque.schedules', 'select'))
         from pg_roles",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(given);
    app.sql(&format!(
        "update presque_internal.bulk_operation
         set finished_at = now() - interval '91 days' where id = '{}'",
        ids[0]
    ))
    .await;
    assert_eq!(app.store.forget(100).await.unwrap(), 1);
    app.get(&format!("/v1/bulk-operations/{}", ids[0])).await.problem(404, "bulk_operation_not_found");
}

#[tokio::test]
async fn an_operation_of_which_no_statement_can_be_made_has_failed() {
    let app = TestApp::start().await;
    many(&app, 600, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    app.sql("alter table presque_internal.lease rename to missing").await;
    app.engine.work_on_bulk_operations().await.unwrap();
    let failed = look(&app, &begun, "").await;
    assert_eq!(told(&failed), ("failed", [600, 0, 0, 0]));
    assert!(failed["last_error"].is_string() && failed["finished_at"].is_string(), "{failed}");
    assert!(!app.engine.work_on_bulk_operations().await.unwrap());
}

#[tokio::test]
async fn what_was_purged_is_not_moved_away() {
    let app = TestApp::start().await;
    let ids = many(&app, 3, json!({"queue": "q", "delay_ms": 3_600_000})).await;
    app.delete("/q/q").await.ok(204);
    let done = bulk(&app, json!({"action": "move", "filter": {"id": ids}, "target_queue": "r"})).await;
    let (state, [_, processed, _, failed]) = told(&done);
    assert_eq!((state, processed, failed), ("completed", 0, 0), "{done}");
}

#[tokio::test]
async fn an_operation_that_this_version_cannot_read_is_left_to_others() {
    let app = TestApp::start().await;
    many(&app, 600, json!({"queue": "q"})).await;
    let begun = bulk(&app, json!({"action": "cancel", "filter": {"queue": ["q"]}})).await;
    app.sql(r#"update presque_internal.bulk_operation set filter = filter || '{"color": "red"}'"#).await;
    assert!(app.engine.work_on_bulk_operations().await.unwrap());
    assert!(!app.engine.work_on_bulk_operations().await.unwrap(), "others have time to take it up");
    assert_eq!(told(&look(&app, &begun, "").await), ("running", [600, 0, 0, 0]));
    assert_eq!(available(&app, "q").await, 600);
}

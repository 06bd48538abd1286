//! Batches: jobs that are watched together.

use serde_json::{Value, json};

use super::dependencies::{complete, resolve, states};
use crate::support::{JSON, TestApp};

async fn batch(app: &TestApp, batch: Value) -> Value {
    app.post("/v1/batches", batch.to_string()).await.ok(201)
}

async fn shown(app: &TestApp, id: &Value) -> Value {
    app.get(&format!("/v1/batches/{}", id.as_str().unwrap())).await.ok(200)
}

/// The jobs of a batch, in the order in which they were enqueued.
async fn jobs(app: &TestApp, id: &Value) -> Vec<Value> {
    let uri = format!("/v1/jobs?sort=created_at&batch_id={}", id.as_str().unwrap());
    app.get(&uri).await.ok(200)["data"].as_array().unwrap().iter().map(|job| job["id"].clone()).collect()
}

#[tokio::test]
async fn a_batch_ends_with_its_last_job_and_enqueues_what_is_to_follow() {
    let app = TestApp::start().await;
    let made = batch(
        &app,
        json!({
            "name": "report", "tags": ["a"],
            "jobs": [
                {"queue": "q", "name": "one"},
                {"queue": "q", "depends_on_names": ["one"]},
                {"queue": "later", "delay_ms": 60_000},
            ],
            "on_complete": {"queue": "end", "kind": "complete", "payload": {"n": 1.0, "z": "\\u0000"}},
            "on_success": {"queue": "end", "kind": "success", "priority": 3, "tags": ["t"]},
            "on_failure": {"queue": "end", "kind": "failure"},
        }),
    )
    .await;
    assert_eq!((&made["state"], &made["total"], &made["progress"]), (&json!("running"), &json!(3), &json!(0.0)));
    assert_eq!((&made["name"], &made["tags"]), (&json!("report"), &json!(["a"])));
    let counts = &made["counts"];
    assert_eq!((&counts["pending"], &counts["available"], &counts["scheduled"]), (&json!(1), &json!(1), &json!(1)));
    let id = &made["id"];
    let jobs = jobs(&app, id).await;
    assert_eq!(jobs.len(), 3);
    assert_eq!(app.job(&jobs[0]).await["batch_id"], *id);

    complete(&app, "q", &jobs[0]).await;
    resolve(&app).await;
    let claimed = app.claim("q", 1).await.remove(0);
    assert_eq!(claimed["batch_id"], *id, "its worker knows the batch");
    assert_eq!(shown(&app, id).await["counts"]["running"], 1);
    // A job that runs adds one.
    let added = app.put_in("q", json!({"batch_id": id})).await;
    app.report("complete", &claimed, json!({})).await.ok(200);
    app.patch(&format!("/v1/jobs/{}", jobs[2].as_str().unwrap()), r#"{"run_after":"2020-01-01T00:00:00Z"}"#)
        .await
        .ok(200);
    complete(&app, "later", &jobs[2]).await;
    resolve(&app).await;
    let now = shown(&app, id).await;
    assert_eq!((&now["state"], &now["total"], &now["progress"]), (&json!("running"), &json!(4), &json!(0.75)));
    complete(&app, "q", &added["id"]).await;
    resolve(&app).await;
    let now = shown(&app, id).await;
    assert_eq!(
        (&now["state"], &now["progress"], &now["counts"]["completed"]),
        (&json!("completed"), &json!(1.0), &json!(4))
    );
    assert!(now["finished_at"].is_string());
    let follow = app.claim("end", 10).await;
    assert_eq!(follow.iter().map(|job| job["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["success", "complete"]);
    assert_eq!((&follow[0]["priority"], &follow[0]["tags"]), (&json!(3), &json!(["t"])));
    assert_eq!(follow[1]["payload"], json!({"n": 1.0, "z": "\\u0000"}));
    let mut told: Vec<&Value> = now["callback_job_ids"].as_array().unwrap().iter().collect();
    told.sort_by_key(|id| id.as_str().unwrap().to_owned());
    assert_eq!(told.len(), 2);
    // It takes no more.
    let late = app.post("/v1/queues/q/jobs", json!({"batch_id": id}).to_string()).await;
    assert_eq!(late.problem(422, "validation_failed")["errors"][0]["pointer"], "/batch_id");
}

#[tokio::test]
async fn a_failed_batch_is_opened_by_a_retry_and_nothing_follows_twice() {
    let app = TestApp::start().await;
    let made = batch(
        &app,
        json!({
            "jobs": [{"queue": "q", "max_attempts": 1}, {"queue": "other"}],
            "on_complete": {"queue": "end", "kind": "complete"}, "on_success": {"queue": "end", "kind": "success"},
            "on_failure": {"queue": "end", "kind": "failure"},
        }),
    )
    .await;
    let id = &made["id"];
    let jobs = jobs(&app, id).await;
    let claimed = app.claim("q", 1).await.remove(0);
    app.report("fail", &claimed, json!({"error": {"message": "no"}})).await.ok(200);
    app.post(&format!("/v1/jobs/{}/cancel", jobs[1].as_str().unwrap()), "{}").await.ok(200);
    resolve(&app).await;
    let now = shown(&app, id).await;
    assert_eq!(
        (&now["state"], &now["counts"]["discarded"], &now["counts"]["cancelled"]),
        (&json!("failed"), &json!(1), &json!(1))
    );
    let kinds = |jobs: &[Value]| jobs.iter().map(|job| job["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&app.claim("end", 10).await), ["complete", "failure"]);

    for job in &jobs {
        app.post(&format!("/v1/jobs/{}/retry", job.as_str().unwrap()), "{}").await.ok(200);
    }
    resolve(&app).await;
    let now = shown(&app, id).await;
    assert_eq!(
        (&now["state"], now.get("finished_at"), &now["counts"]["available"]),
        (&json!("running"), None, &json!(2))
    );
    complete(&app, "q", &jobs[0]).await;
    complete(&app, "other", &jobs[1]).await;
    resolve(&app).await;
    assert_eq!(shown(&app, id).await["state"], "completed");
    assert_eq!(kinds(&app.claim("end", 10).await), ["success"], "the others came before");
}

#[tokio::test]
async fn batches_are_listed_awaited_and_made_once_for_a_key() {
    let app = TestApp::start().await;
    let asked = json!({"jobs": [{"queue": "q"}]}).to_string();
    let keyed = [JSON, ("idempotency-key", "k")];
    let first = app.send("POST", "/v1/batches", &keyed, asked.clone()).await;
    assert_eq!(first.header("location"), format!("/v1/batches/{}", first.json()["id"].as_str().unwrap()));
    let again = app.send("POST", "/v1/batches", &keyed, asked.clone()).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json()["id"]), ("true", &first.json()["id"]));
    app.send("POST", "/v1/batches", &keyed, r#"{"jobs":[{"queue":"p"}]}"#).await.problem(422, "idempotency_mismatch");
    for n in 0..3 {
        batch(&app, json!({"name": format!("n{n}"), "jobs": [{"queue": "z", "dedup_key": "one"}]})).await;
    }
    resolve(&app).await;
    let page = app.get("/v1/batches?limit=3").await.ok(200);
    let names: Vec<&str> =
        page["data"].as_array().unwrap().iter().map(|batch| batch["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["n2", "n1", "n0"]);
    // What was there before is in no batch: these two ended at once.
    let ended: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| (b["total"].as_i64().unwrap(), b["state"].as_str().unwrap()))
        .collect();
    assert_eq!(ended, [(0, "completed"), (0, "completed"), (1, "running")]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/v1/batches?limit=3&cursor={cursor}")).await.ok(200);
    assert_eq!((rest["data"].as_array().unwrap().len(), rest.get("next_cursor")), (1, None));

    let id = first.json()["id"].as_str().unwrap().to_owned();
    let uri = format!("/v1/batches/{id}?wait_ms=20000");
    let waiting = app.get(&uri);
    let work = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let claimed = app.claim("q", 1).await.remove(0);
        app.report("complete", &claimed, json!({})).await.ok(200);
        resolve(&app).await;
    };
    let (ended, ()) = tokio::join!(waiting, work);
    assert_eq!(ended.ok(200)["state"], "completed");
    app.get("/v1/batches/01a206c8-d8c7-76c7-bfda-d9bb00000001").await.problem(404, "batch_not_found");
    app.get("/v1/batches/x").await.problem(400, "invalid_request");
}

#[tokio::test]
async fn a_batch_that_cannot_be_is_refused_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let some = "01a206c8-d8c7-76c7-bfda-d9bb00000001";
    for (asked, pointer, code) in [
        (json!({}), "/jobs", "required"),
        (json!({"jobs": []}), "/jobs", "min"),
        (json!({"jobs": [{}]}), "/jobs/0/queue", "required"),
        (json!({"jobs": [{"queue": "q", "batch_id": some}]}), "/jobs/0/batch_id", "conflict"),
        (
            json!({"jobs": [{"queue": "q"}], "on_success": {"queue": "q", "depends_on": [some]}}),
            "/on_success/depends_on",
            "conflict",
        ),
        (json!({"jobs": [{"queue": "q"}], "on_success": {}}), "/on_success/queue", "required"),
        (json!({"jobs": [{"queue": "q"}], "on_end": {"queue": "q"}}), "/on_end", "unknown"),
    ] {
        let problem = app.post("/v1/batches", asked.to_string()).await.problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(pointer), &json!(code)),
            "{asked}"
        );
    }
    app.patch("/v1/queues/small", r#"{"payload_max_bytes":1024}"#).await.ok(201);
    let large = "x".repeat(2000);
    let asked = json!({"jobs": [{"queue": "q"}], "on_success": {"queue": "small", "payload": large}});
    app.post("/v1/batches", asked.to_string()).await.problem(413, "payload_too_large");
    assert_eq!(app.get("/v1/jobs").await.ok(200)["data"], json!([]));
    assert_eq!(app.get("/v1/batches").await.ok(200)["data"], json!([]));
    let strict = TestApp::strict().await;
    strict.patch("/v1/queues/q", "{}").await.ok(201);
    let asked = json!({"jobs": [{"queue": "q"}], "on_success": {"queue": "nowhere"}});
    assert_eq!(strict.post("/v1/batches", asked.to_string()).await.problem(404, "queue_not_found")["queue"], "nowhere");
}

#[tokio::test]
async fn what_is_to_follow_waits_until_its_queue_takes_it() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/end", r#"{"max_depth":1}"#).await.ok(201);
    let full = app.put_in("end", json!({})).await["id"].clone();
    let made = batch(&app, json!({"jobs": [{"queue": "q"}], "on_success": {"queue": "end", "kind": "follow"}})).await;
    let job = jobs(&app, &made["id"]).await.remove(0);
    complete(&app, "q", &job).await;
    resolve(&app).await;
    assert_eq!(shown(&app, &made["id"]).await["state"], "running", "it ends with what follows, or not yet");
    complete(&app, "end", &full).await;
    app.sql("update presque_internal.batch_check set due_at = now()").await;
    resolve(&app).await;
    assert_eq!(shown(&app, &made["id"]).await["state"], "completed");
    assert_eq!(app.claim("end", 1).await[0]["kind"], "follow");
    assert_eq!(states(&app, &[&job]).await, ["completed"]);
}

#[tokio::test]
async fn what_is_refused_for_good_does_not_follow_and_a_job_that_is_gone_ends_no_less() {
    let app = TestApp::start().await;
    let window = json!({"queue": "end", "dedup_key": "k", "dedup_until": "window"});
    let asked = json!({"jobs": [{"queue": "q"}], "on_success": window});
    let refused = app.post("/v1/batches", asked.to_string()).await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/on_success/dedup_window_ms");
    app.put_in("end", json!({"dedup_key": "held"})).await;
    let held = json!({"queue": "end", "dedup_key": "held", "dedup_on_conflict": "reject"});
    let made = batch(&app, json!({"jobs": [{"queue": "q"}, {"queue": "gone"}], "on_complete": held})).await;
    let jobs = jobs(&app, &made["id"]).await;
    complete(&app, "q", &jobs[0]).await;
    // As a server of the release before deletes it: it tells nobody.
    let id = jobs[1].as_str().unwrap();
    app.sql(&format!("delete from presque_internal.ready where job_id = '{id}'")).await;
    app.sql(&format!("delete from presque_internal.job where id = '{id}'")).await;
    resolve(&app).await;
    assert_eq!(shown(&app, &made["id"]).await["state"], "running");
    assert_eq!(app.store.confirm_batches(10).await.unwrap(), 1);
    assert_eq!(app.store.confirm_batches(10).await.unwrap(), 0, "it is said once");
    resolve(&app).await;
    let ended = shown(&app, &made["id"]).await;
    assert_eq!((&ended["state"], &ended["callback_job_ids"]), (&json!("failed"), &json!([])));
}

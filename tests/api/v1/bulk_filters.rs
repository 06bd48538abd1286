//! Which jobs a bulk operation is about: the filters of lists, and what is refused.

use presque::domain::{Asker, JobId, JobState};
use presque::engine::Acted;
use presque::store::JobUpdate;
use serde_json::json;

use super::bulk_operations::{bulk, one_of_each};
use crate::support::TestApp;

#[tokio::test]
async fn each_filter_takes_what_the_list_takes() {
    let app = TestApp::start().await;
    let jobs = one_of_each(&app, "q").await;
    one_of_each(&app, "other").await;
    app.put_in("q", json!({"kind": "k", "tags": ["a", "b"], "payload": {"user": {"id": 7, "x": null}}})).await;
    app.patch("/v1/schedules/s", r#"{"queue":"q","cron":"@yearly"}"#).await.ok(201);
    app.post("/v1/schedules/s/trigger", "").await.ok(201);
    let two = json!({"jobs": [{"queue": "q", "name": "a"}, {"queue": "other", "depends_on_names": ["a"]}]});
    let batch = app.post("/v1/batches", two.to_string()).await.ok(201);
    let of_batch = app.get(&format!("/v1/jobs?batch_id={}", batch["id"].as_str().unwrap())).await.ok(200);
    let failed = app.job(&jobs["discarded"]).await;
    let (id, print) = (&jobs["discarded"], &failed["last_error"]["fingerprint"]);
    let middle = app.job(&jobs["running"]).await["created_at"].clone();
    let ended = failed["finished_at"].clone();
    for filter in [
        json!({"id": [id, jobs["available"], "01a206c8-d8c7-76c7-bfda-d9bb00000001"]}),
        json!({"kind": ["k", "nothing"]}),
        json!({"tag": ["a", "b"]}),
        json!({"tag": ["t"], "queue": ["other"]}),
        json!({"schedule_id": "s"}),
        json!({"worker_id": "w"}),
        json!({"worker_id": "nobody"}),
        json!({"error_class": "Outage"}),
        json!({"error_fingerprint": print}),
        json!({"created_after": middle}),
        json!({"created_before": middle}),
        json!({"finished_after": ended}),
        json!({"finished_before": ended}),
        json!({"payload": {"user": {"id": 7}}}),
        json!({"payload": null}),
        json!({"q": "SMTP"}),
        json!({"queue": ["q"], "state": ["scheduled", "available", "discarded"]}),
        json!({"queue": ["no such queue"]}),
        json!({"batch_id": batch["id"]}),
        json!({"batch_id": batch["id"], "queue": ["other"]}),
        json!({"batch_id": batch["id"], "id": [jobs["available"], of_batch["data"][0]["id"]]}),
        json!({"state": ["pending"]}),
    ] {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in filter.as_object().unwrap() {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for value in values {
                query.append_pair(name, value.as_str().map_or(value.to_string(), str::to_owned).as_str());
            }
        }
        let listed = app.get(&format!("/v1/jobs?limit=500&{}", query.finish())).await.ok(200);
        // All but those that run can be deleted.
        let listed = listed["data"].as_array().unwrap().iter().filter(|job| job["state"] != "running").count();
        let preview = bulk(&app, json!({"action": "delete", "filter": filter, "dry_run": true})).await;
        assert_eq!(preview["matched"], listed, "{filter}");
        assert!(listed > 0 || filter.to_string().contains('n'), "{filter} shows nothing");
        let shown = preview["filter"].as_object().unwrap();
        assert!(filter.as_object().unwrap().iter().all(|(name, value)| shown[name] == *value), "{filter}: {shown:?}");
    }
    let all = bulk(&app, json!({"action": "delete", "filter": {}, "all": true, "dry_run": true})).await;
    assert_eq!((&all["matched"], &all["filter"]), (&json!(16), &json!({})));
}

#[tokio::test]
async fn what_makes_no_operation_is_refused_by_name() {
    let app = TestApp::start().await;
    let q = json!({"queue": ["q"]});
    for (body, wrong) in [
        (json!({"filter": q}), vec![("/action", "required")]),
        (json!({"action": "purge", "filter": q}), vec![("/action", "enum")]),
        (json!({"action": "cancel"}), vec![("/filter", "required")]),
        (json!({"action": "cancel", "filter": []}), vec![("/filter", "type")]),
        (
            json!({"action": "cancel", "filter": {"quue": ["q"], "state": ["done", "available"], "id": ["x"], "tag": [],
                "created_after": "2026", "q": ""}, "dry_rum": true}),
            vec![
                ("/filter/quue", "unknown"),
                ("/filter/state/0", "enum"),
                ("/filter/id/0", "pattern"),
                ("/filter/tag", "min"),
                ("/filter/created_after", "pattern"),
                ("/filter/q", "min"),
                ("/dry_rum", "unknown"),
            ],
        ),
        (json!({"action": "cancel", "filter": {"state": "available"}}), vec![("/filter/state", "type")]),
        (json!({"action": "cancel", "filter": {"payload": "\u{0}"}}), vec![("/filter/payload", "encoding")]),
        (json!({"action": "move", "filter": q}), vec![("/target_queue", "required")]),
        (json!({"action": "move", "filter": q, "target_queue": "a b"}), vec![("/target_queue", "pattern")]),
        (json!({"action": "reprioritize", "filter": q}), vec![("/priority", "required")]),
        (json!({"action": "reprioritize", "filter": q, "priority": 101}), vec![("/priority", "max")]),
        (json!({"action": "reschedule", "filter": q}), vec![("/run_after", "required")]),
        (
            json!({"action": "cancel", "filter": q, "target_queue": "x", "priority": 1, "run_after": "2030-01-01T00:00:00Z",
                "spread_ms": 1}),
            vec![
                ("/target_queue", "conflict"),
                ("/priority", "conflict"),
                ("/run_after", "conflict"),
                ("/spread_ms", "conflict"),
            ],
        ),
        (json!({"action": "retry", "filter": q, "spread_ms": -1}), vec![("/spread_ms", "min")]),
        (
            json!({"action": "reschedule", "filter": q, "run_after": "9999-12-31T23:59:59Z", "spread_ms": 1000}),
            vec![("/spread_ms", "max")],
        ),
        (json!({"action": "retry", "filter": q, "reason": "x".repeat(1025)}), vec![("/reason", "max")]),
    ] {
        let problem = app.post("/v1/bulk-operations", body.to_string()).await.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        let mut found: Vec<(&str, &str)> =
            errors.iter().map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap())).collect();
        let mut wrong = wrong;
        found.sort_unstable();
        wrong.sort_unstable();
        assert_eq!(found, wrong, "{body}");
    }
    for body in [json!({"action": "cancel", "filter": {}}), json!({"action": "cancel", "filter": {}, "all": false})] {
        app.post("/v1/bulk-operations", body.to_string()).await.problem(422, "filter_required");
    }
    assert_eq!(app.get("/v1/bulk-operations").await.ok(200), json!({"data": []}));
    let unknown = "01a206c8-d8c7-76c7-bfda-d9bb00000000";
    app.get(&format!("/v1/bulk-operations/{unknown}")).await.problem(404, "bulk_operation_not_found");
    let problem = app.post(&format!("/v1/bulk-operations/{unknown}/cancel"), "").await;
    assert_eq!(problem.problem(404, "bulk_operation_not_found")["resource"], unknown);
    app.get("/v1/bulk-operations/x").await.problem(400, "invalid_request");
    app.get(&format!("/v1/bulk-operations/{unknown}?wait_ms=30001")).await.problem(422, "validation_failed");
    let strict = TestApp::strict().await;
    let to = json!({"action": "move", "filter": q, "target_queue": "x"});
    assert_eq!(strict.post("/v1/bulk-operations", to.to_string()).await.problem(404, "queue_not_found")["queue"], "x");
}

/// Between the moment at which an operation finds a job and that at which it changes it, the job may go on.
#[tokio::test]
async fn a_job_that_has_left_the_states_that_are_meant_is_left_alone() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    let id: JobId = held["id"].as_str().unwrap().parse().map(JobId).unwrap();
    let meant = |states: &[JobState]| Asker::Bulk(states.to_vec());
    let waiting = || meant(&JobState::WAITING);
    let cancelled = app.engine.cancel_job(id, "no".to_owned(), false, waiting()).await.unwrap();
    assert!(matches!(cancelled, Acted::Refused(_)), "{cancelled:?}");
    assert_eq!(app.job(&held["id"]).await.get("cancel_requested_at"), None, "its worker is not asked");
    app.report("fail", &held, json!({"error": {}, "retry": false})).await.ok(200);
    let retried = app.engine.retry_job(id, 0, true, false, meant(&[JobState::Cancelled])).await.unwrap();
    assert!(matches!(retried, Acted::Refused(_)), "{retried:?}");
    let deleted = app.engine.delete_job(id, true, meant(&[JobState::Completed])).await.unwrap();
    assert!(matches!(deleted, Acted::Refused(_)), "{deleted:?}");
    assert!(matches!(
        app.engine.retry_job(id, 60_000, true, false, meant(&[JobState::Discarded])).await.unwrap(),
        Acted::Done(_)
    ));
    let update = JobUpdate { priority: Some(7), ..JobUpdate::default() };
    let updated = app.engine.update_job(id, update, None, meant(&[JobState::Available])).await.unwrap();
    assert!(matches!(updated, Acted::Refused(_)), "{updated:?}");
    let deleted = app.engine.delete_job(id, true, meant(&[JobState::Available])).await.unwrap();
    assert!(matches!(deleted, Acted::Refused(_)), "{deleted:?}");
    let job = app.job(&held["id"]).await;
    assert_eq!((&job["state"], &job["priority"]), (&json!("scheduled"), &json!(0)));
}

//! The audit log: what writes a row, and what does not.

use presque::domain::{Asker, JobId, JobState};
use presque::store::JobUpdate;
use serde_json::{Value, json};
use sqlx::Row as _;

use crate::support::{JSON, TestApp};

/// A row of the log.
#[derive(Debug)]
struct Row {
    action: String,
    subject: String,
    actor: Option<String>,
    request_id: Option<String>,
    ip: Option<String>,
    detail: Value,
}

/// The log, in the order in which it was written.
async fn log(app: &TestApp) -> Vec<Row> {
    let statement = "
        select action, subject_type || '/' || subject_id as subject, actor, request_id, host(ip) as ip, detail::text as detail
        from presque.audit_log
        order by id";
    let rows = sqlx::query(statement).fetch_all(&mut app.db.connect().await).await.unwrap();
    rows.iter()
        .map(|row| Row {
            action: row.get("action"),
            subject: row.get("subject"),
            actor: row.get("actor"),
            request_id: row.get("request_id"),
            ip: row.get("ip"),
            detail: serde_json::from_str(row.get("detail")).unwrap(),
        })
        .collect()
}

async fn actions(app: &TestApp) -> Vec<String> {
    log(app).await.into_iter().map(|row| format!("{} {}", row.action, row.subject)).collect()
}

/// Asks under an id; answers the rows that have it.
async fn ask(app: &TestApp, id: &str, (method, path, body): (&str, &str, &str), status: u16) -> Vec<Row> {
    app.send(method, path, &[JSON, ("x-request-id", id)], body.to_owned()).await.ok(status);
    log(app).await.into_iter().filter(|row| row.request_id.as_deref() == Some(id)).collect()
}

#[tokio::test]
async fn each_change_of_queues_schedules_and_workers_is_one_row() {
    let app = TestApp::start().await;
    let steps = [
        (("PATCH", "/v1/queues/q", "{}"), 201, "queue.created queue/q", json!({"version": 1, "policy": {}})),
        (
            ("PATCH", "/v1/queues/q", r#"{"max_attempts":3}"#),
            200,
            "queue.updated queue/q",
            json!({"version": 2, "policy": {"max_attempts": 3}, "policy_before": {}}),
        ),
        (
            ("POST", "/v1/queues/q/pause", r#"{"reason":"smtp"}"#),
            200,
            "queue.paused queue/q",
            json!({"reason": "smtp"}),
        ),
        (("POST", "/v1/queues/q/resume", ""), 200, "queue.resumed queue/q", json!({})),
        (("POST", "/v1/queues/new/jobs", "{}"), 201, "queue.created queue/new", json!({})),
        (("POST", "/v1/jobs", r#"{"jobs":[{"queue":"a"},{"queue":"a"}]}"#), 201, "queue.created queue/a", json!({})),
        (("POST", "/q/keyed?uniq=k", "1"), 201, "queue.created queue/keyed", json!({})),
        (
            ("PATCH", "/v1/schedules/s", r#"{"queue":"q","cron":"@daily"}"#),
            201,
            "schedule.created schedule/s",
            json!({"queue": "q", "cron": "@daily", "timezone": "UTC", "paused": false, "version": 1}),
        ),
        (
            ("PATCH", "/v1/schedules/s", r#"{"paused":true}"#),
            200,
            "schedule.updated schedule/s",
            json!({"queue": "q", "cron": "@daily", "timezone": "UTC", "paused": true, "version": 2}),
        ),
        (
            ("DELETE", "/v1/schedules/s", ""),
            204,
            "schedule.deleted schedule/s",
            json!({"queue": "q", "cron": "@daily", "timezone": "UTC"}),
        ),
        (
            ("POST", "/v1/workers/w/heartbeat", r#"{"queues":["q"],"pid":7}"#),
            200,
            "worker.started worker/w",
            json!({"queues": ["q"], "pid": 7}),
        ),
        (
            ("POST", "/v1/workers/w/signal", r#"{"signal":"quiet"}"#),
            200,
            "worker.signalled worker/w",
            json!({"signal": "quiet"}),
        ),
        (("POST", "/v1/workers/w/heartbeat", r#"{"status":"stopped"}"#), 200, "worker.stopped worker/w", json!({})),
        (("DELETE", "/q/q", ""), 204, "queue.purged queue/q", json!({})),
        (("DELETE", "/v1/queues/new?force=true", ""), 204, "queue.deleted queue/new", json!({"unfinished": 1})),
    ];
    let count = steps.len();
    for (n, (request, status, action, detail)) in steps.into_iter().enumerate() {
        let rows = ask(&app, &format!("step-{n}"), request, status).await;
        assert_eq!(rows.len(), 1, "{request:?}: {rows:?}");
        assert_eq!(format!("{} {}", rows[0].action, rows[0].subject), action);
        assert_eq!((&rows[0].detail, &rows[0].actor), (&detail, &None), "{action}");
    }
    assert_eq!(log(&app).await.len(), count);
}

#[tokio::test]
async fn each_change_that_people_make_to_jobs_is_one_row() {
    let app = TestApp::start().await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(app.put_in("q", json!({"kind": "mail"})).await["id"].as_str().unwrap().to_owned());
    }
    let path = |n: usize, what: &str| format!("/v1/jobs/{}{what}", jobs[n]);
    let held = app.claim("q", 1).await.remove(0);
    assert_eq!(held["id"], jobs[0]);
    let steps = [
        (
            ("PATCH", path(1, ""), r#"{"priority":5,"tags":["a"],"payload":[1]}"#),
            "job.updated",
            json!({"priority": 5, "tags": ["a"], "payload_bytes": 3}),
        ),
        (
            ("POST", path(1, "/cancel"), r#"{"reason":"no more"}"#),
            "job.cancelled",
            json!({"state": "cancelled", "reason": "no more"}),
        ),
        (("DELETE", path(1, ""), ""), "job.deleted", json!({"state": "cancelled"})),
        (("DELETE", path(2, "?force=true"), ""), "job.deleted", json!({"state": "cancelled"})),
        (("POST", path(0, "/cancel"), ""), "job.cancelled", json!({"state": "running", "reason": "cancelled"})),
        (
            ("POST", path(0, "/cancel"), r#"{"force":true,"reason":"now"}"#),
            "job.cancelled",
            json!({"state": "cancelled", "reason": "now"}),
        ),
    ];
    let status = |method: &str| if method == "DELETE" { 204 } else { 200 };
    for (n, ((method, path, body), action, detail)) in steps.into_iter().enumerate() {
        let rows = ask(&app, &format!("step-{n}"), (method, &path, body), status(method)).await;
        assert_eq!(rows.len(), 1, "{path}: {rows:?}");
        assert_eq!(format!("/v1/jobs/{}", rows[0].subject.strip_prefix("job/").unwrap()), path[..45]);
        let mut wanted = json!({"queue": "q", "kind": "mail"});
        wanted.as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
        assert_eq!((rows[0].action.as_str(), &rows[0].detail), (action, &wanted));
    }
    let rows = ask(&app, "retry", ("POST", &path(0, "/retry"), ""), 200).await;
    assert_eq!((rows.len(), rows[0].action.as_str()), (1, "job.retried"));
    assert_eq!(rows[0].detail["state_before"], "cancelled");
    // One that waits for another one.
    let pending = app.put_in("q", json!({"depends_on": [jobs[3]]})).await["id"].as_str().unwrap().to_owned();
    let rows = ask(&app, "pending", ("PATCH", &format!("/v1/jobs/{pending}"), r#"{"priority":1}"#), 200).await;
    assert_eq!((rows.len(), &rows[0].detail), (1, &json!({"queue": "q", "kind": "default", "priority": 1})));
    let rows = ask(&app, "gone", ("POST", &format!("/v1/jobs/{pending}/cancel"), ""), 200).await;
    assert_eq!((rows.len(), &rows[0].detail["state"]), (1, &json!("cancelled")));
}

#[tokio::test]
async fn a_job_that_a_schedule_is_asked_for_is_one_row_however_often_it_is_repeated() {
    let app = TestApp::start().await;
    app.patch("/v1/schedules/s", r#"{"queue":"q","cron":"@daily"}"#).await.ok(201);
    let keyed = [JSON, ("idempotency-key", "k")];
    let job = app.send("POST", "/v1/schedules/s/trigger", &keyed, "").await.ok(201)["id"].clone();
    assert_eq!(app.send("POST", "/v1/schedules/s/trigger", &keyed, "").await.ok(201)["id"], job);
    let rows = log(&app).await;
    let triggered: Vec<&Row> = rows.iter().filter(|row| row.action == "schedule.triggered").collect();
    assert_eq!(triggered.len(), 1, "{rows:?}");
    assert_eq!((triggered[0].subject.as_str(), &triggered[0].detail), ("schedule/s", &json!({"job_id": job})));
    assert_eq!(
        actions(&app).await,
        ["schedule.created schedule/s", "queue.created queue/q", "schedule.triggered schedule/s"]
    );
}

#[tokio::test]
async fn nothing_is_written_where_nothing_changes() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"max_attempts":1}"#).await.ok(201);
    app.patch("/v1/schedules/s", r#"{"queue":"q","cron":"@daily"}"#).await.ok(201);
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    app.post("/v1/workers/w/signal", r#"{"signal":"quiet"}"#).await.ok(200);
    app.post("/v1/queues/q/pause", r#"{"reason":"x"}"#).await.ok(200);
    app.put_in("other", json!({})).await;
    let before = actions(&app).await;
    app.patch("/v1/queues/q", r#"{"max_attempts":1}"#).await.ok(200);
    app.patch("/v1/queues/q?dry_run=true", r#"{"max_attempts":2}"#).await.ok(200);
    app.patch("/v1/schedules/s", r#"{"cron":"@daily"}"#).await.ok(200);
    app.post("/v1/workers/w/heartbeat", r#"{"pid":1}"#).await.ok(200);
    app.post("/v1/workers/w/signal", r#"{"signal":"quiet"}"#).await.ok(200);
    app.post("/v1/workers/nobody/heartbeat", r#"{"status":"stopped"}"#).await.ok(200);
    app.post("/v1/queues/q/pause", r#"{"reason":"x"}"#).await.ok(200);
    app.post("/v1/queues/other/resume", "").await.ok(200);
    app.delete("/q/unknown").await.ok(204);
    app.delete("/w/q?worker_id=nobody").await.ok(204);
    // Refused.
    let stale = [JSON, ("if-match", "\"9\"")];
    app.send("PATCH", "/v1/queues/q", &stale, r#"{"max_attempts":2}"#).await.problem(412, "precondition_failed");
    app.send("DELETE", "/v1/queues/q", &stale, "").await.problem(412, "precondition_failed");
    app.delete("/v1/queues/other").await.problem(409, "queue_not_empty");
    app.send("DELETE", "/v1/schedules/s", &stale, "").await.problem(412, "precondition_failed");
    app.post("/v1/schedules/none/trigger", "").await.problem(404, "schedule_not_found");
    app.post("/v1/workers/none/signal", r#"{"signal":"stop"}"#).await.problem(404, "worker_not_found");
    // What workers and loops do to jobs.
    let held = app.claim("other", 1).await.remove(0);
    let id = held["id"].as_str().unwrap();
    app.report("complete", &held, json!({})).await.ok(200);
    app.post(&format!("/v1/jobs/{id}/cancel"), "").await.problem(409, "invalid_state");
    app.post(&format!("/v1/jobs/{id}/retry"), "").await.problem(409, "invalid_state");
    app.patch(&format!("/v1/jobs/{id}"), r#"{"priority":1}"#).await.problem(409, "invalid_state");
    app.put_in("other", json!({"expires_at": "2020-01-01T00:00:00Z"})).await;
    app.engine.expire_jobs(10, None).await.unwrap();
    assert_eq!(actions(&app).await, before);
    // What is a part of something larger, which is written down itself.
    let part = app.put_in("other", json!({})).await["id"].as_str().unwrap().parse().map(JobId).unwrap();
    let bulk = || Asker::Bulk(JobState::ALL.to_vec());
    app.engine.update_job(part, JobUpdate { priority: Some(1), ..JobUpdate::default() }, None, bulk()).await.unwrap();
    app.engine.cancel_job(part, "bulk".to_owned(), false, bulk()).await.unwrap();
    app.engine.retry_job(part, 0, true, false, bulk()).await.unwrap();
    app.engine.delete_job(part, true, bulk()).await.unwrap();
    app.get(&format!("/v1/jobs/{part}")).await.problem(404, "job_not_found");
    assert_eq!(actions(&app).await, before);
    // A cancel that a worker has not heard of yet is asked once.
    app.put_in("other", json!({})).await;
    let held = app.claim("other", 1).await.remove(0);
    for _ in 0..2 {
        app.post(&format!("/v1/jobs/{}/cancel", held["id"].as_str().unwrap()), "").await.ok(200);
    }
    assert_eq!(actions(&app).await.len(), before.len() + 1);
}

#[tokio::test]
async fn the_classic_routes_write_theirs() {
    let app = TestApp::start().await;
    let control = |status: &str| json!({"status": status}).to_string();
    app.post("/control/c", control("stop")).await.ok(200);
    app.post("/control/c", control("stop")).await.ok(200);
    app.post("/control/c", control("start")).await.ok(200);
    app.post("/control/d", control("start")).await.ok(200);
    app.post("/w/c?worker_id=w", "").await.ok(201);
    app.delete("/w/c?worker_id=w").await.ok(204);
    app.delete("/w/c?worker_id=w").await.ok(204);
    let wanted = [
        "queue.created queue/c",
        "queue.paused queue/c",
        "queue.resumed queue/c",
        "queue.created queue/d",
        "worker.started worker/w",
        "worker.stopped worker/w",
    ];
    assert_eq!(actions(&app).await, wanted);
    assert_eq!(log(&app).await.pop().unwrap().detail, json!({"queues": ["c"]}));
}

#[tokio::test]
async fn what_is_called_with_sql_is_done_by_who_has_logged_in() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", "{}").await.ok(201);
    let ids = [app.put_in("q", json!({})).await["id"].clone(), app.put_in("q", json!({})).await["id"].clone()];
    let (id, other) = (ids[0].as_str().unwrap(), ids[1].as_str().unwrap());
    let held = app.claim("q", 1).await.remove(0);
    assert_eq!(held["id"], id);
    app.sql("begin; select presque.pause('q'); rollback").await;
    for statement in [
        "select presque.pause('q', 'smtp')".to_owned(),
        "select presque.pause('q', 'smtp')".to_owned(),
        "select presque.resume('q')".to_owned(),
        format!("select presque.cancel('{other}')"),
        format!("select presque.retry('{other}')"),
        format!("select presque.cancel('{id}', 'stop it')"),
    ] {
        app.sql(&statement).await;
    }
    let rows = log(&app).await;
    let by_sql: Vec<&Row> = rows.iter().filter(|row| row.actor.is_some()).collect();
    let actions: Vec<&str> = by_sql.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["queue.paused", "queue.resumed", "job.cancelled", "job.retried", "job.cancelled"]);
    let user = app.db.options.get_username().to_owned();
    assert!(by_sql.iter().all(|row| row.actor.as_ref() == Some(&user) && row.request_id.is_none()), "{rows:?}");
    let wanted = json!({"queue": "q", "kind": "default", "state": "running", "reason": "stop it"});
    assert_eq!(by_sql[4].detail, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_is_that_of_the_client() {
    let app = TestApp::start().await;
    let url = format!("http://{}/v1/queues/q/jobs", app.listen().await);
    let request = reqwest::Client::new().post(url).header("content-type", "application/json").body("{}");
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let row = log(&app).await.pop().unwrap();
    assert_eq!((row.ip.as_deref(), row.request_id), (Some("127.0.0.1"), Some(id)));
}

#[tokio::test]
async fn what_happens_by_itself_is_told_once() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", "{}").await.ok(201);
    app.post("/v1/queues/q/pause", r#"{"resume_after_ms":1}"#).await.ok(200);
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    app.sql("update presque_internal.worker set last_heartbeat_at = now() - interval '1 hour'").await;
    app.sql("update presque_internal.queue set resume_at = now()").await;
    assert_eq!(app.engine.resume_due_queues().await.unwrap(), 1);
    assert_eq!(app.engine.note_lost_workers(10).await.unwrap(), 1);
    assert_eq!(app.engine.note_lost_workers(10).await.unwrap(), 0);
    let rows = log(&app).await;
    let ends: Vec<&str> = rows[3..].iter().map(|row| row.action.as_str()).collect();
    assert_eq!(ends, ["queue.resumed", "worker.lost"]);
    assert!(rows[3..].iter().all(|row| row.request_id.is_none()), "{rows:?}");
    // It beats again, which is a start, and may be lost again.
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    assert_eq!(app.engine.note_lost_workers(10).await.unwrap(), 0);
    app.sql("update presque_internal.worker set lost_at = now() - interval '2 hours'").await;
    app.sql("update presque_internal.worker set last_heartbeat_at = now() - interval '1 hour'").await;
    assert_eq!(app.engine.note_lost_workers(10).await.unwrap(), 1);
    assert_eq!(actions(&app).await[5..], ["worker.started worker/w", "worker.lost worker/w"]);
}

#[tokio::test]
async fn a_queue_that_a_due_time_makes_is_one_row() {
    let app = TestApp::start().await;
    app.patch("/v1/schedules/s", r#"{"queue":"by-clock","cron":"@daily"}"#).await.ok(201);
    for _ in 0..2 {
        app.sql("update presque_internal.schedule set next_run_at = date_trunc('second', now()) - interval '1 s'")
            .await;
        assert_eq!(app.engine.fire_schedules(10).await.unwrap(), 1);
    }
    let made = log(&app).await.pop().unwrap();
    assert_eq!(actions(&app).await, ["schedule.created schedule/s", "queue.created queue/by-clock"]);
    assert_eq!((made.detail, made.request_id), (json!({"schedule_id": "s"}), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_first_jobs_at_once_one_makes_the_queue() {
    let app = TestApp::without_group_commit().await;
    let puts = (0..16).map(|_| {
        let router = app.router();
        async move { router.send("POST", "/v1/queues/q/jobs", &[JSON], "{}").await.ok(201) }
    });
    futures_util::future::join_all(puts).await;
    assert_eq!(actions(&app).await, ["queue.created queue/q"]);
}

#[tokio::test]
async fn it_is_kept_for_90_days() {
    let app = TestApp::start().await;
    for queue in ["old", "young"] {
        app.patch(&format!("/v1/queues/{queue}"), "{}").await.ok(201);
    }
    app.sql("update presque_internal.audit set at = now() - interval '91 days' where subject_id = 'old'").await;
    app.sql("update presque_internal.audit set at = now() - interval '89 days' where subject_id = 'young'").await;
    assert_eq!(app.store.forget(100).await.unwrap(), 1);
    assert_eq!(actions(&app).await, ["queue.created queue/young"]);
}

#[tokio::test]
async fn a_bulk_operation_is_a_row_at_its_begin_and_one_at_its_end_and_none_for_each_job() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.put_in("q", json!({})).await;
    }
    let bulk = |request: &str| {
        (
            "POST",
            "/v1/bulk-operations".to_owned(),
            format!(r#"{{"action":"cancel","filter":{{"queue":["q"]}}{request}}}"#),
        )
    };
    let (method, path, preview) = bulk(r#","dry_run":true"#);
    assert!(ask(&app, "preview", (method, &path, &preview), 202).await.is_empty(), "it changes nothing");
    let (method, path, real) = bulk(r#","reason":"outage""#);
    let rows = ask(&app, "real", (method, &path, &real), 202).await;
    assert_eq!(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["bulk.created"]);
    assert_eq!(
        rows[0].detail,
        json!({"action": "cancel", "filter": {"queue": ["q"]}, "options": {}, "reason": "outage"})
    );
    let all: Vec<Row> = log(&app).await.into_iter().filter(|row| row.subject == rows[0].subject).collect();
    assert_eq!(all.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["bulk.created", "bulk.completed"]);
    assert_eq!(all[1].detail, json!({"processed": 3, "skipped": 0, "failed": 0}));
    assert!(log(&app).await.iter().all(|row| !row.action.starts_with("job.")));
}

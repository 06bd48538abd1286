//! `GET /metrics`: names that monitoring relies on, and that no client makes it grow.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::TestApp;

/// Each sample with its labels, and its value.
async fn samples(app: &TestApp) -> BTreeMap<String, f64> {
    assert_eq!(app.get("/metrics").await.header("content-type"), "text/plain; charset=utf-8", "for a browser");
    let accept = [("accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.3,*/*;q=0.1")];
    let answer = app.send("GET", "/metrics", &accept, "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.text();
    assert!(text.ends_with("# EOF\n"));
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut samples = BTreeMap::new();
    for line in lines {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(samples.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{name} is there twice");
    }
    samples
}

/// The names of `docs/operations.md` and of alerts, dashboards and people's rules.
const NAMES: [&str; 25] = [
    "presque_build_info",
    "presque_jobs",
    "presque_queue_latency_seconds",
    "presque_queue_paused",
    "presque_jobs_enqueued_total",
    "presque_attempts_total",
    "presque_job_wait_seconds_bucket",
    "presque_job_run_seconds_bucket",
    "presque_leases_expired_total",
    "presque_claim_duration_seconds_count",
    "presque_claim_batch_size_bucket",
    "presque_long_polls",
    "presque_http_requests_total",
    "presque_http_request_duration_seconds_bucket",
    "presque_db_pool_connections",
    "presque_db_pool_wait_seconds_bucket",
    "presque_schedules_fired_total",
    "presque_schedule_lag_seconds_bucket",
    "presque_maintenance_duration_seconds_bucket",
    "presque_loop_runs_total",
    "presque_loop_failing",
    "presque_workers",
    "presque_database_up",
    "presque_job_wait_seconds_sum",
    "presque_job_run_seconds_count",
];

#[tokio::test]
async fn what_happens_is_counted() {
    let app = TestApp::start().await;
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    for _ in 0..3 {
        app.put_in("mail", json!({"max_attempts": 1})).await;
    }
    app.sql("update presque_internal.ready set eligible_at = now() - interval '3 s'").await;
    let jobs = app.claim("mail", 2).await;
    app.report("complete", &jobs[0], json!({})).await.ok(200);
    app.report("fail", &jobs[1], json!({"error": {"message": "no"}})).await.ok(200);
    app.post("/v1/queues/mail/pause", "{}").await.ok(200);
    app.get("/v1/queues/nothing").await.problem(404, "queue_not_found");
    app.store.fold_tally(1000).await.unwrap();
    app.store.sample_depth().await.unwrap();
    app.store.metrics().loop_ran("fold_tally", false, std::time::Duration::ZERO);
    let found = samples(&app).await;
    for name in NAMES {
        assert!(found.keys().any(|key| key.split('{').next() == Some(name)), "{name} is missing");
    }
    for (name, value) in [
        (r#"presque_jobs{queue="mail",state="available"}"#, 1.0),
        (r#"presque_jobs{queue="mail",state="completed"}"#, 1.0),
        (r#"presque_jobs{queue="mail",state="discarded"}"#, 1.0),
        (r#"presque_jobs_enqueued_total{queue="mail"}"#, 3.0),
        (r#"presque_attempts_total{queue="mail",outcome="completed"}"#, 1.0),
        (r#"presque_attempts_total{queue="mail",outcome="failed"}"#, 1.0),
        (r#"presque_queue_paused{queue="mail"}"#, 1.0),
        (r#"presque_workers{status="running"}"#, 1.0),
        (r#"presque_job_wait_seconds_count{queue="mail"}"#, 2.0),
        (r#"presque_job_wait_seconds_bucket{le="2.048",queue="mail"}"#, 0.0),
        (r#"presque_job_wait_seconds_bucket{le="4.096",queue="mail"}"#, 2.0),
        (r#"presque_loop_failing{loop="fold_tally"}"#, 1.0),
        (r#"presque_http_requests_total{route="/v1/jobs/claim",method="POST",status="200"}"#, 1.0),
        (r#"presque_http_requests_total{route="/v1/queues/{queue}",method="GET",status="404"}"#, 1.0),
        ("presque_claim_batch_size_sum", 2.0),
        ("presque_database_up", 1.0),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}");
    }
    assert!(found[r#"presque_queue_latency_seconds{queue="mail"}"#] >= 3.0);
    assert_eq!(app.get("/readyz").await.ok(200)["failing_loops"], json!(["fold_tally"]));
}

#[tokio::test]
async fn no_client_makes_metrics_grow() {
    let app = TestApp::start().await;
    for n in 0..20 {
        app.send("BREW", &format!("/coffee/{n}"), &[], "").await;
        app.get(&format!("/q/queue-{n}")).await;
    }
    app.sql(
        "with made as (
             insert into presque_internal.queue (name) select 'many-' || n from generate_series(1, 10000) as n
             returning queue_id
         )
         insert into presque_internal.queue_count (queue_id, enqueued, ready)
         select queue_id, queue_id, 1 from made",
    )
    .await;
    let found = samples(&app).await;
    let requests = found.keys().filter(|name| name.starts_with("presque_http_requests_total")).count();
    assert!(requests <= 3, "{requests}");
    let queues: Vec<&String> = found.keys().filter(|name| name.starts_with("presque_jobs_enqueued_total")).collect();
    assert_eq!(queues.len(), 500, "the busiest by name");
    assert!(found[r#"presque_jobs{queue="_other",state="available"}"#] >= 9_480.0);
    assert!(found.len() < 60_000, "{}", found.len());
}

#[tokio::test]
async fn without_a_database_there_is_what_the_server_knows() {
    let app = TestApp::without_database().await;
    let found = samples(&app).await;
    assert!(found["presque_database_up"].abs() < f64::EPSILON);
    assert!(!found.keys().any(|name| name.starts_with("presque_jobs{")));
}

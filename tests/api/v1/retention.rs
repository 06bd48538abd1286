//! History goes when it has had its time, and what is left stays true.

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::TestApp;

async fn rows(app: &TestApp, table: &str) -> i64 {
    let mut connection = app.db.connect().await;
    let statement = format!("select count(*) from presque_internal.{table}");
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    count
}

async fn finish(app: &TestApp, queue: &str, outcome: &str) -> Value {
    let put = app.put_in(queue, json!({"max_attempts": 2})).await;
    if outcome == "cancelled" {
        return app.post(&format!("/v1/jobs/{}/cancel", put["id"].as_str().unwrap()), "{}").await.ok(200);
    }
    let job = app.claim(queue, 1).await.remove(0);
    match outcome {
        "completed" => {
            app.report(
                "complete",
                &job,
                json!({"logs": [{"at": "2026-11-26T06:00:00Z", "level": "info", "message": "done"}]}),
            )
            .await
        }
        _ => app.report("fail", &job, json!({"error": {"message": "no"}, "retry": false})).await,
    }
    .ok(200);
    put
}

/// Makes all that is there older, ids too, and puts it into the partitions of that time.
async fn age(app: &TestApp, days: i32) {
    let shift = format!("interval '{days} days'");
    let old_id = |id: &str| {
        format!(
            "(left(presque_internal.job_id_floor(presque_internal.job_id_time({id}) - {shift})::text, 13)
              || substr({id}::text, 14))::uuid"
        )
    };
    let (job, reference) = (old_id("id"), old_id("job_id"));
    for statement in [
        format!("update presque_internal.job set id = {job}, created_at = created_at - {shift}"),
        format!("update presque_internal.done set job_id = {reference}, finished_at = finished_at - {shift}"),
        format!("update presque_internal.ready set job_id = {reference}"),
        format!("update presque_internal.attempt set job_id = {reference}, finished_at = finished_at - {shift}"),
        format!("update presque_internal.attempt_log set job_id = {reference}, stored_at = stored_at - {shift}"),
    ] {
        app.sql(&statement).await;
    }
}

/// Makes the partitions of a day in the past, as they would be there after so many days.
async fn make_past_partitions(app: &TestApp, days: i32) {
    let made = "select presque_internal.make_partitions_of((now() at time zone 'UTC')::date";
    app.sql(&format!("{made} - {days}); {made} - {days} + 1)")).await;
}

#[tokio::test]
async fn short_retentions_are_kept_job_by_job_and_counts_stay_true() {
    let app = TestApp::start().await;
    let policy = json!({
        "retention_completed_ms": 60_000, "retention_cancelled_ms": 3_600_000, "retention_discarded_ms": 60_000
    });
    app.patch("/v1/queues/q", policy.to_string()).await.ok(201);
    for outcome in ["completed", "completed", "discarded", "cancelled"] {
        finish(&app, "q", outcome).await;
        finish(&app, "kept", outcome).await;
    }
    assert_eq!(app.store.retain(1000).await.unwrap(), 0, "nothing is old");
    age(&app, 1).await;
    let young = finish(&app, "q", "completed").await;
    app.sql("update presque_internal.done set finished_at = now() - interval '61 s' where finished_at < now() - interval '1 h'").await;
    assert_eq!(app.store.retain(2).await.unwrap(), 2, "as many as asked for");
    assert_eq!(app.store.retain(1000).await.unwrap(), 1);
    assert_eq!(app.store.retain(1000).await.unwrap(), 0);
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    assert_eq!((&counts["completed"], &counts["discarded"], &counts["cancelled"]), (&json!(1), &json!(0), &json!(1)));
    assert_eq!(app.get("/v1/queues/kept").await.ok(200)["counts"]["completed"], 2);
    assert_eq!(app.job(&young["id"]).await["state"], "completed");
    assert_eq!(rows(&app, "job").await, 4 + 2, "what is gone left nothing");
    assert_eq!(rows(&app, "attempt_log").await, 2 + 1);
}

#[tokio::test]
async fn whole_days_go_with_their_partitions_and_leave_what_lives() {
    let app = TestApp::start().await;
    make_past_partitions(&app, 40).await;
    for outcome in ["completed", "completed", "discarded", "cancelled"] {
        finish(&app, "q", outcome).await;
    }
    let waits = app.put_in("q", json!({"payload": "waits"})).await;
    app.patch("/v1/queues/long", r#"{"retention_discarded_ms":31536000000}"#).await.ok(201);
    let letter = finish(&app, "long", "discarded").await;
    age(&app, 40).await;
    assert_eq!(rows(&app, "job_default").await, 0, "they are in the partition of their day");
    let mut retired = Vec::new();
    while let Some(day) = app.store.retire_partition().await.unwrap() {
        retired.push(day);
    }
    assert!(app.store.drop_retired().await.unwrap() >= 4);
    assert!(retired.iter().any(|day| day.starts_with("done_completed_")), "{retired:?}");
    assert!(retired.iter().any(|day| day.starts_with("job_")), "{retired:?}");
    assert!(
        !retired.iter().any(|day| day.starts_with("done_discarded_")),
        "a queue keeps them for a year: {retired:?}"
    );
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    assert_eq!((&counts["completed"], &counts["cancelled"], &counts["available"]), (&json!(0), &json!(0), &json!(1)));
    // Job by job where another queue keeps its day.
    assert_eq!(app.store.retain(1000).await.unwrap(), 1);
    assert_eq!(app.get("/v1/queues/q").await.ok(200)["counts"]["discarded"], 0);
    assert_eq!(rows(&app, "done").await, 1, "{letter}");
    let claimed = app.claim("q", 5).await;
    assert_eq!((claimed.len(), &claimed[0]["payload"]), (1, &json!("waits")), "{waits}");
    app.report("complete", &claimed[0], json!({})).await.ok(200);
    // What outlived its day goes when nothing knows it any more.
    assert_eq!(rows(&app, "job_default").await, 2);
    assert_eq!(app.store.sweep_jobs().await.unwrap(), 0);
    app.sql("delete from presque_internal.done where state = 'completed'").await;
    assert_eq!(app.store.sweep_jobs().await.unwrap(), 1);
    app.store.analyze_history().await.unwrap();
}

#[tokio::test]
async fn a_day_that_somebody_reads_is_left_for_another_time() {
    let app = TestApp::start().await;
    make_past_partitions(&app, 40).await;
    let mut reader = app.db.connect().await;
    let mut reading = reader.begin().await.unwrap();
    sqlx::query("select count(*) from presque_internal.done").execute(&mut *reading).await.unwrap();
    let begun = std::time::Instant::now();
    while let Some(day) = app.store.retire_partition().await.unwrap() {
        assert!(!day.starts_with("done_"), "{day}");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "each wait is a tenth of a second");
    reading.rollback().await.unwrap();
    let mut days = 0;
    while app.store.retire_partition().await.unwrap().is_some() {
        days += 1;
    }
    assert!(days >= 3, "{days}");
}

#[tokio::test]
async fn a_chore_is_done_by_one_server_at_a_time() {
    let app = TestApp::start().await;
    let other = TestApp::beside(&app);
    let minute = std::time::Duration::from_mins(1);
    let (one, two) = tokio::join!(app.store.begin_chore("c", minute), other.store.begin_chore("c", minute));
    assert!(one.unwrap() ^ two.unwrap());
    app.sql("update presque_internal.chore set last_at = now() - interval '61 s'").await;
    assert!(other.store.begin_chore("c", minute).await.unwrap());
}

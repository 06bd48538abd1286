//! Sums over time, and errors.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::TestApp;

/// Folds what was counted, as a loop does each 5 seconds.
async fn fold(app: &TestApp) {
    app.store.fold_tally(100_000).await.unwrap();
    app.store.fold_failures(100_000).await.unwrap();
}

/// A job of this kind that waited and ran so long and was completed, or failed with this error.
async fn work(app: &TestApp, queue: &str, kind: &str, (wait_ms, run_ms): (i64, i64), error: Option<&str>) {
    app.put_in(queue, json!({"kind": kind, "max_attempts": 3})).await;
    app.sql(&format!("update presque_internal.ready set eligible_at = now() - interval '{wait_ms} ms'")).await;
    let job = app.claim(queue, 1).await.remove(0);
    app.sql(&format!("update presque_internal.lease set claimed_at = now() - interval '{run_ms} ms'")).await;
    match error {
        None => app.report("complete", &job, json!({})).await.ok(200),
        Some(message) => {
            let failure = json!({"error": {"error_class": "Broken", "message": message}, "retry_in_ms": 3_600_000});
            app.report("fail", &job, failure).await.ok(200)
        }
    };
}

/// Within what a bucket is off by, and what it took to get here: jobs waited and ran on meanwhile.
fn near(found: &Value, expected: f64, begun: Instant) -> bool {
    let found = found.as_f64().unwrap();
    let longest = expected + begun.elapsed().as_secs_f64() * 1000.0;
    (0.91 * expected..=1.1 * longest).contains(&found)
}

#[tokio::test]
async fn a_summary_adds_up_what_happened_by_queue_and_kind() {
    let app = TestApp::start().await;
    let begun = Instant::now();
    for n in 1..=9 {
        work(&app, "mail", "welcome", (n * 1000, n * 100), None).await;
    }
    work(&app, "mail", "bill", (90_000, 5_000), Some("no answer within 30 s")).await;
    work(&app, "other", "welcome", (1000, 100), None).await;
    fold(&app).await;
    let summary = app.get("/v1/reports/summary?group_by=queue").await.ok(200);
    let (total, mail) = (&summary["total"], &summary["rows"][0]);
    assert_eq!((&total["key"], &total["enqueued"], &total["completed"]), (&json!(""), &json!(11), &json!(10)));
    assert_eq!((&mail["key"], &mail["started"], &mail["failed_attempts"]), (&json!("mail"), &json!(10), &json!(1)));
    assert!((mail["error_rate"].as_f64().unwrap() - 0.1).abs() < 1e-9, "{mail}");
    assert!(near(&mail["wait_ms"]["p50"], 5000.0, begun) && near(&mail["run_ms"]["p50"], 500.0, begun), "{mail}");
    assert!(near(&mail["wait_ms"]["max"], 90_000.0, begun) && near(&mail["wait_ms"]["avg"], 13_500.0, begun), "{mail}");
    assert_eq!(summary["counts"]["retryable"], 1);
    assert_eq!(summary["counts"]["completed"], 10);

    let by_kind = app.get("/v1/reports/summary?group_by=kind&queue=mail").await.ok(200);
    let keys: Vec<&str> = by_kind["rows"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["welcome", "bill"]);
    let one = app.get("/v1/reports/summary?kind=bill").await.ok(200);
    assert_eq!((&one["total"]["enqueued"], &one["rows"]), (&json!(1), &json!([])));
    let by_worker = app.get("/v1/reports/summary?group_by=worker").await.ok(200);
    assert_eq!((&by_worker["rows"][0]["key"], &by_worker["rows"][0]["completed"]), (&json!("w"), &json!(10)));
    assert_eq!(app.get("/v1/reports/summary?until=2020-01-01T00:00:00Z").await.ok(200)["total"]["enqueued"], 0);
}

#[tokio::test]
async fn a_summary_tells_tags_of_jobs_and_classes_of_errors() {
    let app = TestApp::start().await;
    let begun = Instant::now();
    for (tags, run_ms) in [(json!(["a", "b"]), 1000), (json!(["a"]), 3000), (json!([]), 50_000)] {
        app.put_in("q", json!({"tags": tags, "kind": "k"})).await;
        let job = app.claim("q", 1).await.remove(0);
        app.sql(&format!("update presque_internal.lease set claimed_at = now() - interval '{run_ms} ms'")).await;
        app.report("complete", &job, json!({})).await.ok(200);
    }
    work(&app, "q", "k", (0, 0), Some("no answer")).await;
    app.put_in("other", json!({"tags": ["a"]})).await;
    let job = app.claim("other", 1).await.remove(0);
    app.report("fail", &job, json!({"error": {"error_class": "Lost", "message": "x"}, "retry": false})).await.ok(200);
    fold(&app).await;
    let by_tag = app.get("/v1/reports/summary?group_by=tag&queue=q").await.ok(200);
    let rows = by_tag["rows"].as_array().unwrap();
    let shown: Vec<_> =
        rows.iter().map(|row| (row["key"].as_str().unwrap(), row["completed"].as_i64().unwrap())).collect();
    assert_eq!(shown, [("a", 2), ("b", 1)]);
    assert!(
        near(&rows[0]["run_ms"]["avg"], 2000.0, begun) && near(&rows[0]["run_ms"]["max"], 3000.0, begun),
        "{by_tag}"
    );
    assert_eq!((&by_tag["total"]["completed"], &by_tag["total"]["key"]), (&json!(3), &json!("")), "each job once");
    let all = app.get("/v1/reports/summary?group_by=tag").await.ok(200);
    assert_eq!((&all["rows"][0]["discarded"], &all["rows"][0]["failed_attempts"]), (&json!(1), &json!(1)), "{all}");
    assert_eq!(app.get("/v1/reports/summary?group_by=tag&kind=none").await.ok(200)["rows"], json!([]));
    let by_error = app.get("/v1/reports/summary?group_by=error").await.ok(200);
    let shown = |n: usize| {
        (&by_error["rows"][n]["key"], &by_error["rows"][n]["failed_attempts"], &by_error["rows"][n]["discarded"])
    };
    assert_eq!(shown(0), (&json!("Broken"), &json!(1), &json!(0)));
    assert_eq!(shown(1), (&json!("Lost"), &json!(1), &json!(1)));
    assert_eq!((&by_error["total"]["completed"], &by_error["total"]["failed_attempts"]), (&json!(3), &json!(2)));
    let of_queue = app.get("/v1/reports/summary?group_by=error&queue=other&kind=default").await.ok(200);
    assert_eq!((&of_queue["rows"][0]["key"], of_queue["rows"].as_array().unwrap().len()), (&json!("Lost"), 1));
    // Too many to look up; of another queue there are few.
    app.sql(
        "update presque_internal.queue_day set completed = 200000 from presque_internal.queue
             where queue.queue_id = queue_day.queue_id and queue.name = 'q'",
    )
    .await;
    app.get("/v1/reports/summary?group_by=tag").await.problem(422, "validation_failed");
    app.get("/v1/reports/summary?group_by=tag&queue=other").await.ok(200);
}

#[tokio::test]
async fn minutes_hours_and_days_hold_the_same_and_are_not_counted_twice() {
    let app = TestApp::start().await;
    let begun = Instant::now();
    work(&app, "q", "k", (1000, 100), None).await;
    // What happened 100 minutes, 30 hours and 40 days ago.
    for ago in ["100 min", "30 h", "40 d"] {
        app.sql(&format!(
            "insert into presque_internal.tally (at, queue_id, kind, enqueued, completed, waits, runs)
             select now() - interval '{ago}', queue_id, 'k', 2, 2, '{{1000,2000}}', '{{100,200}}'
             from presque_internal.queue"
        ))
        .await;
    }
    fold(&app).await;
    for (since, expected) in [("1 h", 1), ("2 h", 3), ("2 d", 5), ("13 d", 5), ("90 d", 7)] {
        let now = app.store.now().await.unwrap();
        let (count, unit) = since.split_once(' ').unwrap();
        let hours = count.parse::<i64>().unwrap() * if unit == "d" { 24 } else { 1 };
        let since_at = (now - chrono::Duration::hours(hours)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let summary = app.get(&format!("/v1/reports/summary?since={since_at}")).await.ok(200);
        assert_eq!(summary["total"]["completed"], expected, "{since}: {summary}");
        assert!(near(&summary["total"]["wait_ms"]["p50"], 1000.0, begun), "{since}: {summary}");
        let series = app.get(&format!("/v1/reports/timeseries?metric=completed&since={since_at}")).await.ok(200);
        let points = series["series"][0]["points"].as_array().unwrap();
        let sum: f64 = points.iter().map(|point| point["value"].as_f64().unwrap()).sum();
        assert!((sum - f64::from(expected)).abs() < 0.01, "{since}: {series}");
        assert!(points.len() <= 301, "{since}: {}", points.len());
    }
}

#[tokio::test]
async fn a_series_has_a_point_for_each_step_and_percentiles_where_there_are_any() {
    let app = TestApp::start().await;
    let begun = Instant::now();
    work(&app, "a", "k", (1000, 100), None).await;
    work(&app, "b", "k", (8000, 100), None).await;
    app.put_in("b", json!({})).await;
    fold(&app).await;
    app.store.sample_depth().await.unwrap();
    let series = async |metric: &str, more: &str| {
        app.get(&format!("/v1/reports/timeseries?metric={metric}{more}")).await.ok(200)
    };
    let enqueued = series("enqueued", "&group_by=queue").await;
    assert_eq!((&enqueued["step_ms"], &enqueued["series"][0]["key"]), (&json!(60_000), &json!("b")));
    let points = enqueued["series"][1]["points"].as_array().unwrap();
    assert!((60..=62).contains(&points.len()), "{}", points.len());
    let waits = series("wait_p95", "&group_by=queue").await;
    let value = |n: usize| &waits["series"][n]["points"][0]["value"];
    assert!(near(value(0), 1000.0, begun) || near(value(1), 1000.0, begun), "{waits}");
    let depth = series("depth", "&queue=b").await;
    let deepest = depth["series"][0]["points"].as_array().unwrap().iter().map(|point| point["value"].as_f64().unwrap());
    assert!((deepest.fold(0.0, f64::max) - 1.0).abs() < f64::EPSILON, "{depth}");
    for (query, status, code) in [
        ("", 422, "validation_failed"),
        ("?metric=speed", 422, "validation_failed"),
        ("?metric=completed&step_ms=61000", 422, "validation_failed"),
        ("?metric=depth&group_by=kind", 422, "validation_failed"),
        ("?metric=completed&since=yesterday", 400, "invalid_request"),
        ("?metric=completed&since=2030-01-01T00:00:00Z", 422, "validation_failed"),
        ("?metric=completed&colour=red", 400, "invalid_request"),
    ] {
        app.get(&format!("/v1/reports/timeseries{query}")).await.problem(status, code);
    }
}

#[tokio::test]
async fn failures_that_are_alike_are_one_error() {
    let app = TestApp::start().await;
    for n in 0..3 {
        work(&app, "mail", "k", (0, 0), Some(&format!("no answer within {n} s"))).await;
    }
    work(&app, "mail", "k", (0, 0), Some("no such recipient")).await;
    // One of them fails again, and for the last time.
    let listed = app.get("/v1/jobs?state=retryable&sort=created_at").await.ok(200);
    let id = listed["data"][0]["id"].as_str().unwrap().to_owned();
    app.sql("update presque_internal.scheduled set run_after = now() where run_after = (select min(run_after) from presque_internal.scheduled)").await;
    let job = app.claim("mail", 1).await.remove(0);
    assert_eq!(job["id"], json!(id));
    let last = json!({"error": {"error_class": "Broken", "message": "no answer within 9 s"}, "retry": false});
    app.report("fail", &job, last).await.ok(200);
    fold(&app).await;
    let page = app.get("/v1/reports/errors?limit=1").await.ok(200);
    let group = &page["data"][0];
    assert_eq!(
        (&group["queue"], &group["error_class"], &group["occurrences"]),
        (&json!("mail"), &json!("Broken"), &json!(4))
    );
    assert_eq!(
        (&group["jobs"], &group["retryable"], &group["discarded"]),
        (&json!(3), &json!(2), &json!(1)),
        "{group}"
    );
    assert_eq!(group["sample_job_id"], json!(id), "the latest");
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = app.get(&format!("/v1/reports/errors?limit=1&cursor={cursor}")).await.ok(200);
    assert_eq!((&rest["data"][0]["message"], rest.get("next_cursor")), (&json!("no such recipient"), None));
    assert_eq!(app.get("/v1/reports/errors?queue=other").await.ok(200)["data"], json!([]));
    // A dead letter that is retried is none any more.
    app.post(&format!("/v1/jobs/{id}/retry"), "{}").await.ok(200);
    assert_eq!(app.get("/v1/reports/errors?kind=k").await.ok(200)["data"][0]["discarded"], 0);
}

/// Days hold what their hours hold, whatever comes late, and a report counts each failure once.
#[tokio::test]
async fn errors_of_many_days_are_counted_once() {
    let app = TestApp::start().await;
    work(&app, "q", "k", (0, 0), Some("no")).await;
    for round in 0..3 {
        for ago in ["0 min", "26 h", "3 d", "40 d", "40 d 1 h", "80 d"] {
            app.sql(&format!(
                "insert into presque_internal.failure_tally
                     (at, queue_id, job_id, failures, discarded, kind, fingerprint, error_class, message)
                 select now() - interval '{ago}', queue_id, gen_random_uuid(), 1, {}, 'k', 'print', 'E', '{round}, {ago} ago'
                 from presque_internal.queue",
                round == 1
            ))
            .await;
        }
        fold(&app).await;
    }
    let sums = |table: &str, unit: &str| {
        format!(
            "select date_trunc('day', {unit}) as day, fingerprint, sum(occurrences), sum(jobs), sum(discarded),
                 min(first_seen_at), max(last_seen_at) from presque_internal.{table} group by 1, 2"
        )
    };
    let (days, hours) = (sums("error_day", "day"), sums("error_hour", "hour"));
    let differ = format!("select from (({days} except {hours}) union all ({hours} except {days})) as different");
    assert_eq!(app.sql(&differ).await, 0);
    // Two of them are an hour apart, which may be another day.
    let days = app.sql("select from presque_internal.error_day where fingerprint = 'print'").await;
    assert!(days == 5 || days == 6, "{days}");
    for (hours, occurrences) in [(1, 3), (30, 6), (24 * 4, 9), (24 * 41, 15), (24 * 89, 18)] {
        let now = app.store.now().await.unwrap();
        let at = |hours| (now - chrono::Duration::hours(hours)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let page = app.get(&format!("/v1/reports/errors?since={}", at(hours))).await.ok(200);
        let group = page["data"].as_array().unwrap().iter().find(|group| group["fingerprint"] == "print").unwrap();
        assert_eq!((&group["occurrences"], &group["jobs"]), (&json!(occurrences), &json!(occurrences)), "{hours}");
        assert_eq!(group["message"], "2, 0 min ago", "the latest of all");
        let path = format!("/v1/reports/errors?since={}&until={}", at(hours), at(24 * 2));
        let before = if hours > 48 { occurrences - 6 } else { continue };
        let page = app.get(&path).await.ok(200);
        assert_eq!(
            (&page["data"][0]["occurrences"], &page["data"][0]["message"]),
            (&json!(before), &json!("2, 3 d ago"))
        );
    }
    let failures = app.sql("select from presque.failures where fingerprint = 'print' and occurrences = 18").await;
    assert_eq!(failures, 1);
}

#[tokio::test]
async fn the_program_and_sql_make_the_same_histograms() {
    let app = TestApp::start().await;
    let mut connection = app.db.connect().await;
    let measured: Vec<i32> = (0..3000).map(|n| n * n / 7).collect();
    let (counts, median, p99): (Vec<i64>, f64, f64) = sqlx::query_as(
        "select hist, presque_internal.hist_quantile(hist, 0.5), presque_internal.hist_quantile(hist, 0.99)
         from (select presque_internal.hist_of($1) as hist) as made",
    )
    .bind(&measured)
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let histogram = presque::domain::Histogram::of(Some(counts));
    assert_eq!(histogram.count(), 3000);
    assert!((histogram.quantile_ms(0.5) - median).abs() < 1e-6 && (histogram.quantile_ms(0.99) - p99).abs() < 1e-6);
    assert!((median / (1500.0 * 1500.0 / 7.0) - 1.0).abs() < 0.091);
    for (ms, bucket) in [(0, 1), (1, 1), (2, 5), (3, 8), (4, 9), (1024, 41), (i64::MAX, 128)] {
        let found: i32 = sqlx::query_scalar("select presque_internal.hist_bucket($1)")
            .bind(ms)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(found, bucket, "{ms}");
    }
}

//! Lists: filters, orders, and pages that neither lose nor repeat a job.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::TestApp;

/// Every job of a list, page by page.
async fn walk(app: &TestApp, query: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/v1/jobs?limit={limit}{query}{cursor}")).await.ok(200);
        assert_eq!(page["truncated"], false);
        found.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

fn payloads(jobs: &[Value]) -> Vec<i64> {
    jobs.iter().map(|job| job["payload"].as_i64().unwrap()).collect()
}

/// Jobs 0 to 5 in different states: available, scheduled, running, completed, retryable and
/// discarded; 6 is cancelled and in another queue.
async fn one_of_each(app: &TestApp) {
    for n in [2, 3, 4, 5] {
        app.put_in("q", json!({"payload": n, "kind": format!("k{}", n % 2), "tags": ["all", format!("t{n}")]})).await;
    }
    let held = app.claim("q", 4).await;
    app.report("complete", &held[1], json!({})).await.ok(200);
    app.report("fail", &held[2], json!({"error": {"error_class": "Late", "message": "too late by 7 s"}})).await.ok(200);
    app.report("fail", &held[3], json!({"error": {"error_class": "Bad", "message": "100% wrong"}, "retry": false}))
        .await
        .ok(200);
    app.put_in("q", json!({"payload": 0, "tags": ["all"]})).await;
    app.put_in("q", json!({"payload": 1, "tags": ["all"], "delay_ms": 60000})).await;
    let other = app.put_in("other", json!({"payload": 6})).await;
    app.post(&format!("/v1/jobs/{}/cancel", other["id"].as_str().unwrap()), "{}").await.ok(200);
}

#[tokio::test]
async fn filters_are_combined() {
    let app = TestApp::start().await;
    one_of_each(&app).await;
    for (query, expected) in [
        ("", vec![6, 1, 0, 5, 4, 3, 2]),
        ("&queue=q", vec![1, 0, 5, 4, 3, 2]),
        ("&queue=other&queue=nowhere", vec![6]),
        ("&state=available", vec![0]),
        ("&state=scheduled", vec![1]),
        ("&state=running", vec![2]),
        ("&state=completed", vec![3]),
        ("&state=retryable&state=discarded", vec![5, 4]),
        ("&state=cancelled&state=completed", vec![6, 3]),
        ("&kind=k1", vec![5, 3]),
        ("&kind=k1&state=discarded", vec![5]),
        ("&tag=all&tag=t4", vec![4]),
        ("&tag=nothing", vec![]),
        ("&worker_id=w", vec![5, 4, 3, 2]),
        ("&error_class=Late", vec![4]),
        ("&q=100%25", vec![5]),
        ("&q=TOO%20late", vec![4]),
        ("&payload=5", vec![5]),
        ("&payload=%7B%22a%22%3A1%7D", vec![]),
        ("&created_after=2099-01-01T00:00:00Z", vec![]),
        ("&created_before=2099-01-01T00:00:00%2B02:00&state=running", vec![2]),
        ("&finished_after=2001-01-01T00:00:00Z", vec![6, 5, 3]),
        ("&finished_before=2001-01-01T00:00:00Z", vec![]),
        ("&id=01a206c8-d8c7-76c7-bfda-d9bb00000001", vec![]),
    ] {
        assert_eq!(payloads(&walk(&app, &format!("&include=payload{query}"), 2).await), expected, "{query}");
    }
    let some = walk(&app, "&state=running", 10).await;
    assert!(some[0].get("payload").is_none(), "only if asked for");
    let by_id = walk(&app, &format!("&id={}", some[0]["id"].as_str().unwrap()), 10).await;
    assert_eq!(by_id, some);
    let nested = json!({"user": {"id": 17, "tags": ["a", "b"]}});
    app.put_in("q", json!({"payload": nested})).await;
    app.put_in("q", json!({"payload": "\u{1}"})).await;
    app.post("/v1/queues/q/jobs", r#"{"payload":{"user":"\u0000"}}"#).await.ok(201);
    let found = walk(&app, "&payload=%7B%22user%22%3A%7B%22tags%22%3A%5B%22b%22%5D%7D%7D", 10).await;
    assert_eq!(found.len(), 1, "an odd document breaks no search");
}

#[tokio::test]
async fn a_search_looks_at_so_many_jobs_and_says_so() {
    let app = TestApp::start().await;
    app.put_in("q", json!({"payload": {"find": "me"}})).await;
    let many = json!({"jobs": vec![json!({"queue": "q"}); 1000]}).to_string();
    for _ in 0..90 {
        app.post("/v1/jobs", many.clone()).await.ok(201);
    }
    let search = "/v1/jobs?payload=%7B%22find%22%3A%22me%22%7D";
    let page = app.get(search).await.ok(200);
    assert_eq!((page["data"].as_array().unwrap().len(), &page["truncated"]), (1, &json!(false)), "of 90,001");
    for _ in 0..10 {
        app.post("/v1/jobs", many.clone()).await.ok(201);
    }
    let page = app.get(search).await.ok(200);
    assert_eq!((&page["data"], &page["truncated"]), (&json!([]), &json!(true)), "the oldest of 100,001");
    let page = app.get(&format!("{search}&queue=other")).await.ok(200);
    assert_eq!((&page["data"], &page["truncated"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn orders_are_kept_over_pages() {
    let app = TestApp::start().await;
    one_of_each(&app).await;
    for (sort, expected) in [
        ("-created_at", vec![6, 1, 0, 5, 4, 3, 2]),
        ("created_at", vec![2, 3, 4, 5, 0, 1, 6]),
        ("-finished_at", vec![6, 5, 3]),
        ("run_after", vec![2, 3, 5, 0, 6, 4, 1]),
    ] {
        for limit in [1, 2, 100] {
            assert_eq!(
                payloads(&walk(&app, &format!("&include=payload&sort={sort}"), limit).await),
                expected,
                "{sort}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_walk_among_writers_neither_loses_nor_repeats_what_was_there_throughout() {
    let app = Arc::new(TestApp::start().await);
    let mut there = HashSet::new();
    for _ in 0..3 {
        let jobs = json!({"jobs": vec![json!({"queue": "still", "delay_ms": 3_600_000}); 100]});
        let stored = app.post("/v1/jobs", jobs.to_string()).await.ok(201);
        there.extend(stored["results"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let (app, stop) = (app.clone(), stop.clone());
            tokio::spawn(async move {
                // Bounded: a walk in ascending order follows what is written.
                for _ in 0..150 {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    app.put_in("busy", json!({})).await;
                    for job in app.claim("busy", 3).await {
                        app.report("complete", &job, json!({})).await.ok(200);
                    }
                }
            })
        })
        .collect();
    for query in ["", "&sort=created_at", "&sort=run_after", "&state=scheduled", "&queue=still&queue=busy"] {
        let jobs = walk(&app, query, 7).await;
        let ids: Vec<&str> =
            jobs.iter().map(|job| job["id"].as_str().unwrap()).filter(|id| there.contains(*id)).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{query}: one is there twice");
        assert_eq!(ids.len(), there.len(), "{query}: one was lost");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.put_in("q", json!({})).await;
    }
    let answer = app.get("/v1/jobs?limit=1&queue=q").await;
    let cursor = answer.ok(200)["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("link"), format!("</v1/jobs?limit=1&queue=q&cursor={cursor}>; rel=\"next\""));
    let last = app.get(&format!("/v1/jobs?queue=q&limit=2&cursor={cursor}")).await;
    assert_eq!(last.ok(200)["data"].as_array().unwrap().len(), 2);
    assert_eq!((&last.ok(200)["next_cursor"], last.header("link")), (&json!(null), ""), "though it is full");
    // Another server of the same database takes it, too.
    TestApp::beside(&app).get(&format!("/v1/jobs?queue=q&cursor={cursor}")).await.ok(200);
    for uri in [
        format!("/v1/jobs?cursor={cursor}"),
        format!("/v1/jobs?queue=r&cursor={cursor}"),
        format!("/v1/jobs?queue=q&sort=created_at&cursor={cursor}"),
        format!("/v1/queues?cursor={cursor}"),
        format!("/v1/workers?cursor={cursor}"),
        "/v1/jobs?queue=q&cursor=AAAA".to_owned(),
        format!("/v1/jobs?queue=q&cursor=x{cursor}"),
    ] {
        app.get(&uri).await.problem(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn parameters_that_are_none_are_refused() {
    let app = TestApp::start().await;
    for (uri, pointer) in [
        ("/v1/jobs?stat=running", "?stat"),
        ("/v1/jobs?group_key=a", "?group_key"),
        ("/v1/jobs?limit=x", "?limit"),
        ("/v1/jobs?limit=1&limit=2", "?limit"),
        ("/v1/jobs?id=x", "?id"),
        ("/v1/jobs?created_after=yesterday", "?created_after"),
        ("/v1/jobs?payload={", "?payload"),
        ("/v1/queues?q=x", "?q"),
        ("/v1/info?x=1", "?x"),
        ("/v1/workers?limit=1.5", "?limit"),
    ] {
        let problem = app.get(uri).await.problem(400, "invalid_request");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{uri}");
    }
    let hint = app.get("/v1/jobs?stat=running").await.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(hint.contains("did you mean state?"), "{hint}");
    for (uri, code) in [
        ("/v1/jobs?limit=0", "min"),
        ("/v1/jobs?limit=501", "max"),
        ("/v1/jobs?limit=1000000000", "max"),
        ("/v1/jobs?state=done", "enum"),
        ("/v1/jobs?sort=name", "enum"),
        ("/v1/jobs?include=everything", "enum"),
        ("/v1/jobs?payload=%22%5Cu0000%22", "encoding"),
        ("/v1/jobs?queue=", "min"),
        ("/v1/workers?status=gone", "enum"),
    ] {
        let problem = app.get(uri).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code, "{uri}");
    }
    app.get("/v1/jobs?queue=%00").await.problem(400, "invalid_request");
    app.get("/v1/jobs?q=%FF").await.problem(400, "invalid_request");
}

#[tokio::test]
async fn jobs_may_be_named_and_are_found_without_looking_at_others() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(app.put_in(if n % 2 == 0 { "q" } else { "r" }, json!({"payload": n})).await["id"].clone());
    }
    app.claim("q", 1).await;
    let id = |n: usize| ids[n].as_str().unwrap();
    let query = |more: &str| format!("&include=payload&id={}&id={}&id={}&id={}{more}", id(0), id(1), id(4), id(4));
    assert_eq!(payloads(&walk(&app, &query(""), 2).await), [4, 1, 0]);
    assert_eq!(payloads(&walk(&app, &query("&sort=created_at"), 2).await), [0, 1, 4]);
    assert_eq!(payloads(&walk(&app, &query("&queue=q"), 9).await), [4, 0]);
    assert_eq!(payloads(&walk(&app, &query("&state=running"), 9).await), [0]);
    assert!(walk(&app, "&id=01a206c8-d8c7-76c7-bfda-d9bb00000001", 9).await.is_empty());
}

#[tokio::test]
async fn the_few_that_wait_are_listed_without_looking_at_all_that_ended() {
    let app = TestApp::start().await;
    for _ in 0..20 {
        let jobs = json!({"jobs": vec![json!({"queue": "q"}); 1000]});
        app.post("/v1/jobs", jobs.to_string()).await.ok(201);
        app.get("/qb/q?batch_size=1000").await.ok(200);
    }
    let mut waiting = Vec::new();
    for n in 0..5 {
        waiting.push(app.put_in("q", json!({"payload": n})).await["id"].clone());
    }
    waiting.reverse();
    // In pages of one, as a walk over everything that ended would be too slow by far.
    let listed = walk(&app, "&state=available&queue=q", 1).await;
    assert_eq!(listed.iter().map(|job| job["id"].clone()).collect::<Vec<_>>(), waiting);
    let begun = std::time::Instant::now();
    app.get("/v1/jobs?state=available").await.ok(200);
    let few = begun.elapsed();
    let begun = std::time::Instant::now();
    app.get("/v1/jobs?state=completed&limit=500").await.ok(200);
    assert!(few < begun.elapsed() + Duration::from_millis(200), "{few:?}");
}

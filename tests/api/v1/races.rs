//! Several servers and workers at one lease: one of them wins, and what it was told stays true.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::TestApp;

/// This many jobs of the queue, each held under a lease that ran out a moment ago. Its backoff
/// outlasts the test, however long that takes to look at them one by one.
async fn overdue(app: &TestApp, count: usize) -> Vec<Value> {
    app.patch("/v1/queues/q", r#"{"backoff_strategy":"fixed","backoff_base_ms":600000}"#).await.ok(201);
    let jobs = json!({"jobs": vec![json!({"queue": "q"}); count]});
    app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    let held = app.claim("q", count).await;
    assert_eq!(held.len(), count);
    app.sql("update presque_internal.lease set expires_at = now() - interval '1 ms'").await;
    held
}

/// The ends of its attempts, oldest first.
async fn ends(app: &TestApp, job: &Value) -> Vec<String> {
    let page = app.get(&format!("/v1/jobs/{}/attempts", job["id"].as_str().unwrap())).await.ok(200);
    page["data"].as_array().unwrap().iter().rev().map(|one| one["outcome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_take_back_the_same_leases_count_each_once() {
    let first = TestApp::start().await;
    let others = [TestApp::beside(&first), TestApp::beside(&first)];
    let held = overdue(&first, 300).await;
    let servers = [&first, &others[0], &others[1]];
    // Small steps, so that they meet.
    let sweeps = servers.map(|app| async { while app.engine.expire_leases(20, None).await.unwrap() > 0 {} });
    futures_util::future::join_all(sweeps).await;
    for job in &held {
        let shown = first.job(&job["id"]).await;
        assert_eq!(
            (&shown["state"], &shown["failed_attempts"], &shown["last_error"]["error_class"]),
            (&json!("retryable"), &json!(1), &json!("lease_expired"))
        );
        assert_eq!(ends(&first, job).await, ["lost"]);
    }
    let counts = first.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["retryable"], &counts["running"]), (&json!(300), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_extended_in_time_is_left_alone_and_one_that_is_not_is_lost() {
    let app = Arc::new(TestApp::start().await);
    let other = TestApp::beside(&app);
    let held = overdue(&app, 200).await;
    // At least one is in time, and some are not; the others race.
    app.report("heartbeat", &held[0], json!({})).await.ok(200);
    let mut found = other.engine.expire_leases(7, None).await.unwrap();
    let beats = held.chunks(50).map(|part| {
        let (app, part) = (app.clone(), part.to_vec());
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for job in part {
                let answer = app.report("heartbeat", &job, json!({})).await;
                answers.push((job, answer.status.as_u16()));
            }
            answers
        })
    });
    let beats: Vec<_> = beats.collect();
    // What was found over and extended before it could be taken back stays.
    while let now @ 1.. = other.engine.expire_leases(7, None).await.unwrap() {
        found += now;
    }
    let (mut kept, mut gone) = (0, 0);
    for beats in beats {
        for (job, status) in beats.await.unwrap() {
            let shown = app.job(&job["id"]).await;
            if status == 200 {
                assert_eq!((&shown["state"], &shown["failed_attempts"]), (&json!("running"), &json!(0)), "{shown}");
                app.report("complete", &job, json!({})).await.ok(200);
                kept += 1;
            } else {
                assert_eq!((status, &shown["state"]), (409, &json!("retryable")), "{shown}");
                app.report("complete", &job, json!({})).await.problem(409, "lease_lost");
                gone += 1;
            }
        }
    }
    assert!(kept + gone == 200 && gone <= found, "{kept} + {gone}, found {found}");
    assert!(kept > 0 && gone > 0, "all on one side shows nothing: {kept} + {gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_end_a_lease_at_once_one_wins() {
    let app = Arc::new(TestApp::start().await);
    let servers = [app.clone(), Arc::new(TestApp::beside(&app)), Arc::new(TestApp::beside(&app))];
    let held = overdue(&app, 60).await;
    let mut winners: HashMap<String, usize> = HashMap::new();
    for (round, job) in held.iter().enumerate() {
        let id = job["id"].as_str().unwrap().to_owned();
        let ways = ["complete", "fail", "release", "cancel", "expire"];
        let tries = (0..ways.len()).map(|n| {
            let way = ways[(n + round) % ways.len()];
            let (app, job, id) = (servers[n % servers.len()].clone(), job.clone(), id.clone());
            tokio::spawn(async move {
                let answer = match way {
                    "complete" => app.report("complete", &job, json!({"result": 1})).await,
                    "fail" => app.report("fail", &job, json!({"error": {}})).await,
                    "release" => app.report("release", &job, json!({"delay_ms": 60_000})).await,
                    "cancel" => app.post(&format!("/v1/jobs/{id}/cancel"), r#"{"force":true}"#).await,
                    _ => {
                        app.engine.expire_leases(100, None).await.unwrap();
                        return None;
                    }
                };
                let won = answer.status == 200;
                if !won {
                    assert_eq!(answer.status, 409, "{answer:?}");
                }
                won.then_some(way)
            })
        });
        let mut won = Vec::new();
        for one in futures_util::future::join_all(tries.collect::<Vec<_>>()).await {
            won.extend(one.unwrap());
        }
        let ends = ends(&app, job).await;
        assert_eq!(ends.len(), 1, "one attempt, one end: {ends:?}");
        let state = app.job(&job["id"]).await["state"].as_str().unwrap().to_owned();
        // A cancel also ends what waits again after it was lost, failed or given back.
        let expected = match (ends[0].as_str(), won.contains(&"cancel")) {
            ("completed", false) => ("completed", vec!["complete"]),
            ("failed", false) => ("retryable", vec!["fail"]),
            ("released", false) => ("scheduled", vec!["release"]),
            ("lost", false) => ("retryable", vec![]),
            ("cancelled" | "lost", true) => ("cancelled", vec!["cancel"]),
            ("failed", true) => ("cancelled", vec!["cancel", "fail"]),
            ("released", true) => ("cancelled", vec!["cancel", "release"]),
            end => panic!("{end:?} after {won:?}"),
        };
        won.sort_unstable();
        assert_eq!((state.as_str(), won), expected);
        *winners.entry(ends[0].clone()).or_default() += 1;
    }
    assert!(winners.len() > 1, "always the same one: {winners:?}");
}

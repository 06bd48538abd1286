//! Where two features meet: what one does must not undo what the other promises.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{JSON, TestApp, until};

/// An enqueue with an idempotency key.
async fn keyed(app: &TestApp, queue: &str, key: &str, job: &Value) -> crate::support::Answer {
    let headers = [JSON, ("idempotency-key", key)];
    app.send("POST", &format!("/v1/queues/{queue}/jobs"), &headers, job.to_string()).await
}

/// A job of the queue, claimed and failed for good.
async fn dead_letter(app: &TestApp, queue: &str) -> Value {
    app.put_in(queue, json!({})).await;
    let held = app.claim(queue, 1).await.remove(0);
    app.report("fail", &held, json!({"error": {"message": "no"}, "retry": false})).await.ok(200);
    held
}

#[tokio::test]
async fn a_claim_that_names_a_missing_queue_leases_nothing() {
    let app = TestApp::strict().await;
    app.patch("/v1/queues/q", "{}").await.ok(201);
    app.put_in("q", json!({})).await;
    app.post("/v1/jobs/claim", r#"{"queues":["q","nope"]}"#).await.problem(404, "queue_not_found");
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(1), &json!(0)));
    assert_eq!(app.claim("q", 1).await[0]["attempt"], 1, "no attempt was used up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_other_kinds_keeps_nobody_waiting() {
    let app = Arc::new(TestApp::start().await);
    let wait = |kind: &'static str| {
        let app = app.clone();
        tokio::spawn(async move {
            let asked = json!({"queues": ["q"], "kinds": [kind], "wait_ms": 10_000});
            (app.post("/v1/jobs/claim", asked.to_string()).await.ok(200), Instant::now())
        })
    };
    let others: Vec<_> = (0..20).map(|_| wait("mail")).collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let pdf = wait("pdf");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let job = app.put_in("q", json!({"kind": "pdf"})).await;
    let (answer, at) = pdf.await.unwrap();
    assert_eq!(answer["jobs"][0]["id"], job["id"]);
    assert!(at - begun < Duration::from_secs(3), "{:?}", at - begun);
    app.lifecycle.drain();
    for other in others {
        assert_eq!(other.await.unwrap().0["jobs"], json!([]));
    }
}

#[tokio::test]
async fn a_job_whose_queue_was_deleted_is_not_tried_again() {
    let app = TestApp::start().await;
    let dead = dead_letter(&app, "q").await;
    app.delete("/v1/queues/q").await.ok(204);
    let retry = format!("/v1/jobs/{}/retry", dead["id"].as_str().unwrap());
    let problem = app.post(&retry, "{}").await.problem(404, "queue_not_found");
    assert_eq!(problem["queue"], "q");
    assert_eq!(app.job(&dead["id"]).await["state"], "discarded");
    // A queue of the same name is another one.
    app.put_in("q", json!({})).await;
    app.post(&retry, "{}").await.problem(404, "queue_not_found");
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 1);
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_before_whatever_its_effect_would_refuse_now() {
    let app = TestApp::start().await;
    let rejecting = json!({"dedup_key": "x", "dedup_on_conflict": "reject"});
    let first = keyed(&app, "q", "a", &rejecting).await.ok(201);
    let again = keyed(&app, "q", "a", &rejecting).await;
    assert_eq!((again.ok(201)["id"].clone(), again.header("idempotency-replayed")), (first["id"].clone(), "true"));
    keyed(&app, "q", "b", &rejecting).await.problem(409, "duplicate_job");

    app.patch("/v1/queues/full", r#"{"max_depth":1}"#).await.ok(201);
    let first = keyed(&app, "full", "c", &json!({})).await.ok(201);
    assert_eq!(keyed(&app, "full", "c", &json!({})).await.ok(201)["id"], first["id"]);
    keyed(&app, "full", "d", &json!({})).await.problem(429, "queue_full");
    // The same body to another queue is another request.
    keyed(&app, "other", "c", &json!({})).await.problem(422, "idempotency_mismatch");
}

#[tokio::test]
async fn keys_that_hold_in_all_queues_end_with_their_queue() {
    let app = TestApp::start().await;
    for queue in ["a", "b"] {
        app.patch(&format!("/v1/queues/{queue}"), r#"{"dedup_scope":"global"}"#).await.ok(201);
    }
    let key = json!({"dedup_key": "k"});
    let first = app.put_in("a", key.clone()).await;
    let twin = app.post("/v1/queues/b/jobs", key.to_string()).await.ok(200);
    assert_eq!(
        (&twin["id"], &twin["queue"], &twin["duplicate"]),
        (&first["id"], &json!("a"), &json!(true)),
        "the job that is there, and where it is"
    );
    app.delete("/v1/queues/a?force=true").await.ok(204);
    while app.store.purge_retired(100).await.unwrap() > 0 {}
    assert_eq!(app.put_in("b", key).await["duplicate"], false);
}

#[tokio::test]
async fn a_dead_letter_queue_that_was_deleted_is_made_again() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"dead_letter_queue":"dead"}"#).await.ok(201);
    app.delete("/v1/queues/dead").await.ok(204);
    let dead = dead_letter(&app, "q").await;
    let copy = app.claim("dead", 1).await.remove(0);
    assert_eq!(app.job(&copy["id"]).await["origin_job_id"], dead["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_moves_while_it_is_changed_is_changed_all_the_same() {
    let app = Arc::new(TestApp::start().await);
    for round in 0..10 {
        let mut changes = Vec::new();
        for n in 0..10 {
            let job = app.put_in("q", json!({"delay_ms": 20 + n})).await;
            let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
            changes.push(tokio::spawn({
                let app = app.clone();
                async move {
                    let mut refused = 0;
                    for priority in 0..4 {
                        let answer = app.patch(&path, json!({"priority": priority}).to_string()).await;
                        refused += usize::from(answer.status != 200);
                        if answer.status == 409 {
                            // Never by the state it is in.
                            answer.problem(409, "conflict");
                        }
                    }
                    refused
                }
            }));
        }
        let promoting = app.clone();
        let promoted = async { while promoting.engine.promote(3, None).await.unwrap() > 0 {} };
        let (refused, ()) = tokio::join!(futures_util::future::join_all(changes), promoted);
        let refused: usize = refused.into_iter().map(Result::unwrap).sum();
        assert!(refused <= 1, "round {round}: {refused} of 40");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_a_job_available_wakes_who_waits() {
    let app = Arc::new(TestApp::start().await);
    let mut late = 0;
    for n in 0..6 {
        let queue = format!("q{n}");
        let job = if n % 3 == 0 {
            dead_letter(&app, &queue).await
        } else {
            let body = json!({"delay_ms": 3_600_000, "dedup_key": "k", "dedup_on_conflict": "replace"});
            app.put_in(&queue, body).await
        };
        let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
        let waiting = tokio::spawn({
            let (app, queue) = (app.clone(), queue.clone());
            async move {
                let asked = json!({"queues": [queue], "wait_ms": 10_000});
                (app.post("/v1/jobs/claim", asked.to_string()).await.ok(200), Instant::now())
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let begun = Instant::now();
        match n % 3 {
            0 => drop(app.post(&format!("{path}/retry"), "{}").await.ok(200)),
            1 => drop(app.patch(&path, r#"{"run_after":"2001-01-01T00:00:00Z"}"#).await.ok(200)),
            _ => {
                let body = r#"{"dedup_key":"k","dedup_on_conflict":"replace"}"#;
                drop(app.post(&format!("/v1/queues/{queue}/jobs"), body).await.ok(200));
            }
        }
        let (answer, at) = waiting.await.unwrap();
        assert_eq!(answer["jobs"][0]["id"], job["id"]);
        late += usize::from(at - begun > Duration::from_millis(250));
    }
    // The look of each second may find one by chance, and not six.
    assert!(late <= 2, "{late} of 6 were found late");
}

#[tokio::test]
async fn a_worker_that_was_lost_begins_anew() {
    let app = TestApp::start().await;
    app.post("/v1/workers/w/heartbeat", r#"{"queues":["q"]}"#).await.ok(200);
    app.post("/v1/workers/w/signal", r#"{"signal":"stop"}"#).await.ok(200);
    assert_eq!(app.post("/v1/workers/w/heartbeat", "{}").await.ok(200)["signal"], "stop");
    app.sql("update presque_internal.worker set last_heartbeat_at = now() - interval '1 hour', started_at = now() - interval '1 day'").await;
    assert_eq!(app.post("/v1/workers/w/heartbeat", "{}").await.ok(200)["signal"], "run");
    let worker = app.get("/v1/workers").await.json()["data"][0].clone();
    assert_eq!(worker["status"], "running");
    assert!(worker["started_at"].as_str() > Some("2026-11-25"), "{worker}");
}

#[tokio::test]
async fn each_change_has_a_version_of_its_own() {
    let app = TestApp::start().await;
    let job = app.put_in("q", json!({"delay_ms": 3_600_000})).await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let mut versions = std::collections::HashSet::new();
    for change in ["", "/retry", "/cancel", "/retry", "/cancel", "/retry"] {
        if !change.is_empty() {
            let body = if change == "/retry" { r#"{"delay_ms":60000}"# } else { "{}" };
            app.post(&format!("{path}{change}"), body).await.ok(200);
        }
        assert!(versions.insert(app.get(&path).await.header("etag").to_owned()), "after {change}");
    }
    let held = {
        app.put_in("r", json!({})).await;
        app.claim("r", 1).await.remove(0)
    };
    app.report("fail", &held, json!({"error": {"message": "no"}})).await.ok(200);
    let shown = app.job(&held["id"]).await;
    assert_eq!((&shown["state"], &shown["worker_id"]), (&json!("retryable"), &json!("w")), "of its latest attempt");
    assert!(shown["started_at"].is_string() && shown["wait_ms"].is_i64() && shown["run_ms"].is_i64(), "{shown}");
    assert_eq!(app.get("/v1/jobs?worker_id=w&queue=r").await.json()["data"].as_array().unwrap().len(), 1);
    app.post(&format!("/v1/jobs/{}/retry", held["id"].as_str().unwrap()), "{}").await.ok(200);
    assert_eq!(app.job(&held["id"]).await["last_error"]["message"], "no", "it is known what went wrong last");
}

#[tokio::test]
async fn options_that_would_do_nothing_are_refused() {
    let app = TestApp::start().await;
    for (body, code) in [
        (json!({"dedup_key": "k", "dedup_until": "window"}), "required"),
        (json!({"dedup_key": "k", "dedup_until": "finished", "dedup_window_ms": 1000}), "conflict"),
    ] {
        let problem = app.post("/v1/queues/q/jobs", body.to_string()).await.problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/dedup_window_ms"), &json!(code))
        );
    }
    for body in [json!({"kind": "a\n\u{1b}[31m"}), json!({"tags": ["\u{7}"]})] {
        let problem = app.post("/v1/queues/q/jobs", body.to_string()).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "pattern", "{body}");
    }
    app.patch("/v1/queues/full", r#"{"max_depth":1}"#).await.ok(201);
    let job = app.put_in("full", json!({"dedup_key": "k"})).await;
    let twin = app.post("/v1/queues/full/jobs", r#"{"dedup_key":"k"}"#).await.ok(200);
    assert_eq!(twin["id"], job["id"], "a duplicate takes no room");
}

#[tokio::test]
async fn logs_that_do_not_fit_leave_those_that_do() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    let line = json!({"at": "2026-11-25T20:00:00Z", "level": "info", "message": "x".repeat(4000)});
    app.report("heartbeat", &held, json!({"logs": vec![line.clone(); 10]})).await.ok(200);
    app.report("complete", &held, json!({"logs": vec![line; 10]})).await.ok(200);
    let path = format!("/v1/jobs/{}/attempts", held["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.json()["data"][0]["logs"].as_array().unwrap().len(), 16, "of 64 KiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_job_named_again_and_again_keeps_nobody() {
    let app = Arc::new(TestApp::start().await);
    app.put_in("q", json!({})).await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 2).await;
    let item = json!({"job_id": held[0]["id"], "lease_token": held[0]["lease_token"], "outcome": "extended"});
    let settled = app.post("/v1/jobs/settle", json!({"items": vec![item; 1000]}).to_string()).await.ok(200);
    let codes: Vec<_> = settled["results"].as_array().unwrap().iter().map(|one| one["code"].as_str()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some("validation_failed")).count(), 996);
    let beats = (0..100).map(|_| {
        let (app, held) = (app.clone(), held[0].clone());
        tokio::spawn(async move { app.report("heartbeat", &held, json!({})).await.status.as_u16() })
    });
    let beats: Vec<_> = beats.collect();
    app.report("complete", &held[1], json!({})).await.ok(200);
    for beat in beats {
        let status = beat.await.unwrap();
        assert!([200, 503].contains(&status), "{status}");
    }
    until("it is kept", || async { app.report("heartbeat", &held[0], json!({})).await.status == 200 }).await;
}

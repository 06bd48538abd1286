//! Handing jobs out.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::TestApp;

async fn ask(app: &TestApp, asked: Value) -> Value {
    app.post("/v1/jobs/claim", asked.to_string()).await.ok(200)
}

fn payloads(answer: &Value) -> Vec<String> {
    answer["jobs"].as_array().unwrap().iter().map(|job| job["payload"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn queues_are_tried_in_order_or_in_turn() {
    let app = TestApp::start().await;
    for queue in ["a", "b", "c"] {
        for n in 0..4 {
            app.put_in(queue, json!({"payload": format!("{queue}{n}")})).await;
        }
    }
    let strict = ask(&app, json!({"queues": ["b", "a"], "max_jobs": 5})).await;
    assert_eq!(payloads(&strict), ["b0", "b1", "b2", "b3", "a0"]);
    let fair = ask(&app, json!({"queues": ["a", "b", "c"], "max_jobs": 4, "fair": true})).await;
    let mut fair = payloads(&fair);
    fair.sort();
    assert_eq!(fair, ["a1", "a2", "c0", "c1"], "b is empty, the others share");
    let rest = ask(&app, json!({"queues": ["a", "b", "c"], "max_jobs": 100, "fair": true})).await;
    assert_eq!(rest["jobs"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn only_kinds_that_are_asked_for_are_handed_out() {
    let app = TestApp::start().await;
    for (n, kind) in ["mail", "pdf", "mail", "zip"].iter().enumerate() {
        app.put_in("q", json!({"kind": kind, "payload": n.to_string()})).await;
    }
    let answer = ask(&app, json!({"queues": ["q"], "kinds": ["zip", "pdf"], "max_jobs": 10})).await;
    assert_eq!(payloads(&answer), ["1", "3"]);
    assert_eq!(payloads(&ask(&app, json!({"queues": ["q"], "max_jobs": 10})).await), ["0", "2"]);
}

#[tokio::test]
async fn a_paused_queue_hands_nothing_out_and_is_named() {
    let app = TestApp::start().await;
    app.put_in("a", json!({"payload": "a"})).await;
    app.put_in("b", json!({"payload": "b"})).await;
    app.post("/v1/queues/a/pause", r#"{"reason":"smtp is down"}"#).await.ok(200);
    let answer = ask(&app, json!({"queues": ["a", "b"], "max_jobs": 10})).await;
    assert_eq!((payloads(&answer), &answer["paused_queues"]), (vec!["b".to_owned()], &json!(["a"])));
    assert_eq!(ask(&app, json!({"queues": ["a"]})).await["poll_after_ms"], 1000);
    app.post("/v1/queues/a/resume", "").await.ok(200);
    let answer = ask(&app, json!({"queues": ["a", "b"], "max_jobs": 10})).await;
    assert_eq!((payloads(&answer), &answer["paused_queues"]), (vec!["a".to_owned()], &json!([])));
}

#[tokio::test]
async fn an_answer_says_when_to_ask_again() {
    let app = TestApp::start().await;
    assert_eq!(
        ask(&app, json!({"queues": ["never-seen"]})).await,
        json!({"jobs": [], "poll_after_ms": 250, "paused_queues": []})
    );
    app.put_in("q", json!({})).await;
    assert_eq!(ask(&app, json!({"queues": ["q"]})).await["poll_after_ms"], 0);
}

#[tokio::test]
async fn the_length_of_a_lease_comes_from_the_claim_the_job_or_the_queue() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"lease_ms":90000,"timeout_ms":7200000}"#).await.ok(201);
    let seconds = |job: &Value, member: &str| {
        let time = |text: &Value| chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap().timestamp();
        let shown = time(&job[member]);
        async move { shown }
    };
    for (job, asked, lease, timeout) in [
        (json!({}), json!({}), 90, Some(7200)),
        (json!({"lease_ms": 30000, "timeout_ms": 60000}), json!({}), 30, Some(60)),
        (json!({"lease_ms": 30000, "timeout_ms": 0}), json!({"lease_ms": 600_000}), 600, None),
    ] {
        app.put_in("q", job).await;
        let mut claim = json!({"queues": ["q"]});
        claim.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
        let claimed = ask(&app, claim).await["jobs"][0].clone();
        #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
        let now = app.database_now().await as i64;
        assert!((lease - 5..=lease + 1).contains(&(seconds(&claimed, "lease_expires_at").await - now)), "{claimed}");
        match timeout {
            None => assert!(claimed.get("timeout_at").is_none()),
            Some(timeout) => {
                assert!((timeout - 5..=timeout + 1).contains(&(seconds(&claimed, "timeout_at").await - now)));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_get_each_job_once() {
    let app = Arc::new(TestApp::start().await);
    for _ in 0..4 {
        let jobs = json!({"jobs": vec![json!({"queue": "race"}); 500]});
        app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    }
    let mut workers = JoinSet::new();
    for n in 0..8 {
        let app = app.clone();
        workers.spawn(async move {
            let mut held = Vec::new();
            loop {
                let jobs = app.claim("race", 1 + n * 5).await;
                if jobs.is_empty() {
                    return held;
                }
                held.extend(jobs);
            }
        });
    }
    let held: Vec<Value> = workers.join_all().await.into_iter().flatten().collect();
    let ids: HashSet<&str> = held.iter().map(|job| job["id"].as_str().unwrap()).collect();
    let tokens: HashSet<&str> = held.iter().map(|job| job["lease_token"].as_str().unwrap()).collect();
    assert_eq!((held.len(), ids.len(), tokens.len()), (2000, 2000, 2000));
    let counts = app.get("/v1/queues/race").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(0), &json!(2000)));
}

#[tokio::test]
async fn an_answer_is_kept_to_a_size() {
    let app = TestApp::start().await;
    let large = json!({"jobs": vec![json!({"queue": "q", "payload": "x".repeat(250_000)}); 50]});
    app.post("/v1/jobs", large.to_string()).await.ok(201);
    app.post("/v1/jobs", large.to_string()).await.ok(201);
    let first = app.claim("q", 1000).await.len();
    assert_eq!(first, 67, "16 MiB of them");
    assert_eq!(app.claim("q", 1000).await.len(), 100 - first);
}

#[tokio::test]
async fn the_last_failure_comes_with_the_next_attempt() {
    let app = TestApp::start().await;
    app.put_in("q", json!({})).await;
    let first = app.claim("q", 1).await.remove(0);
    assert!(first.get("last_error").is_none());
    let failure =
        json!({"error": {"error_class": "E", "message": "no 7", "stack": "at x", "data": {"a": 1}}, "retry_in_ms": 0});
    app.report("fail", &first, failure).await.ok(200);
    let second = app.claim("q", 1).await.remove(0);
    let error = &second["last_error"];
    assert_eq!(
        (&error["error_class"], &error["message"], &error["stack"], &error["attempt"]),
        (&json!("E"), &json!("no 7"), &json!("at x"), &json!(1))
    );
    assert_eq!(
        (&error["data"], &second["attempt"], &second["failed_attempts"]),
        (&json!({"a": 1}), &json!(2), &json!(1))
    );
}

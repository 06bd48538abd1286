//! Many outcomes, and the next claim, in one call.

use serde_json::{Value, json};

use crate::support::{TestApp, until};

#[tokio::test]
async fn settle_takes_each_item_on_its_own_and_claims_the_next_jobs() {
    let app = TestApp::start().await;
    for n in 0..7 {
        app.put_in("q", json!({"payload": n})).await;
    }
    let held = app.claim("q", 5).await;
    let item = |n: usize, members: Value| {
        let mut item = json!({"job_id": held[n]["id"], "lease_token": held[n]["lease_token"]});
        item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        item
    };
    let items = json!([
        item(4, json!({"outcome": "completed", "result": 4})),
        item(3, json!({"outcome": "failed", "error": {"message": "x"}, "retry_in_ms": 60000})),
        item(2, json!({"outcome": "released", "delay_ms": 60000})),
        item(1, json!({"outcome": "extended", "extend_ms": 600_000, "progress": 10})),
        {"job_id": held[0]["id"], "lease_token": "forged", "outcome": "completed"},
        {"job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "lease_token": "forged", "outcome": "completed"},
        item(4, json!({"outcome": "completed", "result": 4})),
        item(4, json!({"outcome": "released"})),
        item(0, json!({"outcome": "completed", "result": "x".repeat(70_000)})),
        item(0, json!({"outcome": "completed", "delay_ms": 1})),
        item(0, json!({"outcome": "released", "error": {"message": "x"}})),
        item(0, json!({"outcome": "failed"})),
    ]);
    let asked = json!({"items": items, "claim": {"queues": ["q"], "max_jobs": 10, "worker_id": "w"}});
    let answer = app.post("/v1/jobs/settle", asked.to_string()).await.ok(200);
    let seen: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["ok"].as_bool().unwrap(), one["state"].as_str().unwrap_or("-"), one["code"].as_str().unwrap_or("-"))
        })
        .collect();
    assert_eq!(
        seen,
        [
            (true, "completed", "-"),
            (true, "retryable", "-"),
            (true, "scheduled", "-"),
            (true, "running", "-"),
            (false, "running", "lease_lost"),
            (false, "-", "job_not_found"),
            (true, "completed", "-"),
            (false, "completed", "lease_lost"),
            (false, "running", "payload_too_large"),
            (false, "-", "validation_failed"),
            (false, "-", "validation_failed"),
            (false, "-", "validation_failed"),
        ]
    );
    assert_eq!(answer["results"][3]["cancel_requested"], false);
    assert_eq!(answer["jobs"].as_array().unwrap().len(), 2);
    assert_eq!(app.post("/v1/jobs/settle", r#"{"items":[]}"#).await.ok(200)["results"], json!([]));
}

/// What can be seen of a job after it was settled, but for its names and times.
async fn seen(app: &TestApp, id: &Value) -> Value {
    let mut job = app.job(id).await;
    let id = id.as_str().unwrap();
    let mut attempts = app.get(&format!("/v1/jobs/{id}/attempts")).await.ok(200)["data"].clone();
    let timed = [
        "id",
        "job_id",
        "queue",
        "at",
        "created_at",
        "run_after",
        "started_at",
        "finished_at",
        "wait_ms",
        "run_ms",
        "lease_expires_at",
    ];
    for one in std::iter::once(&mut job).chain(attempts.as_array_mut().unwrap()) {
        for name in timed {
            one.as_object_mut().unwrap().remove(name);
            for error in ["error", "last_error"] {
                one.get_mut(error).and_then(Value::as_object_mut).map(|error| error.remove(name));
            }
        }
    }
    json!([job, attempts])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_items_are_settled_as_a_thousand_calls_would() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"backoff_jitter":0,"backoff_base_ms":3600000}"#).await.ok(201);
    for _ in 0..2 {
        let jobs = json!({"jobs": vec![json!({"queue": "q", "max_attempts": 2}); 1000]});
        app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    }
    let failure = json!({"error_class": "Late", "message": "m", "data": {"n": 1}});
    let outcomes = [
        ("completed", "complete", json!({"result": [1]})),
        ("failed", "fail", json!({"error": failure})),
        ("failed", "fail", json!({"error": failure, "retry": false})),
        ("released", "release", json!({"delay_ms": 3_600_000})),
        ("extended", "heartbeat", json!({"extend_ms": 90_000, "progress": 7})),
    ];
    let (many, single) = (app.claim("q", 1000).await, app.claim("q", 1000).await);
    let items = many.iter().enumerate().map(|(n, job)| {
        let (outcome, _, members) = &outcomes[n % 5];
        let mut item = json!({"job_id": job["id"], "lease_token": job["lease_token"], "outcome": outcome});
        item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        item
    });
    let body = json!({"items": items.collect::<Vec<_>>()});
    let results = app.post("/v1/jobs/settle", body.to_string()).await.ok(200)["results"].clone();
    for (n, (settled, job)) in many.iter().zip(&single).enumerate() {
        let (_, call, members) = &outcomes[n % 5];
        let status = app.report(call, job, members.clone()).await.ok(200);
        assert_eq!(results[n]["ok"], true, "{call}");
        assert_eq!(results[n]["state"], status.get("state").cloned().unwrap_or(json!("running")), "{call}");
        assert_eq!(seen(&app, &settled["id"]).await, seen(&app, &job["id"]).await, "{call}");
    }
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    for state in ["completed", "retryable", "discarded", "scheduled", "running"] {
        assert_eq!(counts[state], 400, "{state}");
    }
}

#[tokio::test]
async fn outcomes_are_answered_although_jobs_cannot_be_claimed_and_those_are_given_back() {
    // An answer with this job has no room.
    let app = TestApp::with_room(64).await;
    app.put_in("large", json!({"payload": "x".repeat(100_000)})).await;
    let given_back = || {
        until("the claim gave it back", || async {
            app.get("/v1/queues/large").await.json()["counts"]["available"] == 1
        })
    };
    app.post("/v1/jobs/claim", r#"{"queues":["large"]}"#).await.problem(503, "overloaded");
    given_back().await;
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    let body = json!({
        "items": [{"job_id": held["id"], "lease_token": held["lease_token"], "outcome": "completed"}],
        "claim": {"queues": ["large"]},
    });
    let settled = app.post("/v1/jobs/settle", body.to_string()).await.ok(200);
    assert_eq!(settled["results"][0]["state"], "completed");
    assert_eq!((&settled["jobs"], &settled["poll_after_ms"]), (&json!([]), &json!(1000)));
    given_back().await;
    app.post("/v1/jobs/settle", r#"{"items":[],"claim":{"queues":["large"]}}"#).await.problem(503, "overloaded");
}

#[tokio::test]
async fn nothing_is_settled_if_the_claim_names_no_queue() {
    let app = TestApp::strict().await;
    app.patch("/v1/queues/q", "{}").await.ok(201);
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    let body = json!({
        "items": [{"job_id": held["id"], "lease_token": held["lease_token"], "outcome": "completed"}],
        "claim": {"queues": ["gone"]},
    });
    let refused = app.post("/v1/jobs/settle", body.to_string()).await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["pointer"], "/claim/queues");
    assert_eq!(app.job(&held["id"]).await["state"], "running");
}

//! Who works, and what operators want of them.

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_worker_registers_by_its_first_beat_and_is_shown() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/v1/workers").await.ok(200), json!({"data": []}));
    let beat = json!({
        "queues": ["mail", "pdf"], "kinds": ["welcome"], "concurrency": 20, "hostname": "web-3.example", "pid": 4711,
        "version": "1.2", "labels": {"zone": "a"}, "status": "running"
    });
    let directive = app.post("/v1/workers/w/heartbeat", beat.to_string()).await.ok(200);
    assert_eq!((&directive["signal"], &directive["next_heartbeat_ms"]), (&json!("run"), &json!(15_000)));
    assert_eq!((&directive["cancel_job_ids"], &directive["lost_job_ids"]), (&json!([]), &json!([])));
    let worker = app.get("/v1/workers").await.ok(200)["data"][0].clone();
    for name in ["queues", "kinds", "concurrency", "hostname", "pid", "version", "labels", "status"] {
        assert_eq!(worker[name], beat[name], "{name}");
    }
    app.post("/v1/workers/w/heartbeat", r#"{"status":"quiet"}"#).await.ok(200);
    let again = app.get("/v1/workers?worker_id=w").await.ok(200)["data"][0].clone();
    assert_eq!(
        (&again["status"], &again["hostname"]),
        (&json!("quiet"), &json!("web-3.example")),
        "what is absent stays"
    );
    assert_eq!(app.get("/v1/queues").await.ok(200)["data"], json!([]), "it makes no queue");
    app.put_in("mail", json!({})).await;
    assert_eq!(app.get("/v1/queues/mail").await.ok(200)["workers"], 1);
}

#[tokio::test]
async fn one_beat_keeps_all_leases_and_tells_which_are_lost_or_to_be_cancelled() {
    let app = TestApp::start().await;
    for lease_ms in [3000, 30_000, 60_000] {
        app.put_in("q", json!({"lease_ms": lease_ms})).await;
    }
    let held = app.claim("q", 3).await;
    let listed = |jobs: &[usize]| {
        let leases: Vec<_> = jobs
            .iter()
            .map(|n| json!({"job_id": held[*n]["id"], "lease_token": held[*n]["lease_token"], "progress": 50}))
            .collect();
        json!({"leases": leases}).to_string()
    };
    app.sql("update presque_internal.lease set expires_at = now() + interval '100 ms'").await;
    app.post(&format!("/v1/jobs/{}/cancel", held[1]["id"].as_str().unwrap()), "{}").await.ok(200);
    let directive = app.post("/v1/workers/w/heartbeat", listed(&[0, 1, 2])).await.ok(200);
    assert_eq!((&directive["cancel_job_ids"], &directive["lost_job_ids"]), (&json!([held[1]["id"]]), &json!([])));
    assert!(
        (900..=1000).contains(&directive["next_heartbeat_ms"].as_i64().unwrap()),
        "a third of the shortest: {directive}"
    );
    assert_eq!(app.job(&held[0]["id"]).await["progress"], 50.0);
    assert_eq!(app.job(&held[0]["id"]).await["lease_expires_at"], directive["lease_expires_at"]);
    app.report("complete", &held[0], json!({})).await.ok(200);
    let directive = app.post("/v1/workers/w/heartbeat", listed(&[0, 2])).await.ok(200);
    assert_eq!(directive["lost_job_ids"], json!([held[0]["id"]]));
    assert_eq!(app.get("/v1/workers").await.ok(200)["data"][0]["running"], 2);
}

#[tokio::test]
async fn an_operator_s_signal_is_heard_at_the_next_beat() {
    let app = TestApp::start().await;
    app.post("/v1/workers/w/signal", r#"{"signal":"stop"}"#).await.problem(404, "worker_not_found");
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    for (signal, status) in [("quiet", "quiet"), ("stop", "stopping"), ("run", "running")] {
        let asked = json!({"signal": signal, "reason": "deploy"}).to_string();
        assert_eq!(app.post("/v1/workers/w/signal", asked).await.ok(200)["status"], status);
        assert_eq!(app.post("/v1/workers/w/heartbeat", "{}").await.ok(200)["signal"], signal);
    }
    let problem = app.post("/v1/workers/w/signal", r#"{"signal":"halt"}"#).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "enum");
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_it_holds_and_is_forgotten() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.put_in("q", json!({})).await;
    }
    let held = app.claim("q", 3).await;
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    let listed = json!({"status": "stopped", "leases": [
        {"job_id": held[0]["id"], "lease_token": held[0]["lease_token"]}, {"job_id": held[1]["id"], "lease_token": "forged"}
    ]});
    let directive = app.post("/v1/workers/w/heartbeat", listed.to_string()).await.ok(200);
    assert_eq!((&directive["signal"], &directive["lost_job_ids"]), (&json!("stop"), &json!([held[1]["id"]])));
    assert_eq!(app.get("/v1/workers").await.ok(200)["data"], json!([]));
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(1), &json!(2)), "only what it listed");
    app.post("/v1/workers/w/heartbeat", r#"{"status":"stopped"}"#).await.ok(200);
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(3), &json!(0)), "all it claimed");
    assert_eq!(app.job(&held[0]["id"]).await["failed_attempts"], 0);
}

#[tokio::test]
async fn a_worker_that_misses_three_beats_is_lost_and_later_forgotten() {
    let app = TestApp::start().await;
    for id in ["a", "b"] {
        app.post(&format!("/v1/workers/{id}/heartbeat"), "{}").await.ok(200);
    }
    app.sql("update presque_internal.worker set last_heartbeat_at = now() - interval '46 seconds' where id = 'a'")
        .await;
    app.sql("update presque_internal.worker set last_heartbeat_at = now() - interval '44 seconds' where id = 'b'")
        .await;
    let lost = app.get("/v1/workers?status=lost").await.ok(200);
    assert_eq!((&lost["data"][0]["id"], lost["data"].as_array().unwrap().len()), (&json!("a"), 1));
    assert_eq!(app.get("/v1/workers?status=running&limit=1").await.ok(200)["data"][0]["id"], "b");
    app.sql("update presque_internal.worker set last_heartbeat_at = now() - interval '25 hours' where id = 'a'").await;
    assert_eq!(app.store.forget(10).await.unwrap(), 1);
    let page = app.get("/v1/workers?limit=1").await.ok(200);
    assert_eq!(page["data"][0]["id"], "b");
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    app.report("complete", &held, json!({})).await.ok(200);
    app.post("/v1/workers/w/heartbeat", "{}").await.ok(200);
    app.store.fold_tally(100).await.unwrap();
    let worker = app.get("/v1/workers?worker_id=w").await.ok(200)["data"][0].clone();
    assert_eq!((&worker["completed_last_hour"], &worker["failed_last_hour"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn the_server_tells_what_it_is_and_allows() {
    let app = TestApp::start().await;
    let info = app.get("/v1/info").await.ok(200);
    assert_eq!((&info["version"], &info["api_version"]), (&json!(env!("CARGO_PKG_VERSION")), &json!("1.0.0")));
    let mut connection = app.db.connect().await;
    let fsync: String = sqlx::query_scalar("show fsync").fetch_one(&mut connection).await.unwrap();
    // A PostgreSQL of the tests themselves runs without.
    let durability = if fsync == "off" { "none" } else { "local" };
    assert_eq!((&info["read_only"], &info["durability"]), (&json!(false), &json!(durability)));
    assert_eq!((&info["limits"]["max_claim"], &info["limits"]["max_wait_ms"]), (&json!(1000), &json!(30_000)));
    assert_eq!((&info["token"]["name"], &info["token"]["queues"]), (&json!("anonymous"), &json!(["*"])));
}

//! Waiting: for jobs, and for a job's end, without holding anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use presque::engine::{ClaimRequest, Engine};
use presque::store::{Claim, Enqueue, Store};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::support::{JSON, TestApp, until};

/// A claim that waits, in a task of its own; answers how long and what.
fn waiting(app: &Arc<TestApp>, queue: &'static str, wait_ms: i64) -> tokio::task::JoinHandle<(Duration, Value)> {
    let app = app.clone();
    tokio::spawn(async move {
        let begun = Instant::now();
        let asked = json!({"queues": [queue], "wait_ms": wait_ms}).to_string();
        let answer = app.post("/v1/jobs/claim", asked).await.ok(200);
        (begun.elapsed(), answer)
    })
}

/// Sessions of the test's database that are not idle, and all of them.
async fn sessions(app: &TestApp) -> (i64, i64) {
    let mut connection = app.db.connect().await;
    sqlx::query_as(
        "select count(*) filter (where state <> 'idle'), count(*) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_waits_is_answered_when_a_job_comes() {
    let app = Arc::new(TestApp::start().await);
    let mut late = 0;
    for _ in 0..8 {
        let claim = waiting(&app, "q", 20_000);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let begun = Instant::now();
        let job = app.put_in("q", json!({})).await;
        let (_, answer) = claim.await.unwrap();
        assert_eq!(answer["jobs"][0]["id"], job["id"]);
        late += usize::from(begun.elapsed() > Duration::from_millis(200));
    }
    assert!(late <= 3, "{late} of 8 were found by the look of each second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_comes_to_another_server_wakes_it_too() {
    let app = Arc::new(TestApp::start().await);
    let other = TestApp::beside(&app);
    let mut late = 0;
    // Behind a pooler nobody listens, and each looks once a second.
    let within = Duration::from_millis(if app.store.can_listen() { 250 } else { 1250 });
    for _ in 0..10 {
        let claim = waiting(&app, "q", 20_000);
        tokio::time::sleep(Duration::from_millis(150)).await;
        let begun = Instant::now();
        other.put_in("q", json!({})).await;
        assert_eq!(claim.await.unwrap().1["jobs"].as_array().unwrap().len(), 1);
        late += usize::from(begun.elapsed() > within);
    }
    assert!(late <= 3, "{late} of 10 were woken late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_ends_with_nothing_and_a_server_that_drains_ends_all() {
    let app = Arc::new(TestApp::start().await);
    let (waited, answer) = waiting(&app, "q", 300).await.unwrap();
    assert_eq!((&answer["jobs"], &answer["poll_after_ms"]), (&json!([]), &json!(0)));
    assert!(waited >= Duration::from_millis(300));
    let mut claims = Vec::new();
    for _ in 0..40 {
        claims.extend((0..25).map(|_| waiting(&app, "q", 30_000)));
        until("they wait", || async { sessions(&app).await.0 == 0 }).await;
    }
    app.lifecycle.drain();
    for claim in claims {
        assert_eq!(
            tokio::time::timeout(Duration::from_secs(5), claim).await.expect("at once").unwrap().1["jobs"],
            json!([])
        );
    }
    let answer = app.send("POST", "/v1/jobs/claim", &[JSON], r#"{"queues":["q"],"wait_ms":30000}"#).await;
    assert_eq!((answer.status.as_u16(), answer.header("connection")), (200, "close"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_that_wait_hold_no_connection_and_each_gets_one_job() {
    let app = Arc::new(TestApp::start().await);
    app.patch("/v1/queues/q", "{}").await.ok(201);
    let mut claims = Vec::new();
    for _ in 0..20 {
        claims.extend((0..500).map(|_| waiting(&app, "q", 30_000)));
        until("they wait", || async { sessions(&app).await.0 == 0 }).await;
    }
    until("all of them wait", || async { sessions(&app).await.0 == 0 }).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (_, all) = sessions(&app).await;
    assert!(all <= 9, "the pool and the listener: {all}");
    for part in 0..10 {
        // Those with a key are not handed over: each wakes one.
        let job = |n: i32| match part % 2 {
            0 => json!({"queue": "q", "payload": part}),
            _ => json!({"queue": "q", "payload": part, "dedup_key": format!("{part}-{n}")}),
        };
        let jobs = json!({"jobs": (0..1000).map(job).collect::<Vec<_>>()});
        app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    }
    let mut ids = std::collections::HashSet::new();
    for claim in claims {
        let (_, answer) = claim.await.unwrap();
        assert!(ids.insert(answer["jobs"][0]["id"].as_str().expect("each gets one").to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_job_and_a_resumed_queue_wake_who_waits() {
    let app = Arc::new(TestApp::start().await);
    app.put_in("q", json!({"delay_ms": 300})).await;
    let (waited, answer) = waiting(&app, "q", 20_000).await.unwrap();
    assert_eq!(answer["jobs"].as_array().unwrap().len(), 1);
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    app.put_in("p", json!({})).await;
    app.post("/v1/queues/p/pause", "{}").await.ok(200);
    let claim = waiting(&app, "p", 20_000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.post("/v1/queues/p/resume", "").await.ok(200);
    assert_eq!(claim.await.unwrap().1["jobs"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_sql_or_a_lost_message_brings_is_found_within_a_second_or_two() {
    let app = Arc::new(TestApp::start().await);
    app.put_in("q", json!({})).await;
    let held = app.claim("q", 1).await.remove(0);
    let claim = waiting(&app, "q", 20_000);
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.sql(&format!(
        "with gone as (delete from presque_internal.lease returning *)
         insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at)
         select queue_id, lane, presque_internal.next_seq(), job_id, kind, now() from gone where job_id = '{}'",
        held["id"].as_str().unwrap()
    ))
    .await;
    let (waited, answer) = claim.await.unwrap();
    assert_eq!(answer["jobs"][0]["id"], held["id"]);
    assert!(waited < Duration::from_secs(4), "{waited:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_while_it_waits_leaves_no_job_leased_to_nobody() {
    let app = TestApp::start().await;
    let address = app.listen().await;
    let body = r#"{"queues":["q"],"wait_ms":20000}"#;
    let request = format!(
        "POST /v1/jobs/claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for n in 0..20 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        if n % 2 == 0 {
            drop(stream);
        } else {
            // It has said all, and still listens: it is answered, with nothing.
            stream.shutdown().await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""jobs":[]"#), "{answer}");
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..5 {
        app.put_in("q", json!({})).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(5), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_whose_answer_nobody_takes_gives_its_jobs_back() {
    let app = Arc::new(TestApp::start().await);
    for _ in 0..3 {
        app.put_in("q", json!({})).await;
    }
    let mut dropped = 0;
    for n in 0..60 {
        let request = app.post("/v1/jobs/claim", r#"{"queues":["q"],"max_jobs":3}"#);
        // Dropped somewhere on its way, as when a client disconnects.
        match tokio::time::timeout(Duration::from_micros(100 * n), request).await {
            Err(_) => dropped += 1,
            // One that was answered in time holds its jobs rightly.
            Ok(answer) => {
                for job in answer.ok(200)["jobs"].as_array().unwrap() {
                    app.report("release", job, json!({})).await.ok(200);
                }
            }
        }
    }
    assert!(dropped > 0);
    until("all of them are back", || async { app.get("/v1/queues/q").await.json()["counts"]["available"] == 3 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_can_be_awaited() {
    let app = Arc::new(TestApp::start().await);
    let mut late = 0;
    for _ in 0..8 {
        let job = app.put_in("q", json!({})).await;
        let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
        let wait = |query: &'static str| {
            let (app, path) = (app.clone(), path.clone());
            tokio::spawn(async move { app.get(&format!("{path}?{query}")).await.ok(200) })
        };
        let (started, finished) = (wait("wait_ms=20000&wait_for=started"), wait("wait_ms=20000&include=result"));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let held = app.claim("q", 1).await.remove(0);
        assert_eq!(started.await.unwrap()["state"], "running");
        let begun = Instant::now();
        app.report("complete", &held, json!({"result": 42})).await.ok(200);
        let done = finished.await.unwrap();
        late += usize::from(begun.elapsed() > Duration::from_millis(100));
        assert_eq!((&done["state"], &done["result"]), (&json!("completed"), &json!(42)));
        assert_eq!(wait("wait_ms=20000").await.unwrap()["state"], "completed", "at once");
    }
    assert!(late <= 3, "{late} of 8 were found by looking, which happens twice a second");
}

#[tokio::test]
async fn a_wait_may_be_preferred_by_a_header() {
    let app = TestApp::start().await;
    let answer =
        app.send("POST", "/v1/jobs/claim", &[JSON, ("prefer", "respond-async, wait=0")], r#"{"queues":["q"]}"#).await;
    answer.ok(200);
    assert_eq!(answer.header("preference-applied"), "wait=0");
    app.lifecycle.drain();
    let cut = app.send("POST", "/v1/jobs/claim", &[JSON, ("prefer", "wait=3600")], r#"{"queues":["q"]}"#).await;
    assert_eq!(cut.header("preference-applied"), "wait=30", "cut to what is possible");
    let said =
        app.send("POST", "/v1/jobs/claim", &[JSON, ("prefer", "wait=9")], r#"{"queues":["q"],"wait_ms":0}"#).await;
    assert_eq!(said.header("preference-applied"), "");
    for (body, code) in
        [(json!({"queues": ["q"], "wait_ms": 30_001}), "max"), (json!({"queues": ["q"], "wait_ms": -1}), "min")]
    {
        assert_eq!(
            app.post("/v1/jobs/claim", body.to_string()).await.problem(422, "validation_failed")["errors"][0]["code"],
            code
        );
    }
    app.get("/v1/jobs/01a206c8-d8c7-76c7-bfda-d9bb00000001?wait_ms=30001").await.problem(422, "validation_failed");
    let job = app.put_in("q", json!({})).await;
    let path = format!("/v1/jobs/{}", job["id"].as_str().unwrap());
    let cut = app.send("GET", &path, &[("prefer", "wait=3600")], "").await;
    assert_eq!((cut.status.as_u16(), cut.header("preference-applied")), (200, "wait=30"));
}

#[tokio::test]
async fn a_request_that_waits_takes_little_memory() {
    let engine = Engine::new(Store::new(PgConnectOptions::new(), 4), true, 250);
    let claim = Claim {
        queues: Vec::new(),
        kinds: None,
        max_jobs: 1,
        per_queue: 1,
        lease_ms: None,
        worker: None,
        idempotency: None,
    };
    let (request, draining) = (ClaimRequest { claim, fair: false, wait: Duration::ZERO }, CancellationToken::new());
    let waits = size_of_val(&engine.claim(request, &draining));
    assert!(waits < 4096, "each of thousands of parked claims takes {waits} bytes for this alone");
    let enqueue = size_of_val(&engine.enqueue(Enqueue::default(), true));
    assert!(enqueue < 4096, "{enqueue} bytes");
}

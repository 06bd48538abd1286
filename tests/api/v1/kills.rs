//! `kill -9` under producers and workers of `/v1`: each job that was asked for is there once,
//! whatever its producer had to repeat, and each is completed once, whatever its workers met.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::kills::{Target, client};
use crate::support::{Server, TestApp, until};

const PRODUCERS: usize = 4;
const WORKERS: usize = 4;

/// A client that repeats what was not answered, or refused for now, as docs/workers.md says.
struct Caller {
    client: reqwest::Client,
    url: String,
    repeated: usize,
}

impl Caller {
    fn new(url: &str) -> Self {
        Self { client: client(), url: url.to_owned(), repeated: 0 }
    }

    async fn post(&mut self, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
        loop {
            let mut request = self.client.post(format!("{}{path}", self.url));
            request = request.header("content-type", "application/json").body(body.to_string());
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Ok(answer) = request.send().await {
                let status = answer.status().as_u16();
                if let Ok(text) = answer.text().await
                    && ![503, 504].contains(&status)
                {
                    return (status, serde_json::from_str(&text).unwrap());
                }
            }
            self.repeated += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn produce(url: String, next: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> (HashMap<String, usize>, usize) {
    let (mut caller, mut stored) = (Caller::new(&url), HashMap::new());
    while !stop.load(Ordering::Relaxed) {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let (status, answer) =
            caller.post("/v1/queues/kills/jobs", Some(&format!("key-{n}")), &json!({"payload": n})).await;
        assert_eq!(status, 201, "{answer}");
        stored.insert(answer["id"].as_str().unwrap().to_owned(), n);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (stored, caller.repeated)
}

/// Works until there is nothing left; answers which jobs it was told are completed by it.
async fn work(url: String, produced: Arc<AtomicBool>) -> (Vec<(String, usize)>, usize) {
    let (mut caller, mut completed) = (Caller::new(&url), Vec::new());
    let mut idle = 0;
    while idle < 6 {
        let asked = json!({"queues": ["kills"], "max_jobs": 5, "wait_ms": 700, "lease_ms": 1000});
        let (status, answer) = caller.post("/v1/jobs/claim", None, &asked).await;
        assert_eq!(status, 200, "{answer}");
        let jobs = answer["jobs"].as_array().unwrap();
        // What was claimed by an answer that got lost comes back when its lease is over.
        idle = if jobs.is_empty() && produced.load(Ordering::Relaxed) { idle + 1 } else { 0 };
        for job in jobs {
            let (id, n) = (job["id"].as_str().unwrap(), usize::try_from(job["payload"].as_u64().unwrap()).unwrap());
            let (what, mut body) = if job["failed_attempts"] == 0 && n % 7 == 0 {
                ("fail", json!({"error": {"message": "once"}, "retry_in_ms": 0}))
            } else {
                ("complete", json!({"result": n}))
            };
            body["lease_token"] = job["lease_token"].clone();
            let (status, answer) = caller.post(&format!("/v1/jobs/{id}/{what}"), None, &body).await;
            match status {
                200 if what == "complete" => completed.push((id.to_owned(), n)),
                200 => {}
                _ => assert_eq!((status, answer["code"].as_str()), (409, Some("lease_lost")), "{answer}"),
            }
        }
    }
    (completed, caller.repeated)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_job_is_stored_once_and_completed_once_when_processes_are_killed() {
    let mut target = Target::start();
    let mut caller = Caller::new(&target.url);
    let policy = json!({"backoff_strategy": "fixed", "backoff_base_ms": 100, "backoff_jitter": 0, "max_attempts": 100});
    let settings = target.url.clone() + "/v1/queues/kills";
    let made = client().patch(settings).header("content-type", "application/json").body(policy.to_string());
    assert_eq!(made.send().await.unwrap().status(), 201);
    let (next, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let produced = Arc::new(AtomicBool::new(false));
    let (mut producers, mut workers) = (JoinSet::new(), JoinSet::new());
    for _ in 0..PRODUCERS {
        producers.spawn(produce(target.url.clone(), next.clone(), stop.clone()));
    }
    for _ in 0..WORKERS {
        workers.spawn(work(target.url.clone(), produced.clone()));
    }
    target.kill_all().await;
    stop.store(true, Ordering::Relaxed);
    let (mut stored, mut repeated) = (HashMap::new(), 0);
    for (ids, again) in producers.join_all().await {
        stored.extend(ids);
        repeated += again;
    }
    produced.store(true, Ordering::Relaxed);
    let mut completed: HashMap<String, usize> = HashMap::new();
    for (jobs, again) in workers.join_all().await {
        for (id, n) in jobs {
            assert!(completed.insert(id, n).is_none(), "two workers were told that they completed job {n}");
        }
        repeated += again;
    }
    assert!(stored.len() > target.kills * 3 && repeated > target.kills, "{} jobs, {repeated} repeats", stored.len());

    let (_, queue) = caller.post("/v1/queues/kills/resume", None, &Value::Null).await;
    let count = |state: &str| usize::try_from(queue["counts"][state].as_u64().unwrap()).unwrap();
    assert_eq!(count("completed"), next.load(Ordering::Relaxed), "each number once: {}", queue["counts"]);
    assert_eq!(stored.len(), count("completed"), "an id for each number");
    assert!(completed.iter().all(|(id, n)| stored.get(id) == Some(n)), "a job came with another's payload");
    // An answer can be lost for good only with its connection; then the token was repeated.
    assert_eq!(completed.len(), stored.len(), "a completed job whose worker never heard so");
    eprintln!("{} kills, {} jobs, {repeated} requests repeated", target.kills, stored.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_operation_is_ended_by_another_server_when_one_is_killed() {
    let app = TestApp::start().await;
    for _ in 0..4 {
        let jobs = vec![json!({"queue": "q"}); 1000];
        app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201);
    }
    let begun = app.post("/v1/bulk-operations", r#"{"action":"cancel","filter":{"queue":["q"]}}"#).await.ok(202);
    let path = format!("/v1/bulk-operations/{}", begun["id"].as_str().unwrap());
    let url = app.db.url();
    let server = || Server::start(&["--allow-unsafe-durability", "--drain-seconds", "0", "--database-url", &url]);
    let mut first = server();
    until("it has begun", || async { app.get(&path).await.json()["processed"].as_i64() > Some(400) }).await;
    first.kill();
    let left = app.get(&path).await.json();
    assert_eq!(left["state"], "running", "{left}");
    // Its time is over: half a minute.
    app.sql("update presque_internal.bulk_operation set held_until = least(held_until, now())").await;
    let _second = server();
    until("it is over", || async { app.get(&path).await.json()["state"] == "completed" }).await;
    let done = app.get(&path).await.json();
    let count = |name: &str| done[name].as_i64().unwrap();
    // What was in hand when it was killed may have been done already.
    assert_eq!((count("matched"), count("processed") + count("skipped"), count("failed")), (4000, 4000, 0), "{done}");
    assert!(count("skipped") <= 200, "{done}");
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["cancelled"], 4000);
}

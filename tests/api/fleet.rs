//! Five servers behind a load balancer: restarted one after the other, frozen, killed.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::servers::Balancer;
use crate::support::{Folder, Server, TestDb, free_port, until};

/// What clients saw.
#[derive(Default)]
struct Seen {
    calls: AtomicU64,
    again: AtomicU64,
    failed: AtomicU64,
    stop: AtomicBool,
}

/// A call, with one retry.
async fn call(client: &reqwest::Client, seen: &Seen, url: &str, body: &Value, key: Option<&str>) -> Option<Value> {
    seen.calls.fetch_add(1, Ordering::Relaxed);
    for n in 0..2 {
        let mut request = client.post(url).header("content-type", "application/json").body(body.to_string());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return answer.json().await.ok(),
            other if n == 0 => {
                tracing::debug!(?other, "again");
                seen.again.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            _ => {}
        }
    }
    seen.failed.fetch_add(1, Ordering::Relaxed);
    None
}

/// Four producers, and four workers that end when there is nothing left; each tells how many jobs.
fn clients(client: &reqwest::Client, url: &str, seen: &Arc<Seen>) -> Vec<tokio::task::JoinHandle<u64>> {
    let mut tasks = Vec::new();
    for producer in 0..4 {
        let (client, seen, url) = (client.clone(), seen.clone(), url.to_owned());
        tasks.push(tokio::spawn(async move {
            let mut n = 0_u64;
            while !seen.stop.load(Ordering::Relaxed) {
                let (job, key) = (json!({"payload": n}), format!("{producer}-{n}"));
                call(&client, &seen, &format!("{url}/v1/queues/fleet/jobs"), &job, Some(&key)).await;
                n += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            n
        }));
    }
    for worker in 0..4 {
        let (client, seen, url) = (client.clone(), seen.clone(), url.to_owned());
        tasks.push(tokio::spawn(async move {
            let asked = json!({"queues": ["fleet"], "max_jobs": 10, "wait_ms": 3000, "worker_id": format!("w{worker}")});
            let mut done = 0_u64;
            let mut idle = 0;
            while idle < 2 {
                let Some(claimed) = call(&client, &seen, &format!("{url}/v1/jobs/claim"), &asked, None).await else { continue };
                let jobs = claimed["jobs"].as_array().unwrap();
                idle = if jobs.is_empty() && seen.stop.load(Ordering::Relaxed) { idle + 1 } else { 0 };
                let complete = |job: &Value| json!({"job_id": job["id"], "lease_token": job["lease_token"], "outcome": "completed"});
                let items = json!({"items": jobs.iter().map(complete).collect::<Vec<_>>()});
                if !jobs.is_empty() && call(&client, &seen, &format!("{url}/v1/jobs/settle"), &items, None).await.is_some() {
                    done += jobs.len() as u64;
                }
            }
            done
        }));
    }
    tasks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs haproxy (apt-get install haproxy); .ci/run installs and runs it"]
async fn a_rolling_restart_a_freeze_and_a_kill_fail_no_call() {
    let db = TestDb::fresh().await;
    let ports: Vec<u16> = (0..5).map(|_| free_port()).collect();
    let mut servers: Vec<Server> = ports.iter().map(|port| Server::at_port(&db.url(), *port, 3)).collect();
    let balancer = Balancer::start(&servers.iter().collect::<Vec<_>>());
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let ready =
        || async { client.get(format!("{}/readyz", balancer.url)).send().await.is_ok_and(|a| a.status() == 200) };
    until("the balancer sees a server", ready).await;
    let seen = Arc::new(Seen::default());
    let tasks = clients(&client, &balancer.url, &seen);
    // Each in turn is told to stop, and started again: nobody notices.
    for n in 0..5 {
        servers[n].signal(Signal::SIGTERM);
        let (url, port) = (db.url(), ports[n]);
        let (_, ok) = servers[n].wait();
        assert!(ok);
        servers[n] = tokio::task::spawn_blocking(move || Server::at_port(&url, port, 3)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    assert_eq!(seen.failed.load(Ordering::Relaxed), 0, "calls failed in a rolling restart");
    // One stands still for a while, and goes on with what it was at.
    servers[0].signal(Signal::SIGSTOP);
    tokio::time::sleep(Duration::from_secs(4)).await;
    servers[0].signal(Signal::SIGCONT);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // One is gone without a word.
    servers[1].kill();
    tokio::time::sleep(Duration::from_secs(3)).await;
    seen.stop.store(true, Ordering::Relaxed);
    let mut counts = Vec::new();
    for task in tasks {
        counts.push(task.await.unwrap());
    }
    let sent: u64 = counts[..4].iter().sum();
    let (calls, again, failed) =
        (seen.calls.load(Ordering::Relaxed), seen.again.load(Ordering::Relaxed), seen.failed.load(Ordering::Relaxed));
    assert_eq!(failed, 0, "of {calls} calls, {again} tried again");
    let queue: Value =
        client.get(format!("{}/v1/queues/fleet", balancer.url)).send().await.unwrap().json().await.unwrap();
    // What a killed server had claimed and not handed out comes back with its lease, in a minute.
    let counts = &queue["counts"];
    let all: u64 = ["completed", "available", "running"].iter().map(|state| counts[state].as_u64().unwrap()).sum();
    assert_eq!(all, sent, "each once: {counts}");
    tracing::info!(calls, again, sent, "clients saw");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drains_answers_who_waits_and_closes_politely() {
    let db = TestDb::fresh().await;
    let mut server = Server::at_port(&db.url(), free_port(), 3);
    let client = reqwest::Client::new();
    let url = server.url.clone();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let request = client
                .post(format!("{url}/v1/jobs/claim"))
                .header("content-type", "application/json")
                .body(r#"{"queues":["q"],"wait_ms":30000}"#);
            tokio::spawn(request.send())
        })
        .collect();
    let gauge = || async {
        let text = client.get(format!("{url}/metrics")).send().await.unwrap().text().await.unwrap();
        text.lines().any(|line| line == "presque_long_polls 20")
    };
    until("all wait", gauge).await;
    server.signal(Signal::SIGTERM);
    let begun = Instant::now();
    for answer in waiting {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["connection"], "close");
        assert_eq!(answer.json::<Value>().await.unwrap()["jobs"], json!([]));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // It still serves, and says that it is leaving.
    let late = client.post(format!("{url}/q/late")).header("content-type", "application/json").body("1").send().await;
    assert_eq!(late.unwrap().status(), 201);
    assert_eq!(client.get(format!("{url}/readyz")).send().await.unwrap().status(), 503);
    assert!(server.wait().1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_base_path_that_a_proxy_leaves_in_place_is_in_every_path_that_is_told() {
    let folder = Folder::new();
    let data = folder.path().to_str().unwrap();
    let server = Server::start(&["--data-dir", data, "--drain-seconds", "0", "--base-path", "/jobs/"]);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let at = |path: &str| format!("{}{path}", server.url);
    let put = client.post(at("/jobs/v1/queues/q/jobs")).header("content-type", "application/json").body("{}").send();
    let put = put.await.unwrap();
    assert_eq!(put.status(), 201);
    let location = put.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with("/jobs/v1/jobs/"), "{location}");
    assert_eq!(client.get(at(&location)).send().await.unwrap().status(), 200);
    let missing = client.get(at("/jobs/v1/queues/none")).send().await.unwrap();
    assert_eq!(missing.headers()["link"], "</jobs/docs/errors/queue_not_found>; rel=\"help\"");
    assert_eq!(client.get(at("/readyz")).send().await.unwrap().status(), 200, "as a load balancer asks");
    let initializer = client.get(at("/jobs/docs/swagger-initializer.js")).send().await.unwrap().text().await.unwrap();
    assert!(initializer.contains("/jobs/openapi.json"), "{initializer}");
    assert_eq!(client.get(at("/jobs/openapi.json")).send().await.unwrap().status(), 200);
    let refused = Command::new(env!("CARGO_BIN_EXE_presque")).args(["serve", "--base-path", "jobs"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a path like /jobs"), "{refused:?}");
}

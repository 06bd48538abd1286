//! Graphs of jobs under load: whatever ends when, on whichever server, each job comes to the end that its dependencies
//! let it come to, and none begins before them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::TestApp;

const JOBS: usize = 150;

/// Numbers that look random and are the same each time: the output of `SplitMix64` (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// In which order jobs were claimed and reported on: clocks of transactions do not tell.
#[derive(Default)]
struct Order {
    steps: AtomicUsize,
    claimed: Mutex<HashMap<String, usize>>,
    reported: Mutex<HashMap<String, usize>>,
}

impl Order {
    fn note(&self, steps: &Mutex<HashMap<String, usize>>, job: &Value) {
        let step = self.steps.fetch_add(1, Ordering::SeqCst);
        steps.lock().unwrap().insert(job["id"].as_str().unwrap().to_owned(), step);
    }
}

/// Claims and ends jobs until it is told to stop: one of eight fails for good, one of eight is cancelled.
async fn work(app: Arc<TestApp>, seed: u64, order: Arc<Order>, stop: Arc<AtomicBool>) {
    let mut chance = Chance(seed);
    while !stop.load(Ordering::Relaxed) {
        let claimed = app.claim("q", 1 + chance.below(5)).await;
        for job in &claimed {
            order.note(&order.claimed, job);
        }
        for job in claimed {
            let (what, members) = match chance.below(8) {
                0 => ("fail", json!({"error": {"message": "no"}, "retry": false})),
                1 => ("fail", json!({"error": {"message": "stopped"}, "cancelled": true})),
                _ => ("complete", json!({})),
            };
            order.note(&order.reported, &job);
            app.report(what, &job, members).await.ok(200);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Resolves again and again, as a server's loop does.
async fn resolve(app: Arc<TestApp>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        app.engine.resolve_linked().await.unwrap();
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// What is wrong with the end of a job, as those it depended on ended.
fn fault(job: &Value, jobs: &HashMap<String, Value>, order: &Order) -> Option<String> {
    let needed = job["depends_on"].as_array().into_iter().flatten().map(|id| &jobs[id.as_str().unwrap()]);
    let needed: Vec<&Value> = needed.collect();
    let failed = needed.iter().any(|job| job["state"] != "completed");
    let runs = job["tags"][0] == "run";
    let stopped = job["cancel_reason"] == "dependency_failed";
    if stopped != (failed && !runs) {
        return Some(format!("stopped: {stopped}, though failed: {failed}, runs: {runs}"));
    }
    let claimed = order.claimed.lock().unwrap();
    let begun = claimed.get(job["id"].as_str().unwrap());
    if begun.is_none() != stopped {
        return Some("it began, or not".to_owned());
    }
    let reported = order.reported.lock().unwrap();
    let early = needed.iter().find(|needed| begun.is_some() && reported.get(needed["id"].as_str().unwrap()) > begun);
    early.map(|needed| format!("it began before the end of {needed}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_job_of_a_graph_comes_to_the_end_that_its_dependencies_let_it_come_to() {
    let one = Arc::new(TestApp::start().await);
    let two = Arc::new(TestApp::beside(&one));
    let (order, stop) = (Arc::new(Order::default()), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for (n, app) in [&one, &two].into_iter().enumerate() {
        tasks.push(tokio::spawn(resolve(app.clone(), stop.clone())));
        tasks.push(tokio::spawn(work(app.clone(), 7 + u64::try_from(n).unwrap(), order.clone(), stop.clone())));
    }
    // The jobs that are depended on run and end while others that depend on them are stored.
    let mut chance = Chance(1);
    let mut ids: Vec<String> = Vec::new();
    for n in 0..JOBS {
        let app = if chance.below(2) == 0 { &one } else { &two };
        let latest = ids.len().saturating_sub(12);
        let needs: Vec<&String> = (0..chance.below(4)).filter_map(|_| ids.get(latest + chance.below(12))).collect();
        let runs = !needs.is_empty() && chance.below(3) == 0;
        let mut job = json!({"payload": n, "depends_on": needs, "tags": [if runs { "run" } else { "cancel" }]});
        if runs {
            job["on_dependency_failure"] = json!("run");
        }
        ids.push(app.put_in("q", job).await["id"].as_str().unwrap().to_owned());
    }
    let begun = std::time::Instant::now();
    let jobs = loop {
        let page = one.get("/v1/jobs?limit=500").await.ok(200);
        let jobs = page["data"].as_array().unwrap().clone();
        if jobs.iter().all(|job| job["finished_at"].is_string()) {
            break jobs;
        }
        let open: Vec<&Value> = jobs.iter().filter(|job| job["finished_at"].is_null()).collect();
        assert!(begun.elapsed() < Duration::from_mins(1), "these have no end: {open:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(jobs.len(), JOBS);
    let by_id: HashMap<String, Value> =
        jobs.iter().map(|job| (job["id"].as_str().unwrap().to_owned(), job.clone())).collect();
    for job in &jobs {
        assert_eq!(fault(job, &by_id, &order), None, "{job:#}");
    }
    let stopped = jobs.iter().filter(|job| job["cancel_reason"] == "dependency_failed").count();
    assert!((5..JOBS / 2).contains(&stopped), "{stopped} were stopped: the graph shows little");
    let counts = one.get("/v1/queues/q").await.ok(200)["counts"].clone();
    for state in ["pending", "scheduled", "available", "running", "retryable"] {
        assert_eq!(counts[state], 0, "{state}: {counts}");
    }
    assert_eq!(one.sql("delete from presque_internal.dependency").await, 0, "no edge is left");
}

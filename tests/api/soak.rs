//! Minutes or hours of all at once: five servers, schedules, short retention, restarts. Nothing is
//! lost, nothing fires twice, nothing grows, and all who count come to the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Server, TestDb, free_port, until};

const SERVERS: usize = 5;
const SCHEDULES: usize = 50;
const RESTART_EVERY: Duration = Duration::from_secs(10);
/// Jobs a second of each producer.
const RATE: u64 = 25;
const PRODUCERS: u64 = 4;

/// How long, in seconds.
fn seconds() -> u64 {
    std::env::var("PRESQUE_TEST_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(180)
}

/// The servers, each of which may be away, and a client that asks another one then.
struct Fleet {
    urls: Vec<String>,
    client: reqwest::Client,
    failed: AtomicU64,
    stop: AtomicBool,
    done: Mutex<BTreeMap<u64, u64>>,
}

impl Fleet {
    /// Sends a request until a server answers it; the answer of a refusal is nothing.
    async fn call(&self, first: usize, method: &str, path: &str, body: &Value, key: Option<&str>) -> Option<Value> {
        for n in 0..50 {
            let url = format!("{}{path}", self.urls[(first + n) % SERVERS]);
            let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
            let mut request = self.client.request(method, url);
            if !body.is_null() {
                request = request.header("content-type", "application/json").body(body.to_string());
            }
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Ok(answer) = request.send().await {
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap_or_default();
                assert!(status != 500, "{path}: {text}");
                if status < 300 {
                    return Some(serde_json::from_str(&text).unwrap_or(Value::Null));
                }
                if status < 500 {
                    return None;
                }
            }
            self.failed.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no server answers {path}");
    }

    async fn produce(self: Arc<Self>, producer: u64) -> u64 {
        let begun = Instant::now();
        let mut sent = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let number = producer + PRODUCERS * sent;
            let job = json!({"payload": number, "lease_ms": 5000});
            let path = format!("/v1/queues/soak-{}/jobs", number % 5);
            let key = format!("n{number}");
            self.call(usize::try_from(number).unwrap(), "POST", &path, &job, Some(&key)).await.unwrap();
            sent += 1;
            tokio::time::sleep_until((begun + Duration::from_millis(1000 * sent / RATE)).into()).await;
        }
        sent
    }

    async fn work(self: Arc<Self>, worker: usize, end: Arc<AtomicBool>) {
        let queues: Vec<String> = (0..5).map(|n| format!("soak-{n}")).chain(["ticks".to_owned()]).collect();
        let asked = json!({"queues": queues, "max_jobs": 20, "wait_ms": 2000, "worker_id": format!("w{worker}")});
        let mut turn = worker;
        while !end.load(Ordering::Relaxed) {
            turn += 1;
            let Some(claimed) = self.call(turn, "POST", "/v1/jobs/claim", &asked, None).await else { continue };
            let jobs = claimed["jobs"].as_array().unwrap();
            let settle = |job: &Value| {
                let fails = job["attempt"] == 1 && job["payload"].as_u64().is_some_and(|n| n % 10 == 0);
                let mut item = json!({"job_id": job["id"], "lease_token": job["lease_token"]});
                let more = if fails {
                    json!({"outcome": "failed", "error": {"error_class": "Soak", "message": "the first time"}})
                } else {
                    json!({"outcome": "completed"})
                };
                item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                item
            };
            if jobs.is_empty() {
                continue;
            }
            let items = json!({"items": jobs.iter().map(settle).collect::<Vec<_>>()});
            let settled = self.call(turn, "POST", "/v1/jobs/settle", &items, None).await.unwrap();
            for (job, result) in jobs.iter().zip(settled["results"].as_array().unwrap()) {
                if let Some(number) = job["payload"].as_u64().filter(|_| result["state"] == "completed") {
                    *self.done.lock().unwrap().entry(number).or_default() += 1;
                }
            }
        }
    }
}

/// What is measured from time to time: bytes of all tables but those that keep what they hold for
/// days (idempotency keys a day, runs of schedules 90), and of the memory of a server that is never
/// restarted.
async fn sample(db: &mut sqlx::PgConnection, pid: u32) -> (i64, i64) {
    let tables = "select sum(pg_total_relation_size(oid))::bigint from pg_class
        where relnamespace = 'presque_internal'::regnamespace and relkind = 'r'
            and relname not in ('idempotency', 'schedule_run')";
    let bytes = sqlx::query_scalar(tables).fetch_one(db).await.unwrap();
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    let pages: i64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    (bytes, pages * 4096)
}

async fn set_up(fleet: &Fleet) {
    let policy = json!({
        "retention_completed_ms": 60_000, "retention_cancelled_ms": 60_000, "retention_discarded_ms": 60_000,
        "backoff_strategy": "fixed", "backoff_base_ms": 200, "max_attempts": 5
    });
    for queue in (0..5).map(|n| format!("soak-{n}")).chain(["ticks".to_owned()]) {
        fleet.call(0, "PATCH", &format!("/v1/queues/{queue}"), &policy, None).await.unwrap();
    }
    for n in 0..SCHEDULES {
        let settings =
            json!({"queue": "ticks", "cron": "@every 5s", "catch_up": "all", "payload": format!("tick {n}")});
        fleet.call(0, "PATCH", &format!("/v1/schedules/tick-{n}"), &settings, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; PRESQUE_TEST_SOAK_SECONDS sets how long (180); .ci/run runs it"]
async fn for_minutes_nothing_is_lost_or_fired_twice_or_grows_and_all_counts_agree() {
    let db = TestDb::fresh().await;
    let ports: Vec<u16> = (0..SERVERS).map(|_| free_port()).collect();
    let mut servers: Vec<Server> = ports.iter().map(|port| Server::at_port(&db.url(), *port, 1)).collect();
    let fleet = Arc::new(Fleet {
        urls: servers.iter().map(|server| server.url.clone()).collect(),
        client: reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap(),
        failed: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        done: Mutex::default(),
    });
    set_up(&fleet).await;
    let end = Arc::new(AtomicBool::new(false));
    let producers: Vec<_> = (0..PRODUCERS).map(|n| tokio::spawn(fleet.clone().produce(n))).collect();
    let workers: Vec<_> = (0..4).map(|n| tokio::spawn(fleet.clone().work(n, end.clone()))).collect();
    let (mut measured, begun) = (Vec::new(), Instant::now());
    let mut connection = db.connect().await;
    let mut turn = 0;
    while begun.elapsed() < Duration::from_secs(seconds()) {
        tokio::time::sleep(RESTART_EVERY).await;
        // All but the first, in turn; each third one without a word.
        let n = 1 + turn % (SERVERS - 1);
        servers[n].signal(if turn % 3 == 2 { Signal::SIGKILL } else { Signal::SIGTERM });
        servers[n].wait();
        let (url, port) = (db.url(), ports[n]);
        servers[n] = tokio::task::spawn_blocking(move || Server::at_port(&url, port, 1)).await.unwrap();
        turn += 1;
        measured.push(sample(&mut connection, servers[0].pid()).await);
    }
    fleet.stop.store(true, Ordering::Relaxed);
    let mut sent = 0;
    for producer in producers {
        sent += producer.await.unwrap();
    }
    let all_done = || async { fleet.done.lock().unwrap().len() as u64 == sent };
    until("every job is completed", all_done).await;
    let twice = fleet.done.lock().unwrap().values().filter(|count| **count > 1).count();
    assert_eq!(twice, 0, "completed twice");
    check_schedules(&mut connection).await;
    end.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await.unwrap();
    }
    check_counts(&fleet, &mut connection).await;
    check_sizes(&measured);
    let failed = fleet.failed.load(Ordering::Relaxed);
    eprintln!("{sent} jobs, {turn} restarts, {failed} calls tried again, sizes and memory: {measured:?}");
    connection.close().await.unwrap();
}

/// Each due time of each schedule is there once, with a job, and none between two is missing.
async fn check_schedules(connection: &mut sqlx::PgConnection) {
    let runs: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "select schedule_id, count(*), count(distinct job_id),
                (extract(epoch from max(due_at) - min(due_at)) / 5)::bigint + 1
         from presque_internal.schedule_run group by schedule_id",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    assert_eq!(runs.len(), SCHEDULES);
    for (id, runs, jobs, expected) in runs {
        assert_eq!((runs, jobs), (expected, expected), "{id}");
        assert!(runs >= i64::try_from(seconds() / 5).unwrap() - 2, "{id} fired {runs} times");
    }
}

/// The API, metrics and the tables come to the same, once all is quiet.
async fn check_counts(fleet: &Fleet, connection: &mut sqlx::PgConnection) {
    for schedule in 0..SCHEDULES {
        fleet.call(0, "DELETE", &format!("/v1/schedules/tick-{schedule}"), &Value::Null, None).await;
    }
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let mut sums: BTreeSet<(&str, i64, i64)> = BTreeSet::new();
        let queues = fleet.call(0, "GET", "/v1/queues", &Value::Null, None).await.unwrap();
        let of =
            |state: &str| queues["data"].as_array().unwrap().iter().map(|q| q["counts"][state].as_i64().unwrap()).sum();
        sums.insert(("api", of("completed"), of("available")));
        let text = fleet.client.get(format!("{}/metrics", fleet.urls[0])).send().await.unwrap().text().await.unwrap();
        let gauge = |state: &str| -> i64 {
            let wanted = format!("state=\"{state}\"");
            let lines = text.lines().filter(|line| line.starts_with("presque_jobs{") && line.contains(&wanted));
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap()).sum()
        };
        sums.insert(("metrics", gauge("completed"), gauge("available")));
        let (completed, available): (i64, i64) = sqlx::query_as(
            "select (select count(*) from presque_internal.done where state = 'completed'),
                    (select count(*) from presque_internal.ready)",
        )
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        sums.insert(("sql", completed, available));
        let distinct: BTreeSet<(i64, i64)> =
            sums.iter().map(|(_, completed, available)| (*completed, *available)).collect();
        if distinct.len() == 1 {
            return;
        }
        assert!(Instant::now() < deadline, "{sums:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The last third of the time is no larger than the middle one, but for what a checkpoint more or
/// a vacuum less makes.
fn check_sizes(measured: &[(i64, i64)]) {
    let third = measured.len() / 3;
    let largest = |part: &[(i64, i64)]| {
        (part.iter().map(|one| one.0).max().unwrap_or(0), part.iter().map(|one| one.1).max().unwrap_or(0))
    };
    let (middle, last) = (largest(&measured[third..2 * third]), largest(&measured[2 * third..]));
    assert!(last.0 < middle.0 * 5 / 4 + (8 << 20), "tables grow: {measured:?}");
    assert!(last.1 < middle.1 * 5 / 4 + (8 << 20), "memory grows: {measured:?}");
}

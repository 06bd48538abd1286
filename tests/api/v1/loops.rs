//! What a running server does by itself when time has passed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, Server, until};

struct Api {
    server: Server,
    client: reqwest::Client,
    folder: Arc<Folder>,
}

impl Api {
    fn start() -> Self {
        Self::on(Arc::new(Folder::new()))
    }

    /// Another server on the same database.
    fn beside(other: &Self) -> Self {
        Self::on(other.folder.clone())
    }

    fn on(folder: Arc<Folder>) -> Self {
        Self { server: Server::in_folder(&folder), client: reqwest::Client::new(), folder }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.server.url));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn put(&self, queue: &str, job: Value) -> Value {
        self.call("POST", &format!("/v1/queues/{queue}/jobs"), job).await
    }

    async fn claim(&self, queue: &str, worker: &str) -> Value {
        let asked = json!({"queues": [queue], "worker_id": worker, "wait_ms": 10_000});
        self.call("POST", "/v1/jobs/claim", asked).await["jobs"][0].clone()
    }

    async fn job(&self, job: &Value) -> Value {
        self.call("GET", &format!("/v1/jobs/{}", job["id"].as_str().unwrap()), Value::Null).await
    }

    async fn beat(&self, job: &Value) {
        let path = format!("/v1/jobs/{}/heartbeat", job["id"].as_str().unwrap());
        self.call("POST", &path, json!({"lease_token": job["lease_token"]})).await;
    }

    /// How long it takes until the job is in that state.
    async fn takes(&self, job: &Value, state: &str) -> Duration {
        let begun = Instant::now();
        until(state, || async { self.job(job).await["state"] == state }).await;
        begun.elapsed()
    }
}

/// On a machine that has other things to do, too.
const SLACK: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ends_gives_its_job_back_and_a_timeout_ends_a_lease_that_is_kept() {
    let api = Api::start();
    api.put("q", json!({"lease_ms": 1000})).await;
    let lost = api.claim("q", "w").await;
    let took = api.takes(&lost, "retryable").await;
    assert!(took < Duration::from_secs(2) + SLACK, "lease and a second: {took:?}");
    assert_eq!(api.job(&lost).await["last_error"]["error_class"], "lease_expired");

    api.put("t", json!({"lease_ms": 60_000, "timeout_ms": 1000})).await;
    let slow = api.claim("t", "w").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    api.beat(&slow).await;
    let took = api.takes(&slow, "retryable").await;
    assert!(took < Duration::from_millis(1400) + SLACK, "timeout and a second, whatever the heartbeats: {took:?}");
    assert_eq!(api.job(&slow).await["last_error"]["error_class"], "timeout");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_ends_when_it_is_too_late_and_a_queue_goes_on_when_it_is_time() {
    let api = Api::start();
    api.call("PATCH", "/v1/queues/q", json!({})).await;
    api.call("POST", "/v1/queues/q/pause", json!({"resume_after_ms": 1500, "reason": "a pause"})).await;
    let now = api.call("GET", "/v1/info", Value::Null).await["server_time"].as_str().unwrap().to_owned();
    let soon = chrono::DateTime::parse_from_rfc3339(&now).unwrap() + Duration::from_secs(1);
    let late = api.put("q", json!({"expires_at": soon.to_rfc3339()})).await;
    let stays = api.put("q", json!({})).await;
    let took = api.takes(&late, "cancelled").await;
    assert!(took < Duration::from_secs(2) + SLACK, "{took:?}");
    assert_eq!(api.job(&late).await["cancel_reason"], "expired");

    let begun = Instant::now();
    let held = api.claim("q", "w").await;
    assert_eq!(held["id"], stays["id"], "the pause is over, and who waits is told");
    assert!(begun.elapsed() < Duration::from_millis(2500) + SLACK, "{:?}", begun.elapsed());
    assert_eq!(api.call("GET", "/v1/queues/q", Value::Null).await["paused"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delayed_job_comes_to_who_waits_when_it_is_due_and_never_before() {
    let api = Api::start();
    let mut late = 0;
    for _ in 0..5 {
        api.put("q", json!({"delay_ms": 400})).await;
        let begun = Instant::now();
        let held = api.claim("q", "w").await;
        late += usize::from(begun.elapsed() > Duration::from_millis(650));
        let (due, got) = (held["run_after"].as_str().unwrap(), api.job(&held).await);
        assert!(got["started_at"].as_str().unwrap() >= due, "{got}");
        let path = format!("/v1/jobs/{}/complete", held["id"].as_str().unwrap());
        api.call("POST", &path, json!({"lease_token": held["lease_token"]})).await;
    }
    assert!(late <= 2, "{late} of 5 came more than 250 ms late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_not_heard_of_is_lost() {
    let api = Api::start();
    api.put("q", json!({"lease_ms": 1000})).await;
    let held = api.claim("q", "w").await;
    let lease = json!({"leases": [{"job_id": held["id"], "lease_token": held["lease_token"]}]});
    let directive = api.call("POST", "/v1/workers/w/heartbeat", lease).await;
    let next = u64::try_from(directive["next_heartbeat_ms"].as_i64().unwrap()).unwrap();
    let status = || async { api.call("GET", "/v1/workers", Value::Null).await["data"][0]["status"].clone() };
    assert_eq!(status().await, "running");
    let begun = Instant::now();
    until("it is lost", || async { status().await == "lost" }).await;
    assert!(begun.elapsed() > Duration::from_millis(2 * next), "three beats may be missed: {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_millis(4 * next) + SLACK, "{next}: {:?}", begun.elapsed());
}

/// From the moment a job is sent to one server until a claim that waits on the other has it, this often.
async fn wakes(api: &Api, waiting: &Arc<Api>, times: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    for n in 0..times {
        let claim = tokio::spawn({
            let waiting = waiting.clone();
            async move { (waiting.claim("q", "w").await, Instant::now()) }
        });
        // At any point of the second in which a server looks by itself.
        tokio::time::sleep(Duration::from_millis(100 + 7 * (n as u64 % 30))).await;
        let begun = Instant::now();
        api.put("q", json!({})).await;
        let (held, at) = claim.await.unwrap();
        let path = format!("/v1/jobs/{}/complete", held["id"].as_str().unwrap());
        api.call("POST", &path, json!({"lease_token": held["lease_token"]})).await;
        took.push(at - begun);
    }
    took.sort_unstable();
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; PRESQUE_TEST_SAMPLES sets how often (30), only the median is asserted; .ci/run runs it"]
async fn how_soon_a_job_comes_to_who_waits() {
    let same = Arc::new(Api::start());
    let other = Arc::new(Api::beside(&same));
    for (name, waiting, median) in [("the same server", &same, 50), ("another server", &other, 250)] {
        let samples = std::env::var("PRESQUE_TEST_SAMPLES").map_or(30, |samples| samples.parse().unwrap());
        let took = wakes(&same, waiting, samples).await;
        let [p50, p90, p99] = [50, 90, 99].map(|percent| took[(took.len() - 1) * percent / 100]);
        eprintln!("{name}: p50 {p50:?}, p90 {p90:?}, p99 {p99:?}, most {:?}", took[took.len() - 1]);
        assert!(p50 < Duration::from_millis(median), "{name}: {p50:?}");
    }
}

//! From the release before to this one, with both running and work going on.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::support::{Folder, Server, until};

/// The program of the release before.
fn previous() -> PathBuf {
    let path = std::env::var_os("PRESQUE_TEST_PREVIOUS")
        .expect("PRESQUE_TEST_PREVIOUS names the program of the release before: .ci/previous builds it");
    PathBuf::from(path)
}

/// The private PostgreSQL of servers in this folder.
fn database(folder: &Folder) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(folder.path().join("socket")).username("presque").database("presque")
}

/// Enqueues, claims and completes until it is told to stop, and counts in `done`; the longest that a call took.
async fn work(url: String, stop: Arc<AtomicBool>, done: Arc<AtomicU64>) -> Duration {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let call = |path: String, body: Value| {
        let request = client.post(format!("{url}{path}")).header("content-type", "application/json");
        async move {
            let begun = Instant::now();
            let answer = request.body(body.to_string()).send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert!(status.is_success(), "{status} {text}");
            (serde_json::from_str::<Value>(&text).unwrap(), begun.elapsed())
        }
    };
    let mut longest = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let (_, put) = call("/v1/queues/q/jobs".to_owned(), json!({"payload": 1})).await;
        let (claimed, took) = call("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "worker_id": "w"})).await;
        longest = longest.max(put).max(took);
        for job in claimed["jobs"].as_array().unwrap() {
            let path = format!("/v1/jobs/{}/complete", job["id"].as_str().unwrap());
            let (_, took) = call(path, json!({"lease_token": job["lease_token"]})).await;
            longest = longest.max(took);
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
    longest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the program of the release before; .ci/run builds and names it"]
async fn the_release_before_goes_on_beside_this_one_and_its_schema_is_brought_up_under_load() {
    let folder = Folder::new();
    let old = Server::of_program(&previous(), &folder);
    let stop = Arc::new(AtomicBool::new(false));
    let (by_old, by_new) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let with_old = tokio::spawn(work(old.url.clone(), stop.clone(), by_old.clone()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The newer one migrates as it starts, while the older one works, and somebody's transaction holds a
    // table for some seconds: the migration waits for its end, and nobody waits for the migration.
    let mut somebody = database(&folder).connect().await.unwrap();
    let held = "begin; lock table presque_internal.tally in row exclusive mode";
    sqlx::raw_sql(held).execute(&mut somebody).await.unwrap();
    let started = Instant::now();
    let data = folder.path().to_str().unwrap().to_owned();
    let new = tokio::task::spawn_blocking(move || Server::start(&["--data-dir", &data, "--drain-seconds", "0"]));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!new.is_finished(), "it cannot have migrated yet");
    sqlx::raw_sql("rollback").execute(&mut somebody).await.unwrap();
    let new = new.await.unwrap();
    let migrated = started.elapsed();
    let with_new = tokio::spawn(work(new.url.clone(), stop.clone(), by_new.clone()));
    // Both get on beside each other, however fast the machine is.
    let goal = by_old.load(Ordering::Relaxed) + 50;
    let get_on = || by_old.load(Ordering::Relaxed) > goal && by_new.load(Ordering::Relaxed) > 50;
    until("both have done 50 jobs more", || std::future::ready(get_on())).await;
    stop.store(true, Ordering::Relaxed);
    let old_longest = with_old.await.unwrap();
    with_new.await.unwrap();
    let done = by_old.load(Ordering::Relaxed) + by_new.load(Ordering::Relaxed);
    // Each migration waits for a lock for 80 ms at most; on a machine that has other things to do, too.
    assert!(old_longest < Duration::from_secs(2), "a call to the older server took {old_longest:?}");
    let client = reqwest::Client::new();
    for server in [&old, &new] {
        let url = format!("{}/v1/queues/q", server.url);
        let queue: Value = client.get(url).send().await.unwrap().json().await.unwrap();
        let counts = &queue["counts"];
        let all = counts["completed"].as_u64().unwrap() + counts["available"].as_u64().unwrap();
        assert!(all >= done && counts["running"] == 0, "{counts}");
        assert_eq!(counts["completed"], done, "both see the same");
        assert_eq!(client.get(format!("{}/readyz", server.url)).send().await.unwrap().status(), 200);
    }
    eprintln!("started in {migrated:?}; the longest call to the older server took {old_longest:?}");
}

//! Servers whose clocks are wrong: nothing that is decided depends on them.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{Server, TestDb};

/// Where Debian's package faketime puts it.
fn faketime() -> String {
    let pattern = "/usr/lib/*/faketime/libfaketime.so.1";
    let found = Command::new("sh").args(["-c", &format!("ls {pattern}")]).output().unwrap();
    let path = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    assert!(!path.is_empty(), "this test needs faketime: apt-get install faketime");
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs faketime (apt-get install faketime); .ci/run installs and runs it"]
async fn schedules_fire_once_and_leases_last_on_servers_whose_clocks_are_wrong_and_jump() {
    let db = TestDb::fresh().await;
    let (library, url) = (faketime(), db.url());
    // An hour ahead, a day behind, right, and one whose clock is set an hour on and back again.
    let jumps = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(jumps.path(), "+0").unwrap();
    let file = jumps.path().to_str().unwrap().to_owned();
    let servers: Vec<Server> =
        [("FAKETIME", "+1h"), ("FAKETIME", "-1d"), ("FAKETIME_TIMESTAMP_FILE", file.as_str()), ("X", "")]
            .into_iter()
            .map(|(name, value)| {
                let fake = [
                    ("LD_PRELOAD", library.as_str()),
                    ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                    ("FAKETIME_NO_CACHE", "1"),
                ];
                let fake = if name == "X" { &fake[..0] } else { &fake[..] };
                Server::with_env(
                    &[fake, &[(name, value)]].concat(),
                    &["--allow-unsafe-durability", "--database-url", &url],
                )
            })
            .collect();
    let client = reqwest::Client::new();
    let call = |n: usize, method: reqwest::Method, path: &str, body: Value| {
        let request = client.request(method, format!("{}{path}", servers[n].url));
        let request = request.header("content-type", "application/json").body(body.to_string());
        async move { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    for n in 0..4 {
        let settings = json!({"queue": "q", "cron": "@every 1s", "catch_up": "all"});
        call(n, reqwest::Method::PATCH, &format!("/v1/schedules/s{n}"), settings).await;
    }
    // A lease that one server gives and another one is told of.
    call(1, reqwest::Method::POST, "/v1/queues/held/jobs", json!({"lease_ms": 30_000})).await;
    let claimed = call(0, reqwest::Method::POST, "/v1/jobs/claim", json!({"queues": ["held"]})).await;
    let job = claimed["jobs"][0].clone();
    let begun = Instant::now();
    for offset in ["+1h", "-1h", "+0"] {
        tokio::time::sleep(Duration::from_secs(3)).await;
        std::fs::write(jumps.path(), offset).unwrap();
    }
    let path = format!("/v1/jobs/{}/complete", job["id"].as_str().unwrap());
    let done = call(1, reqwest::Method::POST, &path, json!({"lease_token": job["lease_token"]})).await;
    assert_eq!(done["state"], "completed", "{done}");
    let seconds = i64::try_from(begun.elapsed().as_secs()).unwrap();
    let mut connection = db.connect().await;
    let runs: Vec<(String, i64, i64, i64, bool)> = sqlx::query_as(
        "select schedule_id, count(*), count(distinct job_id),
                extract(epoch from max(due_at) - min(due_at))::bigint + 1,
                bool_and(due_at between now() - interval '1 minute' and now() and fired_at - due_at < interval '5 s')
         from presque_internal.schedule_run group by schedule_id",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    assert_eq!(runs.len(), 4);
    for (id, count, jobs, expected, on_time) in runs {
        assert_eq!((count, jobs), (expected, expected), "{id}: each second, each once");
        assert!(count >= seconds - 2 && on_time, "{id} fired {count} times in {seconds} s");
    }
}

//! `presque bench` against a running server: it does what it says, and counts right.

use std::process::Output;

use serde_json::Value;

use crate::support::{Folder, Server};

fn bench(server: &Server, args: &[&str]) -> Output {
    let mut command = Server::command();
    command.arg("bench").args(args).args(["--url", &server.url]).output().unwrap()
}

fn measured(server: &Server, args: &[&str]) -> Value {
    let output = bench(server, &[args, &["-o", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn counts(server: &Server, queue: &str) -> Value {
    let answer = reqwest::get(format!("{}/v1/queues/{queue}", server.url)).await.unwrap();
    serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap()["counts"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_puts_jobs_in_and_takes_them_out_and_counts_right() {
    let folder = Folder::new();
    let server = Server::in_folder(&folder);
    let report = measured(&server, &["enqueue", "--jobs", "103", "--clients", "4", "--batch", "10", "--queues", "2"]);
    assert_eq!((report["jobs"].as_u64(), report["requests"].as_u64()), (Some(103), Some(11)));
    assert!(report["p50_ms"].as_f64() > Some(0.0) && report["p50_ms"].as_f64() <= report["max_ms"].as_f64());
    let waiting = [counts(&server, "bench-0").await, counts(&server, "bench-1").await];
    assert_eq!(waiting.map(|counts| counts["available"].as_u64().unwrap()), [52, 51]);

    let refused = bench(&server, &["work", "--jobs", "10"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("bench-0 is not empty; --yes"));

    for batch in ["1", "20"] {
        let queue = format!("batch{batch}");
        let args = ["work", "--jobs", "60", "--workers", "3", "--batch", batch, "--queue", &queue];
        let report = measured(&server, &args);
        assert_eq!(report["jobs"], 60);
        assert_eq!(counts(&server, &format!("{queue}-0")).await["completed"], 60);
    }
    let args = ["e2e", "--jobs", "40", "--rate", "100", "--clients", "2", "--workers", "2", "--queue", "both"];
    let report = measured(&server, &args);
    assert_eq!(report["jobs"], 40);
    assert!(report["seconds"].as_f64() > Some(0.35), "at its rate, and no faster: {report}");
    let after_answer = report["after_answer_max_ms"].as_f64().unwrap();
    assert!(after_answer <= report["max_ms"].as_f64().unwrap(), "it is a part of the whole: {report}");
    assert_eq!(counts(&server, "both-0").await["completed"], 40);
}

#[test]
fn what_cannot_be_measured_is_told() {
    let run = |args: &[&str]| Server::command().arg("bench").args(args).output().unwrap();
    assert_eq!(run(&["enqueue", "--url", "https://example.com"]).status.code(), Some(2));
    assert_eq!(run(&["enqueue", "--url", "http://127.0.0.1:1"]).status.code(), Some(6));
    assert_eq!(run(&["enqueue", "--batch", "1001"]).status.code(), Some(2));
}

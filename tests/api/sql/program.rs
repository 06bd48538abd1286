//! `presque sql` and `presque bench history`, as people use them.

use std::process::Output;

use super::start;
use crate::support::{Server, TestDb};

fn run(args: &[&str]) -> Output {
    Server::command().args(args).output().unwrap()
}

#[track_caller]
fn ok(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(args: &[&str], code: i32, part: &str) {
    let output = run(args);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(code) && error.contains(part), "{args:?}: {:?} {error}", output.status.code());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_made_and_reported_on() {
    let db = TestDb::empty().await;
    let url = db.url();
    refused(&["bench", "history"], 2, "--database-url");
    let made = ok(&["bench", "history", "--jobs", "500", "--days", "3", "--database-url", &url]);
    assert!(made.starts_with("500 jobs of 3 days"), "{made}");
    refused(&["bench", "history", "--jobs", "5", "--database-url", &url], 4, "--yes");

    let list = ok(&["sql", "list"]);
    assert!(list.contains("throughput") && list.contains("30 days") && list.contains("example"), "{list}");
    assert!(ok(&["sql", "show", "queues"]).contains("from presque.queue_stats_hour"));
    let table = ok(&["sql", "run", "tenants", "--database-url", &url]);
    assert!(table.contains("tenant:7") && table.contains("50 row(s), "), "{table}");
    let csv = ok(&["sql", "run", "throughput-by-kind", "--over", "2 days", "-o", "csv", "--database-url", &url]);
    assert!(csv.starts_with("day,kind,done,failed,lost,run_hours\n") && csv.lines().count() > 4, "{csv}");
    let lines = ok(&["sql", "run", "workers", "--over", "4 days", "-o", "ndjson", "--database-url", &url]);
    let attempts = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["attempts"].as_str().unwrap().parse::<i64>().unwrap()
    };
    let total: i64 = lines.lines().map(attempts).sum();
    assert!(total > 500 && lines.lines().count() == 20, "{total}");
    // A report without rows has its columns all the same.
    let empty = ok(&["sql", "run", "backlog", "-o", "csv", "--database-url", &url]);
    assert_eq!(empty, "queue,jobs,oldest\n");

    for (args, code, part) in [
        (&["sql", "run", "nothing"][..], 2, "presque sql list"),
        (&["sql", "show", "nothing"], 2, "presque sql list"),
        (&["sql", "run", "export"], 2, "is to be copied"),
        (&["sql", "run", "queues", "--over", "a while"], 2, "like \"30 days\""),
        (&["sql", "run", "queues", "--over", "1 day' or true --"], 2, "like \"30 days\""),
        (&["sql", "run", "oldest-waiting", "--over", "1 day"], 2, "no time that could be changed"),
    ] {
        refused(
            &[args, &["--database-url", &url][..]].concat()[..args.len() + 2 * usize::from(args[1] == "run")],
            code,
            part,
        );
    }
    let nowhere = "postgres://127.0.0.1:1/none";
    refused(&["sql", "run", "queues", "--database-url", nowhere], 6, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_cannot_write_and_says_what_is_missing() {
    let empty = TestDb::empty().await;
    refused(&["sql", "run", "queues", "--database-url", &empty.url()], 1, "presque migrate up");
    let (app, _) = start().await;
    // Whoever may not read is told which role can.
    let name = format!("user_{}", uuid::Uuid::now_v7().simple());
    app.sql(&format!("create role {name} login; grant usage on schema presque to {name}")).await;
    let url = app.db.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split_once('@').unwrap().1;
    refused(&["sql", "run", "queues", "--database-url", &format!("{scheme}://{name}@{host}")], 1, "presque_reader");
    app.sql(&format!("drop owned by {name}; drop role {name}")).await;
}

//! `presque doctor`: each trouble is found, named and given a cure; a healthy database is let pass.

use std::process::Output;

use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use crate::support::{Server, TestApp, TestDb};

fn doctor(args: &[&str]) -> Output {
    Server::command().arg("doctor").args(args).output().unwrap()
}

/// The report as JSON, and the exit code.
fn examined(url: &str) -> (Value, Option<i32>) {
    let output = doctor(&["--database-url", url, "-o", "json"]);
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|error| panic!("{error}: {output:?}")), output.status.code())
}

/// What was found by this check, as level and text.
#[track_caller]
fn found(report: &Value, check: &str) -> (String, String) {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == check);
    let finding = finding.unwrap_or_else(|| panic!("{check}: {report:#}"));
    (finding["level"].as_str().unwrap().to_owned(), finding["text"].as_str().unwrap().to_owned())
}

/// Where the template may be older than today.
async fn fresh() -> TestDb {
    let db = TestDb::fresh().await;
    run(&db, "select presque_internal.make_partitions(3)").await;
    db
}

async fn run(db: &TestDb, statement: &str) {
    let mut connection = db.connect().await;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn a_healthy_database_has_no_error_and_every_warning_has_a_cure() {
    let db = fresh().await;
    let (report, code) = examined(&db.url());
    let findings = report["findings"].as_array().unwrap();
    let of = |level: &str| findings.iter().filter(|finding| finding["level"] == level).count();
    assert_eq!(report["errors"], of("error"));
    assert_eq!(report["warnings"], of("warning"));
    assert_eq!(code, Some(i32::from(of("error") > 0)));
    for finding in findings {
        let bad = finding["level"] == "error" || finding["level"] == "warning";
        // A private cluster of tests keeps nothing over a crash.
        assert!(finding["level"] != "error" || finding["check"] == "durability", "{finding}");
        assert!(!bad || finding["cure"].is_string(), "{finding}");
        assert!(!finding["text"].as_str().unwrap().contains("could not be looked at"), "{finding}");
    }
    for check in [
        "version",
        "encoding",
        "writable",
        "server_connection",
        "listen",
        "pooler",
        "schema",
        "functions",
        "partitions",
        "loops",
    ] {
        assert_eq!(found(&report, check).0, "ok", "{check}: {report:#}");
    }
    assert_eq!(found(&report, "clock").0, "info", "{report:#}");
}

#[tokio::test]
async fn settings_that_lose_jobs_in_a_crash_are_errors() {
    let db = fresh().await;
    run(
        &db,
        "do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$",
    )
    .await;
    let (report, code) = examined(&db.url());
    assert_eq!(code, Some(1));
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == "durability");
    let told = findings.filter(|finding| finding["text"].as_str().unwrap().starts_with("synchronous_commit is off"));
    assert_eq!(told.filter(|finding| finding["level"] == "error").count(), 1, "{report:#}");
}

#[tokio::test]
async fn who_holds_the_oldest_snapshot_is_named() {
    let db = fresh().await;
    let mut holder = db.options.clone().application_name("night report").connect().await.unwrap();
    sqlx::raw_sql("begin isolation level repeatable read").execute(&mut holder).await.unwrap();
    let pid = sqlx::query_scalar("select pg_backend_pid() from pg_class limit 1").fetch_one(&mut holder).await;
    let pid: i32 = pid.unwrap();
    let (report, _) = examined(&db.url());
    let (level, text) = found(&report, "snapshot");
    assert_eq!(level, "info", "{text}");
    for part in [format!("pid {pid} ").as_str(), "night report", "idle in transaction", "select pg_backend_pid()"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn a_partition_that_is_missing_is_told() {
    let db = fresh().await;
    run(
        &db,
        "do $$ begin
            execute 'drop table presque_internal.tally' || to_char((now() at time zone 'UTC')::date + 2, '_YYYYMMDD');
        end $$",
    )
    .await;
    let (level, text) = found(&examined(&db.url()).0, "partitions");
    assert_eq!(level, "warning");
    assert!(text.starts_with("1 are missing: tally_20"), "{text}");
}

#[tokio::test]
async fn what_loops_left_undone_is_told() {
    let app = TestApp::start().await;
    app.sql(
        "insert into presque_internal.lease (eligible_at, expires_at, job_id, token, lease_ms, queue_id, attempt,
            failed_attempts, releases, max_attempts, lane, kind)
        values (now(), now() - interval '1 minute', gen_random_uuid(), gen_random_uuid(), 1000, 1, 1, 0, 0, 1, 0, 'x')",
    )
    .await;
    app.sql("insert into presque_internal.tally (at, queue_id, kind) values (now() - interval '3 min', 1, 'x')").await;
    app.store.close().await;
    let (_, text) = found(&examined(&app.db.url()).0, "loops");
    assert!(text.contains("1 leases are over") && text.contains("not folded for 3 min"), "{text}");
}

#[tokio::test]
async fn an_index_that_is_not_valid_and_a_table_without_autovacuum_are_told() {
    let db = fresh().await;
    run(&db, "alter table presque_internal.ready set (autovacuum_enabled = off)").await;
    run(&db, "insert into presque_internal.worker (id) values ('a'), ('b')").await;
    let mut connection = db.connect().await;
    let unique = "create unique index concurrently half_made on presque_internal.worker (status)";
    sqlx::raw_sql(unique).execute(&mut connection).await.expect_err("both have the same status");
    let (report, _) = examined(&db.url());
    let (level, text) = found(&report, "indexes");
    assert!(level == "warning" && text.starts_with("half_made is not valid"), "{text}");
    assert_eq!(found(&report, "bloat"), ("warning".to_owned(), "autovacuum is off for ready".to_owned()));
}

#[tokio::test]
async fn a_database_without_a_schema_is_told_what_to_run() {
    let db = TestDb::empty().await;
    let output = doctor(&["--database-url", &db.url()]);
    assert_eq!(output.status.code(), Some(1));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("error    schema "), "{table}");
    assert!(table.contains("Cure: Run presque migrate up"), "{table}");
    assert!(!table.contains("could not be looked at"), "{table}");
    assert!(table.lines().last().unwrap().contains(" error(s), "), "{table}");
}

#[tokio::test]
async fn a_login_that_may_see_little_is_told_so() {
    // Whoever tests there may not be allowed to become another role.
    if std::env::var_os("TEST_DATABASE_URL").is_some() {
        return;
    }
    let db = fresh().await;
    // A role that every cluster has, and that owns nothing.
    let (report, code) = examined(&format!("{}?options[role]=pg_read_all_settings", db.url()));
    assert_eq!(code, Some(1));
    assert_eq!(found(&report, "connection").0, "ok");
    assert_eq!(found(&report, "visibility").0, "info");
    let (level, text) = found(&report, "schema");
    assert!(level == "error" && text.contains("permission denied"), "{text}");
    for check in ["connections", "snapshot", "replication_slot", "transaction_ids"] {
        assert!(!found(&report, check).1.contains("could not be looked at"), "{report:#}");
    }
}

#[test]
fn a_database_that_cannot_be_reached_is_exit_code_6() {
    let output = doctor(&["--database-url", "postgres://127.0.0.1:1/none"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{output:?}");
    assert_eq!(doctor(&["-o", "xml"]).status.code(), Some(2));
}

//! Every statement against a migrated database: it is valid, and it uses its index.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Column as _, Executor as _, Row as _, SqlSafeStr as _};

use crate::support::{TestApp, TestDb};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn every_statement_is_valid_and_names_its_columns() {
    let db = TestDb::fresh().await;
    let mut connection = db.connect().await;
    let mut found = Vec::new();
    files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store")), &mut found);
    assert!(found.len() > 15);
    let mut wrong = String::new();
    // What begins and ends transactions is no statement that can be prepared.
    for path in found.into_iter().filter(|path| !path.to_string_lossy().contains("/pooler/")) {
        let sql = fs::read_to_string(&path).unwrap();
        match (&mut connection).describe(AssertSqlSafe(sql).into_sql_str()).await {
            Ok(described) if described.columns().iter().any(|column| column.name() == "?column?") => {
                let _ = writeln!(wrong, "{}: a column without a name", path.display());
            }
            Ok(_) => {}
            Err(error) => {
                let _ = writeln!(wrong, "{}: {error}", path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The plan of a statement, as the server's connections would choose it.
async fn plan(app: &TestApp, file: &str, arguments: &str) -> String {
    let mut connection = app.db.connect().await;
    for name in ["hashjoin", "mergejoin", "seqscan", "bitmapscan", "sort"] {
        sqlx::query(AssertSqlSafe(format!("set enable_{name} = off"))).execute(&mut connection).await.unwrap();
    }
    let sql = fs::read_to_string(format!("{}/src/store/{file}.sql", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for statement in ["set plan_cache_mode = force_generic_plan".to_owned(), format!("prepare statement as {sql}")] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    let explain = format!("explain (costs off) execute statement({arguments})");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0) + "\n").collect()
}

#[tokio::test]
async fn the_hot_statements_use_the_indexes_made_for_them() {
    let app = TestApp::start().await;
    let fetch = plan(&app, "jobs/fetch", "'foo', 1, null, 1000, '{}', '{}', false, true").await;
    for index in ["queue_in_service", "scheduled_in_order", "ready_in_order", "dedup_key_is_held_once"] {
        assert!(fetch.contains(&format!("using {index} ")), "{index}:\n{fetch}");
    }
    assert!(fetch.contains("Tid Scan on ready"), "{fetch}");
    // On a database that is still empty, where a planner may think that reading all is cheap.
    assert!(fetch.contains("Index Cond: ((queue_id = sized.queue_id) AND (id = sized.job_id))"), "{fetch}");
    assert!(fetch.contains("AND (key = ANY ("), "{fetch}");
    for bad in ["Seq Scan on ready", "Seq Scan on scheduled", "Seq Scan on job", "Sort\n  Sort Key: ready"] {
        assert!(!fetch.contains(bad), "{bad}:\n{fetch}");
    }
    let enqueue =
        plan(&app, "jobs/enqueue", &format!("'{{foo}}'{}, 0, null, null, null, null, null", ", '{}'".repeat(17))).await;
    assert!(enqueue.contains("using queue_in_service "), "{enqueue}");
    assert!(enqueue.contains("Conflict Arbiter Indexes: dedup_key_is_held_once"), "{enqueue}");
    let counts = plan(&app, "queues/find", "'foo'").await;
    for index in ["queue_in_service", "scheduled_in_order", "tally_default_xid_idx"] {
        assert!(counts.contains(&format!("using {index} ")), "{index}:\n{counts}");
    }
    let described = plan(&app, "queues/describe", "'foo', 1000, 1000").await;
    for index in ["scheduled_in_order", "ready_in_order"] {
        assert!(described.contains(&format!("using {index} ")), "{index}:\n{described}");
    }
}

#[tokio::test]
async fn the_statements_of_leases_use_the_indexes_made_for_them() {
    let app = TestApp::start().await;
    let arrays = |n: usize| vec!["'{}'"; n].join(", ");
    let cases = [
        (
            "leases/claim",
            "'{foo}', null, '{1}', 1, '{null}', '{null}', 1000, null, null, false, '{}', '{}', '{}', false, '{}', true"
                .to_owned(),
            vec!["queue_in_service", "scheduled_in_order", "ready_in_order"],
        ),
        (
            "leases/claim_ready",
            "'foo', null, '{1}', '{}', '{null}', '{null}', 1000, '{1}', '{0}', true".to_owned(),
            vec!["queue_in_service", "scheduled_in_order", "ready_in_order"],
        ),
        ("jobs/enqueue_ready", format!("'{{foo}}', {}", arrays(12)), vec!["queue_in_service"]),
        ("leases/settle", format!("{}, 1000", arrays(17)), vec!["lease_of_job", "dedup_key_is_held_once"]),
        ("leases/complete", arrays(6), vec!["lease_of_job", "dedup_key_is_held_once"]),
        ("leases/find_settled", arrays(4), vec!["lease_of_job"]),
        ("leases/list_over", "10, 10000".to_owned(), vec!["lease_over"]),
        ("leases/list_of_worker", "'w', 'foo'".to_owned(), vec!["queue_in_service", "lease_of_job"]),
        (
            "jobs/move",
            "1, '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'foo', '{available}'".to_owned(),
            vec!["queue_in_service", "ready_again"],
        ),
        ("maintenance/promote", "10, 10000".to_owned(), vec!["scheduled_due"]),
        ("jobs/expire", "10, 10000".to_owned(), vec!["expiring_in_order", "scheduled_of_job", "ready_again"]),
    ];
    for (statement, arguments, indexes) in cases {
        let plan = plan(&app, statement, &arguments).await;
        for index in indexes {
            assert!(plan.contains(&format!("{index} on ")), "{statement} without {index}:\n{plan}");
        }
        for bad in ["Seq Scan on ready", "Seq Scan on scheduled", "Seq Scan on lease", "Seq Scan on job_"] {
            assert!(!plan.contains(bad), "{statement}: {bad}:\n{plan}");
        }
    }
}

#[tokio::test]
async fn the_audit_log_is_read_and_forgotten_by_its_indexes() {
    let app = TestApp::start().await;
    let list = plan(&app, "events/list", "'0', 0, null, 50, 50, null").await;
    assert!(list.contains("Index Scan using audit_in_order "), "{list}");
    assert!(list.contains("Index Cond: ((ROW(xid, id) > ROW("), "{list}");
    // What is read is read in order, and no more of it than is asked for: only that is sorted.
    let lines: Vec<&str> = list.lines().collect();
    let scans: Vec<usize> = (0..lines.len()).filter(|n| lines[*n].contains("using audit_in_order on audit")).collect();
    let in_order =
        |n: &&usize| lines[**n + 1].contains("ROW(xid, id)") && lines[**n - 1].trim_start().starts_with("->  Limit");
    assert_eq!(scans.iter().filter(in_order).count(), 1, "{list}");
    let forget = plan(&app, "maintenance/forget", "100").await;
    for index in ["audit_by_age", "audit_in_order"] {
        assert!(forget.contains(&format!("using {index} on audit")), "{index}:\n{forget}");
    }
}

#[tokio::test]
async fn a_plan_that_was_made_on_empty_tables_looks_each_row_up() {
    let app = TestApp::start().await;
    for table in ["lease", "ready", "scheduled", "expiring", "job"] {
        app.sql(&format!("vacuum analyze presque_internal.{table}")).await;
    }
    let cases = [
        ("leases/settle", format!("{}, 1000", vec!["'{}'"; 17].join(", ")), vec!["lease", "job"]),
        ("leases/complete", ["'{}'"; 6].join(", "), vec!["lease"]),
        ("jobs/expire", "10, 10000".to_owned(), vec!["ready", "scheduled", "expiring"]),
        (
            "jobs/cancel",
            "1, '01a206c8-d8c7-76c7-bfda-d9bb00000001', '', false, false, '{}', null".to_owned(),
            vec!["ready"],
        ),
        (
            "jobs/move",
            "1, '01a206c8-d8c7-76c7-bfda-d9bb00000001', 'foo', '{available}'".to_owned(),
            vec!["ready", "scheduled"],
        ),
    ];
    for (statement, arguments, tables) in cases {
        let plan = plan(&app, statement, &arguments).await;
        for table in tables {
            let changes = |line: &&str| {
                let what = line.trim_start_matches([' ', '-', '>']).split(' ').collect::<Vec<_>>();
                matches!(what.as_slice(), ["Delete" | "Update", "on", on, ..] if *on == table)
            };
            let mut seen = 0;
            let lines: Vec<&str> = plan.lines().collect();
            for (n, line) in lines.iter().enumerate().filter(|(_, line)| changes(line)) {
                let indent = |line: &str| line.len() - line.trim_start().len();
                let below = lines[n + 1..].iter().take_while(|below| indent(below) > indent(line));
                let below: Vec<&str> = below.copied().collect();
                let compared = |line: &&str| line.contains("Join Filter") && line.contains(&format!("({table}"));
                assert!(
                    !below.iter().any(compared),
                    "{statement}: {table} is joined row by row:\n{}",
                    below.join("\n")
                );
                seen += 1;
            }
            assert!(seen > 0, "{statement} changes nothing in {table}:\n{plan}");
        }
    }
}

/// A look at some jobs must not become one at all.
#[tokio::test]
async fn a_walk_over_jobs_reads_each_state_in_the_order_of_ids() {
    let app = TestApp::start().await;
    let first = "'00000000-0000-0000-0000-000000000000'";
    let arguments =
        format!("1, {first}, {first}, {first}, null, null, '{{available}}'{}, 10, 10, null", ", null".repeat(11));
    let plan = plan(&app, "bulk_operations/list_members", &arguments).await;
    for index in ["ready_again", "scheduled_of_job", "lease_of_job", "ready_in_order"] {
        assert!(plan.contains(&format!("{index} on ")), "without {index}:\n{plan}");
    }
    // Days are merged, not sorted.
    for (table, key) in [("job_", "job.id"), ("done_completed_", "done"), ("done_discarded_", "done")] {
        let merged = plan.split("Merge Append").skip(1).any(|below| {
            let mut lines = below.lines().skip(1);
            lines.next().is_some_and(|line| line.contains(key))
                && lines.take(4).any(|line| line.contains(&format!(" on {table}")))
        });
        assert!(merged, "{table} is not merged:\n{plan}");
    }
    for bad in
        ["Seq Scan on ready", "Seq Scan on scheduled", "Seq Scan on lease", "Seq Scan on job_", "Seq Scan on done_"]
    {
        assert!(!plan.contains(bad), "{bad}:\n{plan}");
    }
}

#[tokio::test]
async fn rows_land_in_the_partition_of_their_day() {
    let app = TestApp::start().await;
    // The template may be older than today.
    app.store.make_partitions(3).await.unwrap();
    app.enqueue("/q/foo", "1").await;
    app.get("/q/foo").await.expect(200, "1");
    let mut connection = app.db.connect().await;
    for parent in ["job", "done", "tally"] {
        let sql = format!("select distinct tableoid::regclass::text from presque_internal.{parent}");
        let parts: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
        assert_eq!(parts.len(), 1, "{parts:?}");
        assert!(!parts[0].contains("default"), "{parts:?}");
    }
    assert_eq!(app.store.make_partitions(3).await.unwrap(), 0, "all are there");
    assert_eq!(app.store.make_partitions(5).await.unwrap(), 14, "two more days of seven tables");
}

#[tokio::test]
async fn a_job_id_tells_its_time_and_its_queue_and_ascends() {
    let app = TestApp::start().await;
    app.post("/qb/foo", format!(r#"{{"jobs":[{}]}}"#, vec!["1"; 2000].join(","))).await.expect(201, "");
    let mut connection = app.db.connect().await;
    let (ids, distinct, ascending, versions, in_time, queue): (i64, i64, bool, i64, bool, bool) = sqlx::query_as(
        "select count(*), count(distinct job_id), bool_and(job_id > before is not false),
                count(*) filter (where substr(job_id::text, 15, 1) = '7' and substr(job_id::text, 20, 1) = '8'),
                bool_and(job_id >= presque_internal.job_id_floor(eligible_at)
                         and job_id < presque_internal.job_id_floor(eligible_at + interval '1 ms')),
                bool_and(right(job_id::text, 8) = lpad(to_hex(queue_id), 8, '0'))
         from (select *, lag(job_id) over (order by seq) as before from presque_internal.ready) as r",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((ids, distinct, ascending, versions, in_time, queue), (2000, 2000, true, 2000, true, true));
}

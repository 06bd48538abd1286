//! Where claims begin to look: never above a job that is there or that comes late, and not among
//! those that were taken.

use std::fs;

use presque::embedded::{Embedded, Options};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::support::{Folder, TestApp};

/// Puts a job into the queue as a server does, in the transaction of this connection.
async fn put_in_transaction(connection: &mut PgConnection, queue: &str) {
    let sql = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/jobs/enqueue_plain.sql")).unwrap();
    let one = ["'{null}'"; 13].join(", ");
    for statement in [
        format!("prepare enqueue as {sql}"),
        format!("execute enqueue('{{{queue}}}', '{{1}}', '{{1}}', '{{late}}', '{{0}}', {one})"),
        "deallocate enqueue".to_owned(),
    ] {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await.unwrap();
    }
}

/// Puts jobs in and takes them out again, one by one; the kinds of what was claimed.
async fn work(app: &TestApp, count: usize) -> Vec<String> {
    let mut kinds = Vec::new();
    for _ in 0..count {
        app.put_in("q", json!({"kind": "prompt"})).await;
        for job in app.claim("q", 1).await {
            kinds.push(job["kind"].as_str().unwrap().to_owned());
            app.report("complete", &job, json!({})).await.ok(200);
        }
    }
    kinds
}

#[tokio::test]
async fn a_job_that_drew_its_number_early_and_comes_late_is_the_next_to_be_claimed() {
    let app = TestApp::start().await;
    work(&app, 5).await;
    let mut slow = app.db.connect().await;
    for round in 0..3 {
        let mut transaction = slow.begin().await.unwrap();
        put_in_transaction(&mut transaction, "q").await;
        assert!(work(&app, 10 * round + 3).await.iter().all(|kind| kind == "prompt"));
        // Empty looks move the floor as well.
        for _ in 0..3 {
            assert!(app.claim("q", 10).await.is_empty());
        }
        transaction.commit().await.unwrap();
        let late = app.claim("q", 1).await;
        assert_eq!(late.len(), 1, "round {round}");
        assert_eq!(late[0]["kind"], "late");
        // Also by those that are gone when they are handed out.
        let mut transaction = slow.begin().await.unwrap();
        put_in_transaction(&mut transaction, "q").await;
        work(&app, 3).await;
        transaction.commit().await.unwrap();
        app.get("/q/q").await.expect(200, "0");
    }
}

#[tokio::test]
async fn a_job_that_is_being_stored_while_claims_find_nothing_is_found_when_it_is_there() {
    let app = TestApp::start().await;
    work(&app, 2).await;
    let mut slow = app.db.connect().await;
    for _ in 0..3 {
        let mut transaction = slow.begin().await.unwrap();
        put_in_transaction(&mut transaction, "q").await;
        // Nothing else happens: no transaction that began later has ended.
        for _ in 0..5 {
            assert!(app.claim("q", 10).await.is_empty());
        }
        transaction.commit().await.unwrap();
        assert_eq!(app.claim("q", 1).await.len(), 1);
    }
    // Nor one that began earlier and draws later.
    let mut other = app.db.connect().await;
    let (mut first, mut second) = (slow.begin().await.unwrap(), other.begin().await.unwrap());
    sqlx::query("select pg_current_xact_id()").execute(&mut *first).await.unwrap();
    put_in_transaction(&mut second, "q").await;
    put_in_transaction(&mut first, "q").await;
    first.commit().await.unwrap();
    assert_eq!(app.claim("q", 10).await.len(), 1);
    for _ in 0..5 {
        assert!(app.claim("q", 10).await.is_empty());
    }
    second.commit().await.unwrap();
    assert_eq!(app.claim("q", 10).await.len(), 1);
}

#[tokio::test]
async fn a_job_whose_claim_is_undone_is_the_next_to_be_claimed() {
    let app = TestApp::start().await;
    app.put_in("q", json!({"kind": "first"})).await;
    let mut other = app.db.connect().await;
    let mut transaction = other.begin().await.unwrap();
    // Another server's claim that is never finished.
    sqlx::query("delete from presque_internal.ready").execute(&mut *transaction).await.unwrap();
    assert_eq!(work(&app, 10).await, ["prompt"; 10]);
    assert!(app.claim("q", 1).await.is_empty());
    transaction.rollback().await.unwrap();
    assert_eq!(app.claim("q", 1).await[0]["kind"], "first");
}

#[tokio::test]
async fn a_job_that_moves_to_another_priority_is_found_there() {
    let app = TestApp::start().await;
    let jobs: Vec<_> = [1, 2, 3].map(|n| json!({"queue": "q", "kind": n.to_string(), "priority": 0})).into();
    let ids = app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201)["results"].clone();
    for _ in 0..5 {
        app.put_in("q", json!({"priority": 7})).await;
        assert_eq!(app.claim("q", 1).await[0]["priority"], 7);
    }
    // Its number is older than all that was taken there.
    let path = |n: usize| format!("/v1/jobs/{}", ids[n]["id"].as_str().unwrap());
    app.patch(&path(1), r#"{"priority":7}"#).await.ok(200);
    assert_eq!(app.claim("q", 1).await[0]["kind"], "2");
    app.patch(&path(2), r#"{"payload":"new"}"#).await.ok(200);
    app.patch(&path(0), r#"{"run_after":"2020-01-01T00:00:00Z"}"#).await.ok(200);
    let rest = app.claim("q", 5).await;
    assert_eq!(rest.iter().map(|job| job["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["1", "3"]);
    assert_eq!(rest[1]["payload"], "new");
}

#[tokio::test]
async fn servers_find_what_the_others_put_in_whatever_its_priority() {
    let app = TestApp::start().await;
    let other = TestApp::beside(&app);
    for priority in [0, 100, -100, 3, 0, 50, -1, 100] {
        other.put_in("q", json!({"priority": priority, "kind": "a"})).await;
        let kinds = json!({"queues": ["q"], "kinds": ["b"]}).to_string();
        assert_eq!(app.post("/v1/jobs/claim", kinds).await.ok(200)["jobs"], json!([]), "of another kind");
        assert_eq!(app.claim("q", 1).await.len(), 1, "{priority}");
        other.put_in("q", json!({"priority": priority, "kind": "b"})).await;
        let kinds = json!({"queues": ["none", "q"], "kinds": ["b", "c"]}).to_string();
        assert_eq!(app.post("/v1/jobs/claim", kinds).await.ok(200)["jobs"][0]["kind"], "b");
        assert!(other.claim("q", 1).await.is_empty());
    }
}

/// Entries that were read of the index in which claims look.
async fn entries_read(app: &TestApp) -> i64 {
    let mut connection = app.db.connect().await;
    // Sessions say what they read when they have been idle for ten seconds.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    sqlx::query("select sum(idx_tup_read)::bigint from pg_stat_user_indexes where indexrelname = 'ready_in_order'")
        .fetch_one(&mut connection)
        .await
        .unwrap()
        .get(0)
}

#[tokio::test]
async fn a_claim_does_not_walk_over_what_was_taken_while_a_snapshot_holds_it() {
    // Floors stay where they are while anybody's transaction is open: so nobody else is there.
    let folder = Folder::new();
    let options = Options { data_dir: folder.path().to_owned(), postgres_bin: None, durable: false };
    let postgres = tokio::task::spawn_blocking(|| Embedded::start(options)).await.unwrap().unwrap();
    let app = TestApp::at(postgres.maintenance_options()).await;
    app.put_in("q", json!({})).await;
    let mut reader = app.db.connect().await;
    // A report that never ends.
    let begin = "begin isolation level repeatable read; select count(*) from presque_internal.job";
    sqlx::raw_sql(begin).execute(&mut reader).await.unwrap();
    for _ in 0..10 {
        let jobs = json!({"jobs": vec![json!({"queue": "q"}); 500]});
        app.post("/v1/jobs", jobs.to_string()).await.ok(201);
        assert_eq!(app.claim("q", 500).await.len(), 500);
    }
    // The floor follows two claims behind.
    work(&app, 3).await;
    let before = entries_read(&app).await;
    work(&app, 50).await;
    let walked = entries_read(&app).await - before;
    assert!(walked < 50 * 20, "{walked} entries were read for 50 claims, with 5,000 dead ones in the way");
}

const TABLES: [&str; 3] = ["ready", "scheduled", "lease"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_written_anew_under_load_and_nothing_is_lost_or_doubled() {
    let app = std::sync::Arc::new(TestApp::start().await);
    let kept = app.put_in("kept", json!({"kind": "k", "priority": -7})).await;
    app.put_in("delayed", json!({"delay_ms": 3_600_000})).await;
    app.put_in("held", json!({})).await;
    let held = app.claim("held", 1).await.remove(0);
    // A report that never ends, and has not looked at these tables.
    let mut reader = app.db.connect().await;
    sqlx::raw_sql("begin isolation level repeatable read; select 1").execute(&mut reader).await.unwrap();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move {
                let mut done = 0;
                for _ in 0..40 {
                    app.post("/v1/jobs", json!({"jobs": vec![json!({"queue": "q"}); 5]}).to_string()).await.ok(201);
                    for job in app.claim("q", 7).await {
                        app.report("complete", &job, json!({})).await.ok(200);
                        done += 1;
                    }
                }
                done
            })
        })
        .collect();
    let mut compacted = std::collections::HashSet::new();
    while !workers.iter().all(tokio::task::JoinHandle::is_finished) {
        for table in TABLES {
            compacted.extend(app.store.compact(table, 0, 10_000, 0).await.unwrap().then_some(table));
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(compacted.len(), 3, "{compacted:?}");
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    loop {
        let rest = app.claim("q", 50).await;
        if rest.is_empty() {
            break;
        }
        for job in rest {
            app.report("complete", &job, json!({})).await.ok(200);
            done += 1;
        }
    }
    assert_eq!(done, 4 * 40 * 5);
    assert_eq!(app.claim("kept", 1).await[0]["id"], kept["id"]);
    app.report("complete", &held, json!({})).await.ok(200);
    let counts = app.get("/v1/queues/delayed").await.json()["counts"].clone();
    assert_eq!(counts["scheduled"], 1);
    let mut connection = app.db.connect().await;
    let left = "select pg_relation_size('presque_internal.lease') + pg_relation_size('presque_internal.ready')";
    for table in TABLES {
        assert!(app.store.compact(table, 0, 10_000, 0).await.unwrap(), "{table}");
    }
    let bytes: i64 = sqlx::query_scalar(left).fetch_one(&mut connection).await.unwrap();
    assert!(bytes <= 8192, "{bytes} bytes of what nobody can see but an old snapshot");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_somebody_reads_or_that_hold_much_are_left_as_they_are() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.put_in("q", json!({})).await;
    }
    app.sql("vacuum analyze presque_internal.ready").await;
    let compact = async |bytes, rows, young| app.store.compact("ready", bytes, rows, young).await.unwrap();
    assert!(!compact(1 << 30, 1000, 0).await, "small");
    assert!(!compact(0, 2, 0).await, "three are more than two");
    let mut reader = app.db.connect().await;
    sqlx::raw_sql("begin isolation level repeatable read; select 1").execute(&mut reader).await.unwrap();
    assert!(!compact(0, 1000, 60_000).await, "it may be a backup that has not come to this table");
    assert!(compact(0, 1000, 0).await);
    sqlx::raw_sql("rollback; begin; select * from presque_internal.ready").execute(&mut reader).await.unwrap();
    assert!(!compact(0, 1000, 0).await, "it does not wait for a backup");
    assert_eq!(app.claim("q", 5).await.len(), 3);
}

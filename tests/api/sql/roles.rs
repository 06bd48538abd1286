//! Who may do what in the schema `presque`.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};

use super::{ask, refusal, start, value};
use crate::support::TestApp;

/// A login with the rights of this purpose, in this database only.
async fn login(app: &TestApp, purposes: &[&str]) -> (PgConnectOptions, String) {
    let name = format!("user_{}", uuid::Uuid::now_v7().simple());
    app.sql(&format!("create role {name} login")).await;
    for purpose in purposes {
        app.sql(&format!("select presque_internal.grant_surface('{purpose}', '{name}')")).await;
    }
    (app.db.options.clone().username(&name), name)
}

async fn drop_role(app: &TestApp, name: &str) {
    app.sql(&format!("drop owned by {name}; drop role {name}")).await;
}

/// What each purpose may be refused, and what not: the SQLSTATE, empty where it works.
async fn tried(session: &mut PgConnection, id: &str) -> Vec<(&'static str, bool)> {
    let mut found = Vec::new();
    for (name, statement) in [
        ("views", "select count(*) from presque.jobs, presque.queue_counts, presque.workers, presque.failures".to_owned()),
        ("hist", "select presque.hist_quantile(presque.hist_sum(wait_hist), 0.5), presque.hist_bucket(5) from presque.queue_stats_minute".into()),
        ("time", format!("select presque.uuid7_time('{id}'), presque.uuid7_floor(now())")),
        ("payloads", "select count(payload_jsonb) from presque.job_payloads".into()),
        ("enqueue", "select presque.enqueue('q')".into()),
        ("enqueue_many", "select presque.enqueue_many('q', array['1']::jsonb[])".into()),
        ("job_state", format!("select presque.job_state('{id}'), presque.job_result('{id}')")),
        ("complete", format!("select presque.complete('{id}', 'x')")),
        ("cancel", format!("select presque.cancel('{id}'), presque.retry('{id}')")),
        ("pause", "select presque.pause('q')".into()),
        ("resume", "select presque.resume('q')".into()),
        ("internal", "select count(*) from presque_internal.job".into()),
        ("internal function", "select presque_internal.new_job_id(1, 1)".into()),
        ("write to a view", "delete from presque.queues".into()),
        ("grant", "select presque_internal.grant_surface('operator', current_user)".into()),
    ] {
        let outcome = ask(session, &statement).await;
        match outcome {
            Ok(_) => found.push((name, true)),
            // 42501: no right. What may not be changed at all (55000, 25006) is the same here.
            Err((code, _)) if ["42501", "55000", "25006"].contains(&code.as_str()) => found.push((name, false)),
            Err(error) => panic!("{statement}: {error:?}"),
        }
    }
    found
}

#[tokio::test]
async fn each_role_may_do_what_it_is_for_and_nothing_else() {
    let (app, _) = start().await;
    let id = app.put_in("q", serde_json::json!({})).await["id"].as_str().unwrap().to_owned();
    for (purpose, may) in [
        (&[][..], &[][..]),
        (&["reader"], &["views", "hist", "time"]),
        (&["payload_reader"], &["payloads"]),
        (&["producer"], &["enqueue", "enqueue_many", "job_state"]),
        (&["operator"], &["views", "hist", "time", "cancel", "pause", "resume"]),
        (&["worker"], &["complete"]),
    ] {
        let (options, name) = login(&app, purpose).await;
        let mut session = options.connect().await.unwrap();
        let allowed: Vec<_> =
            tried(&mut session, &id).await.into_iter().filter(|(_, may)| *may).map(|(name, _)| name).collect();
        assert_eq!(allowed, may, "{purpose:?}");
        drop(session);
        drop_role(&app, &name).await;
    }
}

#[tokio::test]
async fn a_trigger_of_a_producer_works_and_the_actor_is_the_login() {
    let (app, mut owner) = start().await;
    let (options, name) = login(&app, &["producer"]).await;
    app.sql(&format!("create table public.t (a integer); grant all on public.t to {name}")).await;
    let mut session = options.connect().await.unwrap();
    ask(&mut session, "create trigger jobs after insert on t for each row execute function presque.enqueue_row('q')")
        .await
        .unwrap();
    ask(&mut session, "insert into t values (1)").await.unwrap();
    assert_eq!(value(&mut owner, "select created_by from presque.jobs").await, name);
    // A search path of the caller changes nothing.
    ask(&mut session, "create temporary table queue (name text); set search_path = pg_temp, public").await.unwrap();
    ask(&mut session, "select presque.enqueue('q')").await.unwrap();
    drop(session);
    app.sql("drop table public.t").await;
    drop_role(&app, &name).await;
}

#[tokio::test]
async fn a_reader_set_up_as_the_page_says_cannot_write_and_is_ended_in_time() {
    let (app, _) = start().await;
    let (options, name) = login(&app, &["reader"]).await;
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md")).unwrap();
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("alter role metabase set")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in lines {
        app.sql(&line.replace("metabase", &name)).await;
    }
    let mut session = options.connect().await.unwrap();
    assert_eq!(value(&mut session, "show statement_timeout").await, "30s");
    assert_eq!(refusal(&mut session, "create temporary table t (a integer)").await.0, "25006");
    value(&mut session, "select count(*) from presque.job_history").await;
    drop(session);
    drop_role(&app, &name).await;
}

/// A type's cast to JSON is code of its owner: it runs with the rights of who writes the row.
#[tokio::test]
async fn a_trigger_lends_the_owners_rights_to_nobody() {
    let (app, mut owner) = start().await;
    let (options, name) = login(&app, &["producer"]).await;
    app.sql(&format!("create schema own authorization {name}")).await;
    let mut session = options.connect().await.unwrap();
    ask(
        &mut session,
        "create table own.proof (who text);
        create type own.e as enum ('a');
        create function own.f(own.e) returns json language plpgsql
        as $$ begin insert into own.proof values (current_user); return '1'; end $$;
        create cast (own.e as json) with function own.f(own.e);
        create table own.t (x own.e);
        create trigger jobs after insert on own.t for each row execute function presque.enqueue_row('q')",
    )
    .await
    .unwrap();
    ask(&mut session, "insert into own.t values ('a')").await.unwrap();
    assert_eq!(ask(&mut owner, "select distinct who from own.proof").await.unwrap(), [[name.clone()]]);
    // Who may not enqueue does not by writing a row.
    let (writer, other) = login(&app, &[]).await;
    app.sql(&format!("grant usage on schema own to {other}; grant insert on own.t to {other}")).await;
    let mut writer = writer.connect().await.unwrap();
    assert_eq!(refusal(&mut writer, "insert into own.t values (null)").await.0, "42501");
    drop((session, writer));
    app.sql("drop schema own cascade").await;
    drop_role(&app, &name).await;
    drop_role(&app, &other).await;
}

/// Every report, with no more rights than the page asks for.
#[tokio::test]
async fn a_reader_can_run_every_report() {
    let (app, _) = start().await;
    let (options, name) = login(&app, &["reader", "payload_reader"]).await;
    app.put_in("q", serde_json::json!({"tags": ["tenant:1"]})).await;
    let job = app.claim("q", 1).await.remove(0);
    app.report("complete", &job, serde_json::json!({})).await.ok(200);
    app.post("/v1/batches", r#"{"jobs":[{"queue":"q"}]}"#).await.ok(201);
    let bulk = r#"{"action":"cancel","filter":{"queue":["q"],"payload":{"iban":"DE02"}}}"#;
    app.post("/v1/bulk-operations", bulk).await.ok(202);
    app.store.fold_tally(100).await.unwrap();
    let mut session = options.connect().await.unwrap();
    // What is said of payloads is for those who may read them.
    let said = "select filter::text from presque.bulk_operations union all select detail::text from presque.audit_log";
    let said = ask(&mut session, said).await.unwrap().concat().concat();
    assert!(said.contains("(hidden)") && !said.contains("DE02"), "{said}");
    assert_eq!(ask(&mut session, "select total, available from presque.batches").await.unwrap(), [["1", "1"]]);
    // Each column of each view, as a planner leaves out what nobody asks for.
    let views =
        ask(&mut session, "select relname from pg_class where relnamespace = 'presque'::regnamespace").await.unwrap();
    for view in views.concat() {
        let all = format!("select * from presque.{view}");
        ask(&mut session, &all).await.unwrap_or_else(|error| panic!("{all}: {error:?}"));
    }
    let mut ran = 0;
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql")).unwrap() {
        let sql = std::fs::read_to_string(file.unwrap().path()).unwrap();
        if !sql.starts_with("-- example") {
            ask(&mut session, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            ran += 1;
        }
    }
    assert_eq!(ran, 22);
    drop(session);
    drop_role(&app, &name).await;
}

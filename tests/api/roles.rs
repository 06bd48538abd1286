//! Servers that own nothing, and servers behind a pooler.

use presque::store::Store;
use serde_json::json;
use sqlx::Connection as _;

use crate::support::TestApp;

#[tokio::test]
async fn a_server_that_owns_nothing_does_all_a_server_does() {
    let app = TestApp::start().await;
    // A role of its own for each test: roles belong to all databases of a cluster.
    let role = format!("server_{}", uuid::Uuid::now_v7().simple());
    app.sql(&format!("create role {role} login; select presque_internal.grant_to_server('{role}')")).await;
    let options = app.db.options.clone().username(&role);
    Store::check_schema(&options).await.unwrap();
    let server = TestApp::with_store(&app, Store::new(options.clone(), 8));
    server.patch("/v1/queues/q", r#"{"retention_completed_ms":1}"#).await.ok(201);
    server.patch("/v1/schedules/s", r#"{"queue":"q","cron":"@every 1s"}"#).await.ok(201);
    for outcome in ["complete", "fail", "release"] {
        server.put_in("q", json!({"dedup_key": outcome, "expires_at": "2100-01-01T00:00:00Z"})).await;
        let job = server.claim("q", 1).await.remove(0);
        let members = if outcome == "fail" { json!({"error": {"message": "no"}}) } else { json!({}) };
        server.report(outcome, &job, members).await.ok(200);
    }
    server.post("/q/classic", "1").await.expect(201, "");
    server.get("/q/classic").await.expect(200, "1");
    // Every loop.
    let store = &server.store;
    server.engine.expire_leases(10, None).await.unwrap();
    server.engine.expire_jobs(10, None).await.unwrap();
    server.engine.promote(10, None).await.unwrap();
    server.engine.fire_schedules(10).await.unwrap();
    server.engine.resume_due_queues().await.unwrap();
    store.purge_retired(10).await.unwrap();
    store.compact("ready", 0, 1_000_000, 0).await.unwrap();
    store.fold_tally(1000).await.unwrap();
    store.fold_failures(1000).await.unwrap();
    store.sample_depth().await.unwrap();
    store.forget(10).await.unwrap();
    app.sql("update presque_internal.done set finished_at = now() - interval '1 minute'").await;
    store.retain(10).await.unwrap();
    store.begin_chore("c", std::time::Duration::from_secs(1)).await.unwrap();
    app.sql("drop table presque_internal.tally_default cascade").await;
    store.make_partitions(5).await.unwrap();
    while store.retire_partition().await.unwrap().is_some() {}
    store.drop_retired().await.unwrap();
    store.sweep_jobs().await.unwrap();
    store.analyze_history().await.unwrap();
    server.get("/metrics").await;
    server.get("/v1/reports/summary").await.ok(200);
    assert_eq!(server.get("/readyz").await.status, 200);
    // And nothing else.
    let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
    for statement in [
        "create table presque_internal.mine (n integer)",
        "drop table presque_internal.ready",
        "truncate presque_internal.job",
        "delete from presque_internal.schema_migration",
        "select presque_internal.grant_to_server('public')",
    ] {
        let refused = sqlx::query(statement).execute(&mut connection).await.unwrap_err();
        let code =
            refused.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned();
        assert_eq!(code, "42501", "{statement}: {refused}");
    }
    connection.close().await.unwrap();
    drop(server);
    app.sql(&format!("drop owned by {role}; drop role {role}")).await;
}

//! Following what happens: in order, nothing twice, nothing missed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use presque::store::EventPlace;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{TestApp, until};

/// Where the next page begins, and what this one has: type and subject of each.
fn told(page: &Value) -> (String, Vec<String>) {
    let events = page["data"].as_array().unwrap();
    let text = |event: &Value| format!("{} {}", event["type"].as_str().unwrap(), event["subject"].as_str().unwrap());
    (page["next_cursor"].as_str().unwrap().to_owned(), events.iter().map(text).collect())
}

/// The events after a place, once there are so many: what is open elsewhere in the cluster may
/// hold them back for a moment.
async fn events(app: &TestApp, query: &str, after: Option<&str>, count: usize) -> (String, Vec<String>) {
    let (mut cursor, mut all) = (after.map(str::to_owned), Vec::new());
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let after = cursor.as_ref().map_or(String::new(), |cursor| format!("&after={cursor}"));
        let page = app.get(&format!("/v1/events?wait_ms=1000&limit=500{query}{after}")).await.ok(200);
        let (next, mut more) = told(&page);
        all.append(&mut more);
        cursor = Some(next.clone());
        if all.len() >= count {
            return (next, all);
        }
        assert!(Instant::now() < deadline, "{all:?}");
    }
}

async fn make_queues(app: &TestApp, names: &[&str]) {
    for name in names {
        app.patch(&format!("/v1/queues/{name}"), "{}").await.ok(201);
    }
}

#[tokio::test]
async fn an_event_is_a_cloud_event_that_tells_who_asked() {
    let app = TestApp::start().await;
    let empty = app.get("/v1/events").await.ok(200);
    assert_eq!(empty["data"], json!([]));
    let cursor = empty["next_cursor"].as_str().unwrap();
    make_queues(&app, &["mail"]).await;
    let headers = [("content-type", "application/json"), ("x-request-id", "me")];
    app.send("POST", "/v1/queues/mail/pause", &headers, r#"{"reason":"smtp"}"#).await.ok(200);
    events(&app, "", Some(cursor), 2).await;
    let page = app.get(&format!("/v1/events?after={cursor}")).await;
    let next = page.ok(200)["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(page.header("link"), format!("</v1/events?after={next}>; rel=\"next\""));
    let event = page.ok(200)["data"][1].clone();
    let wanted = json!({
        "specversion": "1.0", "source": "presque", "type": "presque.queue.paused", "subject": "queue/mail",
        "datacontenttype": "application/json", "data": {"reason": "smtp", "request_id": "me"},
        "id": event["id"], "time": event["time"]
    });
    assert_eq!(event, wanted);
    assert!(event["id"].is_string() && event["time"].as_str().unwrap().ends_with('Z'), "{event}");
    let page = app.get(&format!("/v1/events?after={next}")).await.ok(200);
    assert_eq!(page["data"], json!([]));
    assert!(page["next_cursor"].is_string(), "also on the last page");
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let app = TestApp::start().await;
    let names = ["a", "b", "c", "d", "e"];
    make_queues(&app, &names).await;
    // Numbers that texts would sort otherwise.
    let from_8 = "update presque_internal.audit
        set xid = (8 + id - (select min(id) from presque_internal.audit))::text::xid8";
    app.sql(from_8).await;
    let (_, all) = events(&app, "", None, 5).await;
    assert_eq!(all, names.map(|name| format!("presque.queue.created queue/{name}")));
    let (mut path, mut walked) = ("/v1/events?limit=2".to_owned(), Vec::new());
    for size in [2, 2, 1, 0] {
        let (cursor, mut page) = told(&app.get(&path).await.ok(200));
        assert_eq!(page.len(), size);
        walked.append(&mut page);
        path = format!("/v1/events?limit=2&after={cursor}");
    }
    assert_eq!(walked, all);
}

#[tokio::test]
async fn types_are_patterns() {
    let app = TestApp::start().await;
    make_queues(&app, &["q"]).await;
    app.post("/v1/queues/q/pause", "").await.ok(200);
    let job = app.put_in("q", json!({})).await["id"].as_str().unwrap().to_owned();
    app.post(&format!("/v1/jobs/{job}/cancel"), "").await.ok(200);
    events(&app, "", None, 3).await;
    let created = "presque.queue.created queue/q".to_owned();
    let paused = "presque.queue.paused queue/q".to_owned();
    let cancelled = format!("presque.job.cancelled job/{job}");
    for (types, wanted) in [
        ("type=presque.queue.*", vec![&created, &paused]),
        ("type=*.cancelled&type=presque.queue.paused", vec![&paused, &cancelled]),
        ("type=*", vec![&created, &paused, &cancelled]),
        ("type=presque.job.cancelled", vec![&cancelled]),
        ("type=presque.job", vec![]),
        ("type=presque.queue_paused&type=presque.queue.pause%25", vec![]),
        ("type=presque.rocket.started", vec![]),
    ] {
        let (cursor, found) = told(&app.get(&format!("/v1/events?{types}")).await.ok(200));
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{types}");
        let rest = app.get(&format!("/v1/events?{types}&after={cursor}")).await.ok(200);
        assert_eq!(rest["data"], json!([]), "{types}");
        // One by one, past what is not wanted.
        let (_, first) = told(&app.get(&format!("/v1/events?{types}&limit=1")).await.ok(200));
        assert_eq!(first.iter().collect::<Vec<_>>(), wanted.into_iter().take(1).collect::<Vec<_>>(), "{types}");
    }
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let app = TestApp::start().await;
    let (cursor, _) = told(&app.get("/v1/events").await.ok(200));
    for path in [
        "/v1/events?after=nonsense".to_owned(),
        format!("/v1/events?type=*&after={cursor}"),
        format!("/v1/queues?cursor={cursor}"),
    ] {
        app.get(&path).await.problem(400, "invalid_cursor");
    }
    app.get("/v1/events?cursor=x").await.problem(400, "invalid_request");
    app.get("/v1/events?wait_ms=30001").await.problem(422, "validation_failed");
    app.get("/v1/events?limit=501").await.problem(422, "validation_failed");
    app.get("/v1/events?type=").await.problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_hears_of_it_and_holds_no_connection() {
    let app = Arc::new(TestApp::start().await);
    let other = TestApp::beside(&app);
    // More than there are connections.
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let app = app.clone();
            tokio::spawn(async move { told(&app.get("/v1/events?wait_ms=30000").await.ok(200)).1 })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(waiting.iter().all(|one| !one.is_finished()));
    // On another server: they look twice a second.
    make_queues(&other, &["q"]).await;
    for one in waiting {
        let heard = tokio::time::timeout(Duration::from_secs(20), one).await.unwrap().unwrap();
        assert_eq!(heard, ["presque.queue.created queue/q"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drains_answers_who_waits() {
    let app = Arc::new(TestApp::start().await);
    let waiting = {
        let app = app.clone();
        tokio::spawn(async move { app.get("/v1/events?wait_ms=30000").await.ok(200) })
    };
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.lifecycle.drain();
    let page = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert_eq!(page["data"], json!([]));
    assert!(page["next_cursor"].is_string());
}

#[tokio::test]
async fn what_commits_late_is_not_skipped() {
    let app = TestApp::start().await;
    make_queues(&app, &["first", "second", "third"]).await;
    let (start, _) = events(&app, "", None, 3).await;
    let (mut one, mut two) = (app.db.connect().await, app.db.connect().await);
    let run = async |connection: &mut sqlx::PgConnection, statement: &str| {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
    };
    // The first transaction draws the second id, and the other way round.
    run(&mut one, "begin; select pg_current_xact_id()").await;
    run(&mut two, "begin; select presque.pause('second')").await;
    run(&mut one, "select presque.pause('first'); commit").await;
    app.post("/v1/queues/third/pause", "").await.ok(200);
    let (cursor, seen) = events(&app, "", Some(&start), 1).await;
    assert_eq!(seen, ["presque.queue.paused queue/first"], "the second one may still come before the third");
    let page = app.get(&format!("/v1/events?after={cursor}")).await.ok(200);
    assert_eq!(page["data"], json!([]));
    run(&mut two, "commit").await;
    let (_, rest) = events(&app, "", Some(&cursor), 2).await;
    assert_eq!(rest, ["presque.queue.paused queue/second", "presque.queue.paused queue/third"]);
    let (_, all) = events(&app, "", Some(&start), 3).await;
    assert_eq!(all, [seen, rest].concat());
}

#[tokio::test]
async fn what_was_restored_from_another_cluster_comes_first_and_places_of_it_hold() {
    let app = TestApp::start().await;
    make_queues(&app, &["a", "b"]).await;
    // Numbers of transactions that this cluster will not reach.
    let far = "update presque_internal.audit set xid = (1000000000 + id)::text::xid8";
    app.sql(far).await;
    let cluster_before = told(&app.get("/v1/events").await.ok(200));
    assert!(cluster_before.1.is_empty(), "until forget.sql has been there");
    assert_eq!(app.store.forget(100).await.unwrap(), 2);
    make_queues(&app, &["c"]).await;
    let (_, all) = events(&app, "", None, 3).await;
    assert_eq!(all, ["a", "b", "c"].map(|name| format!("presque.queue.created queue/{name}")));
    // Who had read the first event in that cluster.
    let mut connection = app.db.connect().await;
    let first: i64 =
        sqlx::query_scalar("select min(id) from presque.audit_log").fetch_one(&mut connection).await.unwrap();
    let place = serde_json::from_value(json!({"xid": (1_000_000_000 + first).to_string(), "id": first})).unwrap();
    until("both are there", || async {
        let found = app.store.list_events(&place, None, 10).await.unwrap();
        found.events.iter().map(|event| event.subject.as_str()).eq(["queue/b", "queue/c"])
    })
    .await;
}

#[tokio::test]
async fn a_place_whose_event_was_lost_goes_on_before_it() {
    let app = TestApp::start().await;
    make_queues(&app, &["a", "b", "c"]).await;
    until("all are there", || {
        let app = &app;
        async move { app.store.list_events(&EventPlace::default(), None, 10).await.unwrap().events.len() == 3 }
    })
    .await;
    let first = app.store.list_events(&EventPlace::default(), None, 2).await.unwrap();
    let place = serde_json::to_value(&first.place).unwrap();
    // As after a failover to a standby that had not heard of it: its number is another transaction's now.
    let lost = format!("update presque_internal.audit set at = at + interval '1 second' where id = {}", place["id"]);
    app.sql(&lost).await;
    let found = app.store.list_events(&first.place, None, 10).await.unwrap();
    let subjects: Vec<&str> = found.events.iter().map(|event| event.subject.as_str()).collect();
    assert_eq!(subjects, ["queue/a", "queue/b", "queue/c"], "again rather than not at all");
    let rest = app.store.list_events(&found.place, None, 10).await.unwrap();
    assert!(rest.events.is_empty(), "from there on it is as before");
}

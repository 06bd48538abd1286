//! Jobs from inside somebody's own transaction.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{ask, refusal, start, value};

#[tokio::test]
async fn a_job_is_there_with_its_transaction_and_gone_with_it() {
    let (app, mut user) = start().await;
    ask(&mut user, "create table orders (id integer)").await.unwrap();
    let enqueue = "insert into orders values (1); select presque.enqueue('q', '{\"order\":1}', 'mail')";
    ask(&mut user, &format!("begin; {enqueue}; rollback")).await.unwrap();
    assert_eq!(value(&mut user, "select count(*) from presque.jobs").await, "0");
    assert_eq!(value(&mut user, "select available from presque.queue_counts").await, "0");
    ask(&mut user, "begin").await.unwrap();
    let id = value(&mut user, &format!("select presque.enqueue('q', '{}', 'mail')", r#"{"order":1}"#)).await;
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 0, "not before the commit");
    assert!(app.claim("q", 1).await.is_empty());
    ask(&mut user, "commit").await.unwrap();
    let jobs = app.claim("q", 1).await;
    assert_eq!(
        (&jobs[0]["id"], &jobs[0]["kind"], &jobs[0]["payload"]),
        (&json!(id), &json!("mail"), &json!({"order": 1}))
    );
    let creator = value(&mut user, "select session_user").await;
    assert_eq!(app.job(&json!(id)).await["created_by"], creator);
}

#[tokio::test]
async fn options_mean_what_they_mean_over_http() {
    let (app, mut user) = start().await;
    let options = json!({
        "priority": -7, "delay_ms": 60_000, "expires_at": "2100-01-01T00:00:00Z", "max_attempts": 4, "tags": ["a", "b, c"],
        "headers": {"x": "y"}, "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "dedup_key": "k", "lease_ms": 5000, "timeout_ms": 7000
    });
    let id = value(&mut user, &format!("select presque.enqueue('q', '1', options => '{options}')")).await;
    let by_sql = app.job(&json!(id)).await;
    app.patch("/v1/queues/other", "{}").await.ok(201);
    let by_http = app
        .job(
            &app.put_in("other", {
                let mut job = options.clone();
                job["payload"] = json!(1);
                job
            })
            .await["id"],
        )
        .await;
    for (name, value) in by_http.as_object().unwrap() {
        if !["id", "queue", "created_at", "run_after", "created_by"].contains(&name.as_str()) {
            assert_eq!(&by_sql[name], value, "{name}");
        }
    }
    assert_eq!((&by_sql["priority"], &by_sql["state"]), (&json!(-7), &json!("scheduled")));
    app.sql("update presque_internal.scheduled set run_after = now()").await;
    let claimed = app.claim("q", 1).await;
    assert_eq!((&claimed[0]["headers"]["x"], &claimed[0]["lease_ms"]), (&json!("y"), &json!(5000)));
    // A moment, as an argument.
    let later = value(&mut user, "select presque.enqueue('q', run_after => '2099-01-01Z')").await;
    assert_eq!(app.job(&json!(later)).await["run_after"], "2099-01-01T00:00:00.000000Z");
}

#[tokio::test]
async fn keys_are_shared_with_those_who_come_over_http() {
    let (app, mut user) = start().await;
    let there = app.put_in("q", json!({"dedup_key": "k", "payload": "old"})).await["id"].clone();
    let with = |conflict: &str| {
        format!("select presque.enqueue('q', '\"new\"', options => '{{\"dedup_key\":\"k\"{conflict}}}')")
    };
    assert_eq!(json!(value(&mut user, &with("")).await), there);
    assert_eq!(app.job(&there).await["payload"], "old");
    let (code, message) = refusal(&mut user, &with(r#","dedup_on_conflict":"reject""#)).await;
    assert_eq!((code.as_str(), message.as_str()), ("PQ003", "another job holds this dedup_key"));
    assert_eq!(json!(value(&mut user, &with(r#","dedup_on_conflict":"replace""#)).await), there);
    assert_eq!(app.job(&there).await["payload"], "new");
    // Two at once: the second waits for the first, and finds its job.
    let mut other = app.db.connect().await;
    ask(&mut user, "begin").await.unwrap();
    let key = "select presque.enqueue('q', '1', options => '{\"dedup_key\":\"fresh\"}')";
    let first = value(&mut user, key).await;
    let second = tokio::spawn(async move { value(&mut other, key).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!second.is_finished());
    ask(&mut user, "commit").await.unwrap();
    assert_eq!(second.await.unwrap(), first);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_code_and_the_transaction_goes_on() {
    let (app, mut user) = start().await;
    app.patch("/v1/queues/small", r#"{"payload_max_bytes":1024,"max_depth":1}"#).await.ok(201);
    app.put_in("small", json!({})).await;
    let deep = format!("('{}' || '{}')::jsonb", "[".repeat(129), "]".repeat(129));
    ask(&mut user, "begin; select presque.enqueue('q')").await.unwrap();
    let enqueue = |arguments: &str| format!("select presque.enqueue({arguments})");
    let option = |option: &str| enqueue(&format!("'q', options => '{option}'"));
    for (statement, code, part) in [
        (enqueue("'nowhere'"), "PQ002", "no queue 'nowhere'"),
        (enqueue("'small'"), "PQ002", "is full: 1 jobs wait"),
        (enqueue("null"), "PQ001", "queue must not be null"),
        (enqueue("'q', null"), "PQ001", "payload must not be NULL"),
        (enqueue("'q', kind => null"), "PQ001", "kind must be"),
        (enqueue("'q', kind => ''"), "PQ001", "kind must be"),
        (enqueue("'q', kind => repeat('x', 129)"), "PQ001", "kind must be"),
        (enqueue("'q', kind => E'a\\nb'"), "PQ001", "kind must be"),
        (enqueue("'q', options => null"), "PQ001", "options must be"),
        (option("[]"), "PQ001", "options must be"),
        (option(r#"{"prio":1}"#), "PQ001", "no option 'prio'"),
        (option(r#"{"priority":"1"}"#), "PQ001", "whole number from -100 to 100"),
        (option(r#"{"priority":1.5}"#), "PQ001", "whole number"),
        (option(r#"{"priority":101}"#), "PQ001", "whole number"),
        (option(r#"{"max_attempts":1e400}"#), "PQ001", "whole number from 1 to 1000"),
        (option(r#"{"lease_ms":999}"#), "PQ001", "from 1000 to 43200000"),
        (option(r#"{"tags":"a"}"#), "PQ001", "array of up to 16"),
        (option(r#"{"tags":[1]}"#), "PQ001", "array of up to 16"),
        (option(r#"{"tags":[""]}"#), "PQ001", "array of up to 16"),
        (option(r#"{"priority":null}"#), "PQ001", "whole number"),
        (option(r#"{"tags":null}"#), "PQ001", "array of up to 16"),
        (option(r#"{"traceparent":null}"#), "PQ001", "must be a string"),
        (option(r#"{"expires_at":null}"#), "PQ001", "must be a string"),
        (option(r#"{"expires_at":"2026-01-01T00:00:00+99:00"}"#), "PQ001", "time with an offset"),
        (option(r#"{"expires_at":"0001-01-01T00:00:00Z"}"#), "PQ001", "from 1970 to 9999"),
        (option(r#"{"expires_at":"2026-01-01T24:00:00Z"}"#), "PQ001", "time with an offset"),
        (option(r#"{"headers":{"presque-x":"1"}}"#), "PQ001", "object of up to 32"),
        (option(r#"{"headers":{"x":1}}"#), "PQ001", "object of up to 32"),
        (option(r#"{"expires_at":"tomorrow"}"#), "PQ001", "time with an offset"),
        (option(r#"{"expires_at":"2026-13-01T00:00:00Z"}"#), "PQ001", "time with an offset"),
        (option(r#"{"traceparent":"00-1-2-3"}"#), "PQ001", "traceparent must be"),
        (option(r#"{"dedup_key":""}"#), "PQ001", "1 to 256 characters"),
        (option(r#"{"dedup_until":"window"}"#), "PQ001", "need a dedup_key"),
        (option(r#"{"dedup_key":"k","dedup_until":"never"}"#), "PQ001", "one of started, finished, window"),
        (option(r#"{"dedup_key":"k","dedup_until":"window"}"#), "PQ001", "how long the window is"),
        (option(r#"{"dedup_key":"k","dedup_window_ms":5,"dedup_until":"started"}"#), "PQ001", "\"window\" only"),
        (enqueue("'q', run_after => 'infinity'"), "PQ001", "from 1970 to 9999"),
        (enqueue("'q', run_after => now(), options => '{\"delay_ms\":1}'"), "PQ001", "not together with delay_ms"),
        (enqueue("'q', to_jsonb(repeat('x', 262144))"), "PQ004", "has 262146 bytes"),
        (enqueue(&format!("'q', {deep}")), "PQ001", "deeper than 128"),
        ("select presque.enqueue_many('q', array['1', null]::jsonb[])".to_owned(), "PQ001", "must not be NULL"),
        ("select presque.enqueue_many('q', null)".to_owned(), "PQ001", "must not be NULL"),
        ("select presque.enqueue_many('q', array[array['1', '2']]::jsonb[])".to_owned(), "PQ001", "a flat array"),
        ("select presque.enqueue_many('q', '{}', options => '5')".to_owned(), "PQ001", "options must be"),
        (
            "select presque.enqueue_many('q', array['1', '2']::jsonb[], options => '{\"dedup_key\":\"k\"}')".to_owned(),
            "PQ001",
            "stands for one job",
        ),
        ("select presque.cancel('01a206c8-d8c7-76c7-bfda-d9bb00000001')".to_owned(), "PQ005", "there is no job"),
        ("select presque.retry(null)".to_owned(), "PQ001", "job_id must not be null"),
        ("select presque.pause('nowhere')".to_owned(), "PQ002", "no queue 'nowhere'"),
        ("select presque.pause('q', resume_at => now())".to_owned(), "PQ001", "in the future"),
        ("select presque.resume(null)".to_owned(), "PQ001", "queue must not be null"),
    ] {
        ask(&mut user, "savepoint before").await.unwrap();
        let (found, message) = refusal(&mut user, &statement).await;
        assert!(found == code && message.contains(part), "{statement}: {found} {message}");
        ask(&mut user, "rollback to before").await.unwrap();
    }
    ask(&mut user, "commit").await.unwrap();
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 1, "what went well is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_in_one_transaction_are_fine_and_a_claim_that_waits_hears_of_them() {
    let (app, mut user) = start().await;
    let app = std::sync::Arc::new(app);
    let waiting = app.clone();
    let claim = tokio::spawn(async move {
        loop {
            let answer = waiting.post("/v1/jobs/claim", r#"{"queues":["q"],"wait_ms":30000}"#).await.ok(200);
            if let Some(job) = answer["jobs"].get(0) {
                return (job["payload"].clone(), Instant::now());
            }
        }
    });
    ask(&mut user, "begin; select count(presque.enqueue('q', to_jsonb(n))) from generate_series(1, 4000) as n")
        .await
        .unwrap();
    let many = "select count(*), count(distinct id) from presque.enqueue_many('q', \
                array(select to_jsonb(n) from generate_series(4001, 10000) as n)) as id";
    assert_eq!(ask(&mut user, many).await.unwrap(), [["6000", "6000"]]);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(!claim.is_finished(), "nothing is there before the commit");
    ask(&mut user, "commit").await.unwrap();
    let committed = Instant::now();
    let (payload, at) = claim.await.unwrap();
    assert_eq!(payload, 1, "in the order of the calls");
    let waited = at.duration_since(committed);
    // A second at most, and room for a busy machine.
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    assert_eq!((&counts["available"], &counts["running"]), (&json!(9999), &json!(1)));
}

#[tokio::test]
async fn each_changed_row_is_a_job() {
    let (app, mut user) = start().await;
    let trigger = "create table t (a integer, b text);
        create trigger jobs after insert or update or delete on t
        for each row execute function presque.enqueue_row('q', 'row', '{\"priority\": 3}')";
    ask(&mut user, trigger).await.unwrap();
    ask(&mut user, "insert into t values (1, 'x'); update t set b = 'y'; delete from t").await.unwrap();
    ask(&mut user, "begin; insert into t values (2, 'gone'); rollback").await.unwrap();
    let jobs = app.claim("q", 10).await;
    let payloads: Vec<_> = jobs.iter().map(|job| job["payload"].clone()).collect();
    let of = |op: &str, new, old| json!({"schema": "public", "table": "t", "op": op, "new": new, "old": old});
    let (x, y) = (json!({"a": 1, "b": "x"}), json!({"a": 1, "b": "y"}));
    assert_eq!(
        payloads,
        [of("insert", x.clone(), json!(null)), of("update", y.clone(), x), of("delete", json!(null), y)]
    );
    assert!(jobs.iter().all(|job| job["kind"] == "row" && job["priority"] == 3));
    // A row that makes no job is not stored.
    ask(&mut user, "create table w (a json); create trigger jobs after insert on w for each row execute function presque.enqueue_row('q')").await.unwrap();
    assert_eq!(refusal(&mut user, r#"insert into w values ('"\u0000"')"#).await.0, "PQ001");
    ask(&mut user, "create table u (a text); create trigger jobs after insert on u for each row execute function presque.enqueue_row('nowhere')").await.unwrap();
    assert_eq!(refusal(&mut user, "insert into u values ('x')").await.0, "PQ002");
    assert_eq!(value(&mut user, "select count(*) from u").await, "0");
    ask(
        &mut user,
        "create table v (a text); create trigger jobs after insert on v execute function presque.enqueue_row('q')",
    )
    .await
    .unwrap();
    assert_eq!(refusal(&mut user, "insert into v values ('x')").await.0, "PQ001");
}

#[tokio::test]
async fn jobs_are_cancelled_and_retried_and_queues_paused() {
    let (app, mut user) = start().await;
    let id = app.put_in("q", json!({})).await["id"].as_str().unwrap().to_owned();
    let (cancel, retry) =
        (format!("select presque.cancel('{id}', 'not now')"), format!("select presque.retry('{id}')"));
    let state = format!("select presque.job_state('{id}')");
    ask(&mut user, &format!("begin; {cancel}; rollback")).await.unwrap();
    assert_eq!(value(&mut user, &state).await, "available");
    assert_eq!(value(&mut user, &cancel).await, "cancelled");
    assert_eq!(app.job(&json!(id)).await["cancel_reason"], "not now");
    assert_eq!(
        refusal(&mut user, &cancel).await,
        ("PQ005".into(), format!("job {id} is cancelled, and cannot be cancelled"))
    );
    assert_eq!(value(&mut user, &format!("select presque.retry('{id}', '1 hour')")).await, "scheduled");
    assert_eq!(value(&mut user, &retry).await, "available");
    assert_eq!(refusal(&mut user, &retry).await.0, "PQ005");
    assert_eq!(refusal(&mut user, &format!("select presque.retry('{id}', '-1 s')")).await.0, "PQ001");
    // A running one is asked; what its worker reports is the end.
    let job = app.claim("q", 1).await.remove(0);
    assert_eq!(value(&mut user, &cancel).await, "running");
    let told = app.report("heartbeat", &job, json!({})).await.ok(200);
    assert_eq!(told["cancel_requested"], true);
    app.report("complete", &job, json!({"result": {"n": 1}})).await.ok(200);
    assert_eq!(value(&mut user, &state).await, "completed");
    assert_eq!(value(&mut user, &format!("select presque.job_result('{id}')")).await, r#"{"n": 1}"#);
    assert_eq!(refusal(&mut user, &retry).await.0, "PQ005");
    assert_eq!(value(&mut user, "select presque.job_state('01a206c8-d8c7-76c7-bfda-d9bb00000001')").await, "");
    // Queues.
    ask(&mut user, "select presque.pause('q', 'tea', now() + interval '1 hour')").await.unwrap();
    app.put_in("q", json!({})).await;
    assert!(app.claim("q", 1).await.is_empty());
    let paused =
        ask(&mut user, "select paused, pause_reason, paused_by = session_user from presque.queues").await.unwrap();
    assert_eq!(paused, [["t", "tea", "t"]]);
    ask(&mut user, "select presque.resume('q')").await.unwrap();
    assert_eq!(app.claim("q", 1).await.len(), 1);
}

#[tokio::test]
async fn an_open_transaction_keeps_nobody_else_waiting() {
    let (app, mut user) = start().await;
    let old = app.put_in("q", json!({})).await["id"].as_str().unwrap().to_owned();
    let held = app.put_in("q", json!({"delay_ms": 1})).await["id"].as_str().unwrap().to_owned();
    app.put_in("other", json!({})).await;
    let running = app.claim("other", 1).await.remove(0);
    let asked = format!("select presque.cancel('{}')", running["id"].as_str().unwrap());
    ask(
        &mut user,
        &format!("begin; select presque.enqueue('q'); select presque.cancel('{old}'); select presque.cancel('{held}')"),
    )
    .await
    .unwrap();
    assert_eq!(value(&mut user, &asked).await, "running");
    let begun = Instant::now();
    let beat = app.report("heartbeat", &running, json!({})).await.ok(200);
    assert_eq!(beat["cancel_requested"], false, "not before the commit");
    app.sql("update presque_internal.lease set expires_at = now() - interval '1 ms'").await;
    assert_eq!(app.engine.expire_leases(100, None).await.unwrap(), 1);
    for _ in 0..5 {
        app.put_in("q", json!({})).await;
        let job = app.claim("q", 1).await.remove(0);
        app.report("complete", &job, json!({})).await.ok(200);
    }
    app.engine.promote(100, None).await.unwrap();
    app.engine.expire_jobs(100, None).await.unwrap();
    app.engine.expire_leases(100, None).await.unwrap();
    app.store.fold_tally(1000).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    ask(&mut user, "rollback").await.unwrap();
    assert_eq!(app.claim("q", 5).await.len(), 2, "both are there again");
}

/// A transaction that saw a queue in service, and commits when it is long gone.
#[tokio::test]
async fn what_comes_to_a_retired_queue_late_is_cancelled_like_the_rest() {
    let (app, mut user) = start().await;
    let late = "begin isolation level repeatable read; select presque.enqueue('q', options => '{\"dedup_key\":\"k\"}')";
    ask(&mut user, "begin isolation level repeatable read; select 1").await.unwrap();
    app.delete("/v1/queues/q?force=true").await;
    app.sql("update presque_internal.queue set deleted_at = now() - interval '2 minutes' where deleted_at is not null")
        .await;
    while app.store.purge_retired(100).await.unwrap() > 0 {}
    app.sql("update presque_internal.queue set purged_at = now() where deleted_at is not null").await;
    let id = value(&mut user, late.split_once("; ").unwrap().1).await;
    ask(&mut user, "commit").await.unwrap();
    assert_eq!(app.store.reopen_retired().await.unwrap(), 1);
    assert_eq!(app.store.reopen_retired().await.unwrap(), 0);
    while app.store.purge_retired(100).await.unwrap() > 0 {}
    assert_eq!(value(&mut user, &format!("select presque.job_state('{id}')")).await, "cancelled");
    assert_eq!(value(&mut user, "select count(*) from presque_internal.dedup").await, "0");
}

#[tokio::test]
async fn a_job_waits_for_others_and_joins_a_batch_as_over_http() {
    let (app, mut user) = start().await;
    let first = value(&mut user, "select presque.enqueue('q')").await;
    let needs = |ids: &[&str]| json!({"depends_on": ids}).to_string();
    let options = needs(&[&first]);
    ask(&mut user, &format!("begin; select presque.enqueue('q', options => '{options}'); rollback")).await.unwrap();
    assert_eq!(value(&mut user, "select count(*) from presque_internal.dependency").await, "0");
    let many = format!("select presque.enqueue_many('q', array['1', '2']::jsonb[], options => '{options}')");
    let waiting = ask(&mut user, &many).await.unwrap();
    assert_eq!(waiting.len(), 2);
    let live = format!("select state, depends_on[1] from presque.jobs where id = '{}'", waiting[1][0]);
    assert_eq!(ask(&mut user, &live).await.unwrap(), [["pending", &first]]);
    assert_eq!(value(&mut user, "select pending from presque.queue_counts where queue = 'q'").await, "2");
    assert_eq!(value(&mut user, &format!("select presque.job_state('{}')", waiting[0][0])).await, "pending");
    assert_eq!(value(&mut user, &format!("select presque.cancel('{}')", waiting[0][0])).await, "cancelled");
    let claimed = app.claim("q", 5).await;
    assert_eq!(claimed.iter().map(|job| &job["id"]).collect::<Vec<_>>(), [&json!(first)]);
    let complete = format!("select presque.complete('{first}', '{}')", claimed[0]["lease_token"].as_str().unwrap());
    assert_eq!(value(&mut user, &complete).await, "t");
    app.engine.resolve_linked().await.unwrap();
    assert_eq!(app.claim("q", 5).await[0]["id"], json!(waiting[1][0]));

    let made = app.post("/v1/batches", json!({"name": "n", "jobs": [{"queue": "q"}]}).to_string()).await.ok(201);
    let batch = made["id"].as_str().unwrap();
    let joined =
        value(&mut user, &format!("select presque.enqueue('q', options => '{{\"batch_id\": \"{batch}\"}}')")).await;
    assert_eq!(app.job(&json!(joined)).await["batch_id"], json!(batch));
    let shown = "select name, state, total, available, completed, progress, finished_at is null from presque.batches";
    assert_eq!(ask(&mut user, shown).await.unwrap(), [["n", "running", "2", "2", "0", "0", "t"]]);
    for job in app.claim("q", 5).await {
        app.report("complete", &job, json!({})).await.ok(200);
    }
    app.engine.resolve_linked().await.unwrap();
    assert_eq!(ask(&mut user, shown).await.unwrap(), [["n", "completed", "2", "0", "2", "1", "f"]]);

    let unknown = "01a206c8-d8c7-76c7-bfda-d9bb00000001";
    for (options, said) in [
        (needs(&[unknown]), "there is no job"),
        (json!({"depends_on": first}).to_string(), "up to 100 ids"),
        (json!({"depends_on": [1]}).to_string(), "must be an id"),
        (json!({"on_dependency_failure": "run"}).to_string(), "needs depends_on"),
        (json!({"depends_on": [first], "on_dependency_failure": "go"}).to_string(), "one of cancel, run"),
        (json!({"batch_id": batch}).to_string(), "no batch"),
        (json!({"batch_id": "x"}).to_string(), "must be an id"),
    ] {
        let (code, message) = refusal(&mut user, &format!("select presque.enqueue('q', options => '{options}')")).await;
        assert_eq!(code, "PQ001", "{options}: {message}");
        assert!(message.contains(said), "{options}: {message}");
    }
}

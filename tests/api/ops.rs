//! Health, request ids, problem documents, the pages, and a database that is away.

use std::time::{Duration, Instant};

use crate::support::TestApp;

#[tokio::test]
async fn a_server_is_ready_until_it_drains() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/livez").await.json()["status"], "alive");
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(ready.json()["status"], "ready");
    app.lifecycle.drain();
    let draining = app.get("/readyz").await;
    assert_eq!(draining.status, 503);
    assert_eq!(draining.json()["detail"], "this server is stopping");
    assert_eq!(draining.header("connection"), "close");
    assert_eq!(app.get("/livez").await.status, 200);
    app.enqueue("/q/foo", "1").await;
}

#[tokio::test]
async fn a_schema_of_a_newer_server_keeps_this_one_ready_and_an_older_schema_does_not() {
    let app = TestApp::start().await;
    let mut connection = app.db.connect().await;
    sqlx::query("insert into presque_internal.schema_migration (version, description, success, checksum, execution_time) values (9999, 'later', true, '', 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(app.get("/readyz").await.status, 200, "a rolling upgrade must not take the old servers out");
    sqlx::query("delete from presque_internal.schema_migration where version > 1")
        .execute(&mut connection)
        .await
        .unwrap();
    let answer = app.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.json()["detail"].as_str().unwrap().contains("schema is older"), "{answer:?}");
}

#[tokio::test]
async fn a_lost_database_is_answered_with_503_in_time() {
    let app = TestApp::without_database().await;
    for (method, uri) in [
        ("POST", "/q/foo"),
        ("GET", "/q/foo"),
        ("PUT", "/q/foo"),
        ("DELETE", "/q/foo"),
        ("POST", "/qb/foo"),
        ("GET", "/qb/foo"),
        ("GET", "/j/foo"),
        ("GET", "/status"),
        ("GET", "/status/foo"),
        ("GET", "/control/foo"),
        ("GET", "/w"),
        ("GET", "/w/?worker_id=a"),
        ("GET", "/w/foo"),
        ("POST", "/w/foo?worker_id=a"),
        ("DELETE", "/w/foo?worker_id=a"),
    ] {
        let begun = Instant::now();
        let answer = app.send(method, uri, &[("content-type", "application/json")], r#"{"jobs":[1]}"#).await;
        answer.refuses(503, "database unavailable");
        assert_eq!(answer.header("retry-after"), "1", "{method} {uri}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{method} {uri} took {:?}", begun.elapsed());
    }
    // More at once than there are connections: the pool is empty, and still nothing is busy.
    let many: Vec<_> = (0..40).map(|_| app.get("/j/foo")).collect();
    for answer in futures_util::future::join_all(many).await {
        answer.refuses(503, "database unavailable");
    }
    let ready = app.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.header("retry-after")), (503, "1"));
    assert_eq!(ready.json()["code"], "unavailable");
    assert_eq!(app.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_terminated_session_costs_no_job_and_no_restart() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo", "0").await;
    let mut connection = app.db.connect().await;
    let (mut stored, mut unsure) = (vec!["0".to_owned()], Vec::new());
    for n in 1..40 {
        // In the end every connection of the pool may have to be found out, and no more.
        if n > 30 && stored.last() == Some(&(n - 1).to_string()) {
            break;
        }
        assert!(n < 39, "nine requests on eight connections, and none was stored");
        if n < 30 {
            sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
                .execute(&mut connection)
                .await
                .unwrap();
        }
        let answer = app.post("/q/foo", n.to_string()).await;
        if answer.status == 201 {
            stored.push(n.to_string());
        } else {
            answer.refuses(503, "outcome unknown");
            unsure.push(n.to_string());
        }
    }
    let found: Vec<String> = app
        .get("/qb/foo?batch_size=1000")
        .await
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job.as_str().unwrap().to_owned())
        .collect();
    assert!(found.is_sorted_by_key(|job| job.parse::<u32>().unwrap()), "{found:?}");
    assert!(stored.iter().all(|job| found.contains(job)), "lost one of {stored:?}: {found:?}");
    assert!(found.iter().all(|job| stored.contains(job) || unsure.contains(job)), "{found:?}");
}

#[tokio::test]
async fn a_key_held_by_an_open_transaction_is_refused_in_time_and_not_for_ever() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo", "0").await;
    let mut connection = app.db.connect().await;
    sqlx::query("begin").execute(&mut connection).await.unwrap();
    sqlx::query("insert into presque_internal.dedup (queue_id, key, job_id, until) select queue_id, 'k', gen_random_uuid(), 'started' from presque_internal.queue")
        .execute(&mut connection)
        .await
        .unwrap();
    app.post("/q/foo?uniq=k", "1").await.refuses(503, "overloaded");
    app.enqueue("/q/foo", "2").await;
    sqlx::query("rollback").execute(&mut connection).await.unwrap();
    app.enqueue("/q/foo?uniq=k", "3").await;
    app.get("/qb/foo").await.expect(200, r#"["0","2","3"]"#);
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_a_good_one_is_kept() {
    let app = TestApp::start().await;
    for uri in ["/livez", "/q/foo", "/nothing", "/q/%00"] {
        assert_eq!(app.get(uri).await.header("x-request-id").len(), 32, "{uri}");
        let kept = app.send("GET", uri, &[("x-request-id", "my-id_1")], "").await;
        assert_eq!(kept.header("x-request-id"), "my-id_1");
        for bad in ["", "a b", &"x".repeat(65), "a\"b", "é"] {
            let replaced = app.send("GET", uri, &[("x-request-id", bad)], "").await;
            assert_eq!(replaced.header("x-request-id").len(), 32, "{bad}");
        }
    }
}

#[tokio::test]
async fn what_is_no_classic_route_is_refused_with_a_problem_document() {
    let app = TestApp::start().await;
    let long = format!("/{}", "x".repeat(9000));
    for (method, uri, status, code) in [
        ("GET", "/nothing", 404, "route_not_found"),
        ("GET", "/v1/nothing", 404, "route_not_found"),
        ("PUT", "/v1/jobs", 405, "method_not_allowed"),
        ("POST", "/livez", 405, "method_not_allowed"),
        ("DELETE", "/", 405, "method_not_allowed"),
        ("GET", long.as_str(), 414, "uri_too_long"),
        ("GET", "/..;/", 404, "route_not_found"),
        ("GET", "//", 404, "route_not_found"),
        ("GET", "/queues", 404, "route_not_found"),
    ] {
        let answer = app.send(method, uri, &[("x-request-id", "r-1")], "").await;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {uri}");
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), problem["status"].as_u64()), (status, Some(u64::from(status))));
        assert_eq!(problem["code"], code);
        assert_eq!(problem["type"], format!("urn:presque:problem:{}", code.replace('_', "-")));
        assert_eq!(problem["request_id"], "r-1");
    }
}

#[tokio::test]
async fn the_pages_ask_no_other_host_for_anything() {
    let app = TestApp::start().await;
    let home = app.get("/").await;
    assert_eq!(home.status, 200);
    assert!(home.text().contains(concat!("<small>", env!("CARGO_PKG_VERSION"))), "{}", home.text());
    assert!(home.text().contains("curl -i http://127.0.0.1:5000/q/demo"));
    let named = app.send("GET", "/", &[("host", "jobs.example.com:80")], "").await;
    assert!(named.text().contains("curl -i http://jobs.example.com:80/q/demo"));
    let hostile = app.send("GET", "/", &[("host", "x'><script>")], "").await;
    assert!(!hostile.text().contains("script"));
    assert!(home.header("content-security-policy").starts_with("default-src 'none'"));
    let docs = app.get("/docs/").await;
    assert_eq!(docs.status, 200);
    for page in [
        home.text(),
        docs.text(),
        app.get("/docs/index.css").await.text(),
        app.get("/docs/swagger-initializer.js").await.text(),
    ] {
        for part in ["src=\"http", "href=\"http", "href=\"//", "src=\"//", "url(http", "url: \"http", "@import"] {
            assert!(!page.contains(part), "{part}");
        }
    }
    assert!(app.get("/docs/swagger-initializer.js").await.text().contains("/openapi.json"));
    assert_eq!(app.get("/docs/swagger-ui-bundle.js").await.status, 200);
    assert_eq!(app.get("/docs").await.header("location"), "/docs/");
}

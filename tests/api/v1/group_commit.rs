//! Requests that are written together are answered as if each were alone.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{Answer, JSON, TestApp};

/// All of them at once; the answers in the same order.
async fn at_once(app: &Arc<TestApp>, requests: Vec<(String, Value)>) -> Vec<Answer> {
    let sent = requests.into_iter().map(|(uri, body)| {
        let app = app.clone();
        tokio::spawn(async move { app.send("POST", &uri, &[JSON], body.to_string()).await })
    });
    let sent: Vec<_> = sent.collect();
    futures_util::future::join_all(sent).await.into_iter().map(Result::unwrap).collect()
}

async fn enqueues_are_answered_each_for_itself(app: Arc<TestApp>, at_a_time: usize) {
    app.patch("/v1/queues/small", r#"{"payload_max_bytes":8}"#).await.ok(201);
    app.patch("/v1/queues/urgent", r#"{"default_priority":7}"#).await.ok(201);
    let requests = (0..240).map(|n| match n % 6 {
        0 => ("/v1/queues/a/jobs".to_owned(), json!({"payload": n})),
        1 => ("/v1/queues/b/jobs".to_owned(), json!({"payload": n, "delay_ms": 3_600_000, "tags": ["x", "y\"z"]})),
        2 => {
            ("/v1/jobs".to_owned(), json!({"jobs": [{"queue": "a", "payload": n}, {"queue": "urgent", "payload": n}]}))
        }
        // The second is too large: neither is stored.
        3 => {
            let large = "x".repeat(9);
            (
                "/v1/jobs".to_owned(),
                json!({"jobs": [{"queue": "a", "payload": "no"}, {"queue": "small", "payload": large}]}),
            )
        }
        4 => ("/v1/queues/small/jobs".to_owned(), json!({"payload": n, "kind": "k", "headers": {"h": "v"}})),
        _ => (format!("/v1/queues/new-{}/jobs", n % 4), json!({"payload": n})),
    });
    let requests: Vec<_> = requests.collect();
    let mut answers = Vec::new();
    for some in requests.chunks(at_a_time) {
        answers.extend(at_once(&app, some.to_vec()).await);
    }
    let mut ids = HashSet::new();
    for (n, answer) in answers.iter().enumerate() {
        if n % 6 == 3 {
            let problem = answer.problem(413, "payload_too_large");
            assert_eq!((&problem["limit"], &problem["actual"]), (&json!(8), &json!(11)));
            continue;
        }
        let stored = answer.ok(201);
        let jobs = stored["results"].as_array().cloned().unwrap_or_else(|| vec![stored]);
        assert_eq!(jobs.len(), if n % 6 == 2 { 2 } else { 1 });
        for job in jobs {
            assert!(ids.insert(job["id"].as_str().unwrap().to_owned()), "{job}");
            let shown = app.job(&job["id"]).await;
            assert_eq!(shown["payload"], n, "{shown}");
            assert_eq!((&shown["state"], &shown["queue"]), (&job["state"], &job["queue"]));
            match n % 6 {
                1 => assert_eq!((&shown["state"], &shown["tags"]), (&json!("scheduled"), &json!(["x", "y\"z"]))),
                4 => assert_eq!((&shown["kind"], &shown["headers"]), (&json!("k"), &json!({"h": "v"}))),
                _ => assert_eq!(shown["priority"], if shown["queue"] == "urgent" { 7 } else { 0 }),
            }
        }
    }
    let counts = |queue: &'static str| {
        let app = app.clone();
        async move { app.get(&format!("/v1/queues/{queue}")).await.json()["counts"].clone() }
    };
    assert_eq!(counts("a").await["available"], 80);
    assert_eq!((&counts("b").await["scheduled"], &counts("small").await["available"]), (&json!(40), &json!(40)));
    assert_eq!(counts("urgent").await["available"], 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enqueues_that_are_written_together() {
    enqueues_are_answered_each_for_itself(Arc::new(TestApp::start().await), 240).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enqueues_that_are_written_alone() {
    // As many as can be under way at once: more wait for a connection, and not for ever.
    enqueues_are_answered_each_for_itself(Arc::new(TestApp::without_group_commit().await), 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_take_few_commits_and_one_by_one_as_many_as_they_are() {
    for (app, together) in [(TestApp::start().await, true), (TestApp::without_group_commit().await, false)] {
        let app = Arc::new(app);
        app.put_in("q", json!({})).await;
        let requests = vec![("/v1/queues/q/jobs".to_owned(), json!({})); 200];
        for some in requests.chunks(if together { 200 } else { 12 }) {
            for answer in at_once(&app, some.to_vec()).await {
                answer.ok(201);
            }
        }
        let mut connection = app.db.connect().await;
        // Each statement tells the counts once.
        let told: i64 =
            sqlx::query_scalar("select count(*) from presque_internal.tally").fetch_one(&mut connection).await.unwrap();
        if together {
            assert!(told < 100, "{told} statements for 201 requests");
        } else {
            assert_eq!(told, 201);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_full_is_full_in_the_middle_of_a_batch() {
    let app = Arc::new(TestApp::start().await);
    app.patch("/v1/queues/q", r#"{"max_depth":50}"#).await.ok(201);
    let requests = (0..200).map(|n| (format!("/v1/queues/{}/jobs", if n % 2 == 0 { "q" } else { "r" }), json!({})));
    let answers = at_once(&app, requests.collect()).await;
    let stored = |half: usize| answers.iter().skip(half).step_by(2).filter(|answer| answer.status == 201).count();
    assert_eq!((stored(0), stored(1)), (50, 100));
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(429, "queue_full")["limit"], 50);
    }
    assert_eq!(app.get("/v1/queues/q").await.json()["counts"]["available"], 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_that_are_written_together() {
    let app = Arc::new(TestApp::start().await);
    let jobs = json!({"jobs": vec![json!({"queue": "q"}); 100]});
    app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    let held = app.claim("q", 100).await;
    let report = |n: usize, what: &str, token: &Value| {
        let id = held[n].as_object().unwrap()["id"].as_str().unwrap();
        (format!("/v1/jobs/{id}/{what}"), json!({"lease_token": token}))
    };
    let requests = (0..100).flat_map(|n| {
        let token = &held[n]["lease_token"];
        match n % 4 {
            // The same report twice, at once.
            0 => [report(n, "complete", token), report(n, "complete", token)],
            // Two that exclude each other.
            1 => [report(n, "complete", token), report(n, "release", token)],
            // One with the token of another.
            2 => [report(n, "release", token), report(n, "complete", &held[n - 1]["lease_token"])],
            _ => [report(n, "heartbeat", token), report(n, "complete", token)],
        }
    });
    let answers = at_once(&app, requests.collect()).await;
    for (n, pair) in answers.chunks(2).enumerate() {
        let statuses = (pair[0].status.as_u16(), pair[1].status.as_u16());
        let state = app.job(&held[n]["id"]).await["state"].as_str().unwrap().to_owned();
        match n % 4 {
            0 => assert_eq!((statuses, state.as_str()), ((200, 200), "completed")),
            1 if statuses == (200, 409) => assert_eq!(state, "completed"),
            1 => assert_eq!((statuses, state.as_str()), ((409, 200), "available")),
            2 => assert_eq!((statuses, state.as_str()), ((200, 409), "available")),
            // A heartbeat that comes after the end is told so.
            _ => assert!([(200, 200), (409, 200)].contains(&statuses) && state == "completed", "{statuses:?} {state}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_that_are_made_together() {
    let app = Arc::new(TestApp::start().await);
    for queue in ["a", "b"] {
        let jobs: Vec<_> = (0..400).map(|n| json!({"queue": queue, "kind": format!("k{}", n % 2)})).collect();
        app.post("/v1/jobs", json!({"jobs": jobs}).to_string()).await.ok(201);
    }
    app.patch("/v1/queues/paused", "{}").await.ok(201);
    app.post("/v1/queues/paused/pause", "{}").await.ok(200);
    let claim = |body: Value| ("/v1/jobs/claim".to_owned(), body);
    let requests = (0..120).map(|n| match n % 6 {
        0 => claim(json!({"queues": ["a"], "worker_id": format!("w{n}"), "lease_ms": 10_000 + n})),
        1 => claim(json!({"queues": ["b", "a"], "max_jobs": 3, "worker_id": format!("w{n}")})),
        2 => claim(json!({"queues": ["b"], "kinds": ["k1"], "max_jobs": 2})),
        3 => claim(json!({"queues": ["paused"]})),
        4 => claim(json!({"queues": ["a", "b"], "fair": true, "max_jobs": 2})),
        _ => claim(json!({"queues": ["nobody-knows"], "max_jobs": 1000})),
    });
    let (mut tokens, mut ids) = (HashSet::new(), HashSet::new());
    for (n, answer) in at_once(&app, requests.collect()).await.into_iter().enumerate() {
        let answer = answer.ok(200);
        let jobs = answer["jobs"].as_array().unwrap();
        assert_eq!(jobs.len(), [1, 3, 2, 0, 2, 0][n % 6], "{n}: {answer}");
        assert_eq!(answer["poll_after_ms"].as_i64() > Some(0), n % 6 == 3 || n % 6 == 5, "{answer}");
        for job in jobs {
            assert!(ids.insert(job["id"].as_str().unwrap().to_owned()), "handed out twice");
            assert!(tokens.insert(job["lease_token"].as_str().unwrap().to_owned()));
            let shown = app.job(&job["id"]).await;
            match n % 6 {
                0 => assert_eq!(
                    (&shown["worker_id"], &job["lease_ms"], &job["queue"]),
                    (&json!(format!("w{n}")), &json!(10_000 + n), &json!("a"))
                ),
                1 => assert_eq!(shown["worker_id"], format!("w{n}")),
                2 => assert_eq!((&job["kind"], &job["queue"]), (&json!("k1"), &json!("b"))),
                _ => {}
            }
        }
    }
    let running = app.get("/v1/queues").await.json()["data"].clone();
    let running: i64 = running.as_array().unwrap().iter().map(|q| q["counts"]["running"].as_i64().unwrap()).sum();
    assert_eq!(running, i64::try_from(ids.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_of_large_jobs_share_what_one_answer_holds_and_nobody_is_left_out() {
    let app = Arc::new(TestApp::start().await);
    app.patch("/v1/queues/q", r#"{"payload_max_bytes":4194304}"#).await.ok(201);
    for _ in 0..12 {
        app.put_in("q", json!({"payload": "x".repeat(3 << 20)})).await;
    }
    let requests = vec![("/v1/jobs/claim".to_owned(), json!({"queues": ["q"], "max_jobs": 2})); 6];
    let mut ids = HashSet::new();
    for answer in at_once(&app, requests).await {
        let jobs = answer.ok(200)["jobs"].as_array().unwrap().clone();
        assert!(!jobs.is_empty(), "there are two for each");
        for job in jobs {
            assert!(ids.insert(job["id"].as_str().unwrap().to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn classic_fetches_that_are_made_together() {
    let app = Arc::new(TestApp::start().await);
    for queue in ["a", "b"] {
        let jobs: Vec<_> = (0..100).map(|n| json!(format!("{queue}{n}"))).collect();
        app.post(&format!("/qb/{queue}"), json!({"jobs": jobs}).to_string()).await.expect(201, "");
    }
    let sent = (0..120).map(|n| {
        let app = app.clone();
        let uri = match n % 4 {
            0 => "/q/a",
            1 => "/qb/b?batch_size=3",
            2 => "/q/b?worker_id=w",
            _ => "/q/nobody-knows",
        };
        tokio::spawn(async move { app.get(uri).await })
    });
    let sent: Vec<_> = sent.collect();
    let mut seen = HashSet::new();
    for (n, answer) in futures_util::future::join_all(sent).await.into_iter().map(Result::unwrap).enumerate() {
        match (n % 4, answer.status.as_u16()) {
            (3, status) => assert_eq!(status, 404),
            (1, 200) => {
                for job in answer.json().as_array().unwrap() {
                    assert!(seen.insert(job.as_str().unwrap().to_owned()), "{job}");
                }
            }
            (_, 200) => assert!(seen.insert(answer.text().to_owned()), "{answer:?}"),
            // There is room for so many large answers at once, and no job is taken without.
            (1, 503) => {}
            // All of it was taken.
            (_, status) => assert_eq!((status, n % 4 != 0), (404, true), "{answer:?}"),
        }
    }
    let left = |queue: &'static str| {
        let app = app.clone();
        async move { app.get(&format!("/j/{queue}")).await.json()["job_count"].as_u64().unwrap() }
    };
    assert_eq!(left("a").await, 70);
    assert_eq!(seen.len() as u64, 200 - 70 - left("b").await, "each is handed out once or still there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_fails_for_one_queue_costs_the_jobs_of_another_nothing() {
    let app = Arc::new(TestApp::start().await);
    for queue in ["good", "bad"] {
        let jobs = json!({"jobs": vec![json!({"queue": queue}); 40]});
        app.post("/v1/jobs", jobs.to_string()).await.ok(201);
    }
    // What is claimed or fetched from one of them fails, always.
    app.sql(
        "create function presque_internal.refuse() returns trigger language plpgsql as
         $$begin raise exception 'a bug'; end$$;
         do $$declare bad integer; begin
             select queue_id into bad from presque_internal.queue where name = 'bad';
             execute format('create trigger refuse before delete on presque_internal.ready for each row
                 when (old.queue_id = %s) execute function presque_internal.refuse()', bad);
         end$$",
    )
    .await;
    let sent = (0..80).map(|n| {
        let app = app.clone();
        tokio::spawn(async move {
            match n % 4 {
                0 => app.get("/q/good").await,
                1 => app.get("/q/bad").await,
                2 => app.post("/v1/jobs/claim", r#"{"queues":["good"]}"#).await,
                _ => app.post("/v1/jobs/claim", r#"{"queues":["bad"]}"#).await,
            }
        })
    });
    let sent: Vec<_> = sent.collect();
    for (n, answer) in futures_util::future::join_all(sent).await.into_iter().map(Result::unwrap).enumerate() {
        assert_eq!(answer.status, if n % 2 == 0 { 200 } else { 500 }, "{n}: {answer:?}");
        if n % 4 == 2 {
            assert_eq!(answer.json()["jobs"].as_array().unwrap().len(), 1);
        }
    }
    let counts = |queue: &'static str| {
        let app = app.clone();
        async move { app.get(&format!("/v1/queues/{queue}")).await.json()["counts"].clone() }
    };
    let (good, bad) = (counts("good").await, counts("bad").await);
    assert_eq!((&good["completed"], &good["running"], &bad["available"]), (&json!(20), &json!(20), &json!(40)));
}

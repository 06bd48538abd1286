//! Many at once: each job is handed out once, in order, and counted.

use std::collections::HashSet;
use std::sync::Arc;

use presque::domain::{Payload, QueueName};
use presque::engine::Engine;
use presque::store::{Enqueue, NewJob, Store};
use tokio::task::JoinSet;

use crate::support::{TestApp, TestDb};

const FETCHERS: usize = 16;
const JOBS: usize = 20_000;

fn jobs(queue: &QueueName, numbers: std::ops::Range<usize>) -> Enqueue {
    let payload = |n: usize| Payload::parse(n.to_string().into_bytes(), 100).unwrap();
    let jobs = numbers.map(|n| NewJob::new(queue.clone(), "classic", payload(n))).collect();
    Enqueue { jobs, ..Enqueue::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_fetchers_hand_out_twenty_thousand_jobs_once_each_and_in_order() {
    let db = TestDb::fresh().await;
    // Three servers, as far as the database can tell.
    let engines: Vec<Engine> = (0..3).map(|_| Engine::new(Store::new(db.options.clone(), 6), true, 250)).collect();
    let queue = QueueName::parse("race").unwrap();
    for start in (0..JOBS / 2).step_by(1000) {
        engines[0].enqueue(jobs(&queue, start..start + 1000), true).await.unwrap();
    }
    let producer = {
        let (engine, queue) = (engines[1].clone(), queue.clone());
        tokio::spawn(async move {
            for start in (JOBS / 2..JOBS).step_by(100) {
                engine.enqueue(jobs(&queue, start..start + 100), true).await.unwrap();
            }
        })
    };
    let producing = Arc::new(producer);
    let mut fetchers = JoinSet::new();
    for n in 0..FETCHERS {
        let (engine, queue, producing) = (engines[n % 3].clone(), queue.clone(), producing.clone());
        fetchers.spawn(async move {
            let mut taken: Vec<usize> = Vec::new();
            loop {
                let ended = producing.is_finished();
                let batch =
                    engine.fetch(queue.clone(), 1 + i64::try_from(n % 8).unwrap() * 3, None).await.unwrap().unwrap();
                if batch.is_empty() && ended {
                    return taken;
                }
                taken.extend(batch.iter().map(|job| job.payload.parse::<usize>().unwrap()));
            }
        });
    }
    let mut seen = HashSet::new();
    for taken in fetchers.join_all().await {
        assert!(taken.is_sorted(), "a fetcher got jobs out of order");
        for job in taken {
            assert!(seen.insert(job), "job {job} was handed out twice");
        }
    }
    assert_eq!(seen.len(), JOBS);
    let store = Store::new(db.options.clone(), 2);
    let counts = store.find_queue(&queue).await.unwrap().unwrap();
    assert_eq!((counts.available, counts.started), (0, 20_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_producers_with_one_unique_key_one_wins() {
    let app = Arc::new(TestApp::start().await);
    for round in 0..10 {
        let mut producers = JoinSet::new();
        for n in 0..16 {
            let app = app.clone();
            producers
                .spawn(async move { app.post(&format!("/q/foo?uniq=k{round}"), n.to_string()).await.status.as_u16() });
        }
        let mut answers = producers.join_all().await;
        answers.sort_unstable();
        assert_eq!(answers[0], 201);
        assert!(answers[1..].iter().all(|status| *status == 400), "{answers:?}");
    }
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purges_among_producers_and_fetchers_break_nothing() {
    let app = Arc::new(TestApp::start().await);
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let app = app.clone();
        tasks.spawn(async move {
            for round in 0..60 {
                let answer = match (n + round) % 8 {
                    0 => app.delete("/q/foo").await,
                    1..4 => app.post("/q/foo?uniq=a", "1").await,
                    4 | 5 => app.post("/q/foo", "2").await,
                    _ => app.get("/q/foo").await,
                };
                let status = answer.status.as_u16();
                assert!([200, 201, 204, 400, 404].contains(&status), "{answer:?}");
            }
        });
    }
    tasks.join_all().await;
    while app.store.purge_retired(1000).await.unwrap() > 0 {}
    app.delete("/q/foo").await.expect(204, "");
    assert_eq!(app.get("/j/foo").await.json()["job_count"], 0);
    app.get("/q/foo").await.refuses(404, "no job");
    let mut connection = app.db.connect().await;
    let queues: i64 = sqlx::query_scalar("select count(*) from presque_internal.queue where deleted_at is null")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(queues, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_many_make_at_once_is_made_once() {
    let app = Arc::new(TestApp::start().await);
    let mut producers = JoinSet::new();
    for n in 0..16 {
        let app = app.clone();
        producers.spawn(async move { app.enqueue("/q/new", &n.to_string()).await });
    }
    producers.join_all().await;
    app.get("/status").await.expect(200, r#"{"queues":["new"],"size":1}"#);
    assert_eq!(app.get("/j/new").await.json()["job_count"], 16);
}

/// Drops what it polls at the n-th poll.
struct DropAt<F> {
    future: std::pin::Pin<Box<F>>,
    polls_left: usize,
}

impl<F: Future> Future for DropAt<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        if self.polls_left == 0 {
            return std::task::Poll::Ready(None);
        }
        self.polls_left -= 1;
        let polled = self.future.as_mut().poll(cx).map(Some);
        if self.polls_left == 0 && polled.is_pending() {
            // The last poll: as when hyper notices that the client is gone.
            return std::task::Poll::Ready(None);
        }
        polled
    }
}

#[tokio::test]
async fn a_request_dropped_at_any_await_leaves_no_session_and_no_half_change() {
    let app = TestApp::start().await;
    let (mut stored, mut possible) = (0, 0);
    for (method, uri) in [
        ("POST", "/q/foo"),
        ("PUT", "/q/foo"),
        ("GET", "/q/bar"),
        ("DELETE", "/q/bar"),
        ("POST", "/w/foo?worker_id=w"),
        ("GET", "/j/foo"),
    ] {
        for polls_left in 1..=8 {
            let request = Box::pin(app.send(method, uri, &[("content-type", "application/json")], "1"));
            let outcome = DropAt { future: request, polls_left }.await;
            if uri == "/q/foo" {
                possible += 1;
            }
            match outcome {
                None => {}
                Some(answer) if uri == "/q/foo" && answer.status == 201 => stored += 1,
                // A change runs in a task of its own, which cannot have begun at the first poll.
                Some(_) => assert!(polls_left > 1 || uri == "/j/foo", "{method} {uri} was not dropped"),
            }
        }
    }
    // What was cut off is finished all the same, in its own time.
    let counted = || async { app.get("/j/foo").await.json()["job_count"].as_i64().unwrap() };
    crate::support::until("what was begun is finished", || async {
        let mut connection = app.db.connect().await;
        let busy: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        busy == 0
    })
    .await;
    let count = counted().await;
    assert!((stored..=possible).contains(&count), "{stored} <= {count} <= {possible}");
    for _ in 0..20 {
        app.enqueue("/q/foo", "2").await;
    }
    assert_eq!(counted().await, count + 20);
}

#[tokio::test]
async fn a_fetch_that_is_abandoned_before_it_begins_takes_no_job() {
    let app = TestApp::start().await;
    app.enqueue("/q/foo", "1").await;
    // All connections are held, so that the fetches wait for one.
    let mut locks = Vec::new();
    let mut blocker = app.db.connect().await;
    sqlx::query("begin").execute(&mut blocker).await.unwrap();
    sqlx::query("lock table presque_internal.worker in access exclusive mode").execute(&mut blocker).await.unwrap();
    for _ in 0..app.store.connections() {
        let app = app.router();
        locks.push(tokio::spawn(async move { app.get("/w").await }));
    }
    crate::support::until("every connection waits for the lock", || async {
        let mut connection = app.db.connect().await;
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_locks where not granted and relation = 'presque_internal.worker'::regclass",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        usize::try_from(waiting) == Ok(app.store.connections())
    })
    .await;
    let abandoned = DropAt { future: Box::pin(app.get("/q/foo")), polls_left: 1 }.await;
    assert!(abandoned.is_none());
    sqlx::query("rollback").execute(&mut blocker).await.unwrap();
    for lock in locks {
        assert_eq!(lock.await.unwrap().status, 200);
    }
    // What waited in the pool before us had its turn before us.
    app.get("/q/foo").await.expect(200, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registration_on_one_queue_survives_leaving_another_at_the_same_time() {
    let app = Arc::new(TestApp::start().await);
    for round in 0..60 {
        let worker = format!("w{round}");
        app.send("POST", &format!("/w/foo?worker_id={worker}"), &[], "").await.expect(201, "");
        let tasks = ["POST /w/bar", "DELETE /w/foo"].map(|call| {
            let (app, worker) = (app.clone(), worker.clone());
            let (method, uri) = call.split_once(' ').unwrap();
            tokio::spawn(async move { app.send(method, &format!("{uri}?worker_id={worker}"), &[], "").await })
        });
        for task in tasks {
            assert!(task.await.unwrap().status.is_success());
        }
        assert_eq!(app.get(&format!("/w/?worker_id={worker}")).await.status, 200, "{worker} is on bar");
        assert_eq!(app.get("/w/foo").await.json()["workers_list"], serde_json::json!([]));
        app.delete(&format!("/w/bar?worker_id={worker}")).await.expect(204, "");
        app.get(&format!("/w/?worker_id={worker}")).await.refuses(404, "no such worker");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_purge_free_every_key_and_cancel_every_job_once() {
    let app = TestApp::start().await;
    for round in 0..3 {
        for n in 0..40 {
            app.enqueue(&format!("/q/foo?uniq={round}-{n}"), "1").await;
        }
        app.delete("/q/foo").await.expect(204, "");
    }
    let mut connection = app.db.connect().await;
    sqlx::query(
        "insert into presque_internal.dedup (queue_id, key, job_id, until)
         select queue_id, 'more-' || n, gen_random_uuid(), 'started'
         from presque_internal.queue, generate_series(1, 3000) as n where deleted_at is not null",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let servers: Vec<Store> = (0..2).map(|_| Store::new(app.db.options.clone(), 2)).collect();
    let mut purging = JoinSet::new();
    for store in servers {
        purging.spawn(async move {
            let mut done = 0;
            loop {
                match store.purge_retired(100).await.unwrap() {
                    0 => return done,
                    some => done += some,
                }
            }
        });
    }
    let done: i64 = purging.join_all().await.into_iter().sum();
    assert_eq!(done, 3 * (40 + 40 + 3000), "jobs and keys, each once");
    let left: i64 = sqlx::query_scalar(
        "select (select count(*) from presque_internal.dedup) + (select count(*) from presque_internal.ready)",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(left, 0);
    sqlx::query(
        "update presque_internal.queue set deleted_at = deleted_at - interval '2 minutes' where deleted_at is not null",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    assert_eq!(app.store.purge_retired(100).await.unwrap(), 0);
    let open: i64 = sqlx::query_scalar(
        "select count(*) from presque_internal.queue where deleted_at is not null and purged_at is null",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(open, 0, "all of them are closed at once");
}

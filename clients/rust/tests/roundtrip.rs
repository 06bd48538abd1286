//! The client and its worker against a running server, whose address is in `PRESQUE_URL`.

use std::collections::HashMap;
use std::process::Command;
use std::time::{Duration, Instant};

use presque_client::types::{
    EnqueueJobsRequest, Job as JobRow, JobState, NewJob, SignalWorkerRequest, StateCounts, UpsertQueueRequest,
};
use presque_client::{CancellationToken, Client, Failure, Job, RawValue, Worker, connect, to_raw_value};
use serde_json::{Value, json};
use uuid::Uuid;

const ODD_PAYLOAD: &str = r#"{"b":12345678901234567890123, "a":1.10,"a":"\u0000"}"#;

fn address() -> String {
    std::env::var("PRESQUE_URL").expect("PRESQUE_URL must be the address of a running server: see test.sh")
}

/// A queue of its own for each test, with short leases and quick retries.
async fn fresh_queue(client: &Client) -> String {
    let queue = format!("rust-{}", Uuid::new_v4());
    let policy = UpsertQueueRequest::builder()
        .backoff_base_ms(50)
        .backoff_strategy("fixed".to_owned())
        .lease_ms(2000)
        .max_attempts(3);
    client.upsert_queue().queue(&queue).body(policy).send().await.expect("the queue is made");
    queue
}

fn new_job(queue: &str, kind: &str, payload: Box<RawValue>) -> NewJob {
    let job = NewJob::builder().queue(queue.to_owned()).kind(kind.to_owned()).payload(payload);
    NewJob::try_from(job).expect("a job")
}

async fn enqueue(client: &Client, jobs: Vec<NewJob>) -> Vec<Uuid> {
    let request = EnqueueJobsRequest { jobs };
    let answer = client.enqueue_jobs().body(request).send().await.expect("the jobs are taken");
    answer.results.iter().map(|job| job.id).collect()
}

async fn job(client: &Client, id: Uuid) -> JobRow {
    let include = vec!["payload".to_owned(), "result".to_owned()];
    client.get_job().job_id(id).include(include).send().await.expect("the job is there").into_inner()
}

async fn counts(client: &Client, queue: &str) -> StateCounts {
    client.get_queue().queue(queue).send().await.expect("the queue is there").counts.clone()
}

async fn until<F: AsyncFn() -> bool>(what: &str, condition: F) {
    let begin = Instant::now();
    while !condition().await {
        assert!(begin.elapsed() < Duration::from_secs(30), "not within 30 seconds: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn all_jobs(client: &Client, queue: &str) -> HashMap<Uuid, JobRow> {
    let mut jobs = HashMap::new();
    let mut cursor = None;
    loop {
        let mut request = client.list_jobs().queue(vec![queue.to_owned()]).limit(500);
        if let Some(cursor) = cursor {
            request = request.cursor::<String>(cursor);
        }
        let page = request.send().await.expect("a page of jobs").into_inner();
        jobs.extend(page.data.into_iter().map(|job| (job.id, job)));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return jobs;
        }
    }
}

/// What the kind of a job asks for.
async fn handle(job: Job) -> Result<Value, Failure> {
    match job.kind.as_str() {
        "once" if job.failed_attempts == 0 => Err(Failure::retry("the first time").class("Once")),
        "never" => Err(Failure::retry("again")),
        "panic" => panic!("at the disco"),
        "discard" => Err(Failure::discard("no use")),
        "release" if job.attempt == 1 => Err(Failure::release().after(Duration::from_millis(100))),
        "deep" => Ok((0..200).fold(json!(null), |inner, _| json!([inner]))),
        "large" => Ok(json!("x".repeat(100_000))),
        // Longer than the lease, so that heartbeats must keep it.
        "long" => {
            job.progress(50.0);
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(json!("kept"))
        }
        "cancel" => {
            job.cancel.cancelled().await;
            Err(Failure::cancelled())
        }
        _ => Ok(json!({ "attempt": job.attempt })),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_ends_as_it_should() {
    let client = connect(&address());
    let queue = fresh_queue(&client).await;

    // A process takes ten jobs and is killed while it holds them.
    let greeting = to_raw_value(&json!({ "name": "Ada", "seconds": 600 })).expect("JSON");
    let orphans = enqueue(&client, vec![new_job(&queue, "orphan", greeting); 10]).await;
    let mut process = Command::new(example("worker"))
        .arg(&queue)
        .env("PRESQUE_URL", address())
        .spawn()
        .expect("the example `worker` is built: cargo build --examples");
    until("the process holds ten jobs", async || counts(&client, &queue).await.running == 10).await;
    process.kill().expect("it can be killed");
    process.wait().expect("it is gone");

    let kinds = |n: usize| match n {
        0 => "cancel",
        1 => "long",
        2 => "discard",
        3 => "release",
        4 => "panic",
        5 => "odd",
        6 => "large",
        8 => "deep",
        n if n % 100 == 7 => "never",
        n if n % 10 == 0 => "once",
        _ => "plain",
    };
    let payload = |n: usize| match kinds(n) {
        "odd" => RawValue::from_string(ODD_PAYLOAD.into()).expect("JSON"),
        _ => to_raw_value(&json!({ "n": n })).expect("JSON"),
    };
    let ids = enqueue(&client, (0..1000).map(|n| new_job(&queue, kinds(n), payload(n))).collect()).await;

    let stop = CancellationToken::new();
    let name = format!("rust-{}", Uuid::new_v4());
    let worker = Worker::new(client.clone(), [&queue]).id(&name).concurrency(40);
    let worker = tokio::spawn(worker.run(stop.clone(), handle));

    until("the first job runs", async || job(&client, ids[0]).await.state == JobState::Running).await;
    client.cancel_job().job_id(ids[0]).body_map(|body| body.reason("a test".to_owned())).send().await.expect("asked");
    until("all jobs are final", async || {
        let counts = counts(&client, &queue).await;
        counts.completed + counts.discarded + counts.cancelled == 1010
    })
    .await;

    let jobs = all_jobs(&client, &queue).await;
    assert_eq!(jobs.len(), 1010);
    for (n, id) in ids.iter().enumerate() {
        let job = &jobs[id];
        let (state, attempt, failed_attempts) = match kinds(n) {
            "cancel" => (JobState::Cancelled, 1, 0),
            "discard" | "large" | "deep" => (JobState::Discarded, 1, 1),
            "release" => (JobState::Completed, 2, 0),
            "never" | "panic" => (JobState::Discarded, 3, 3),
            "once" => (JobState::Completed, 2, 1),
            _ => (JobState::Completed, 1, 0),
        };
        let is = (job.state, job.attempt, job.failed_attempts);
        assert_eq!(is, (state, attempt, failed_attempts), "job {n} of kind {}", kinds(n));
    }
    for id in &orphans {
        let job = &jobs[id];
        assert_eq!((job.state, job.attempt, job.failed_attempts), (JobState::Completed, 2, 1));
    }

    let row = job(&client, ids[1]).await;
    assert_eq!(row.result.expect("a result").get(), r#""kept""#);
    let row = job(&client, ids[4]).await;
    assert_eq!(row.last_error.expect("an error").error_class, "panic");
    let row = job(&client, ids[5]).await;
    assert_eq!(row.payload.expect("a payload").get(), ODD_PAYLOAD);
    let row = job(&client, ids[10]).await;
    assert_eq!(row.last_error.expect("the first error").error_class, "Once");

    stop.cancel();
    worker.await.expect("no panic").expect("no refusal");
    assert_eq!(status(&client, &name).await, None, "a worker that stopped is off the list");
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_gives_back_what_it_cannot_finish() {
    let client = connect(&address());
    let queue = fresh_queue(&client).await;
    let null = RawValue::NULL.to_owned();
    let ids = enqueue(&client, vec![new_job(&queue, "short", null.clone()), new_job(&queue, "endless", null)]).await;

    let name = format!("rust-{}", Uuid::new_v4());
    let worker = Worker::new(client.clone(), [&queue]).id(&name).grace(Duration::from_millis(800));
    let worker = tokio::spawn(worker.run(CancellationToken::new(), async |job: Job| {
        if job.kind == "endless" {
            std::future::pending::<()>().await;
        }
        job.stopping.cancelled().await; // and be done with it in the grace period
        Ok(json!(null))
    }));
    until("both run", async || counts(&client, &queue).await.running == 2).await;
    until("it is on the list", async || status(&client, &name).await.is_some()).await;

    // No more jobs while it is quiet.
    let signal = |signal: &str| SignalWorkerRequest::builder().signal(signal.to_owned());
    client.signal_worker().worker_id(&name).body(signal("quiet")).send().await.expect("signalled");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let late = enqueue(&client, vec![new_job(&queue, "late", RawValue::NULL.to_owned())]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(job(&client, late[0]).await.attempt, 0);

    client.signal_worker().worker_id(&name).body(signal("stop")).send().await.expect("signalled");
    let ended = tokio::time::timeout(Duration::from_secs(10), worker).await;
    ended.expect("in time").expect("no panic").expect("no refusal");

    let (short, endless) = (job(&client, ids[0]).await, job(&client, ids[1]).await);
    assert_eq!((short.state, short.attempt), (JobState::Completed, 1));
    assert_eq!((endless.state, endless.attempt, endless.failed_attempts), (JobState::Available, 1, 0));
}

#[cfg(unix)]
#[tokio::test]
async fn the_example_stops_in_order_at_sigterm() {
    let client = connect(&address());
    let queue = fresh_queue(&client).await;
    let greeting = to_raw_value(&json!({ "name": "Ada", "seconds": 2 })).expect("JSON");
    let ids = enqueue(&client, vec![new_job(&queue, "greet", greeting)]).await;
    let mut process = Command::new(example("worker"))
        .arg(&queue)
        .env("PRESQUE_URL", address())
        .spawn()
        .expect("built by `cargo build --examples`");
    until("it runs", async || counts(&client, &queue).await.running == 1).await;
    let told = Command::new("kill").args(["-TERM", &process.id().to_string()]).status().expect("a program kill");
    assert!(told.success() && process.wait().expect("it ends").success());
    assert_eq!(job(&client, ids[0]).await.state, JobState::Completed, "what runs is finished first");
}

#[tokio::test]
async fn a_lost_job_is_dropped() {
    struct Dropped(CancellationToken);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }
    let client = connect(&address());
    let queue = fresh_queue(&client).await;
    let ids = enqueue(&client, vec![new_job(&queue, "endless", RawValue::NULL.to_owned())]).await;

    let (stop, dropped) = (CancellationToken::new(), CancellationToken::new());
    let guard = dropped.clone();
    let worker = Worker::new(client.clone(), [&queue]).lease(Duration::from_secs(1));
    let worker = tokio::spawn(worker.run(stop.clone(), move |_: Job| {
        let guard = Dropped(guard.clone());
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok(json!(null))
        }
    }));
    until("it runs", async || counts(&client, &queue).await.running == 1).await;
    client.cancel_job().job_id(ids[0]).body_map(|body| body.force(true)).send().await.expect("cancelled");
    tokio::time::timeout(Duration::from_secs(3), dropped.cancelled()).await.expect("dropped at the next heartbeat");

    stop.cancel();
    worker.await.expect("no panic").expect("no refusal");
    assert_eq!(job(&client, ids[0]).await.state, JobState::Cancelled);
}

#[tokio::test]
async fn a_refusal_ends_the_worker() {
    let worker = Worker::new(connect(&address()), ["not a name"]);
    let ended = tokio::time::timeout(Duration::from_secs(20), worker.run(CancellationToken::new(), handle)).await;
    let error = ended.expect("in time").expect_err("a refusal");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(422), "{error}");
}

fn example(name: &str) -> std::path::PathBuf {
    std::env::current_exe().expect("a path").ancestors().nth(2).expect("a folder").join("examples").join(name)
}

async fn status(client: &Client, worker: &str) -> Option<String> {
    let page = client.list_workers().worker_id(worker).send().await.expect("a page of workers");
    page.data.first().map(|worker| worker.status.clone())
}

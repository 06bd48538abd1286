//! What producers and workers do, each in a task of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::{Value, json};

use super::BenchArgs;
use super::connection::{Connection, Error, Server};
use super::ends::Ends;
use super::report::Measured;

/// What all of them share.
#[derive(Debug, Clone)]
pub(super) struct Load {
    server: Server,
    queues: Arc<Vec<String>>,
    pub(super) jobs: u64,
    pub(super) batch: u64,
    /// Jobs a second.
    pub(super) rate: Option<u64>,
    /// What fills a payload up to its size.
    filler: Arc<str>,
    /// When all began; payloads say when they were due after it.
    begun: Instant,
    /// Jobs that producers have taken upon themselves.
    taken: Arc<AtomicU64>,
    /// Where producers and workers of the same jobs meet.
    ends: Option<Arc<Ends>>,
}

impl Load {
    /// The same jobs, put in as fast as it goes.
    pub(super) fn filling(&self) -> Self {
        let fits = (8 << 20) / (self.filler.len() as u64 + 100);
        Self { batch: 1000.min(self.jobs).min(fits), rate: None, ..self.clone() }
    }

    /// The same jobs, while workers take them out.
    pub(super) fn with_both_ends(&self) -> Self {
        Self { ends: Some(Arc::default()), ..self.clone() }
    }

    pub(super) fn new(args: &BenchArgs, server: Server, queues: Vec<String>) -> Self {
        Self {
            server,
            queues: Arc::new(queues),
            jobs: args.jobs,
            batch: args.batch,
            rate: args.rate,
            // The number and the quotes are sixteen bytes, about.
            filler: "x".repeat(usize::try_from(args.payload.saturating_sub(16)).unwrap_or(0)).into(),
            begun: Instant::now(),
            taken: Arc::default(),
            ends: None,
        }
    }

    fn queue(&self, n: u64) -> &str {
        &self.queues[usize::try_from(n % self.queues.len() as u64).unwrap_or(0)]
    }

    fn payload(&self, due: Instant) -> Value {
        let due_us = u64::try_from((due - self.begun).as_micros()).unwrap_or(u64::MAX);
        json!([due_us, &*self.filler])
    }
}

/// Puts jobs in until all are, at the rate that is asked for.
pub(super) async fn enqueue(load: Load, client: u64, clients: u64, bar: ProgressBar) -> Result<Measured, Error> {
    let mut measured = Measured::default();
    let mut connection = Connection::open(&load.server).await?;
    let begun = Instant::now();
    for turn in 0_u64.. {
        // At a rate each client has its own jobs, so that none takes over what another is late with.
        let first = match load.rate {
            Some(_) => (turn * clients + client) * load.batch,
            None => load.taken.fetch_add(load.batch, Ordering::Relaxed),
        };
        if first >= load.jobs {
            break;
        }
        let count = load.batch.min(load.jobs - first);
        let due = match load.rate {
            None => Instant::now(),
            Some(rate) => {
                let due = begun + Duration::from_nanos(first.saturating_mul(1_000_000_000) / rate);
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        let (path, body) = if load.batch == 1 {
            (format!("/v1/queues/{}/jobs", load.queue(first)), json!({"payload": load.payload(due)}))
        } else {
            let job = |n| json!({"queue": load.queue(first + n), "payload": load.payload(due)});
            ("/v1/jobs".to_owned(), json!({"jobs": (0..count).map(job).collect::<Vec<_>>()}))
        };
        let answer = connection.post(&path, body.to_string().into(), &mut measured.refused).await?;
        let now = Instant::now();
        measured.note(now - due);
        if let Some(ends) = &load.ends {
            for job in stored(&answer)? {
                measured.note_after_answer(ends.answered(job.id, now));
            }
        }
        measured.complete(count);
        measured.requests += 1;
        bar.inc(count);
    }
    Ok(measured)
}

#[derive(Deserialize)]
struct Stored {
    id: String,
}

/// The jobs of an answer to a producer.
fn stored(answer: &[u8]) -> Result<Vec<Stored>, Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Answer {
        Many { results: Vec<Stored> },
        One(Stored),
    }
    match serde_json::from_slice(answer).map_err(|_| Error::Foreign)? {
        Answer::Many { results } => Ok(results),
        Answer::One(job) => Ok(vec![job]),
    }
}

#[derive(Deserialize)]
struct Claimed {
    #[serde(default)]
    jobs: Vec<Job>,
}

#[derive(Deserialize)]
struct Job {
    id: String,
    lease_token: String,
    payload: (u64, serde::de::IgnoredAny),
}

/// What a worker's latency is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LatencyOf {
    /// Each request.
    Request,
    /// Each job, from when its producer's request was due until the worker has it.
    Job,
}

/// Claims and completes until `done` is all jobs: by single calls, or outcomes and the next
/// claim in one.
pub(super) async fn work(
    load: Load,
    worker: u64,
    done: Arc<AtomicU64>,
    of: LatencyOf,
    bar: ProgressBar,
) -> Result<Measured, Error> {
    let mut measured = Measured::default();
    let mut connection = Connection::open(&load.server).await?;
    let wait_ms = if of == LatencyOf::Job { 500 } else { 0 };
    let claim = json!({
        "queues": *load.queues, "max_jobs": load.batch, "worker_id": format!("bench-{worker}"), "wait_ms": wait_ms,
    });
    let mut held: Vec<Job> = Vec::new();
    while done.load(Ordering::Relaxed) < load.jobs || !held.is_empty() {
        let (path, body) = match held.as_slice() {
            [job] if load.batch == 1 => {
                (format!("/v1/jobs/{}/complete", job.id), json!({"lease_token": job.lease_token}))
            }
            _ if load.batch == 1 => ("/v1/jobs/claim".to_owned(), claim.clone()),
            jobs => {
                let item =
                    |job: &Job| json!({"job_id": job.id, "lease_token": job.lease_token, "outcome": "completed"});
                let items: Vec<_> = jobs.iter().map(item).collect();
                ("/v1/jobs/settle".to_owned(), json!({"items": items, "claim": claim}))
            }
        };
        let asked = Instant::now();
        let answer = connection.post(&path, Bytes::from(body.to_string()), &mut measured.refused).await?;
        measured.requests += 1;
        if of == LatencyOf::Request {
            measured.note(asked.elapsed());
        }
        let completed = held.len() as u64;
        if completed > 0 {
            measured.complete(completed);
            done.fetch_add(completed, Ordering::Relaxed);
            bar.inc(completed);
        }
        // What answers `complete` has no jobs.
        held = serde_json::from_slice::<Claimed>(&answer).map_err(|_| Error::Foreign)?.jobs;
        if of == LatencyOf::Job {
            let now = Instant::now();
            for job in &held {
                measured.note(now.duration_since(load.begun + Duration::from_micros(job.payload.0)));
                if let Some(ends) = &load.ends {
                    measured.note_after_answer(ends.held(&job.id, now));
                }
            }
        } else if held.is_empty() && completed == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    Ok(measured)
}

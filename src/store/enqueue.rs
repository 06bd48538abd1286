//! Statements that put jobs in.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::{Effect, Result, Store, column, sql};
use crate::domain::{DedupKey, JobId, JobState, Payload, QueueName, WorkerId};

/// A job to enqueue. What is absent, its queue decides.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub queue: QueueName,
    pub kind: String,
    pub payload: Payload,
    pub priority: Option<i32>,
    pub run_after: Option<DateTime<Utc>>,
    pub delay_ms: Option<i64>,
    pub expires_at: Option<DateTime<Utc>>,
    pub max_attempts: Option<i32>,
    pub lease_ms: Option<i64>,
    pub timeout_ms: Option<i64>,
    pub tags: Option<Vec<String>>,
    /// An object of strings, as JSON.
    pub headers: Option<String>,
    pub traceparent: Option<String>,
    pub dedup: Option<Dedup>,
}

impl NewJob {
    /// A job of which only this is known.
    pub fn new(queue: QueueName, kind: &str, payload: Payload) -> Self {
        Self {
            queue,
            kind: kind.to_owned(),
            payload,
            priority: None,
            run_after: None,
            delay_ms: None,
            expires_at: None,
            max_attempts: None,
            lease_ms: None,
            timeout_ms: None,
            tags: None,
            headers: None,
            traceparent: None,
            dedup: None,
        }
    }
}

/// A unique key and its rules. What is absent, the queue decides.
#[derive(Debug, Clone)]
pub struct Dedup {
    pub key: DedupKey,
    pub scope: Option<String>,
    pub until: Option<String>,
    pub window_ms: Option<i64>,
    pub on_conflict: Option<String>,
}

/// An idempotency key and the body it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    /// SHA-256.
    pub body_hash: Vec<u8>,
}

/// Jobs to enqueue, all or none.
#[derive(Debug, Clone, Default)]
pub struct Enqueue {
    pub jobs: Vec<NewJob>,
    /// A worker failed a job (a classic PUT): counts one failure for the queue and `worker`.
    pub failed: bool,
    pub worker: Option<WorkerId>,
    /// The operation and its idempotency key.
    pub idempotency: Option<(&'static str, Idempotency)>,
}

impl Enqueue {
    /// Whether it only adds jobs, and meets no other writer by a key.
    pub fn is_plain(&self) -> bool {
        !self.failed
            && self.worker.is_none()
            && self.idempotency.is_none()
            && self.jobs.iter().all(|job| job.dedup.is_none())
    }
}

/// A job that was stored, or the one that was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueued {
    pub id: JobId,
    pub queue: String,
    pub state: JobState,
    /// The job was there: it holds the unique key.
    pub duplicate: bool,
    pub run_after: DateTime<Utc>,
}

/// Why nothing was stored; `item` is the place of the first job that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnqueueRefusal {
    QueueNotFound {
        item: usize,
    },
    PayloadTooLarge {
        item: usize,
        limit: i64,
        actual: i64,
    },
    QueueFull {
        item: usize,
        limit: i64,
        actual: i64,
    },
    Duplicate {
        item: usize,
        holder: Option<JobId>,
    },
    /// Its key is to hold for a window, and neither the job nor the queue says how long.
    NoWindow {
        item: usize,
    },
    /// The worker that puts its job back holds it under a lease, which is to be ended.
    Leases,
}

/// What became of an [`Enqueue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnqueueOutcome {
    Stored(Vec<Enqueued>),
    Refused(EnqueueRefusal),
    /// The idempotency key is known.
    Known,
}

/// What an idempotency key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEnqueue {
    pub body_hash: Vec<u8>,
    pub jobs: Vec<Enqueued>,
}

#[derive(FromRow)]
struct EnqueueRow {
    job_id: Option<Uuid>,
    duplicate: bool,
    other_queue: Option<String>,
    state: Option<String>,
    run_after: Option<DateTime<Utc>>,
    refusal: Option<String>,
    refused_n: Option<i64>,
    refused_actual: Option<i64>,
    refused_limit: Option<i64>,
    replayed: bool,
}

#[derive(FromRow)]
struct KnownRow {
    body_hash: Vec<u8>,
    job_id: Uuid,
    duplicate: bool,
    queue: Option<String>,
    state: String,
    run_after: DateTime<Utc>,
}

/// A job that was stored with those of other requests, or the refusal of a request.
#[derive(FromRow)]
struct PlainRow {
    n: i64,
    request: i32,
    job_id: Option<Uuid>,
    delayed: Option<bool>,
    run_after: Option<DateTime<Utc>>,
    refusal: Option<String>,
    limit: Option<i64>,
    actual: Option<i64>,
}

impl Store {
    /// Stores the jobs, or says why not one of them.
    pub async fn enqueue(&self, enqueue: &Enqueue) -> Result<EnqueueOutcome> {
        let jobs = enqueue.jobs.as_slice();
        let idempotency = enqueue.idempotency.as_ref();
        let statement = sqlx::query_as::<_, EnqueueRow>(sql!("jobs/enqueue"))
            .bind(column(jobs, |job| job.queue.as_str()))
            .bind(column(jobs, |job| job.kind.as_str()))
            .bind(column(jobs, |job| job.payload.as_str()))
            .bind(column(jobs, |job| job.priority))
            .bind(column(jobs, |job| job.run_after))
            .bind(column(jobs, |job| job.delay_ms))
            .bind(column(jobs, |job| job.expires_at))
            .bind(column(jobs, |job| job.max_attempts))
            .bind(column(jobs, |job| job.lease_ms))
            .bind(column(jobs, |job| job.timeout_ms))
            .bind(column(jobs, |job| job.tags.as_deref().map(array_literal)))
            .bind(column(jobs, |job| job.headers.as_deref()))
            .bind(column(jobs, |job| job.traceparent.as_deref()))
            .bind(dedup(jobs, |dedup| Some(dedup.key.as_str())))
            .bind(dedup(jobs, |dedup| dedup.scope.as_deref()))
            .bind(dedup(jobs, |dedup| dedup.until.as_deref()))
            .bind(dedup(jobs, |dedup| dedup.window_ms))
            .bind(dedup(jobs, |dedup| dedup.on_conflict.as_deref()))
            .bind(i32::from(enqueue.failed))
            .bind(enqueue.worker.as_ref().map(WorkerId::as_str))
            .bind(idempotency.map(|(operation, _)| *operation))
            .bind(idempotency.map(|(_, idempotency)| idempotency.key.as_str()))
            .bind(idempotency.map(|(_, idempotency)| idempotency.body_hash.as_slice()));
        let rows = self.all(Effect::Write, statement).await?;
        if rows.iter().any(|row| row.replayed) {
            return Ok(EnqueueOutcome::Known);
        }
        if let Some(refusal) = rows.first().and_then(EnqueueRow::refusal) {
            return Ok(EnqueueOutcome::Refused(refusal));
        }
        let stored = jobs.iter().zip(&rows).map(|(job, row)| {
            Some(Enqueued {
                id: JobId(row.job_id?),
                queue: row.other_queue.clone().unwrap_or_else(|| job.queue.to_string()),
                state: JobState::parse(row.state.as_deref()?)?,
                duplicate: row.duplicate,
                run_after: row.run_after?,
            })
        });
        stored
            .collect::<Option<_>>()
            .map(EnqueueOutcome::Stored)
            .ok_or_else(|| super::Error::unreadable("jobs/enqueue"))
    }

    /// What an earlier request with this key stands for; `None` if there was none, or it is
    /// forgotten.
    pub async fn find_idempotency(&self, operation: &str, key: &str) -> Result<Option<KnownEnqueue>> {
        let statement = sqlx::query_as::<_, KnownRow>(sql!("jobs/find_idempotency")).bind(operation).bind(key);
        let rows = self.all(Effect::Read, statement).await?;
        let Some(body_hash) = rows.first().map(|row| row.body_hash.clone()) else { return Ok(None) };
        let jobs = rows.into_iter().map(|row| Enqueued {
            id: JobId(row.job_id),
            queue: row.queue.unwrap_or_default(),
            state: JobState::parse(&row.state).unwrap_or(JobState::Completed),
            duplicate: row.duplicate,
            run_after: row.run_after,
        });
        Ok(Some(KnownEnqueue { body_hash, jobs: jobs.collect() }))
    }

    /// Stores the jobs of requests that are all [plain](Enqueue::is_plain), or says why not
    /// one of a request's; one outcome for each, in order.
    pub async fn enqueue_plain(&self, requests: &[Arc<Enqueue>]) -> Result<Vec<EnqueueOutcome>> {
        let mut places = HashMap::new();
        let mut names = Vec::new();
        let mut jobs = Vec::new();
        for (request, job) in (1_i32..).zip(requests).flat_map(|(n, one)| one.jobs.iter().map(move |job| (n, job))) {
            let name = job.queue.as_str();
            let place = *places.entry(name).or_insert_with(|| {
                names.push(name);
                i32::try_from(names.len()).unwrap_or(i32::MAX)
            });
            jobs.push((request, place, job));
        }
        let statement = sqlx::query_as(sql!("jobs/enqueue_plain"))
            .bind(names)
            .bind(column(&jobs, |(request, ..)| *request))
            .bind(column(&jobs, |(_, place, _)| *place))
            .bind(column(&jobs, |(.., job)| job.kind.as_str()))
            .bind(column(&jobs, |(.., job)| job.payload.as_str()))
            .bind(column(&jobs, |(.., job)| job.priority))
            .bind(column(&jobs, |(.., job)| job.run_after))
            .bind(column(&jobs, |(.., job)| job.delay_ms))
            .bind(column(&jobs, |(.., job)| job.expires_at))
            .bind(column(&jobs, |(.., job)| job.max_attempts))
            .bind(column(&jobs, |(.., job)| job.lease_ms))
            .bind(column(&jobs, |(.., job)| job.timeout_ms))
            .bind(column(&jobs, |(.., job)| job.tags.as_deref().map(array_literal)))
            .bind(column(&jobs, |(.., job)| job.headers.as_deref()))
            .bind(column(&jobs, |(.., job)| job.traceparent.as_deref()));
        let rows: Vec<PlainRow> = self.all(Effect::Write, statement).await?;
        outcomes(requests, rows).ok_or_else(|| super::Error::unreadable("jobs/enqueue_plain"))
    }
}

/// Each request's rows, which come in no order; `None` if one is missing.
fn outcomes(requests: &[Arc<Enqueue>], rows: Vec<PlainRow>) -> Option<Vec<EnqueueOutcome>> {
    // The place of each request's first job among all.
    let mut first = 0;
    let mut firsts = Vec::with_capacity(requests.len());
    for request in requests {
        firsts.push(first);
        first += request.jobs.len();
    }
    let mut refusals: Vec<Option<EnqueueRefusal>> = vec![None; requests.len()];
    let mut stored: Vec<Option<Enqueued>> = vec![None; first];
    for row in rows {
        let place = usize::try_from(row.n - 1).ok()?;
        let request = usize::try_from(row.request - 1).ok()?;
        let job = requests.get(request)?.jobs.get(place.checked_sub(firsts[request])?)?;
        match row.refusal {
            Some(code) => {
                refusals[request] = Some(refusal(&code, place - firsts[request], row.limit, row.actual, None));
            }
            None => {
                stored[place] = Some(Enqueued {
                    id: JobId(row.job_id?),
                    queue: job.queue.to_string(),
                    state: if row.delayed? { JobState::Scheduled } else { JobState::Available },
                    duplicate: false,
                    run_after: row.run_after?,
                });
            }
        }
    }
    let mut stored = stored.into_iter();
    let outcome = |(request, refusal): (&Arc<Enqueue>, Option<EnqueueRefusal>)| {
        let jobs: Vec<_> = stored.by_ref().take(request.jobs.len()).collect();
        match refusal {
            Some(refusal) => Some(EnqueueOutcome::Refused(refusal)),
            None => jobs.into_iter().collect::<Option<_>>().map(EnqueueOutcome::Stored),
        }
    };
    requests.iter().zip(refusals).map(outcome).collect()
}

fn dedup<'a, T>(jobs: &'a [NewJob], read: impl Fn(&'a Dedup) -> Option<T>) -> Vec<Option<T>> {
    column(jobs, |job| job.dedup.as_ref().and_then(&read))
}

impl EnqueueRow {
    fn refusal(&self) -> Option<EnqueueRefusal> {
        let item = usize::try_from(self.refused_n? - 1).unwrap_or(0);
        Some(refusal(self.refusal.as_deref()?, item, self.refused_limit, self.refused_actual, self.job_id))
    }
}

fn refusal(code: &str, item: usize, limit: Option<i64>, actual: Option<i64>, holder: Option<Uuid>) -> EnqueueRefusal {
    let (limit, actual) = (limit.unwrap_or(0), actual.unwrap_or(0));
    match code {
        "queue_not_found" => EnqueueRefusal::QueueNotFound { item },
        "payload_too_large" => EnqueueRefusal::PayloadTooLarge { item, limit, actual },
        "leases" => EnqueueRefusal::Leases,
        "no_window" => EnqueueRefusal::NoWindow { item },
        "queue_full" => EnqueueRefusal::QueueFull { item, limit, actual },
        _ => EnqueueRefusal::Duplicate { item, holder: holder.map(JobId) },
    }
}

/// A PostgreSQL array as text: arrays of arrays must be of one length, so each goes as its
/// own literal.
fn array_literal(texts: &[String]) -> String {
    let mut literal = String::from("{");
    for (n, text) in texts.iter().enumerate() {
        if n > 0 {
            literal.push(',');
        }
        literal.push('"');
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(c);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

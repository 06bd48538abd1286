//! Statements that put jobs in.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{FromRow, Postgres};
use uuid::Uuid;

use super::{Effect, Result, Store, column, sql};
use crate::domain::{By, DedupKey, JobId, JobState, Payload, QueueName, WorkerId};

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
    pub links: Links,
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
            links: Links::default(),
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

/// What a job waits for, and the batch it is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    pub depends_on: Vec<Dependency>,
    /// What becomes of it when one of those fails: `cancel`, if absent, or `run`.
    pub on_failure: Option<String>,
    /// A batch that is running.
    pub batch: Option<Uuid>,
}

/// A job that another one waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependency {
    Job(Uuid),
    /// The job at this place of the same request.
    Item(usize),
}

/// A batch to make, of all jobs of a request.
#[derive(Debug, Clone, Default)]
pub struct NewBatch {
    pub name: Option<String>,
    pub tags: Vec<String>,
    /// What is enqueued at its end, and at which: `complete`, `success` or `failure`, each once.
    pub callbacks: Vec<(&'static str, NewJob)>,
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
    pub batch: Option<NewBatch>,
    /// Who asks, of a queue that is made for them.
    pub by: By,
}

impl Enqueue {
    /// Whether it only adds jobs, and meets no other writer by a key.
    pub fn is_plain(&self) -> bool {
        !self.failed
            && self.worker.is_none()
            && self.idempotency.is_none()
            && self.jobs.iter().all(|job| job.dedup.is_none())
            && !self.is_linked()
    }

    /// Whether a job waits for another one, or is in a batch.
    pub fn is_linked(&self) -> bool {
        self.batch.is_some() || self.jobs.iter().any(|job| job.links != Links::default())
    }

    /// The jobs, and those that follow at the end of their batch.
    pub fn all_jobs(&self) -> impl Iterator<Item = &NewJob> {
        self.jobs.iter().chain(self.batch.iter().flat_map(|batch| batch.callbacks.iter().map(|(_, job)| job)))
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
    /// The batch that the request put it into.
    pub batch: Option<Uuid>,
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
    /// It waits for a job that is not there.
    DependencyUnknown {
        item: usize,
        job: Uuid,
    },
    /// It is to join a batch that is not there, or has ended.
    BatchNotRunning {
        item: usize,
        batch: Uuid,
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
    #[sqlx(default)]
    batch_id: Option<Uuid>,
}

#[derive(FromRow)]
struct KnownRow {
    body_hash: Vec<u8>,
    job_id: Uuid,
    duplicate: bool,
    queue: Option<String>,
    state: String,
    run_after: DateTime<Utc>,
    batch_id: Option<Uuid>,
}

impl Store {
    /// Stores the jobs, or says why not one of them.
    pub async fn enqueue(&self, enqueue: &Enqueue) -> Result<EnqueueOutcome> {
        let jobs: Vec<&NewJob> = enqueue.all_jobs().collect();
        let idempotency = enqueue.idempotency.as_ref();
        let linked = enqueue.is_linked();
        let text = if linked { sql!("jobs/enqueue_linked") } else { sql!("jobs/enqueue") };
        let statement = sqlx::query_as::<_, EnqueueRow>(text)
            .bind(column(&jobs, |job| job.queue.as_str()))
            .bind(column(&jobs, |job| job.kind.as_str()))
            .bind(column(&jobs, |job| job.payload.as_str()))
            .bind(column(&jobs, |job| job.priority))
            .bind(column(&jobs, |job| job.run_after))
            .bind(column(&jobs, |job| job.delay_ms))
            .bind(column(&jobs, |job| job.expires_at))
            .bind(column(&jobs, |job| job.max_attempts))
            .bind(column(&jobs, |job| job.lease_ms))
            .bind(column(&jobs, |job| job.timeout_ms))
            .bind(column(&jobs, |job| job.tags.as_deref().map(array_literal)))
            .bind(column(&jobs, |job| job.headers.as_deref()))
            .bind(column(&jobs, |job| job.traceparent.as_deref()))
            .bind(dedup(&jobs, |dedup| Some(dedup.key.as_str())))
            .bind(dedup(&jobs, |dedup| dedup.scope.as_deref()))
            .bind(dedup(&jobs, |dedup| dedup.until.as_deref()))
            .bind(dedup(&jobs, |dedup| dedup.window_ms))
            .bind(dedup(&jobs, |dedup| dedup.on_conflict.as_deref()));
        let statement = if linked {
            bind_links(statement, enqueue)
        } else {
            statement.bind(i32::from(enqueue.failed)).bind(enqueue.worker.as_ref().map(WorkerId::as_str))
        };
        let statement = statement
            .bind(idempotency.map(|(operation, _)| *operation))
            .bind(idempotency.map(|(_, idempotency)| idempotency.key.as_str()))
            .bind(idempotency.map(|(_, idempotency)| idempotency.body_hash.as_slice()))
            .bind(None::<&str>);
        let rows = self.all(Effect::Write, statement).await?;
        if rows.iter().any(|row| row.replayed) {
            return Ok(EnqueueOutcome::Known);
        }
        if let Some(refusal) = rows.first().and_then(EnqueueRow::refusal) {
            return Ok(EnqueueOutcome::Refused(refusal));
        }
        let stored = enqueue.jobs.iter().zip(&rows).map(|(job, row)| {
            Some(Enqueued {
                id: JobId(row.job_id?),
                queue: row.other_queue.clone().unwrap_or_else(|| job.queue.to_string()),
                state: JobState::parse(row.state.as_deref()?)?,
                duplicate: row.duplicate,
                run_after: row.run_after?,
                batch: row.batch_id,
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
            batch: row.batch_id,
        });
        Ok(Some(KnownEnqueue { body_hash, jobs: jobs.collect() }))
    }
}

type Statement<'q> = QueryAs<'q, Postgres, EnqueueRow, PgArguments>;

/// The parameters of what jobs wait for, and of their batch.
fn bind_links<'q>(statement: Statement<'q>, enqueue: &'q Enqueue) -> Statement<'q> {
    let links = enqueue.jobs.iter().enumerate();
    let edges: Vec<(i32, Dependency)> = links
        .flat_map(|(item, job)| job.links.depends_on.iter().map(move |dependency| (place(item), *dependency)))
        .collect();
    let batch = enqueue.batch.as_ref();
    let about = batch.map(|batch| serde_json::json!({"name": batch.name, "tags": batch.tags}));
    let callbacks = batch.map(|batch| {
        let none = std::iter::repeat_n(None, enqueue.jobs.len());
        none.chain(batch.callbacks.iter().map(|(event, _)| Some(*event))).collect::<Vec<_>>()
    });
    statement
        .bind(column(&enqueue.jobs, |job| job.links.batch))
        .bind(column(&enqueue.jobs, |job| job.links.on_failure.as_deref()))
        .bind(column(&edges, |(item, _)| *item))
        .bind(column(&edges, |(_, dependency)| match dependency {
            Dependency::Job(id) => Some(*id),
            Dependency::Item(_) => None,
        }))
        .bind(column(&edges, |(_, dependency)| match dependency {
            Dependency::Job(_) => None,
            Dependency::Item(item) => Some(place(*item)),
        }))
        .bind(about)
        .bind(callbacks)
}

/// As SQL counts, from 1.
fn place(item: usize) -> i32 {
    i32::try_from(item + 1).unwrap_or(i32::MAX)
}

fn dedup<'a, T>(jobs: &[&'a NewJob], read: impl Fn(&'a Dedup) -> Option<T>) -> Vec<Option<T>> {
    column(jobs, |job| job.dedup.as_ref().and_then(&read))
}

impl EnqueueRow {
    fn refusal(&self) -> Option<EnqueueRefusal> {
        let item = usize::try_from(self.refused_n? - 1).unwrap_or(0);
        Some(refusal(self.refusal.as_deref()?, item, self.refused_limit, self.refused_actual, self.job_id))
    }
}

pub(super) fn refusal(
    code: &str,
    item: usize,
    limit: Option<i64>,
    actual: Option<i64>,
    holder: Option<Uuid>,
) -> EnqueueRefusal {
    let (limit, actual) = (limit.unwrap_or(0), actual.unwrap_or(0));
    let named = holder.unwrap_or_default();
    match code {
        "dependency_unknown" => EnqueueRefusal::DependencyUnknown { item, job: named },
        "batch_not_running" => EnqueueRefusal::BatchNotRunning { item, batch: named },
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
pub(super) fn array_literal(texts: &[String]) -> String {
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

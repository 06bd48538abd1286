//! Reading a job that is asked for.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::Fields;
use super::links::read_links;
use crate::domain::{DedupKey, LEASE_MS, MS_MAX, Payload, QueueName, StringMap};
use crate::http::App;
use crate::http::problem::Error;
use crate::store::{self, Dedup};

/// A job to enqueue. What is absent, its queue decides.
#[derive(Debug, ToSchema)]
#[schema(example = json!({
    "kind": "welcome", "payload": {"user_id": 17}, "tags": ["tenant:9"], "dedup_key": "welcome:17"
}))]
#[expect(dead_code, reason = "read by `read_job`, which tells all that is wrong at once")]
pub(super) struct NewJob {
    /// Required in `enqueue_jobs`; in `enqueue_job` the path says it.
    queue: Option<String>,
    /// What is to be done: up to 128 characters (`default` if absent).
    kind: Option<String>,
    /// Any JSON, kept byte for byte (null if absent).
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<serde_json::Value>,
    /// Higher goes first (-100 to 100).
    priority: Option<i32>,
    /// Not before this moment; one in the past means now.
    #[schema(value_type = Option<String>, format = DateTime)]
    run_after: Option<String>,
    /// Not before this many milliseconds from now; not with `run_after`.
    delay_ms: Option<i64>,
    /// Not started by then: cancelled, with the reason `expired`.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// Failures after which it is discarded (1 to 1000).
    max_attempts: Option<i32>,
    /// How long a worker holds it without a heartbeat (1000 to 43200000).
    lease_ms: Option<i64>,
    /// How long one attempt may take, heartbeats or not; 0 is no limit.
    timeout_ms: Option<i64>,
    /// Up to 16, each up to 64 characters.
    tags: Option<Vec<String>>,
    /// While a job with this key is there, no other one gets in: up to 256 characters.
    dedup_key: Option<String>,
    /// Until when the key is held: started, finished or window.
    dedup_until: Option<String>,
    /// With the until window: for how long.
    dedup_window_ms: Option<i64>,
    /// What happens if the key is held: `return_existing`, `reject` or `replace`.
    dedup_on_conflict: Option<String>,
    /// It waits, as `pending`, until these jobs have completed: up to 100 ids.
    depends_on: Option<Vec<Uuid>>,
    /// It waits for jobs of the same request, by their `name`.
    depends_on_names: Option<Vec<String>>,
    /// What other jobs of the same request call it: up to 128 characters.
    name: Option<String>,
    /// What becomes of it when one of those is discarded or cancelled: `cancel` (if absent), or `run` all the same.
    on_dependency_failure: Option<String>,
    /// A batch that it joins while that is running.
    batch_id: Option<Uuid>,
    /// Up to 32 texts that the worker gets with the job; names that begin with `presque-` are reserved.
    #[schema(value_type = Option<StringMap>)]
    headers: Option<BTreeMap<String, String>>,
    /// W3C Trace Context; the request's header of this name if absent.
    traceparent: Option<String>,
}

/// A job as it was read.
pub(super) struct Read {
    pub(super) job: store::NewJob,
    /// Its payload is too large for any queue.
    pub(super) too_large: Option<Error>,
    /// Where it stands in the body.
    pub(super) at: String,
    /// What others of the request call it.
    pub(super) name: Option<String>,
    /// What it calls those that it waits for.
    pub(super) needs: Vec<String>,
}

impl From<Read> for Result<store::NewJob, Error> {
    fn from(read: Read) -> Self {
        match read.too_large {
            None => Ok(read.job),
            Some(error) => Err(error),
        }
    }
}

/// The trace of the request, for jobs that name none.
pub(super) fn take_traceparent<'a>(jobs: impl Iterator<Item = &'a mut Read>, headers: &HeaderMap) {
    let given = traceparent_of(headers);
    for read in jobs.filter(|read| read.job.traceparent.is_none()) {
        read.job.traceparent.clone_from(&given);
    }
}

/// The trace that the headers of a request name.
pub(super) fn traceparent_of(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.filter(|text| is_traceparent(text)).map(str::to_owned)
}

/// W3C Trace Context, version 00: lower case hex of these lengths.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let hex = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    parts.len() == 4 && parts.iter().map(|part| part.len()).eq([2, 32, 16, 2]) && parts.into_iter().all(hex)
}

/// Where a job is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// By itself, in the queue of the path.
    Alone(&'a QueueName),
    /// Among others.
    Together,
    /// In a batch that the same request makes.
    InBatch,
    /// For the end of such a batch.
    AtEnd,
}

/// Reads a [`NewJob`].
pub(super) fn read_job(app: &App, fields: &Fields<'_>, asked: Asked<'_>) -> Option<Read> {
    let path = match asked {
        Asked::Alone(queue) => Some(queue),
        _ => None,
    };
    let named = fields.text("queue", QueueName::MAX).map(|name| QueueName::parse(&name));
    let queue = match (named, path) {
        (Some(Ok(named)), Some(path)) if named != *path => {
            fields.fault("queue", "conflict", "the path names another queue");
            None
        }
        (Some(Ok(named)), _) => Some(named),
        (Some(Err(invalid)), _) => {
            fields.fault("queue", "pattern", invalid.0);
            None
        }
        (None, Some(path)) => Some(path.clone()),
        (None, None) => fields.required("queue", None),
    };
    let kind = fields.printable("kind", 128).unwrap_or_else(|| "default".to_owned());
    let payload = fields.json("payload", app.payload_bytes_max);
    let (run_after, delay_ms) = (fields.time("run_after"), fields.int("delay_ms", 0..=MS_MAX));
    if fields.has("run_after") && fields.has("delay_ms") {
        fields.fault("delay_ms", "conflict", "not together with run_after");
    }
    let headers = fields.map("headers", 32, 1024);
    if let Some(name) = headers.iter().flatten().map(|(name, _)| name).find(|name| is_reserved(name)) {
        fields.fault(
            "headers",
            "conflict",
            format!("{name:?} is for schedules: names that begin with presque- are reserved"),
        );
    }
    let (links, name, needs) = read_links(fields, asked);
    let job = store::NewJob {
        priority: fields.small("priority", -100..=100),
        run_after,
        delay_ms,
        expires_at: fields.time("expires_at"),
        max_attempts: fields.small("max_attempts", 1..=1000),
        lease_ms: fields.int("lease_ms", LEASE_MS),
        timeout_ms: fields.int("timeout_ms", 0..=MS_MAX),
        tags: fields.texts("tags", 0..=16, 64),
        headers: headers.and_then(|map| serde_json::to_string(&map).ok()),
        traceparent: traceparent(fields),
        dedup: dedup(fields),
        links,
        ..store::NewJob::new(queue?, &kind, Payload::null())
    };
    let (payload, too_large) = match payload {
        None => (Payload::null(), None),
        Some(Ok(payload)) => (payload, None),
        Some(Err(actual)) => (Payload::null(), Some(Error::too_large("the payload", app.payload_bytes_max, actual))),
    };
    Some(Read { job: store::NewJob { payload, ..job }, too_large, at: fields.at.clone(), name, needs })
}

/// What we say of jobs ourselves.
fn is_reserved(name: &str) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("presque-"))
}

fn traceparent(fields: &Fields<'_>) -> Option<String> {
    let text = fields.text("traceparent", 55)?;
    if !is_traceparent(&text) {
        fields.fault("traceparent", "pattern", "like 00-<32 hex digits>-<16 hex digits>-<2 hex digits>");
    }
    Some(text)
}

fn dedup(fields: &Fields<'_>) -> Option<Dedup> {
    let key = fields.filled("dedup_key", 256);
    let until = fields.choice("dedup_until", &["started", "finished", "window"]);
    let window_ms = fields.int("dedup_window_ms", 1..=MS_MAX);
    let on_conflict = fields.choice("dedup_on_conflict", &["return_existing", "reject", "replace"]);
    for name in ["dedup_until", "dedup_window_ms", "dedup_on_conflict"] {
        if fields.has(name) && !fields.has("dedup_key") {
            fields.fault(name, "conflict", "only together with dedup_key");
        }
    }
    if fields.has("dedup_window_ms") && until.as_ref().is_some_and(|until| until != "window") {
        fields.fault("dedup_window_ms", "conflict", "only with dedup_until window");
    }
    let key = DedupKey::parse(&key?).ok()?;
    Some(Dedup { key, scope: None, until, window_ms, on_conflict })
}

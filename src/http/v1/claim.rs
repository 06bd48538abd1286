//! Handing jobs out to workers.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::enqueue::mark_replayed;
use super::fields::Fields;
use super::job::{Answer, JobError, RawJson, Time, large_json};
use super::params::Params;
use super::request::{
    Client, JsonBody, Takes, WAIT_MS_MAX, WORKER_IDS, applied, duration_ms, preferred_wait, worker_id,
};
use crate::domain::{LEASE_MS, LeaseToken, QueueName, StringMap};
use crate::engine::{ClaimAnswer, ClaimRequest as Wanted, HandOver};
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::trace;
use crate::store::{self, Claim};

/// How long a worker should wait before it asks again, in milliseconds, when there was
/// nothing and it did not wait; and when all it asks for is paused, or nothing can be claimed.
const POLL_AFTER_MS: i64 = 250;
pub(super) const POLL_PAUSED_AFTER_MS: i64 = 1000;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(claim_jobs))
}

/// What a worker asks for.
#[derive(ToSchema)]
#[schema(example = json!({"queues": ["critical", "mail"], "max_jobs": 10, "wait_ms": 0, "worker_id": "web-3"}))]
#[expect(dead_code, reason = "read by `read_claim`")]
pub(super) struct ClaimRequest {
    /// 1 to 50, tried in this order.
    queues: Vec<String>,
    /// Jobs of these kinds only.
    kinds: Option<Vec<String>>,
    /// 1 to 1000 (1 if absent). An answer holds at most 16 MiB of payloads.
    max_jobs: Option<i32>,
    /// How long to wait if there is nothing (0 to 30000, 0 if absent).
    wait_ms: Option<i64>,
    /// How long to hold each job without a heartbeat (1000 to 43200000).
    lease_ms: Option<i64>,
    /// Who asks: up to 128 characters.
    worker_id: Option<String>,
    /// Take of each queue in turn, instead of emptying the first one first.
    fair: Option<bool>,
}

/// A job under a lease: yours until it runs out.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "queue": "mail", "kind": "welcome", "payload": {"user_id": 17},
    "attempt": 1, "failed_attempts": 0, "max_attempts": 10, "lease_token": "6f1ed002ab5595859014ebf0951522d9",
    "lease_expires_at": "2026-11-23T05:01:06.000000Z", "lease_ms": 60000, "priority": 0, "tags": ["tenant:9"], "headers": {},
    "created_at": "2026-11-23T04:52:52.123456Z", "run_after": "2026-11-23T04:52:52.123456Z"
}))]
pub(super) struct ClaimedJob {
    id: Uuid,
    queue: String,
    kind: String,
    /// Byte for byte.
    #[schema(value_type = serde_json::Value)]
    payload: RawJson,
    /// Claims so far, this one included.
    attempt: i32,
    failed_attempts: i32,
    max_attempts: i32,
    /// The right to this attempt: opaque, to be shown with every report.
    lease_token: String,
    #[schema(value_type = String, format = DateTime)]
    lease_expires_at: Time,
    /// How long the lease is from each heartbeat on, in milliseconds: beat at a third of it.
    lease_ms: i64,
    /// When the attempt ends, heartbeats or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    timeout_at: Option<Time>,
    priority: i32,
    tags: Vec<String>,
    #[schema(value_type = StringMap)]
    headers: RawJson,
    /// The batch that it is in; it can add jobs to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
    /// Link your span to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    run_after: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<JobError>,
}

/// Jobs, or none.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"jobs": [], "poll_after_ms": 250, "paused_queues": []}))]
struct ClaimResponse {
    jobs: Vec<ClaimedJob>,
    /// Wait this long before the next claim; 0 is at once.
    poll_after_ms: i64,
    /// Asked queues that are paused.
    paused_queues: Vec<String>,
}

impl ClaimedJob {
    fn of(job: store::ClaimedJob) -> Option<Self> {
        let empty = || serde_json::to_string(&BTreeMap::<String, String>::new()).unwrap_or_default();
        Some(Self {
            last_error: JobError::of(job.error, job.error_attempt, job.error_at),
            id: job.job_id,
            queue: job.queue,
            kind: job.kind,
            payload: RawJson::of(job.payload)?,
            attempt: job.attempt,
            failed_attempts: job.failed_attempts,
            max_attempts: job.max_attempts,
            lease_token: LeaseToken(job.token).to_string(),
            lease_expires_at: Time(job.lease_expires_at),
            lease_ms: job.lease_ms,
            timeout_at: job.timeout_at.map(Time),
            priority: job.priority,
            tags: job.tags.unwrap_or_default(),
            headers: RawJson::of(job.headers.unwrap_or_else(empty))?,
            batch_id: job.batch_id,
            traceparent: job.traceparent,
            created_at: Time(job.created_at),
            run_after: Time(job.run_after),
        })
    }
}

/// A claim that has been answered: jobs on their way, and what is to be said beside them.
pub(super) struct Found {
    jobs: HandOver,
    poll_after_ms: i64,
    paused_queues: Vec<String>,
    replayed: bool,
}

impl Found {
    /// Writes the jobs into an answer; if it has no room, they are given back.
    pub(super) fn answer(mut self, write: impl FnOnce(Vec<ClaimedJob>, i64) -> Answer) -> Answer {
        let jobs = self.jobs.take();
        trace::link(jobs.iter().map(|job| job.traceparent.as_deref()));
        let jobs = jobs.into_iter().filter_map(ClaimedJob::of).collect();
        let response = write(jobs, self.poll_after_ms)?;
        self.jobs.answered();
        Ok(response)
    }
}

/// Claim jobs
///
/// Each comes with a lease: keep it alive by heartbeats, end it with `complete`, `fail`,
/// `release` or `settle`. A lease that runs out counts as a failed attempt, and the job goes
/// to somebody else. Always 200, also when there is nothing; `wait_ms`, or the header
/// `Prefer: wait=<seconds>`, waits for something.
#[utoipa::path(
    post, path = "/v1/jobs/claim", tag = "work",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same call again is answered the same jobs, while their leases live")),
    request_body = ClaimRequest,
    responses(
        (status = 200, description = "Jobs, or none", body = ClaimResponse),
        (status = 404, description = "`queue_not_found`", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_in_progress`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed` or `idempotency_mismatch`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn claim_jobs(State(app): State<App>, params: Params, headers: HeaderMap, client: Client, body: Body) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let idempotency = body.idempotency(&headers, None)?;
    let (mut wanted, waits) = body.parse(|fields| (read_claim(fields), fields.has("wait_ms")))?;
    wanted.claim.idempotency = idempotency;
    let preferred = if waits { None } else { preferred_wait(&headers) };
    if let Some(ms) = preferred {
        wanted.wait = duration_ms(ms);
    }
    // Thousands may wait from here on.
    drop((headers, body));
    let mut found = find(&app, wanted, &client).await?;
    let (paused_queues, replayed) = (std::mem::take(&mut found.paused_queues), found.replayed);
    let response = found.answer(|jobs, poll_after_ms| {
        large_json(&app.answers, &ClaimResponse { jobs, poll_after_ms, paused_queues })
    })?;
    Ok(applied(mark_replayed(response, replayed), preferred))
}

/// Claims, and says when to ask again.
pub(super) async fn find(app: &App, wanted: Wanted, client: &Client) -> Result<Found, Error> {
    let (max, queues, waits) = (wanted.claim.max_jobs, wanted.claim.queues.len(), !wanted.wait.is_zero());
    // A client that has left ends its wait like one whose server drains: with nothing.
    let leaving = app.lifecycle.draining().child_token();
    let answer = {
        let claim = app.engine.claim(wanted, &leaving);
        tokio::pin!(claim);
        tokio::select! {
            answer = &mut claim => answer,
            () = client.left(), if waits => {
                leaving.cancel();
                // What it found in this moment goes to somebody else.
                claim.await.map(ClaimAnswer::give_back)
            }
        }
    };
    match answer? {
        ClaimAnswer::Jobs { jobs, paused_queues, replayed } => {
            let full = i64::try_from(jobs.len()) == Ok(max);
            let poll_after_ms = match () {
                () if paused_queues.len() == queues => POLL_PAUSED_AFTER_MS,
                () if full || waits || !jobs.is_empty() => 0,
                () => POLL_AFTER_MS,
            };
            Ok(Found { jobs, poll_after_ms, paused_queues, replayed })
        }
        ClaimAnswer::QueueNotFound(queue) => Err(Error::QueueNotFound(queue)),
        ClaimAnswer::Mismatch => Err(Error::IdempotencyMismatch),
        ClaimAnswer::InProgress => Err(Error::IdempotencyInProgress),
    }
}

/// Reads a [`ClaimRequest`].
pub(super) fn read_claim(fields: &Fields<'_>) -> Wanted {
    let names = fields.required("queues", fields.texts("queues", 1..=50, QueueName::MAX));
    let mut queues: Vec<QueueName> = Vec::new();
    for (n, name) in names.into_iter().flatten().enumerate() {
        match QueueName::parse(&name) {
            Ok(queue) if queues.contains(&queue) => fields.fault_at("queues", n, "conflict", "it is there twice"),
            Ok(queue) => queues.push(queue),
            Err(invalid) => fields.fault_at("queues", n, "pattern", invalid.0),
        }
    }
    let worker = read_worker(fields);
    let max_jobs = fields.int("max_jobs", 1..=1000).unwrap_or(1);
    let claim = Claim {
        queues,
        kinds: fields.texts("kinds", 1..=50, 128),
        max_jobs,
        per_queue: max_jobs,
        lease_ms: fields.int("lease_ms", LEASE_MS),
        worker,
        idempotency: None,
    };
    let wait = duration_ms(fields.int("wait_ms", 0..=WAIT_MS_MAX).unwrap_or(0));
    let fair = fields.bool("fair").unwrap_or(false);
    Wanted { claim, fair, wait }
}

/// The worker that a body names.
pub(super) fn read_worker(fields: &Fields<'_>) -> Option<crate::domain::WorkerId> {
    let id = fields.text("worker_id", 128)?;
    let worker = worker_id(&id);
    if worker.is_none() {
        fields.fault("worker_id", "pattern", WORKER_IDS);
    }
    worker
}

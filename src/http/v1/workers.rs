//! Who works: signs of life, and what operators want of them.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::fields::Fields;
use super::job::{Answer, RawJson, Time, json, large_json};
use super::jobs::REASON_MAX;
use super::paging::{Wanted, linked};
use super::params::Params;
use super::request::{JsonBody, Takes, WorkerPath};
use super::work::{read_progress, read_token};
use crate::domain::{JobId, Outcome, QueueName, StringMap, WorkerId};
use crate::engine::SettleAnswer;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::http::request::by;
use crate::store::{HEARTBEAT_MS, Heartbeat, Settle, WorkerDetail};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(list_workers))
        .routes(routes!(heartbeat_worker))
        .routes(routes!(signal_worker))
}

/// A sign of life; the first one registers. What is absent stays as it was.
#[derive(ToSchema)]
#[schema(example = json!({
    "status": "running", "queues": ["mail"], "concurrency": 20,
    "leases": [{
        "job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "lease_token": "6f1ed002ab5595859014ebf0951522d9",
        "progress": 40.0
    }]
}))]
#[expect(dead_code, reason = "read by `read_heartbeat`")]
struct WorkerHeartbeatRequest {
    /// Up to 50.
    queues: Option<Vec<String>>,
    /// Up to 50.
    kinds: Option<Vec<String>>,
    /// How many jobs it works on at once.
    concurrency: Option<i32>,
    hostname: Option<String>,
    #[schema(value_type = Option<i64>)]
    pid: Option<i64>,
    version: Option<String>,
    /// Up to 32.
    #[schema(value_type = Option<StringMap>)]
    labels: Option<BTreeMap<String, String>>,
    /// running, quiet (takes no more) or stopped (unregisters, and releases its leases: those
    /// listed, or all it claimed if none are).
    status: Option<String>,
    /// Leases to keep alive, up to 1000.
    leases: Option<Vec<WorkerLease>>,
}

/// A lease that a worker holds.
#[derive(ToSchema)]
#[schema(example = json!({
    "job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "lease_token": "6f1ed002ab5595859014ebf0951522d9"
}))]
#[expect(dead_code, reason = "read by `read_heartbeat`")]
struct WorkerLease {
    job_id: Uuid,
    lease_token: String,
    /// 0 to 100.
    progress: Option<f64>,
}

/// What the worker should do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "signal": "run", "next_heartbeat_ms": 15000, "lease_expires_at": "2026-11-23T05:02:00.000000Z",
    "cancel_job_ids": [], "lost_job_ids": []
}))]
struct WorkerDirective {
    /// run, quiet (take no more) or stop (take no more, finish, end).
    signal: String,
    /// When to beat again.
    next_heartbeat_ms: i64,
    /// The earliest end of the leases listed and still held.
    #[schema(value_type = String, format = DateTime)]
    lease_expires_at: Time,
    /// Jobs that somebody wants cancelled: stop them, and answer with `fail` and `cancelled`.
    cancel_job_ids: Vec<Uuid>,
    /// Jobs that are not yours any more: drop them.
    lost_job_ids: Vec<Uuid>,
}

/// A worker.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "web-3", "status": "running", "queues": ["mail"], "kinds": [], "concurrency": 20, "running": 4,
    "completed_last_hour": 1200, "failed_last_hour": 3, "labels": {}, "started_at": "2026-11-23T04:52:52.123456Z",
    "last_heartbeat_at": "2026-11-23T05:00:52.123456Z"
}))]
struct Worker {
    id: String,
    /// running, quiet, stopping (it was told to stop) or lost (it missed three beats).
    status: String,
    queues: Vec<String>,
    kinds: Vec<String>,
    concurrency: i32,
    /// Jobs it holds now.
    #[schema(value_type = i32)]
    running: i64,
    completed_last_hour: i64,
    failed_last_hour: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[schema(value_type = StringMap)]
    labels: RawJson,
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    #[schema(value_type = String, format = DateTime)]
    last_heartbeat_at: Time,
}

impl Worker {
    fn of(worker: WorkerDetail) -> Option<Self> {
        Some(Self {
            id: worker.id,
            status: worker.status,
            queues: worker.queues,
            kinds: worker.kinds,
            concurrency: worker.concurrency,
            running: worker.running,
            completed_last_hour: worker.completed_last_hour,
            failed_last_hour: worker.failed_last_hour,
            hostname: worker.hostname,
            pid: worker.pid,
            version: worker.version,
            labels: RawJson::of(worker.labels)?,
            started_at: Time(worker.started_at),
            last_heartbeat_at: Time(worker.last_heartbeat_at),
        })
    }
}

/// Some workers.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct WorkerPage {
    data: Vec<Worker>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// What a worker should do from its next beat on.
#[derive(ToSchema)]
#[schema(example = json!({"signal": "quiet"}))]
#[expect(dead_code, reason = "read by `signal_worker`")]
struct SignalWorkerRequest {
    /// quiet (take no more), stop (take no more, finish, end) or run.
    signal: String,
    /// For people: up to 1024 characters.
    reason: Option<String>,
}

/// List workers
///
/// Those that beat; one that missed three beats is `lost`, and forgotten after a day.
#[utoipa::path(
    get, path = "/v1/workers", tag = "workers",
    params(
        ("worker_id" = Option<String>, Query, description = "This worker"),
        ("queue" = Option<String>, Query, description = "That work on this queue"),
        ("status" = Option<Vec<String>>, Query, description = "running, quiet, stopping, lost"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some workers", body = WorkerPage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_workers(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let worker = params.text("worker_id", 256);
    let queue = params.text("queue", QueueName::MAX);
    // A worker that stopped is on the list no more.
    let known = ["running", "quiet", "stopping", "stopped", "lost"].map(|status| (status, status));
    let statuses = params.choices("status", &known);
    let page = Wanted::read(&params);
    params.finish()?;
    let statuses: Option<Vec<String>> = statuses.map(|some| some.into_iter().map(str::to_owned).collect());
    let (pages, after) = page.open::<String>(&app, "list_workers", &(&worker, &queue, &statuses)).await?;
    let (after, statuses) = (after.as_deref(), statuses.as_deref());
    let mut workers = app.store.list_workers(worker.as_deref(), queue.as_deref(), statuses, after, pages.ask()).await?;
    let next_cursor = pages.next(&mut workers, app.store.now().await?, |last| last.id.clone())?;
    let page = WorkerPage { data: workers.into_iter().filter_map(Worker::of).collect(), next_cursor };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

/// A heartbeat as it was read.
struct Beat {
    about: Heartbeat,
    stopped: bool,
    leases: Option<Vec<Settle>>,
}

fn read_heartbeat(fields: &Fields<'_>) -> Beat {
    let lease = |lease: &Fields<'_>| {
        let job = lease.required("job_id", lease.uuid("job_id"));
        let (token, progress) = (read_token(lease), read_progress(lease));
        Some(Settle { progress, ..Settle::new(JobId(job?), token, Outcome::Extended) })
    };
    let status = fields.choice("status", &["running", "quiet", "stopped"]);
    Beat {
        stopped: status.as_deref() == Some("stopped"),
        about: Heartbeat {
            queues: fields.texts("queues", 0..=50, QueueName::MAX),
            kinds: fields.texts("kinds", 0..=50, 128),
            concurrency: fields.small("concurrency", 0..=100_000),
            hostname: fields.text("hostname", 255),
            pid: fields.int("pid", 0..=i64::from(i32::MAX)),
            version: fields.text("version", 255),
            labels: fields.map("labels", 32, 255).and_then(|map| serde_json::to_string(&map).ok()),
            status,
            leases_until: None,
        },
        leases: fields.objects("leases", 0..=1000, lease).map(|leases| leases.into_iter().flatten().collect()),
    }
}

/// Say that a worker lives
///
/// The first call registers it. Keeps all leases that it lists alive, each for its own length,
/// and says which jobs to cancel or drop, and whether to stop.
#[utoipa::path(
    post, path = "/v1/workers/{worker_id}/heartbeat", tag = "workers",
    params(("worker_id" = String, Path, description = "1 to 128 of letters, digits and `_ . : @ + -`", example = "web-3")),
    request_body = WorkerHeartbeatRequest,
    responses((status = 200, description = "What to do", body = WorkerDirective)),
)]
async fn heartbeat_worker(
    State(app): State<App>,
    WorkerPath(worker): WorkerPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let mut beat = body.parse(read_heartbeat)?;
    if beat.stopped {
        return json(StatusCode::OK, &stop(&app, worker, beat.leases).await?);
    }
    let leases = beat.leases.unwrap_or_default();
    let ids: Vec<Uuid> = leases.iter().map(|lease| lease.job.0).collect();
    let answers = if leases.is_empty() { Vec::new() } else { app.engine.settle(leases).await? };
    let (mut cancel_job_ids, mut lost_job_ids) = (Vec::new(), Vec::new());
    for (id, answer) in ids.into_iter().zip(answers) {
        match answer {
            SettleAnswer::Extended { lease_expires_at, cancel_requested } => {
                let earliest = beat.about.leases_until.map_or(lease_expires_at, |end| end.min(lease_expires_at));
                beat.about.leases_until = Some(earliest);
                if cancel_requested {
                    cancel_job_ids.push(id);
                }
            }
            _ => lost_job_ids.push(id),
        }
    }
    let told = app.engine.heartbeat_worker(worker, beat.about, by()).await?;
    let directive = WorkerDirective {
        signal: told.signal,
        next_heartbeat_ms: told.heartbeat_ms.into(),
        lease_expires_at: Time(told.lease_expires_at),
        cancel_job_ids,
        lost_job_ids,
    };
    json(StatusCode::OK, &directive)
}

/// The last beat: what the worker holds goes back, and it is forgotten.
async fn stop(app: &App, worker: WorkerId, listed: Option<Vec<Settle>>) -> Result<WorkerDirective, Error> {
    let mut lost_job_ids = Vec::new();
    match listed.filter(|leases| !leases.is_empty()) {
        None => app.engine.release_leases(&worker, None).await?,
        Some(leases) => {
            let ids: Vec<Uuid> = leases.iter().map(|lease| lease.job.0).collect();
            let released = leases.into_iter().map(|lease| Settle { outcome: Outcome::Released, ..lease }).collect();
            let answers = app.engine.settle(released).await?;
            let lost = ids.into_iter().zip(answers).filter(|(_, answer)| !matches!(answer, SettleAnswer::Ended(_)));
            lost_job_ids = lost.map(|(id, _)| id).collect();
        }
    }
    app.engine.stop_worker(worker, by()).await?;
    Ok(WorkerDirective {
        signal: "stop".to_owned(),
        next_heartbeat_ms: HEARTBEAT_MS.into(),
        lease_expires_at: Time(app.store.now().await?),
        cancel_job_ids: Vec::new(),
        lost_job_ids,
    })
}

/// Signal a worker
///
/// It hears it at its next heartbeat, within 15 seconds.
#[utoipa::path(
    post, path = "/v1/workers/{worker_id}/signal", tag = "workers",
    params(("worker_id" = String, Path, description = "The worker", example = "web-3")),
    request_body = SignalWorkerRequest,
    responses(
        (status = 200, description = "The worker", body = Worker),
        (status = 404, description = "`worker_not_found`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn signal_worker(
    State(app): State<App>,
    WorkerPath(worker): WorkerPath,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::OneJob).await?;
    let (signal, reason) = body.parse(|fields| {
        let signal = fields.required("signal", fields.choice("signal", &["quiet", "stop", "run"]));
        (signal.unwrap_or_default(), fields.text("reason", REASON_MAX))
    })?;
    let not_found = || Error::WorkerNotFound(worker.as_str().to_owned());
    if !app.engine.signal_worker(worker.clone(), signal, reason, by()).await? {
        return Err(not_found());
    }
    let found = app.store.list_workers(Some(worker.as_str()), None, None, None, 1).await?.pop();
    json(StatusCode::OK, &found.and_then(Worker::of).ok_or_else(not_found)?)
}

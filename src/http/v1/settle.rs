//! Reporting many outcomes, and claiming the next jobs, in one round trip.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::attempt::{LogLine, read_logs};
use super::claim::{ClaimRequest, ClaimedJob, POLL_PAUSED_AFTER_MS, find, read_claim};
use super::fields::Fields;
use super::job::{Answer, JobFailure, Time, json, large_json, read_failure};
use super::params::Params;
use super::request::{Client, JsonBody, Takes};
use super::work::{read_progress, read_result, read_token};
use crate::domain::{JobId, JobState, LEASE_MS, MS_MAX, Outcome};
use crate::engine::SettleAnswer;
use crate::http::App;
use crate::http::problem::Error;
use crate::store::Settle;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(settle_jobs))
}

/// Many outcomes, and the next claim, in one round trip.
#[derive(ToSchema)]
#[schema(example = json!({
    "items": [{
        "job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "lease_token": "6f1ed002ab5595859014ebf0951522d9",
        "outcome": "completed"
    }],
    "claim": {"queues": ["mail"], "max_jobs": 10}
}))]
#[expect(dead_code, reason = "read by `settle_jobs`")]
struct SettleRequest {
    /// 0 to 1000, each on its own.
    items: Vec<SettleItem>,
    claim: Option<ClaimRequest>,
}

/// The outcome of one job.
#[derive(ToSchema)]
#[schema(example = json!({
    "job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "lease_token": "6f1ed002ab5595859014ebf0951522d9",
    "outcome": "completed", "result": {"sent": true}
}))]
#[expect(dead_code, reason = "read by `read_item`")]
struct SettleItem {
    job_id: Uuid,
    lease_token: String,
    /// completed, failed, released, cancelled or extended.
    outcome: String,
    #[schema(value_type = Option<serde_json::Value>)]
    result: Option<serde_json::Value>,
    /// Of a failed one, or a cancelled one.
    error: Option<JobFailure>,
    /// Of a failed one.
    retry: Option<bool>,
    /// Of a failed one.
    retry_in_ms: Option<i64>,
    /// Of a released one.
    delay_ms: Option<i64>,
    /// Of an extended one.
    extend_ms: Option<i64>,
    /// Of an extended one.
    progress: Option<f64>,
    logs: Option<Vec<LogLine>>,
}

/// What became of the items, in their order, and the jobs that were claimed.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "results": [{"job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "ok": true, "state": "completed"}], "jobs": [],
    "poll_after_ms": 250
}))]
struct SettleResponse {
    results: Vec<SettleResult>,
    jobs: Vec<ClaimedJob>,
    /// Wait this long before the next claim; 0 is at once.
    poll_after_ms: i64,
}

/// What became of one item.
#[derive(Clone, Default, Serialize, ToSchema)]
#[schema(example = json!({"job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "ok": true, "state": "completed"}))]
struct SettleResult {
    job_id: Uuid,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<JobState>,
    /// Why not: `lease_lost`, `job_not_found`, `payload_too_large` or `validation_failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    lease_expires_at: Option<Time>,
    /// Of an extended one: somebody wants the job cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_requested: Option<bool>,
}

/// Report many outcomes
///
/// And claim the next jobs in the same round trip. Items are independent: one lost lease, or
/// one that is malformed, does not fail the others. The outcomes are safe to repeat, as the
/// single calls are; jobs that a lost answer had claimed come back when their leases run out.
/// If nothing can be claimed just now, the outcomes are answered, and no jobs.
#[utoipa::path(
    post, path = "/v1/jobs/settle", tag = "work",
    request_body = SettleRequest,
    responses((status = 200, description = "What became of each, and jobs", body = SettleResponse)),
)]
async fn settle_jobs(State(app): State<App>, params: Params, headers: HeaderMap, client: Client, body: Body) -> Answer {
    params.finish()?;
    let body = JsonBody::read(&app, &headers, body, Takes::ManyJobs).await?;
    let (items, claim) = body.parse(|fields| {
        let items = fields.required("items", fields.objects_apart("items", 0..=1000, "job_id", read_item));
        (items.unwrap_or_default(), fields.object("claim", read_claim))
    })?;
    if let Some(wanted) = &claim
        && let Some(missing) = app.engine.missing_queue(&wanted.claim.queues).await?
    {
        return Err(Error::field("/claim/queues", "unknown", format!("there is no queue {missing:?}")));
    }
    let results = settle_all(&app, items).await?;
    let answer = |jobs, poll_after_ms| {
        large_json(&app.answers, &SettleResponse { results: results.clone(), jobs, poll_after_ms })
    };
    let Some(wanted) = claim else { return answer(Vec::new(), 0) };
    // What follows may wait, and must not keep 16 MiB from others meanwhile.
    drop((headers, body));
    let claimed = match find(&app, wanted, &client).await {
        Ok(found) => found.answer(answer),
        Err(refused) => Err(refused),
    };
    match claimed {
        // The outcomes are committed: that nothing can be claimed just now must not hide them.
        Err(_) if !results.is_empty() => {
            json(StatusCode::OK, &SettleResponse { results, jobs: Vec::new(), poll_after_ms: POLL_PAUSED_AFTER_MS })
        }
        claimed => claimed,
    }
}

/// How often a request may name a job: each time is a statement of its own.
const SAME_JOB_MAX: usize = 4;

/// An item as it was read: to be settled, or why it cannot be.
enum Item {
    Settle(Box<Settle>),
    Refused { job_id: Uuid, code: &'static str },
}

async fn settle_all(app: &App, items: Vec<Result<Option<Item>, Uuid>>) -> Result<Vec<SettleResult>, Error> {
    let (mut results, mut places, mut settles) = (Vec::new(), Vec::new(), Vec::new());
    let mut times: HashMap<Uuid, usize> = HashMap::new();
    for item in items {
        let refused = |job_id, code| SettleResult { job_id, code: Some(code), ..SettleResult::default() };
        match item {
            Ok(Some(Item::Settle(settle))) => {
                let times = times.entry(settle.job.0).or_default();
                *times += 1;
                if *times > SAME_JOB_MAX {
                    results.push(refused(settle.job.0, "validation_failed"));
                    continue;
                }
                places.push(results.len());
                results.push(SettleResult { job_id: settle.job.0, ..SettleResult::default() });
                settles.push(*settle);
            }
            Ok(Some(Item::Refused { job_id, code })) => results.push(refused(job_id, code)),
            Ok(None) => {}
            Err(job_id) => results.push(refused(job_id, "validation_failed")),
        }
    }
    let answers = if settles.is_empty() { Vec::new() } else { app.engine.settle(settles).await? };
    for (place, answer) in places.into_iter().zip(answers) {
        fill(&mut results[place], answer);
    }
    Ok(results)
}

fn fill(result: &mut SettleResult, answer: SettleAnswer) {
    match answer {
        SettleAnswer::Ended(status) => (result.ok, result.state) = (true, Some(status.state)),
        SettleAnswer::Extended { lease_expires_at, cancel_requested } => {
            (result.ok, result.state) = (true, Some(JobState::Running));
            result.lease_expires_at = Some(Time(lease_expires_at));
            result.cancel_requested = Some(cancel_requested);
        }
        SettleAnswer::Lost { state, .. } => (result.code, result.state) = (Some("lease_lost"), Some(state)),
        SettleAnswer::ResultTooLarge { .. } => {
            (result.code, result.state) = (Some("payload_too_large"), Some(JobState::Running));
        }
        SettleAnswer::NotFound => result.code = Some("job_not_found"),
    }
}

/// Reads a [`SettleItem`]; members of another outcome than its own are refused.
fn read_item(fields: &Fields<'_>) -> Option<Item> {
    let job = fields.required("job_id", fields.uuid("job_id"));
    let token = read_token(fields);
    let names = ["completed", "failed", "released", "cancelled", "extended"];
    let outcome = fields.required("outcome", fields.choice("outcome", &names));
    let (result, too_large) = read_result(fields);
    let failure = fields.object("error", read_failure);
    let retry = fields.bool("retry");
    let (retry_in_ms, delay_ms) = (fields.int("retry_in_ms", 0..=MS_MAX), fields.int("delay_ms", 0..=MS_MAX));
    let (extend_ms, progress) = (fields.int("extend_ms", LEASE_MS), read_progress(fields));
    let logs = read_logs(fields);
    let outcome = Outcome::parse(&outcome?)?;
    if fields.has("error") && !matches!(outcome, Outcome::Failed | Outcome::Cancelled) {
        fields.fault("error", "conflict", "only with the outcome failed or cancelled");
    }
    for (name, of) in [
        ("result", Outcome::Completed),
        ("retry", Outcome::Failed),
        ("retry_in_ms", Outcome::Failed),
        ("delay_ms", Outcome::Released),
        ("extend_ms", Outcome::Extended),
        ("progress", Outcome::Extended),
    ] {
        if fields.has(name) && outcome != of {
            fields.fault(name, "conflict", format!("only with the outcome {}", of.as_str()));
        }
    }
    let failure = if outcome == Outcome::Failed { fields.required("error", failure) } else { failure };
    let item = Settle {
        result,
        failure,
        retry: retry.unwrap_or(true),
        delay_ms: retry_in_ms.or(delay_ms).or(extend_ms),
        progress,
        logs,
        ..Settle::new(JobId(job?), token, outcome)
    };
    Some(match too_large {
        None => Item::Settle(Box::new(item)),
        Some(_) => Item::Refused { job_id: item.job.0, code: "payload_too_large" },
    })
}

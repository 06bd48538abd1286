//! What an attempt at a job looks like, and what its worker said meanwhile.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::Fields;
use super::job::{JobError, Time};
use crate::domain::{Failure, cut};
use crate::store::AttemptDetail;

/// A line that a worker wrote while it worked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"at": "2026-11-23T04:52:53.500000Z", "level": "info", "message": "connected"}))]
pub(super) struct LogLine {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// debug, info, warn or error.
    level: String,
    message: String,
}

/// Reads [`LogLine`]s.
pub(super) fn read_logs(fields: &Fields<'_>) -> Vec<crate::store::LogLine> {
    let line = |line: &Fields<'_>| {
        let at = line.required("at", line.time("at"));
        let level = line.required("level", line.choice("level", &["debug", "info", "warn", "error"]));
        let message = line.any_text("message").map(|(text, _)| cut(text, Failure::TEXT_BYTES_MAX));
        let message = line.required("message", message);
        Some(crate::store::LogLine { at: Some(at?), level: level?, message: message? })
    };
    fields.objects("logs", 0..=1000, line).unwrap_or_default().into_iter().flatten().collect()
}

/// One attempt at a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001", "attempt": 1, "outcome": "completed", "worker_id": "web-3",
    "started_at": "2026-11-23T04:52:53.000000Z", "finished_at": "2026-11-23T04:52:54.000000Z", "wait_ms": 876,
    "run_ms": 1000, "logs": []
}))]
#[expect(clippy::struct_field_names, reason = "as the members are called")]
pub(super) struct Attempt {
    job_id: Uuid,
    attempt: i32,
    /// running, completed, failed, lost, `timed_out`, released, cancelled or delivered.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Time>,
    wait_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    logs: Vec<LogLine>,
}

impl Attempt {
    pub(super) fn of(job_id: Uuid, attempt: AttemptDetail) -> Self {
        let logs: Vec<crate::store::LogLine> =
            attempt.logs.and_then(|logs| serde_json::from_str(&logs).ok()).unwrap_or_default();
        let line = |line: crate::store::LogLine| {
            Some(LogLine { at: Time(line.at?), level: line.level, message: line.message })
        };
        Self {
            job_id,
            attempt: attempt.attempt,
            outcome: attempt.outcome,
            worker_id: attempt.worker,
            started_at: Time(attempt.started_at),
            finished_at: attempt.finished_at.map(Time),
            wait_ms: (attempt.started_at - attempt.eligible_at).num_milliseconds().max(0),
            run_ms: attempt.finished_at.map(|end| (end - attempt.started_at).num_milliseconds()),
            error: JobError::of(attempt.error, Some(attempt.attempt), attempt.finished_at),
            logs: logs.into_iter().filter_map(line).collect(),
        }
    }
}

//! What people say of a schedule, read member by member.

use chrono::{DateTime, Utc};
use utoipa::ToSchema;

use super::fields::Fields;
use crate::domain::{Invalid, QueueName, Recurrence};
use crate::http::problem::Error;
use crate::store::Schedule;

/// A day, in milliseconds: the most that runs are spread over.
const JITTER_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// What a schedule shall be. What is absent stays as it is; `queue` and `cron` are required in a
/// new one.
#[derive(ToSchema)]
#[schema(example = json!({
    "queue": "reports", "cron": "0 9 * * mon-fri", "timezone": "Europe/Paris", "kind": "daily",
    "payload": {"format": "pdf"}
}))]
#[expect(dead_code, reason = "read by `read_schedule`")]
pub(super) struct UpsertScheduleRequest {
    queue: Option<String>,
    /// 5 fields (minute hour day month weekday), or 6 with seconds first; names, ranges, steps,
    /// lists, `L`; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@every <n>s|m|h`.
    cron: Option<String>,
    /// An IANA name (UTC if absent). A time that the clocks skip is due just after the gap, and
    /// one that they repeat is due once.
    timezone: Option<String>,
    /// Up to 128 characters (`default` if absent).
    kind: Option<String>,
    /// Any JSON, kept byte for byte (null if absent).
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<serde_json::Value>,
    /// -100 to 100; the queue's if absent.
    priority: Option<i32>,
    /// Up to 16, each up to 64 characters.
    tags: Option<Vec<String>>,
    /// 1 to 1000; the queue's if absent.
    max_attempts: Option<i32>,
    /// Fire nothing; what becomes due meanwhile is passed over.
    paused: Option<bool>,
    /// What becomes of due times that were missed while no server ran: skip, one (the latest of
    /// them; if absent) or all (up to 1000).
    catch_up: Option<String>,
    /// Whether a due time fires while the job of the last one is unfinished: allow (if absent) or
    /// skip.
    overlap: Option<String>,
    /// Each job waits a random time up to this (0 to 86400000).
    jitter_ms: Option<i64>,
    /// Nothing is due before; `@every` counts from here.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<String>,
    /// Nothing is due after.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<String>,
    /// For people: up to 4096 characters.
    description: Option<String>,
}

/// What the job shall be given.
#[derive(ToSchema)]
#[schema(example = json!({"payload": {"format": "csv"}}))]
#[expect(dead_code, reason = "read by `trigger_schedule`")]
pub(super) struct TriggerScheduleRequest {
    /// Any JSON; the schedule's if absent.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<serde_json::Value>,
}

/// The schedule that enqueued a job with these headers. Nobody else can set this one.
pub(super) fn schedule_of(headers: &str) -> Option<String> {
    let headers: std::collections::BTreeMap<String, String> = serde_json::from_str(headers).ok()?;
    headers.get("presque-schedule-id").cloned()
}

/// When a schedule is due.
pub(super) fn recurrence(schedule: &Schedule) -> Result<Recurrence, (&'static str, Invalid)> {
    let recurrence = Recurrence::parse(&schedule.cron, &schedule.timezone)?;
    Ok(recurrence.between(schedule.starts_at, schedule.ends_at))
}

/// The schedule after an [`UpsertScheduleRequest`]; `None` if faults were told.
pub(super) fn read_schedule(
    fields: &Fields<'_>,
    id: &QueueName,
    seen: Option<&Schedule>,
    now: DateTime<Utc>,
    payload_bytes_max: usize,
) -> Option<Result<Schedule, Error>> {
    let mut schedule = seen.cloned().unwrap_or_else(|| new(id, now));
    let queue = fields.text("queue", QueueName::MAX);
    if queue.as_deref().is_some_and(|name| QueueName::parse(name).is_err()) {
        fields.fault("queue", "pattern", "a queue's name");
    }
    let cron = fields.filled("cron", 256).map(|cron| cron.trim().to_owned());
    if cron.as_deref() == Some("") {
        fields.fault("cron", "min", "at least 1 character");
    }
    if seen.is_none() {
        fields.required("queue", queue.clone());
        fields.required("cron", cron.clone());
    }
    macro_rules! take {
        ($($name:ident: $value:expr),* $(,)?) => { $(if let Some(value) = $value { schedule.$name = value; })* };
    }
    take!(
        queue: queue,
        cron: cron,
        timezone: fields.text("timezone", 64),
        kind: fields.printable("kind", 128),
        priority: fields.small("priority", -100..=100).map(Some),
        tags: fields.texts("tags", 0..=16, 64),
        max_attempts: fields.small("max_attempts", 1..=1000).map(Some),
        paused: fields.bool("paused"),
        catch_up: fields.choice("catch_up", &["skip", "one", "all"]),
        overlap: fields.choice("overlap", &["allow", "skip"]),
        jitter_ms: fields.int("jitter_ms", 0..=JITTER_MS_MAX),
        starts_at: fields.time("starts_at").map(Some),
        ends_at: fields.time("ends_at").map(Some),
        description: fields.text("description", 4096).map(Some),
    );
    match fields.json("payload", payload_bytes_max) {
        None => {}
        Some(Ok(payload)) => schedule.payload = Some(payload.as_str().to_owned()),
        Some(Err(actual)) => return Some(Err(Error::too_large("the payload", payload_bytes_max, actual))),
    }
    if let (Some(starts_at), Some(ends_at)) = (schedule.starts_at, schedule.ends_at)
        && starts_at > ends_at
    {
        fields.fault("ends_at", "conflict", "it ends before it starts");
    }
    if schedule.cron.is_empty() {
        return None;
    }
    set_next(fields, &mut schedule, seen, now)?;
    Some(Ok(schedule))
}

/// Works out the next due time, unless it stays as it is.
fn set_next(fields: &Fields<'_>, schedule: &mut Schedule, seen: Option<&Schedule>, now: DateTime<Utc>) -> Option<()> {
    let rule = |one: &Schedule| (one.cron.clone(), one.timezone.clone(), one.starts_at, one.ends_at, one.paused);
    if seen.is_some_and(|seen| rule(seen) == rule(schedule)) {
        return Some(());
    }
    let recurrence = match Recurrence::parse(&schedule.cron, &schedule.timezone) {
        Ok(recurrence) => recurrence,
        Err((name, why)) => {
            fields.fault(name, "pattern", why.0);
            return None;
        }
    };
    if recurrence.after(now).is_none() {
        fields.fault("cron", "pattern", "it names a day that never comes");
        return None;
    }
    schedule.next_run_at = recurrence.between(schedule.starts_at, schedule.ends_at).after(now);
    Some(())
}

fn new(id: &QueueName, now: DateTime<Utc>) -> Schedule {
    Schedule {
        id: id.to_string(),
        queue: String::new(),
        cron: String::new(),
        timezone: "UTC".to_owned(),
        kind: "default".to_owned(),
        payload: None,
        priority: None,
        tags: Vec::new(),
        max_attempts: None,
        paused: false,
        catch_up: "one".to_owned(),
        overlap: "allow".to_owned(),
        jitter_ms: 0,
        starts_at: None,
        ends_at: None,
        description: None,
        next_run_at: None,
        last_run_at: None,
        last_job_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

//! Reports: what happened, over time, and which errors there were. From sums; only by tag from jobs.

use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::job::{Answer, Time, json, large_json};
use super::paging::{Wanted, linked};
use super::params::Params;
use super::queues::StateCounts;
use super::timeseries;
use crate::domain::{Histogram, QueueName};
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::store::{self, ErrorPlace, ReportOf, ReportRange, Sums};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_summary))
        .routes(routes!(timeseries::get_timeseries))
        .routes(routes!(list_error_groups))
}

/// Errors are kept for so many days.
const ERROR_DAYS: i64 = 90;

/// For so many jobs of the days of a range, tags are looked up.
const TAGGED_MAX: i64 = 100_000;
const TOO_MANY_TAGGED: &str = "more than 100,000 jobs finished in these days, whose tags would be looked up one by one: \
    ask for one queue or a shorter time, or run `presque sql run tenants`";

/// What happened in a range of time.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "since": "2026-11-23T04:00:00.000000Z", "until": "2026-11-23T05:00:00.000000Z",
    "total": {
        "key": "", "enqueued": 7200, "started": 7190, "completed": 7100, "failed_attempts": 80, "lost_attempts": 2,
        "discarded": 3, "cancelled": 0, "completed_per_min": 118.3, "error_rate": 0.0114,
        "wait_ms": {"p50": 12.3, "p90": 40.0, "p95": 60.0, "p99": 200.0, "max": 900.0, "avg": 20.0},
        "run_ms": {"p50": 120.0, "p90": 400.0, "p95": 600.0, "p99": 2000.0, "max": 9000.0, "avg": 200.0}
    },
    "rows": [],
    "counts": {
        "pending": 0, "scheduled": 2, "available": 10, "running": 4, "retryable": 1, "completed": 1200, "discarded": 3,
        "cancelled": 0
    }
}))]
struct Summary {
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    total: SummaryRow,
    /// Of each key, the busiest first.
    rows: Vec<SummaryRow>,
    counts: StateCounts,
}

/// Sums of a queue, a kind, a worker, a tag, a class of errors, or of all.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "key": "mail", "enqueued": 7200, "started": 7190, "completed": 7100, "failed_attempts": 80, "lost_attempts": 2,
    "discarded": 3, "cancelled": 0, "completed_per_min": 118.3, "error_rate": 0.0114,
    "wait_ms": {"p50": 12.3, "p90": 40.0, "p95": 60.0, "p99": 200.0, "max": 900.0, "avg": 20.0},
    "run_ms": {"p50": 120.0, "p90": 400.0, "p95": 600.0, "p99": 2000.0, "max": 9000.0, "avg": 200.0}
}))]
struct SummaryRow {
    /// Empty for the total.
    key: String,
    enqueued: i64,
    started: i64,
    completed: i64,
    /// Attempts that their worker reported as failed; of a class of errors, all that failed with it.
    failed_attempts: i64,
    /// Attempts that nobody reported, or that took too long.
    lost_attempts: i64,
    discarded: i64,
    cancelled: i64,
    completed_per_min: f64,
    /// Failed and lost attempts, of all that ended (0 to 1).
    error_rate: f64,
    /// From when a job could be claimed until it was.
    wait_ms: LatencyStats,
    /// From the claim to the end of the attempt.
    run_ms: LatencyStats,
}

/// Milliseconds. Percentiles are off by 9 % at most, and add up over time, queues and kinds.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"p50": 12.3, "p90": 40.0, "p95": 60.0, "p99": 200.0, "max": 900.0, "avg": 20.0}))]
struct LatencyStats {
    p50: f64,
    p90: f64,
    p95: f64,
    p99: f64,
    max: f64,
    avg: f64,
}

#[expect(clippy::cast_precision_loss, reason = "sums of milliseconds are far below 2^52")]
fn latency(hist: &Histogram, count: i64, sum: i64, max: i64) -> LatencyStats {
    // A percentile is the middle of its bucket, which can lie above the largest measurement.
    let quantile = |q| hist.quantile_ms(q).min(max as f64);
    LatencyStats {
        p50: quantile(0.5),
        p90: quantile(0.9),
        p95: quantile(0.95),
        p99: quantile(0.99),
        max: max as f64,
        avg: if count > 0 { sum as f64 / count as f64 } else { 0.0 },
    }
}

/// Sums that are being added up.
#[derive(Default)]
struct Added {
    sums: Sums,
    wait: Histogram,
    run: Histogram,
}

impl Added {
    fn of(mut sums: Sums) -> Self {
        let (wait, run) = (Histogram::of(sums.wait_hist.take()), Histogram::of(sums.run_hist.take()));
        Self { sums, wait, run }
    }

    fn add(&mut self, other: &Self) {
        let (own, more) = (&mut self.sums, &other.sums);
        own.enqueued += more.enqueued;
        own.started += more.started;
        own.completed += more.completed;
        own.failed += more.failed;
        own.lost += more.lost;
        own.released += more.released;
        own.discarded += more.discarded;
        own.cancelled += more.cancelled;
        own.wait_ms_sum += more.wait_ms_sum;
        own.wait_ms_max = own.wait_ms_max.max(more.wait_ms_max);
        own.run_ms_sum += more.run_ms_sum;
        own.run_ms_max = own.run_ms_max.max(more.run_ms_max);
        self.wait.add(&other.wait);
        self.run.add(&other.run);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn row(self, minutes: f64) -> SummaryRow {
        let sums = self.sums;
        let ended = sums.completed + sums.failed + sums.released;
        SummaryRow {
            key: sums.key,
            enqueued: sums.enqueued,
            started: sums.started,
            completed: sums.completed,
            failed_attempts: sums.failed - sums.lost,
            lost_attempts: sums.lost,
            discarded: sums.discarded,
            cancelled: sums.cancelled,
            completed_per_min: sums.completed as f64 / minutes,
            error_rate: if ended > 0 { sums.failed as f64 / ended as f64 } else { 0.0 },
            wait_ms: latency(&self.wait, self.wait.count(), sums.wait_ms_sum, sums.wait_ms_max),
            // Of workers there is the sum alone.
            run_ms: latency(
                &self.run,
                if self.run.count() > 0 { self.run.count() } else { sums.completed + sums.failed },
                sums.run_ms_sum,
                sums.run_ms_max,
            ),
        }
    }
}

/// What all reports ask: the range, an hour until now if absent, and of what.
pub(super) struct Asked {
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    pub(super) of: ReportOf,
}

impl Asked {
    pub(super) fn read(params: &Params, groups: &[(&str, &'static str)]) -> Self {
        let group_by = if groups.is_empty() { None } else { params.choice("group_by", groups) };
        Self {
            since: params.time("since"),
            until: params.time("until"),
            of: ReportOf {
                group_by: group_by.unwrap_or("none"),
                queue: params.text("queue", QueueName::MAX),
                kind: params.text("kind", 128),
            },
        }
    }

    pub(super) fn range(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Error> {
        let until = self.until.unwrap_or(now).min(now);
        let since = self.since.unwrap_or(until - Duration::hours(1));
        if since > until {
            return Err(Error::field("?since", "conflict", "it is after until, or in the future"));
        }
        Ok((since, until))
    }
}

/// Summarize a range of time
///
/// From sums that are at most 5 seconds behind, so that 90 days cost no more than an hour. The range
/// begins with the minute that holds `since`; a range of more than a day with its hour, and one that
/// began more than 14 days ago with sums of whole hours.
#[utoipa::path(
    get, path = "/v1/reports/summary", tag = "reports",
    params(
        ("since" = Option<String>, Query, description = "From when (an hour before `until` if absent)"),
        ("until" = Option<String>, Query, description = "To when (now if absent)"),
        ("group_by" = Option<String>, Query, description = "none (if absent), queue, kind, worker (up to 14 days; no waits and percentiles), tag (jobs that finished, by their last attempt; while no more than 100,000 did in the days of the range) or error (failures by class, in whole hours; up to 90 days)"),
        ("queue" = Option<String>, Query, description = "Of this queue; not with worker"),
        ("kind" = Option<String>, Query, description = "Of this kind; not with worker"),
        ("limit" = Option<i64>, Query, description = "How many rows at most (50 if absent, up to 500)"),
    ),
    responses(
        (status = 200, description = "The sums", body = Summary),
        (status = 400, description = "`invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_summary(State(app): State<App>, params: Params) -> Answer {
    let groups = ["none", "queue", "kind", "worker", "tag", "error"].map(|name| (name, name));
    let asked = Asked::read(&params, &groups);
    let limit = params.int("limit", 1..=500).unwrap_or(50);
    params.finish()?;
    if asked.of.group_by == "worker" && (asked.of.queue.is_some() || asked.of.kind.is_some()) {
        return Err(Error::field("?group_by", "conflict", "worker goes not together with queue or kind"));
    }
    let now = app.store.now().await?;
    let (since, until) = asked.range(now)?;
    let range = ReportRange::between(since, until, now);
    // A job has any number of tags and a failure is no job: what there is of all is not what its rows add up to.
    let all = ReportOf { group_by: "none", ..asked.of.clone() };
    let total = match asked.of.group_by {
        "tag" => {
            let days = app.store.summarize(&ReportOf { kind: None, ..all.clone() }, range.days()).await?;
            let finished: i64 = days.iter().map(|sums| sums.completed + sums.discarded + sums.cancelled).sum();
            if finished > TAGGED_MAX {
                return Err(Error::field("?group_by", "max", TOO_MANY_TAGGED));
            }
            Some(app.store.summarize(&all, range).await?)
        }
        "error" => Some(app.store.summarize(&all, range).await?),
        _ => None,
    };
    let rows = app.store.summarize(&asked.of, range).await?;
    let counts = app.store.count_jobs(asked.of.queue.as_deref()).await?;
    #[expect(clippy::cast_precision_loss, reason = "minutes of years")]
    let minutes = ((until - range.from()).num_seconds().max(1)) as f64 / 60.0;
    let rows: Vec<Added> = rows.into_iter().map(Added::of).collect();
    let all: Option<Vec<Added>> = total.map(|sums| sums.into_iter().map(Added::of).collect());
    let mut total = Added::default();
    for row in all.as_ref().unwrap_or(&rows) {
        total.add(row);
    }
    let shown = if asked.of.group_by == "none" { 0 } else { usize::try_from(limit).unwrap_or(0) };
    let summary = Summary {
        since: Time(range.from()),
        until: Time(until),
        total: total.row(minutes),
        rows: rows.into_iter().take(shown).map(|row| row.row(minutes)).collect(),
        counts: counts.into(),
    };
    json(StatusCode::OK, &summary)
}

/// Failures that are alike: of one queue, kind and class, whose messages differ in numbers and
/// names only.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "fingerprint": "6f1ed002ab559585", "queue": "mail", "kind": "welcome", "error_class": "TimeoutError",
    "message": "no answer within 30 s", "occurrences": 80, "jobs": 12, "retryable": 3, "discarded": 1,
    "first_seen_at": "2026-11-23T04:01:00.123456Z", "last_seen_at": "2026-11-23T04:59:00.123456Z",
    "sample_job_id": "01a206c8-d8c7-76c7-bfda-d9bb00000001"
}))]
struct ErrorGroup {
    fingerprint: String,
    queue: String,
    kind: String,
    error_class: String,
    /// One of them.
    message: String,
    /// Attempts that failed like this.
    occurrences: i64,
    /// Jobs that failed like this for the first time.
    jobs: i64,
    /// Jobs that wait for their retry now; of the 10,000 that are due next.
    retryable: i64,
    /// Jobs that are dead letters now.
    discarded: i64,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Time,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Time,
    sample_job_id: Uuid,
}

impl From<store::ErrorGroup> for ErrorGroup {
    fn from(group: store::ErrorGroup) -> Self {
        Self {
            fingerprint: group.fingerprint,
            queue: group.queue,
            kind: group.kind,
            error_class: group.error_class,
            message: group.message,
            occurrences: group.occurrences,
            jobs: group.jobs,
            retryable: group.retryable,
            discarded: group.discarded,
            first_seen_at: Time(group.first_seen_at),
            last_seen_at: Time(group.last_seen_at),
            sample_job_id: group.sample_job_id,
        }
    }
}

/// Some errors.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": []}))]
struct ErrorGroupPage {
    data: Vec<ErrorGroup>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List errors
///
/// Failures that are alike, the most frequent first, counted by whole hours: those that hold
/// `since` and `until` count whole.
#[utoipa::path(
    get, path = "/v1/reports/errors", tag = "reports",
    params(
        ("since" = Option<String>, Query, description = "From when (an hour before `until` if absent), up to 90 days ago"),
        ("until" = Option<String>, Query, description = "To when (now if absent)"),
        ("queue" = Option<String>, Query, description = "Of this queue"),
        ("kind" = Option<String>, Query, description = "Of this kind"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some errors", body = ErrorGroupPage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_error_groups(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let asked = Asked::read(&params, &[]);
    let page = Wanted::read(&params);
    params.finish()?;
    let filters = (asked.since, asked.until, &asked.of.queue, &asked.of.kind);
    let (pages, after) = page.open::<ErrorPlace>(&app, "list_error_groups", &filters).await?;
    let now = app.store.now().await?;
    let (since, until) = asked.range(now)?;
    let range = (since.max(now - Duration::days(ERROR_DAYS)), until);
    let mut groups = app.store.list_error_groups(&asked.of, range, after.as_ref(), pages.ask()).await?;
    let place = |last: &store::ErrorGroup| (last.occurrences, last.fingerprint.clone());
    let next_cursor = pages.next(&mut groups, now, place)?;
    let page = ErrorGroupPage { data: groups.into_iter().map(ErrorGroup::from).collect(), next_cursor };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

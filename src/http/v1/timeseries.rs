//! One number over time.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::job::{Answer, Time, json};
use super::params::Params;
use super::reports::Asked;
use crate::http::App;
use crate::http::problem::{Error, Problem};
use crate::store::{DepthPoint, TimePoint, Unit};

/// The lengths that steps may have, in milliseconds, and the sums that they are made of.
const STEPS: [(i64, Unit); 4] =
    [(60_000, Unit::Minute), (300_000, Unit::Minute), (3_600_000, Unit::Hour), (86_400_000, Unit::Day)];

/// Points that are shown where nobody says how long a step is, and the most there are.
const POINTS: i64 = 300;
const POINTS_MAX: i64 = 2_000;

/// The most series: the busiest keys.
const SERIES_MAX: usize = 50;

/// For how many days there are sums by the minute.
const MINUTES_DAYS: i64 = 14;

/// A number over time.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"metric": "completed", "step_ms": 60000, "series": []}))]
pub(super) struct TimeSeries {
    metric: String,
    step_ms: i64,
    /// Of each key; the 50 with the largest sums.
    series: Vec<Series>,
}

/// A number of one queue, one kind, or of all, over time.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"key": "mail", "points": []}))]
struct Series {
    key: String,
    points: Vec<SeriesPoint>,
}

/// A number in one step.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"at": "2026-11-23T04:52:00.000000Z", "value": 118.0}))]
struct SeriesPoint {
    /// The beginning of the step.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    value: f64,
}

/// What can be asked for.
#[derive(Clone, Copy)]
enum Metric {
    /// How often something happened.
    Count(fn(&TimePoint) -> i64),
    /// How much there was at most.
    Depth(fn(&DepthPoint) -> i64),
    /// A percentile of a histogram, `wait` or `run`.
    Percentile(&'static str, f64),
}

const METRICS: [(&str, Metric); 14] = [
    ("enqueued", Metric::Count(|point| point.enqueued)),
    ("started", Metric::Count(|point| point.started)),
    ("completed", Metric::Count(|point| point.completed)),
    ("failed", Metric::Count(|point| point.failed)),
    ("discarded", Metric::Count(|point| point.discarded)),
    ("depth", Metric::Depth(|point| point.available)),
    ("running", Metric::Depth(|point| point.running)),
    ("latency", Metric::Depth(|point| point.latency_ms)),
    ("wait_p50", Metric::Percentile("wait", 0.5)),
    ("wait_p95", Metric::Percentile("wait", 0.95)),
    ("wait_p99", Metric::Percentile("wait", 0.99)),
    ("run_p50", Metric::Percentile("run", 0.5)),
    ("run_p95", Metric::Percentile("run", 0.95)),
    ("run_p99", Metric::Percentile("run", 0.99)),
];

/// Show a number over time
///
/// Counts (enqueued, started, completed, failed, discarded) and the most there was (depth, running,
/// latency, from samples) have a point for each step; percentiles of waits and runs only for steps
/// in which something started or ended. Sums by the minute are kept for 14 days, by the hour and
/// day for 400.
#[utoipa::path(
    get, path = "/v1/reports/timeseries", tag = "reports",
    params(
        ("metric" = String, Query, example = "completed", description = "enqueued, started, completed, failed, discarded, depth, running, latency (milliseconds), wait_p50, wait_p95, wait_p99, run_p50, run_p95 or run_p99"),
        ("since" = Option<String>, Query, description = "From when (an hour before `until` if absent)"),
        ("until" = Option<String>, Query, description = "To when (now if absent)"),
        ("step_ms" = Option<i64>, Query, description = "60000, 300000, 3600000 or 86400000; chosen for up to 300 points if absent"),
        ("group_by" = Option<String>, Query, description = "none (if absent), queue or kind; depth, running and latency have no kind"),
        ("queue" = Option<String>, Query, description = "Of this queue"),
        ("kind" = Option<String>, Query, description = "Of this kind"),
    ),
    responses(
        (status = 200, description = "The numbers", body = TimeSeries),
        (status = 400, description = "`invalid_request`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get_timeseries(State(app): State<App>, params: Params) -> Answer {
    let names = METRICS.map(|(name, metric)| (name, (name, metric)));
    let metric = params.choice("metric", &names);
    let asked = Asked::read(&params, &[("none", "none"), ("queue", "queue"), ("kind", "kind")]);
    let step_ms = params.int("step_ms", 60_000..=86_400_000);
    params.finish()?;
    let (name, metric) = metric.ok_or_else(|| Error::field("?metric", "required", "say which number to show"))?;
    let now = app.store.now().await?;
    let (since, until) = asked.range(now)?;
    let (step_ms, unit) = step(step_ms, since, until, now)?;
    let from = floor(since, step_ms);
    let whole = floor(until, step_ms);
    // Before `until`: the step that begins with it is the next one.
    let range = (from, if whole == until { until } else { whole + Duration::milliseconds(step_ms) });
    let alone = asked.of.group_by == "none";
    let series = match metric {
        Metric::Depth(value) => {
            if asked.of.group_by == "kind" || asked.of.kind.is_some() {
                return Err(Error::field("?metric", "conflict", "how deep a queue is, is not known by kind"));
            }
            if now - since > Duration::days(MINUTES_DAYS) {
                return Err(Error::field("?since", "min", "samples of how deep queues were are kept for 14 days"));
            }
            let points = app.store.list_depth_points(&asked.of, range, step_ms).await?;
            filled(points.iter().map(|point| (point.key.as_str(), point.at, value(point))), range, step_ms, alone)
        }
        Metric::Count(value) => {
            let points = app.store.list_time_points(&asked.of, unit, range, step_ms, "none").await?;
            filled(points.iter().map(|point| (point.key.as_str(), point.at, value(point))), range, step_ms, alone)
        }
        Metric::Percentile(of, q) => {
            let points = app.store.list_time_points(&asked.of, unit, range, step_ms, of).await?;
            percentiles(&points, q)
        }
    };
    json(StatusCode::OK, &TimeSeries { metric: name.to_owned(), step_ms, series })
}

/// The step that was asked for, or the shortest that makes no more than 300 points.
fn step(
    asked: Option<i64>,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(i64, Unit), Error> {
    let length = (until - since).num_milliseconds();
    let old = now - since > Duration::days(MINUTES_DAYS);
    let Some(asked) = asked else {
        let fits = |(step, unit): &&(i64, Unit)| length / step < POINTS && !(old && *unit == Unit::Minute);
        return Ok(*STEPS.iter().find(fits).unwrap_or(&STEPS[3]));
    };
    let Some(known) = STEPS.iter().find(|(step, _)| *step == asked) else {
        return Err(Error::field("?step_ms", "enum", "one of 60000, 300000, 3600000, 86400000"));
    };
    if length / asked >= POINTS_MAX {
        return Err(Error::field("?step_ms", "min", "that is more than 2000 points: take a longer step"));
    }
    if old && known.1 == Unit::Minute {
        return Err(Error::field("?step_ms", "min", "sums by the minute are kept for 14 days: take 3600000"));
    }
    Ok(*known)
}

/// The beginning of the step that holds a moment; steps begin with days (UTC).
fn floor(at: DateTime<Utc>, step_ms: i64) -> DateTime<Utc> {
    let ms = at.timestamp_millis();
    DateTime::from_timestamp_millis(ms - ms.rem_euclid(step_ms)).unwrap_or(at)
}

/// The series of each key, with zeros where there is nothing.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn filled<'a>(
    points: impl Iterator<Item = (&'a str, DateTime<Utc>, i64)>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    step_ms: i64,
    alone: bool,
) -> Vec<Series> {
    let mut known: BTreeMap<&str, BTreeMap<DateTime<Utc>, i64>> = BTreeMap::new();
    for (key, at, value) in points {
        known.entry(key).or_default().insert(at, value);
    }
    if known.is_empty() && alone {
        known.entry("").or_default();
    }
    let mut keys: Vec<(i64, &str)> = known.iter().map(|(key, values)| (-values.values().sum::<i64>(), *key)).collect();
    keys.sort_unstable();
    let steps: Vec<DateTime<Utc>> = std::iter::successors(Some(from), |at| Some(*at + Duration::milliseconds(step_ms)))
        .take_while(|at| *at < to)
        .collect();
    let point = |values: &BTreeMap<DateTime<Utc>, i64>, at: DateTime<Utc>| SeriesPoint {
        at: Time(at),
        value: values.get(&at).copied().unwrap_or(0) as f64,
    };
    keys.into_iter()
        .take(SERIES_MAX)
        .map(|(_, key)| Series {
            key: key.to_owned(),
            points: steps.iter().map(|at| point(&known[key], *at)).collect(),
        })
        .collect()
}

/// A percentile for each key and step in which there is one.
fn percentiles(points: &[TimePoint], q: f64) -> Vec<Series> {
    let mut series: Vec<(i64, Series)> = Vec::new();
    for point in points {
        if series.last().is_none_or(|(_, last)| last.key != point.key) {
            series.push((0, Series { key: point.key.clone(), points: Vec::new() }));
        }
        let histogram = point.histogram();
        if let Some((count, last)) = series.last_mut()
            && histogram.count() > 0
        {
            *count += histogram.count();
            last.points.push(SeriesPoint { at: Time(point.at), value: histogram.quantile_ms(q) });
        }
    }
    series.sort_by_key(|(count, _)| -count);
    series.into_iter().map(|(_, series)| series).take(SERIES_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_makes_at_most_300_points_and_no_minutes_of_long_ago() {
        let now: DateTime<Utc> = "2026-11-23T04:52:52Z".parse().unwrap();
        let chosen = |range: Duration| step(None, now - range, now, now).unwrap().0;
        assert_eq!(chosen(Duration::hours(1)), 60_000);
        assert_eq!(chosen(Duration::hours(24)), 300_000);
        assert_eq!(chosen(Duration::days(7)), 3_600_000);
        assert_eq!(chosen(Duration::days(90)), 86_400_000);
        assert!(step(Some(60_000), now - Duration::days(7), now, now).is_err());
        assert!(step(Some(7), now - Duration::hours(1), now, now).is_err());
        let long_ago = now - Duration::days(20);
        assert!(step(Some(60_000), long_ago, long_ago + Duration::hours(1), now).is_err());
        assert_eq!(step(None, long_ago, long_ago + Duration::hours(1), now).unwrap().0, 3_600_000);
    }
}

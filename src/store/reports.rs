//! Statements of reports: sums by the minute, hour and day, and errors.

use chrono::{DateTime, Duration, DurationRound as _, Utc};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{FromRow, Postgres};
use uuid::Uuid;

use super::{Effect, Result, Store, sql};
use crate::domain::Histogram;

/// For how many days there are sums by the minute.
const MINUTES_DAYS: i64 = 14;

/// What a table of sums is summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Minute,
    Hour,
    Day,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    fn length(self) -> Duration {
        match self {
            Self::Minute => Duration::minutes(1),
            Self::Hour => Duration::hours(1),
            Self::Day => Duration::days(1),
        }
    }

    /// The beginning of the unit that holds a moment, in UTC.
    pub fn floor(self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.duration_trunc(self.length()).unwrap_or(at)
    }

    fn ceil(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let floor = self.floor(at);
        if floor == at { at } else { floor + self.length() }
    }

    /// The whole units between two moments, from the first to the end of the last. Where there is none, they lie
    /// empty at the end.
    fn whole(self, from: DateTime<Utc>, to: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        let (begin, end) = (self.ceil(from), self.floor(to));
        if begin > end { (to, to) } else { (begin, end) }
    }
}

/// A range of time, divided into what each table of sums can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportRange {
    minutes_from: DateTime<Utc>,
    hours_from: DateTime<Utc>,
    days_from: DateTime<Utc>,
    days_to: DateTime<Utc>,
    hours_to: DateTime<Utc>,
    minutes_to: DateTime<Utc>,
}

impl ReportRange {
    /// The range from one moment to before another, of whole minutes. A range that is longer than a
    /// day, or of which there are no minutes any more `now`, is one of whole hours. If it goes up to
    /// `now`, the day, or hour, that is not over counts as one: nothing in it comes later.
    pub fn between(since: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let kept = |at: DateTime<Utc>| now - at < Duration::days(MINUTES_DAYS - 1);
        let from = if until - since <= Duration::days(1) && kept(since) { Unit::Minute } else { Unit::Hour };
        let to = if kept(until) { Unit::Minute } else { Unit::Hour };
        let (minutes_from, mut minutes_to) = (from.floor(since), to.ceil(until));
        if minutes_to >= now {
            let whole = [Unit::Day, Unit::Hour].into_iter().find(|unit| minutes_from <= unit.floor(now));
            minutes_to = whole.map_or(minutes_to, |unit| unit.ceil(minutes_to));
        }
        let (hours_from, hours_to) = Unit::Hour.whole(minutes_from, minutes_to);
        let (days_from, days_to) = Unit::Day.whole(hours_from, hours_to);
        Self { minutes_from, hours_from, days_from, days_to, hours_to, minutes_to }
    }

    pub fn from(&self) -> DateTime<Utc> {
        self.minutes_from
    }

    /// All of the days that the range touches.
    #[must_use]
    pub fn days(&self) -> Self {
        let (from, to) = (Unit::Day.floor(self.minutes_from), Unit::Day.ceil(self.minutes_to));
        Self { minutes_from: from, hours_from: from, days_from: from, days_to: to, hours_to: to, minutes_to: to }
    }
}

/// Whole hours, from that of one moment to that of another, and the whole days among them.
struct HourRange {
    from: DateTime<Utc>,
    days_from: DateTime<Utc>,
    days_to: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl HourRange {
    fn of(since: DateTime<Utc>, until: DateTime<Utc>) -> Self {
        let (from, to) = (Unit::Hour.floor(since), Unit::Hour.floor(until) + Unit::Hour.length());
        let (days_from, days_to) = Unit::Day.whole(from, to);
        Self { from, days_from, days_to, to }
    }

    fn bind<T>(self, statement: QueryAs<'_, Postgres, T, PgArguments>) -> QueryAs<'_, Postgres, T, PgArguments> {
        statement.bind(self.from).bind(self.days_from).bind(self.days_to).bind(self.to)
    }
}

/// What happened in a range of time.
#[derive(Debug, Clone, Default, FromRow)]
pub struct Sums {
    /// A queue, a kind, a worker, a tag, a class of errors, or nothing.
    pub key: String,
    pub enqueued: i64,
    pub started: i64,
    pub completed: i64,
    /// Attempts, those that were lost among them.
    pub failed: i64,
    pub lost: i64,
    pub released: i64,
    pub discarded: i64,
    pub cancelled: i64,
    pub wait_ms_sum: i64,
    pub wait_ms_max: i64,
    pub run_ms_sum: i64,
    pub run_ms_max: i64,
    pub wait_hist: Option<Vec<i64>>,
    pub run_hist: Option<Vec<i64>>,
}

/// One step of a series.
#[derive(Debug, Clone, FromRow)]
pub struct TimePoint {
    pub key: String,
    pub at: DateTime<Utc>,
    pub enqueued: i64,
    pub started: i64,
    pub completed: i64,
    pub failed: i64,
    pub discarded: i64,
    pub hist: Option<Vec<i64>>,
}

impl TimePoint {
    pub fn histogram(&self) -> Histogram {
        Histogram::of(self.hist.clone())
    }
}

/// How deep queues were at most, in a step of a series.
#[derive(Debug, Clone, FromRow)]
pub struct DepthPoint {
    pub key: String,
    pub at: DateTime<Utc>,
    pub available: i64,
    pub running: i64,
    pub latency_ms: i64,
}

/// Failures that are alike.
#[derive(Debug, Clone, FromRow)]
pub struct ErrorGroup {
    pub fingerprint: String,
    pub queue: String,
    pub kind: String,
    pub error_class: String,
    pub message: String,
    pub occurrences: i64,
    pub jobs: i64,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub sample_job_id: Uuid,
    pub retryable: i64,
    pub discarded: i64,
}

/// Where a page of errors begins: after this count and fingerprint.
pub type ErrorPlace = (i64, String);

/// How many jobs are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow)]
pub struct Counts {
    pub pending: i64,
    pub available: i64,
    pub scheduled: i64,
    pub retryable: i64,
    pub running: i64,
    pub completed: i64,
    pub discarded: i64,
    pub cancelled: i64,
}

/// Of what a report tells, and by what.
#[derive(Debug, Clone, Default)]
pub struct ReportOf {
    /// queue, kind, worker, tag, error or none.
    pub group_by: &'static str,
    pub queue: Option<String>,
    pub kind: Option<String>,
}

impl Store {
    /// Sums of a range, for each key; the busiest first.
    pub async fn summarize(&self, of: &ReportOf, range: ReportRange) -> Result<Vec<Sums>> {
        if of.group_by == "worker" {
            let statement = sqlx::query_as(sql!("reports/by_worker")).bind(range.minutes_from).bind(range.minutes_to);
            return self.all(Effect::Read, statement).await;
        }
        if of.group_by == "error" {
            let hours = HourRange::of(range.minutes_from, range.minutes_to - Duration::microseconds(1));
            let statement = hours.bind(sqlx::query_as(sql!("reports/by_error")));
            return self.all(Effect::Read, statement.bind(of.queue.as_deref()).bind(of.kind.as_deref())).await;
        }
        if of.group_by == "tag" {
            let statement = sqlx::query_as(sql!("reports/by_tag"))
                .bind(range.minutes_from)
                .bind(range.minutes_to)
                .bind(of.queue.as_deref())
                .bind(of.kind.as_deref());
            return self.all(Effect::Read, statement).await;
        }
        let statement = sqlx::query_as(sql!("reports/summary"))
            .bind(of.group_by)
            .bind(of.queue.as_deref())
            .bind(of.kind.as_deref())
            .bind(range.minutes_from)
            .bind(range.hours_from)
            .bind(range.hours_to)
            .bind(range.minutes_to)
            .bind(range.days_from)
            .bind(range.days_to);
        self.all(Effect::Read, statement).await
    }

    /// Sums of each step from one moment to before another, from the table of `unit`, with the
    /// histogram `hist` (wait, run or none); by key and time. Steps without anything are left out.
    pub async fn list_time_points(
        &self,
        of: &ReportOf,
        unit: Unit,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        step_ms: i64,
        hist: &str,
    ) -> Result<Vec<TimePoint>> {
        let statement = sqlx::query_as(sql!("reports/timeseries"))
            .bind(of.group_by)
            .bind(of.queue.as_deref())
            .bind(of.kind.as_deref())
            .bind(unit.name())
            .bind(from)
            .bind(to)
            .bind(step_ms)
            .bind(hist);
        self.all(Effect::Read, statement).await
    }

    /// The same of how deep queues were.
    pub async fn list_depth_points(
        &self,
        of: &ReportOf,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        step_ms: i64,
    ) -> Result<Vec<DepthPoint>> {
        let statement = sqlx::query_as(sql!("reports/depth"))
            .bind(of.group_by)
            .bind(of.queue.as_deref())
            .bind(from)
            .bind(to)
            .bind(step_ms);
        self.all(Effect::Read, statement).await
    }

    /// Up to `limit` errors between two moments after a place, the most frequent first.
    pub async fn list_error_groups(
        &self,
        of: &ReportOf,
        (since, until): (DateTime<Utc>, DateTime<Utc>),
        after: Option<&ErrorPlace>,
        limit: i64,
    ) -> Result<Vec<ErrorGroup>> {
        let statement = HourRange::of(since, until)
            .bind(sqlx::query_as(sql!("reports/errors")))
            .bind(of.queue.as_deref())
            .bind(of.kind.as_deref())
            .bind(after.map(|(occurrences, _)| *occurrences))
            .bind(after.map(|(_, fingerprint)| fingerprint.as_str()))
            .bind(limit);
        self.all(Effect::Read, statement).await
    }

    /// How many jobs are in each state, in one queue or all.
    pub async fn count_jobs(&self, queue: Option<&str>) -> Result<Counts> {
        let counts = self.one(Effect::Read, sqlx::query_as(sql!("reports/counts")).bind(queue)).await?;
        Ok(counts.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_is_divided_so_that_each_minute_is_in_one_part() {
        for (since, until) in [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("2026-01-01T10:59:30Z", "2026-01-01T11:00:30Z"),
            ("2026-01-01T10:20:30Z", "2026-01-01T10:40:30Z"),
            ("2026-01-01T10:20:30Z", "2026-01-01T13:40:30Z"),
            ("2026-01-01T10:20:30Z", "2026-01-02T10:20:00Z"),
            ("2026-01-01T10:20:30Z", "2026-01-02T23:59:30Z"),
            ("2026-01-01T00:00:00Z", "2026-03-01T23:59:59Z"),
        ] {
            let range = ReportRange::between(at(since), at(until), at(until));
            assert!(range.minutes_from <= at(since) && at(until) <= range.minutes_to, "{since} {range:?}");
            let long_ago = ReportRange::between(at(since), at(until), at("2026-06-01T00:00:00Z"));
            assert!(Unit::Hour.floor(long_ago.minutes_from) == long_ago.hours_from, "{since}: no minutes");
            assert!(long_ago.hours_to == long_ago.minutes_to, "{since}: no minutes");
            let mut places = vec![range.minutes_from, range.hours_from, range.days_from, range.days_to, range.hours_to];
            places.push(range.minutes_to);
            // Where there is no hour or day, its part lies empty at the end of the coarser one.
            assert!(range.hours_from <= range.hours_to && range.days_from <= range.days_to, "{range:?}");
            let minutes = (range.hours_from - range.minutes_from) + (range.minutes_to - range.hours_to);
            let hours = (range.days_from - range.hours_from) + (range.hours_to - range.days_to);
            let all = minutes + hours + (range.days_to - range.days_from);
            assert_eq!(all, range.minutes_to - range.minutes_from, "{range:?}");
            assert!(places.windows(2).all(|pair| pair[0] <= pair[1]), "{range:?}");
        }
        let days =
            ReportRange::between(at("2026-01-01T00:00:00Z"), at("2026-03-01T23:10:59Z"), at("2026-03-01T23:10:59Z"));
        assert_eq!((days.minutes_from, days.days_from), (days.hours_from, at("2026-01-01T00:00:00Z")));
        assert_eq!((days.days_to, days.minutes_to), (at("2026-03-02T00:00:00Z"), at("2026-03-02T00:00:00Z")));
        let hour =
            ReportRange::between(at("2026-03-01T22:50:00Z"), at("2026-03-01T23:10:59Z"), at("2026-03-01T23:10:59Z"));
        assert_eq!((hour.hours_from, hour.hours_to), (at("2026-03-01T23:00:00Z"), at("2026-03-02T00:00:00Z")));
    }
}

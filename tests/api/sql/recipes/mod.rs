//! Every report of `docs/sql`, on a history whose numbers are computed here as well.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use presque::store::History;
use sqlx::PgConnection;

use super::ask;
use super::history::{Attempt, Job, make};

mod attempts;
mod jobs;
mod sums;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The history, and the time from which reports are made.
struct Past {
    history: History,
    jobs: Vec<Job>,
}

impl Past {
    /// The text of a report whose `now()` is the history's end; `over` instead of its own time.
    fn recipe(&self, name: &str, over: Option<&str>) -> String {
        let sql = fs::read_to_string(format!("{}/docs/sql/{name}.sql", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let sql = sql.replace("now()", &format!("'{}'::timestamptz", self.history.end.to_rfc3339()));
        match (over, sql.split("interval '").nth(1).and_then(|rest| rest.split('\'').next())) {
            (Some(over), Some(own)) => sql.replace(&format!("interval '{own}'"), &format!("interval '{over}'")),
            _ => sql,
        }
    }

    fn at(&self, ms: i64) -> DateTime<Utc> {
        self.history.begin + TimeDelta::milliseconds(ms)
    }

    /// That moment, as PostgreSQL writes it.
    fn time(&self, ms: i64) -> String {
        let text = self.at(ms).format("%Y-%m-%d %H:%M:%S%.3f").to_string();
        let text = text.trim_end_matches('0');
        format!("{}+00", text.strip_suffix('.').unwrap_or(text))
    }

    /// Milliseconds since the history began.
    fn since(&self, ago: i64) -> i64 {
        (self.history.end - self.history.begin).num_milliseconds() - ago
    }

    /// The hour, as seconds, in which that was.
    fn hour(&self, ms: i64) -> i64 {
        self.at(ms).timestamp() / 3600 * 3600
    }

    fn attempts(&self) -> impl Iterator<Item = (&Job, &Attempt)> {
        self.jobs.iter().flat_map(|job| job.attempts.iter().map(move |attempt| (job, attempt)))
    }

    /// Those that ended within this time.
    fn ended(&self, ago: i64) -> impl Iterator<Item = (&Job, &Attempt)> {
        let since = self.since(ago);
        self.attempts().filter(move |(_, attempt)| attempt.ended >= since)
    }

    /// What is added up of a queue and kind, of minutes or hours that began within this time.
    fn sums<K: Ord>(&self, ago: i64, unit: i64, key: impl Fn(&Job, DateTime<Utc>) -> K) -> BTreeMap<K, Sums> {
        let from = (self.at(self.since(ago))).timestamp();
        let mut sums: BTreeMap<K, Sums> = BTreeMap::new();
        let mut add = |job: &Job, ms: i64, change: &dyn Fn(&mut Sums)| {
            let bucket = self.at(ms).timestamp() / unit * unit;
            if bucket >= from {
                change(sums.entry(key(job, DateTime::from_timestamp(bucket, 0).unwrap())).or_default());
            }
        };
        for job in &self.jobs {
            add(job, job.created, &|sums| sums.enqueued += 1);
            for attempt in &job.attempts {
                add(job, attempt.started, &|sums| sums.waits.push(attempt.started - attempt.eligible));
                add(job, attempt.ended, &|sums| {
                    sums.runs.push(attempt.ended - attempt.started);
                    sums.completed += i64::from(attempt.outcome == "completed");
                    sums.failed += i64::from(attempt.outcome != "completed");
                    sums.lost += i64::from(attempt.outcome == "lost");
                });
            }
            add(job, job.finished, &|sums| {
                sums.discarded += i64::from(job.state == "discarded");
                sums.cancelled += i64::from(job.state == "cancelled");
            });
        }
        sums
    }
}

#[derive(Default, Clone)]
struct Sums {
    enqueued: i64,
    completed: i64,
    failed: i64,
    lost: i64,
    discarded: i64,
    cancelled: i64,
    waits: Vec<i64>,
    runs: Vec<i64>,
}

/// `part` of `whole` in percent, rounded half away from zero as PostgreSQL does.
fn pct(part: i64, whole: i64, places: u32) -> String {
    decimal(i128::from(part) * 100, i128::from(whole), places)
}

fn decimal(part: i128, whole: i128, places: u32) -> String {
    let scale = 10_i128.pow(places);
    let scaled = (2 * part * scale + whole) / (2 * whole);
    let places = places as usize;
    if places == 0 { scaled.to_string() } else { format!("{}.{:0places$}", scaled / scale, scaled % scale) }
}

fn bucket(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
    let ms = ms as f64;
    if ms <= 1.0 { 1.0 } else { (1.0 + (4.0 * ms.log2() - 1e-9).ceil()).min(128.0) }
}

/// The quantile of a histogram of these, in whole milliseconds.
fn quantile(measured: &[i64], percent: usize) -> String {
    let mut sorted = measured.to_vec();
    sorted.sort_unstable();
    let i = bucket(sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]);
    if i <= 1.0 { "1".into() } else { ((i - 1.5) / 4.0).exp2().round_ties_even().to_string() }
}

/// `percentile_cont` of these.
fn percentile(measured: &[i64], percent: usize) -> f64 {
    let mut sorted = measured.to_vec();
    sorted.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
    let value = |n: usize| sorted[n] as f64;
    #[expect(clippy::cast_precision_loss, reason = "a test's counts")]
    let place = (sorted.len() - 1) as f64 * percent as f64 / 100.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    value(below) + (value(above) - value(below)) * place.fract()
}

fn utc(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%d %H:%M:%S+00").to_string()
}

fn rows<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Vec<Vec<String>> {
    rows.into_iter().map(Vec::from).collect()
}

async fn session(db: &crate::support::TestDb) -> PgConnection {
    let mut connection = db.connect().await;
    ask(&mut connection, "set timezone = 'UTC'; set default_transaction_read_only = on").await.unwrap();
    connection
}

async fn past() -> (crate::support::TestDb, PgConnection, Past) {
    let (db, history, jobs) = make(6000, 16).await;
    let connection = session(&db).await;
    (db, connection, Past { history, jobs })
}

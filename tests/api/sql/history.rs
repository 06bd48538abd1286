//! The generated history, computed once more: what `store/history/make_jobs.sql` makes of a number.

use chrono::{DateTime, TimeDelta};
use presque::store::{History, HistoryWriter};

use crate::support::TestDb;

/// An attempt, with its times in milliseconds since the history began.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) number: i64,
    pub(super) eligible: i64,
    pub(super) started: i64,
    pub(super) ended: i64,
    /// completed, failed or lost
    pub(super) outcome: &'static str,
}

/// A job and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) g: i64,
    pub(super) queue: String,
    pub(super) kind: String,
    pub(super) tenant: String,
    pub(super) worker: String,
    pub(super) error_class: String,
    pub(super) created: i64,
    pub(super) finished: i64,
    pub(super) state: &'static str,
    pub(super) attempts: Vec<Attempt>,
}

impl Job {
    /// How long its last attempt ran, if there was one.
    pub(super) fn last_run(&self) -> Option<i64> {
        self.attempts.last().map(|last| last.ended - last.started)
    }
}

/// A number that looks drawn: the same formula as in the statement.
fn draw(g: i64, factor: i64, offset: i64) -> i64 {
    (g * factor + offset) % 2_147_483_647
}

pub(super) fn job(g: i64, history: &History) -> Job {
    let created = history.length_ms() * g / history.jobs;
    let slow = if draw(g, 668_265_263, 7) % 50 == 0 { 60 } else { 1 };
    let wait = 10 + draw(g, 3_266_489_917, 5 * 40_503) % 2000 * slow;
    let run = 5 + draw(g, 3_266_489_917, 11 * 40_503) % 3000;
    let fate = draw(g, 374_761_393, 6 * 40_503) % 100;
    let (tries, state) = match fate {
        0..90 => (1, "completed"),
        90..98 => (2, "completed"),
        98 => (3, "discarded"),
        _ => (0, "cancelled"),
    };
    let attempts: Vec<Attempt> = (0..tries)
        .map(|n| {
            let started = created + wait + n * (run + 5000);
            let last = n + 1 == tries;
            let outcome = match state {
                "completed" if last => "completed",
                _ if fate == 97 => "lost",
                _ => "failed",
            };
            Attempt {
                number: n + 1,
                eligible: if n == 0 { created } else { started },
                started,
                ended: started + run,
                outcome,
            }
        })
        .collect();
    Job {
        g,
        queue: format!("history-{}", draw(g, 2_654_435_761, 40_503) % 10),
        kind: format!("kind-{}", draw(g, 1_540_483_477, 2 * 40_503) % 4),
        tenant: format!("tenant:{}", draw(g, 2_246_822_519, 3 * 40_503) % 50),
        worker: format!("host-{}", draw(g, 374_761_393, 9 * 40_503) % 20),
        error_class: format!("class_{}", draw(g, 2_246_822_519, 8 * 40_503) % 5),
        created,
        finished: attempts.last().map_or(created + wait, |last| last.ended),
        state,
        attempts,
    }
}

/// A database with a history of this many jobs, which ends about now, and the jobs.
pub(super) async fn make(jobs: i64, days: i64) -> (TestDb, History, Vec<Job>) {
    let db = TestDb::fresh().await;
    let mut writer = HistoryWriter::connect(&db.options).await.unwrap();
    let (is_there, now) = writer.look().await.unwrap();
    assert!(!is_there);
    let end = DateTime::from_timestamp(now.timestamp(), 0).unwrap();
    let history = History { jobs, begin: end - TimeDelta::days(days), end };
    writer.prepare(&history).await.unwrap();
    writer.make_jobs(&history, 0, jobs / 3).await.unwrap();
    writer.make_jobs(&history, jobs / 3, jobs).await.unwrap();
    for day in history.days() {
        writer.make_sums(day).await.unwrap();
    }
    assert!(writer.look().await.unwrap().0);
    writer.analyze().await.unwrap();
    let all = (0..jobs).map(|g| job(g, &history)).collect();
    (db, history, all)
}

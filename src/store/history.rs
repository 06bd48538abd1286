//! A history of jobs that follows from a few numbers: for measuring reports, and for testing them.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::sql;

/// How long the fate of a job takes at most, with room: two minutes of waiting and three attempts.
const FATE: TimeDelta = TimeDelta::minutes(5);

/// What is made: jobs evenly spread over a time, and all that became of them.
#[derive(Debug, Clone, Copy)]
pub struct History {
    pub jobs: i64,
    pub begin: DateTime<Utc>,
    /// Nothing happened after that.
    pub end: DateTime<Utc>,
}

impl History {
    /// From when the first job was enqueued to when the last one would have been, in milliseconds.
    pub fn length_ms(&self) -> i64 {
        (self.end - FATE - self.begin).num_milliseconds()
    }

    /// The days (UTC) that it touches.
    pub fn days(&self) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let first = self.begin.duration_trunc(TimeDelta::days(1)).unwrap_or(self.begin);
        let end = self.end;
        (0..).map(move |n| first + TimeDelta::days(n)).take_while(move |day| *day < end)
    }
}

/// A connection that writes a history, with the planner as PostgreSQL comes.
#[derive(Debug)]
pub struct HistoryWriter(PgConnection);

impl HistoryWriter {
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(options: &PgConnectOptions) -> sqlx::Result<Self> {
        let options = options.clone().application_name("presque").options([("timezone", "UTC")]);
        Ok(Self(options.connect().await?))
    }

    /// Whether the database holds one already, and the database's time.
    pub async fn look(&mut self) -> sqlx::Result<(bool, DateTime<Utc>)> {
        sqlx::query_as(sql!("history/look")).fetch_one(&mut self.0).await
    }

    /// Makes queues and partitions for it.
    pub async fn prepare(&mut self, history: &History) -> sqlx::Result<()> {
        sqlx::query(sql!("history/make_queues")).execute(&mut self.0).await?;
        sqlx::query(sql!("history/make_days")).bind(history.begin).bind(history.end).execute(&mut self.0).await?;
        Ok(())
    }

    /// Makes the jobs from number `from` to before `to`, with what became of them.
    pub async fn make_jobs(&mut self, history: &History, from: i64, to: i64) -> sqlx::Result<()> {
        sqlx::query(sql!("history/make_jobs"))
            .bind(from)
            .bind(to)
            .bind(history.jobs)
            .bind(history.begin)
            .bind(history.length_ms())
            .execute(&mut self.0)
            .await?;
        Ok(())
    }

    /// Adds up one of its days, all of whose jobs are made.
    pub async fn make_sums(&mut self, day: DateTime<Utc>) -> sqlx::Result<()> {
        let next = day + TimeDelta::days(1);
        sqlx::query(sql!("history/make_sums")).bind(day).bind(next).execute(&mut self.0).await?;
        Ok(())
    }

    /// Counts values for the planner.
    pub async fn analyze(mut self) -> sqlx::Result<()> {
        sqlx::query(sql!("history/analyze")).execute(&mut self.0).await?;
        self.0.close().await
    }
}

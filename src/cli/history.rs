//! `presque bench history`: a history to measure reports on.

use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;

use crate::bench::{BenchArgs, Failed, progress};
use crate::store::{History, HistoryWriter, Store};

/// Jobs made by one statement.
const JOBS_AT_ONCE: u64 = 20_000;

/// Fills a database, and says what to do with it.
pub(super) async fn fill(args: &BenchArgs) -> Result<String, Failed> {
    let Some(url) = &args.database_url else {
        return Err(Failed::Usage("a history is written into a database: --database-url says into which".into()));
    };
    let options: PgConnectOptions =
        url.parse().map_err(|error: sqlx::Error| Failed::Usage(format!("--database-url: {error}")))?;
    Store::migrate(&options).await.map_err(|error| Failed::Unreachable(error.to_string()))?;
    let mut writer = HistoryWriter::connect(&options).await.map_err(unreachable)?;
    let (is_there, end) = writer.look().await.map_err(failed)?;
    if is_there {
        return Err(Failed::NotEmpty("history-0".into()));
    }
    let days = i64::try_from(args.days).unwrap_or(i64::MAX);
    let jobs = i64::try_from(args.jobs).unwrap_or(i64::MAX);
    let history = History { jobs, begin: end - TimeDelta::days(days), end };
    writer.prepare(&history).await.map_err(failed)?;
    let bar = progress(args.jobs, "making jobs", "jobs");
    for from in (0..args.jobs).step_by(usize::try_from(JOBS_AT_ONCE).unwrap_or(usize::MAX)) {
        let to = (from + JOBS_AT_ONCE).min(args.jobs);
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        writer.make_jobs(&history, number(from), number(to)).await.map_err(failed)?;
        bar.inc(to - from);
    }
    bar.finish_and_clear();
    let bar = progress(history.days().count() as u64, "adding up", "days");
    for day in history.days() {
        writer.make_sums(day).await.map_err(failed)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    writer.analyze().await.map_err(failed)?;
    Ok(format!(
        "{} jobs of {days} days in ten queues, history-0 to history-9. Next: presque sql list --database-url ...\n",
        args.jobs
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err takes")]
fn unreachable(error: sqlx::Error) -> Failed {
    Failed::Unreachable(format!("the database cannot be reached: {error}"))
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err takes")]
fn failed(error: sqlx::Error) -> Failed {
    Failed::Request(format!("the database refused: {error}"))
}

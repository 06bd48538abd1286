//! `presque bench`: how fast a server is, asked over HTTP like any client asks.

mod connection;
mod ends;
mod report;
mod runs;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use tokio::task::JoinSet;

use connection::{Connection, Error, Server};
pub use report::Output;
use report::{Measured, Report};
use runs::{LatencyOf, Load};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Put jobs in
    Enqueue,
    /// Claim and complete jobs that were put in before
    Work,
    /// Both at once: how long a job takes from its producer to its worker
    E2e,
    /// Fill a database with a history of jobs, to measure reports on; nothing is measured
    History,
}

/// How a server is measured.
#[derive(Debug, Clone, clap::Args)]
pub struct BenchArgs {
    /// What to measure
    #[arg(value_enum)]
    pub what: What,

    /// The server
    #[arg(
        long,
        env = "PRESQUE_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:5000",
        value_name = "URL"
    )]
    pub url: String,

    /// How many jobs (1 to 100000000)
    #[arg(long, default_value_t = 20_000, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub jobs: u64,

    /// Producers at once, each with a connection of its own (1 to 10000)
    #[arg(long, default_value_t = 32, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub clients: u64,

    /// Workers at once, each with a connection of its own (1 to 10000)
    #[arg(long, default_value_t = 8, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub workers: u64,

    /// Jobs in one request (1 to 1000); 1 is the calls for a single job
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub batch: u64,

    /// Bytes of a job's payload (16 to 1000000)
    #[arg(long, default_value_t = 256, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(16..=1_000_000))]
    pub payload: u64,

    /// Jobs a second that are put in, all producers together; as fast as possible if absent
    ///
    /// Latency then counts from the moment at which a request was due, so that a server that
    /// stalls is not measured the less for it.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub rate: Option<u64>,

    /// How many queues the jobs are spread over (1 to 1000)
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub queues: u64,

    /// What the queues are called; a number follows
    #[arg(long, default_value = "bench", value_name = "NAME")]
    pub queue: String,

    /// Of a history: the database it is written into, which should serve nothing else
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,

    /// Of a history: how many days it goes back (1 to 366)
    #[arg(long, default_value_t = 30, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=366))]
    pub days: u64,

    /// Go on although there are jobs in these queues
    #[arg(long)]
    pub yes: bool,

    /// How the result is printed
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("queue {0} is not empty; --yes goes on all the same, but for a history")]
    NotEmpty(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Request(String),
    #[error("{0}")]
    Unreachable(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::Address(_) => Self::Usage(error.to_string()),
            Error::Unreachable(..) => Self::Unreachable(error.to_string()),
            _ => Self::Request(error.to_string()),
        }
    }
}

/// Measures, and answers what is to be printed.
pub async fn run(args: BenchArgs) -> Result<String, Failed> {
    let server = Server::parse(&args.url)?;
    let queues: Vec<String> = (0..args.queues).map(|n| format!("{}-{n}", args.queue)).collect();
    let mut connection = Connection::open(&server).await?;
    for queue in &queues {
        let known = connection.find(&format!("/v1/queues/{queue}")).await?;
        if !args.yes && known.as_ref().is_some_and(|known| unfinished(known) > 0) {
            return Err(Failed::NotEmpty(queue.clone()));
        }
    }
    let load = Load::new(&args, server, queues);
    let output = args.output;
    let report = match args.what {
        What::Enqueue => {
            let (took, measured) = produce(&load, args.clients, "enqueue").await?;
            Report { what: "enqueue", latency_of: "latency of a request", took, measured }
        }
        What::Work => {
            produce(&load.filling(), 4, "putting jobs in").await?;
            let (took, measured) = consume(&load, args.workers, LatencyOf::Request).await?;
            Report { what: "work", latency_of: "latency of a request", took, measured }
        }
        What::E2e => {
            // If one of them fails, the other ends.
            let load = load.with_both_ends();
            let both = (produce(&load, args.clients, ""), consume(&load, args.workers, LatencyOf::Job));
            let ((_, produced), (took, mut measured)) = tokio::try_join!(both.0, both.1)?;
            measured.add_after_answer(&produced);
            let latency_of = "from when a producer's request was due until a worker has the job";
            Report { what: "e2e", latency_of, took, measured }
        }
        What::History => return Err(Failed::Usage("a history is not measured".into())),
    };
    Ok(report.print(output))
}

fn unfinished(queue: &Value) -> u64 {
    ["available", "scheduled", "retryable", "running"].iter().filter_map(|state| queue["counts"][state].as_u64()).sum()
}

async fn produce(load: &Load, clients: u64, name: &'static str) -> Result<(Duration, Measured), Failed> {
    let bar = progress(load.jobs, name, "jobs");
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        tasks.spawn(runs::enqueue(load.clone(), client, clients, bar.clone()));
    }
    gather(tasks, &bar).await
}

async fn consume(load: &Load, workers: u64, of: LatencyOf) -> Result<(Duration, Measured), Failed> {
    let bar = progress(load.jobs, if of == LatencyOf::Job { "e2e" } else { "work" }, "jobs");
    let done = Arc::default();
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        tasks.spawn(runs::work(load.clone(), worker, Arc::clone(&done), of, bar.clone()));
    }
    gather(tasks, &bar).await
}

async fn gather(
    mut tasks: JoinSet<Result<Measured, Error>>,
    bar: &ProgressBar,
) -> Result<(Duration, Measured), Failed> {
    let begun = Instant::now();
    let mut all = Measured::default();
    while let Some(one) = tasks.join_next().await {
        all.add(&one.map_err(|error| Failed::Request(error.to_string()))??);
    }
    bar.finish_and_clear();
    Ok((all.ended.map_or(begun.elapsed(), |ended| ended - begun), all))
}

/// A bar of how many of `count` are done, on a terminal only; without a name, none.
pub fn progress(count: u64, name: &'static str, unit: &'static str) -> ProgressBar {
    if name.is_empty() || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::hidden());
    }
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar} {human_pos}/{human_len} {msg}, {per_sec}, {eta} left");
    ProgressBar::new(count)
        .with_prefix(name)
        .with_message(unit)
        .with_style(style.unwrap_or(ProgressStyle::default_bar()))
}

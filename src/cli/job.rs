//! `presque job`: jobs of a server, over HTTP.

use std::fs::Permissions;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Response;
use axum::http::header::LOCATION;
use clap::{Subcommand, ValueEnum};
use http_body_util::{BodyExt as _, Collected};
use hyper::body::{Frame, Incoming};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::NamedTempFile;

use super::Failure;
use super::get::{Unreachable, get, shown};
use crate::config::LogArgs;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write jobs to a file or to standard output
    ///
    /// All that pass the filters, the newest first. Of several values of one filter any may
    /// hold, of --tag all.
    Export(Box<Export>),
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The server, as http://host:port, or https
    #[arg(
        long,
        env = "PRESQUE_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:5000",
        value_name = "URL"
    )]
    url: String,

    /// The file; it is written beside it and put there when all is in it. Default: standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How jobs are written
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,

    /// In this queue; may be repeated, like the others
    #[arg(long, value_name = "NAME")]
    queue: Vec<String>,

    /// Of this kind
    #[arg(long, value_name = "NAME")]
    kind: Vec<String>,

    /// In this state: pending, scheduled, available, running, retryable, completed, discarded or cancelled
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,

    /// With this tag
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,

    /// Of this schedule
    #[arg(long, value_name = "ID")]
    schedule_id: Vec<String>,

    /// Held, or last worked on, by this worker
    #[arg(long, value_name = "ID")]
    worker_id: Vec<String>,

    /// Whose latest failure is of this class
    #[arg(long, value_name = "CLASS")]
    error_class: Vec<String>,

    /// Whose latest failure has this fingerprint
    #[arg(long, value_name = "TEXT")]
    error_fingerprint: Vec<String>,

    /// With this text in the error message
    #[arg(long, value_name = "TEXT")]
    q: Vec<String>,

    /// Enqueued after this moment, like 2026-11-23T00:00:00Z
    #[arg(long, value_name = "TIME")]
    created_after: Vec<String>,

    /// Enqueued before this moment
    #[arg(long, value_name = "TIME")]
    created_before: Vec<String>,

    /// Finished after this moment
    #[arg(long, value_name = "TIME")]
    finished_after: Vec<String>,

    /// Finished before this moment
    #[arg(long, value_name = "TIME")]
    finished_before: Vec<String>,

    /// JSON that the payload contains
    #[arg(long, value_name = "JSON")]
    payload: Vec<String>,

    /// What else is written: payload, result
    #[arg(long, value_name = "WHAT")]
    include: Vec<String>,

    /// How many at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// How jobs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A job a line, as JSON
    Ndjson,
    /// With a line of names
    Csv,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let Action::Export(export) = &args.action;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::new(1, &error))?;
    runtime.block_on(run_export(export))
}

impl Export {
    fn query(&self) -> String {
        let filters = [
            ("queue", &self.queue),
            ("kind", &self.kind),
            ("state", &self.state),
            ("tag", &self.tag),
            ("schedule_id", &self.schedule_id),
            ("worker_id", &self.worker_id),
            ("error_class", &self.error_class),
            ("error_fingerprint", &self.error_fingerprint),
            ("q", &self.q),
            ("created_after", &self.created_after),
            ("created_before", &self.created_before),
            ("finished_after", &self.finished_after),
            ("finished_before", &self.finished_before),
            ("payload", &self.payload),
            ("include", &self.include),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("format", if self.format == Format::Csv { "csv" } else { "ndjson" });
        for (name, values) in filters {
            query.extend_pairs(values.iter().map(|value| (name, value)));
        }
        if let Some(limit) = self.limit {
            query.append_pair("limit", &limit.to_string());
        }
        query.finish()
    }
}

async fn run_export(export: &Export) -> Result<(), Failure> {
    let url = format!("{}/v1/jobs/export?{}", export.url.trim_end_matches('/'), export.query());
    let unreachable =
        |error: Unreachable| Failure::new(6, &format!("{}: {}", shown(&export.url), reason(error.as_ref())));
    let mut response = get(&url).await.map_err(unreachable)?;
    if !response.status().is_success() {
        let code = if response.status().is_client_error() { 2 } else { 1 };
        return Err(Failure::new(code, &told(response).await));
    }
    let target = Target::open(export.output.as_ref()).map_err(|error| Failure::new(1, &error))?;
    let mut out = BufWriter::new(target);
    let bar = progress();
    let mut lines = 0_u64;
    loop {
        match response.frame().await.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(part))) => {
                match out.write_all(&part) {
                    // A reader that has had enough is no failure.
                    Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                    outcome => outcome.map_err(|error| Failure::new(1, &error))?,
                }
                lines += part.split(|byte| *byte == b'\n').count() as u64 - 1;
                bar.set_position(lines);
            }
            // Trailers, which this server does not send.
            Some(Ok(Err(_))) => {}
            None => break,
            Some(Err(error)) => {
                let message =
                    format!("the export broke off after {lines} lines, so this is not all: {}", reason(&error));
                return Err(Failure::new(1, &message));
            }
        }
    }
    bar.finish_and_clear();
    let target = out.into_inner().map_err(|error| Failure::new(1, &error))?;
    target.finish().map_err(|error| Failure::new(1, &error))
}

/// What a refusal says: the server's text, and each fault of a parameter.
async fn told(response: Response<Incoming>) -> String {
    let status = response.status();
    if status.is_redirection() {
        let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
        // Another page of the same server, or another server, whose URL may hold a password.
        let place = if place.contains("://") { shown(place) } else { place.to_owned() };
        return format!("the server answered {status} and sends to {place}: name the one that has the jobs");
    }
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let Some(detail) = problem["detail"].as_str() else { return format!("the server answered {status}: {text}") };
    let fault =
        |fault: &serde_json::Value| Some(format!("{}: {}", fault["pointer"].as_str()?, fault["message"].as_str()?));
    let faults: Vec<String> = problem["errors"].as_array().into_iter().flatten().filter_map(fault).collect();
    if faults.is_empty() { detail.to_owned() } else { format!("{detail}: {}", faults.join("; ")) }
}

/// The innermost cause, which says most.
fn reason(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// A file that is there when all is in it, and is not left behind otherwise; or standard output.
enum Target {
    Stdout(std::io::Stdout),
    File { file: NamedTempFile, path: PathBuf },
}

impl Target {
    fn open(path: Option<&PathBuf>) -> std::io::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout(std::io::stdout())) };
        // On the same file system, and as readable as any new file.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
        Ok(Self::File { file, path: path.clone() })
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush(),
            Self::File { file, path } => {
                file.as_file().sync_all()?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

impl Write for Target {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(part),
            Self::File { file, .. } => file.write(part),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

/// On a terminal only. How many there will be nobody knows.
fn progress() -> ProgressBar {
    let bar = ProgressBar::no_length();
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} lines, {per_sec}, {elapsed}");
    bar.enable_steady_tick(Duration::from_millis(100));
    bar.with_style(style.unwrap_or(ProgressStyle::default_spinner()))
}

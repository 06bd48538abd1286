//! The command line: one file per command.

mod doctor;
mod get;
mod history;
mod job;
mod migrate;
mod recipes;
mod sql;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::bench::{self, BenchArgs};
use crate::config::{LogArgs, ServeArgs};
use crate::store::MigrateError;
use crate::{http, serve, telemetry};

const EXAMPLES: &str = "\
Examples:
  presque serve                                  a server with a private PostgreSQL
  presque serve --database-url postgres://...    a server on a PostgreSQL of yours
  presque migrate status                         what the schema has and lacks
  presque doctor                                 what is wrong with the database, and what helps
  presque sql run throughput                     a report on the history of jobs
  presque job export --queue mail > jobs.ndjson  jobs, for another program
  presque bench e2e --rate 500                   how long jobs take, at 500 a second
  presque openapi > openapi.yaml                 the API, for client generators
  presque completions bash                       completions for your shell";

/// The durable job queue that any language can use over HTTP
#[derive(Debug, Parser)]
#[command(name = "presque", version, before_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server
    ///
    /// Any number of servers may share a database; a load balancer needs nothing but
    /// GET /readyz. SIGTERM drains, a second one stops at once.
    Serve(Box<ServeArgs>),
    /// Bring the database's schema up to date, or show how it stands
    Migrate(migrate::Args),
    /// Look at the database: what is wrong with it, and what helps
    ///
    /// It changes nothing. Exit code 1 if it found an error, 6 if the database cannot be reached.
    Doctor(doctor::Args),
    /// Jobs of a server: write them to a file
    Job(job::Args),
    /// Report on the history of jobs, with SQL that is ready to run or to copy
    Sql(sql::Args),
    /// Measure how fast a server is, over HTTP
    ///
    /// Puts jobs into queues of its own, and takes them out again. It uses the machine it runs
    /// on: on the server's machine, both are measured together.
    Bench(Box<BenchArgs>),
    /// Print the OpenAPI document (YAML)
    Openapi {
        /// OpenAPI 3.0.3, for generators that know no other
        #[arg(long = "v3.0")]
        v30: bool,
    },
    /// Print completions for a shell
    Completions {
        /// bash, zsh, fish, powershell or elvish
        shell: clap_complete::Shell,
    },
}

/// A command that did not do what it should, and the exit code that says so.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// 1: it failed. 2: it was called wrongly. 4: something is in the way. 6: something is not
    /// reachable.
    fn new(code: u8, message: &impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<serve::Error> for Failure {
    fn from(error: serve::Error) -> Self {
        let code = match &error {
            serve::Error::Usage(_) => 2,
            serve::Error::Database(_) | serve::Error::Migrate(MigrateError::Connect(_)) => 6,
            _ => 1,
        };
        Self::new(code, &error)
    }
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => {
            log(&args.log, args.otlp_endpoint.as_deref()).and_then(|_telemetry| Ok(serve::run(&args)?))
        }
        Command::Migrate(args) => log(&args.log, None).and_then(|_telemetry| migrate::run(&args)),
        Command::Doctor(args) => log(&args.log, None).and_then(|_telemetry| doctor::run(&args)),
        Command::Job(args) => log(&args.log, None).and_then(|_telemetry| job::run(&args)),
        Command::Sql(args) => log(&args.log, None).and_then(|_telemetry| sql::run(&args)),
        Command::Bench(args) => measure(*args),
        Command::Openapi { v30 } => http::yaml(if v30 { http::Variant::V30 } else { http::Variant::V31 })
            .map_err(|error| Failure::new(1, &error))
            .and_then(|yaml| print(&yaml)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "presque", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "presque: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn measure(args: BenchArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::new(1, &error))?;
    let outcome = runtime.block_on(async {
        // The one that speaks to a database.
        if args.what == bench::What::History { history::fill(&args).await } else { bench::run(args).await }
    });
    match outcome {
        Ok(text) => print(&text),
        Err(error @ bench::Failed::Usage(_)) => Err(Failure::new(2, &error)),
        Err(error @ bench::Failed::NotEmpty(_)) => Err(Failure::new(4, &error)),
        Err(error @ bench::Failed::Unreachable(_)) => Err(Failure::new(6, &error)),
        Err(error @ bench::Failed::Request(_)) => Err(Failure::new(1, &error)),
    }
}

fn log(args: &LogArgs, otlp: Option<&str>) -> Result<telemetry::Telemetry, Failure> {
    telemetry::init(args, otlp).map_err(|error| Failure::new(2, &error))
}

/// Writes to standard output; a reader that has had enough is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(1, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The table of settings in `docs/operations.md`, made from the command line.
    fn settings_table() -> String {
        use std::fmt::Write as _;
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let mut table = String::from("| flag | variable | default | what it does |\n|---|---|---|---|\n");
        for arg in serve.get_arguments().filter(|arg| !arg.is_hide_set() && arg.get_id() != "help") {
            let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
            let default = match values.join(",") {
                text if text.is_empty() && !arg.get_action().takes_values() => "false".to_owned(),
                text if text.is_empty() => "none".to_owned(),
                text => text,
            };
            let (flag, env) = (arg.get_long().unwrap(), arg.get_env().unwrap().to_string_lossy());
            let help = arg.get_help().unwrap().to_string();
            writeln!(table, "| `--{flag}` | `{env}` | `{default}` | {help} |").unwrap();
        }
        table
    }

    #[test]
    fn the_settings_on_the_operations_page_are_those_of_the_program() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md"));
        let (_, rest) = page.split_once("<!-- settings:begin -->\n").unwrap();
        let (table, _) = rest.split_once("<!-- settings:end -->").unwrap();
        let wanted = settings_table();
        assert!(table == wanted, "docs/operations.md is old; between the marks should stand:\n{wanted}");
    }

    #[test]
    fn every_setting_of_serve_has_a_variable_and_a_help_text() {
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        for arg in serve.get_arguments().filter(|arg| arg.get_id() != "help") {
            assert!(arg.get_env().is_some(), "{} has no variable", arg.get_id());
            assert!(arg.is_hide_set() || arg.get_help().is_some(), "{} has no help", arg.get_id());
        }
    }
}

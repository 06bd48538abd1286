//! `presque sql`: reports on the history of jobs, ready to run or to copy.

use std::time::{Duration, Instant};

use clap::{Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table as Drawn, presets};
use serde_json::{Map, Value};

use super::recipes::{RECIPES, Recipe, is_time};
use super::{Failure, print};
use crate::config::{DatabaseArgs, LogArgs};
use crate::serve::Database;
use crate::store::{Reporter, Table};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the reports
    List,
    /// Print the SQL of a report
    Show {
        /// Its name, as `presque sql list` prints it
        name: String,
    },
    /// Run a report and print a table
    ///
    /// In a session that cannot write. A replica will do, and so will a login that may only read.
    Run {
        /// Its name, as `presque sql list` prints it
        name: String,

        /// Look back over this time instead, like "30 days" or "6 hours"
        #[arg(long, value_name = "TIME")]
        over: Option<String>,

        /// How the result is printed
        #[arg(short, long, value_enum, default_value_t = Output::Table)]
        output: Output,

        /// End it when it takes longer than this many seconds (1 to 86400)
        #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
        timeout: u64,

        #[command(flatten)]
        database: DatabaseArgs,
    },
}

/// How a table is printed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// For people
    Table,
    /// For spreadsheets
    Csv,
    /// One object a line, every value a text or null
    Ndjson,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    match &args.action {
        Action::List => print(&list()),
        Action::Show { name } => print(find(name)?.sql),
        Action::Run { name, over, output, timeout, database } => {
            let recipe = find(name)?;
            if recipe.is_example() {
                let message = format!("{name} is to be copied: presque sql show {name}");
                return Err(Failure::new(2, &message));
            }
            let statement = statement(recipe, over.as_deref())?;
            let (table, took) = ask(database, &statement, Duration::from_secs(*timeout))?;
            print(&text(&table, *output, took)?)
        }
    }
}

fn list() -> String {
    let mut table = table(["name", "over", "what it tells"]);
    for recipe in RECIPES {
        table.add_row([
            recipe.name,
            recipe.over().unwrap_or(if recipe.is_example() { "example" } else { "" }),
            recipe.title(),
        ]);
    }
    format!("{table}\n\npresque sql show NAME prints one, presque sql run NAME runs it. docs/sql.md tells more.\n")
}

fn find(name: &str) -> Result<&'static Recipe, Failure> {
    RECIPES
        .iter()
        .find(|recipe| recipe.name == name)
        .ok_or_else(|| Failure::new(2, &format!("there is no report {name:?}; presque sql list shows those there are")))
}

fn statement(recipe: &Recipe, over: Option<&str>) -> Result<String, Failure> {
    let Some(time) = over else { return Ok(recipe.sql.to_owned()) };
    if !is_time(time) {
        let message = format!("--over {time:?}: write a number and minutes, hours, days or weeks, like \"30 days\"");
        return Err(Failure::new(2, &message));
    }
    recipe
        .over_time(time)
        .ok_or_else(|| Failure::new(2, &format!("{} has no time that could be changed by --over", recipe.name)))
}

/// What the database answers, and how long it took.
fn ask(database: &DatabaseArgs, statement: &str, timeout: Duration) -> Result<(Table, Duration), Failure> {
    let database = Database::open(database)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::new(1, &error))?;
    runtime.block_on(async {
        let reporter = Reporter::connect(&database.options, timeout).await.map_err(|error| Failure::new(6, &error))?;
        let begun = Instant::now();
        let table = reporter.run(statement).await.map_err(|error| Failure::new(1, &refused(&error)))?;
        Ok((table, begun.elapsed()))
    })
}

/// What helps, where that is known.
fn refused(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default().into_owned();
    match code.as_str() {
        "57014" => "it took longer than --timeout allows".to_owned(),
        "42501" => {
            format!("{error}: the login must be a member of presque_reader, for payloads of presque_payload_reader too")
        }
        "3F000" | "42P01" | "42883" => {
            format!("{error}: the schema presque is not there; run presque migrate up as its owner")
        }
        _ => error.to_string(),
    }
}

fn table<const N: usize>(header: [&str; N]) -> Drawn {
    let mut table = Drawn::new();
    table.load_preset(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}

fn text(answer: &Table, output: Output, took: Duration) -> Result<String, Failure> {
    match output {
        Output::Table => {
            let mut drawn = table([]);
            drawn.set_header(&answer.columns);
            for row in &answer.rows {
                drawn.add_row(row.iter().map(|value| value.as_deref().unwrap_or("")));
            }
            Ok(format!("{drawn}\n{} row(s), {} ms\n", answer.rows.len(), took.as_millis()))
        }
        Output::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let rows = answer.rows.iter().map(|row| row.iter().map(|value| value.as_deref().unwrap_or("")).collect());
            let header = answer.columns.iter().map(String::as_str).collect::<Vec<_>>();
            for record in std::iter::once(header).chain(rows) {
                writer.write_record(record).map_err(|error| Failure::new(1, &error))?;
            }
            let bytes = writer.into_inner().map_err(|error| Failure::new(1, &error))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        Output::Ndjson => {
            let object = |row: &Vec<Option<String>>| {
                let values = row.iter().map(|value| value.clone().map_or(Value::Null, Value::String));
                let members: Map<String, Value> = answer.columns.iter().cloned().zip(values).collect();
                format!("{}\n", Value::Object(members))
            };
            Ok(answer.rows.iter().map(object).collect())
        }
    }
}

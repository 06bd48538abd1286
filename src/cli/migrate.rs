//! `presque migrate`: the schema, without serving.

use clap::ValueEnum;

use super::{Failure, print};
use crate::config::{DatabaseArgs, LogArgs};
use crate::serve::Database;
use crate::store::{Function, MigrateError, Migration, Store};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[arg(value_enum, default_value_t = Action::Up)]
    action: Action,

    #[command(flatten)]
    database: DatabaseArgs,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    /// Apply what is missing
    Up,
    /// Show what is applied and what is missing, and functions of another version; changes nothing
    Status,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let database = Database::open(&args.database)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::new(1, &error))?;
    let text = runtime.block_on(async {
        database.create().await?;
        match args.action {
            Action::Up => up(&database).await,
            Action::Status => status(&database).await,
        }
    })?;
    print(&text)
}

async fn up(database: &Database) -> Result<String, Failure> {
    let missing = |steps: &[Migration]| steps.iter().filter(|step| !step.applied).count();
    let before = missing(&Store::migrations(&database.options).await?);
    let made = Store::migrate(&database.options).await?;
    Ok(match (before, made) {
        (0, 0) => "The schema is up to date.\n".to_owned(),
        (0, made) => format!("Made {made} function(s) anew. The schema is up to date.\n"),
        (applied, _) => format!("Applied {applied} migration(s). The schema is up to date.\n"),
    })
}

async fn status(database: &Database) -> Result<String, Failure> {
    let steps = Store::migrations(&database.options).await?;
    let step = |step: &Migration| {
        format!("{:04}  {:8} {}\n", step.version, if step.applied { "applied" } else { "missing" }, step.description)
    };
    let text: String = steps.iter().map(step).collect();
    if steps.iter().any(|step| !step.applied) {
        return Ok(text);
    }
    let function = |Function { name, is_there }: &Function| {
        let what = if *is_there { "another version" } else { "missing" };
        format!("function presque_internal.{name}: {what}; `presque migrate up` makes it anew\n")
    };
    let functions = Store::differing_functions(&database.options).await?;
    Ok(text + &functions.iter().map(function).collect::<String>())
}

impl From<MigrateError> for Failure {
    fn from(error: MigrateError) -> Self {
        match &error {
            MigrateError::Connect(_) => Self::new(6, &error),
            _ => Self::new(1, &error),
        }
    }
}

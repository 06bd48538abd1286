//! `presque doctor`: looks at the database and says what helps.

use super::{Failure, print};
use crate::config::{DatabaseArgs, LogArgs};
use crate::doctor::{self, Output};
use crate::serve::Database;
use crate::store::doctor::Probe;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How the findings are printed
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    #[command(flatten)]
    database: DatabaseArgs,

    #[command(flatten)]
    pub(super) log: LogArgs,
}

/// Prints what was found; a failure if an error is among it, for scripts.
pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let database = Database::open(&args.database)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Failure::new(1, &error))?;
    let report = runtime.block_on(async {
        database.create().await?;
        let pooled = !args.database.prepared_statements;
        let probe = Probe::connect(&database.options, pooled).await.map_err(|error| Failure::new(6, &error))?;
        Ok::<_, Failure>(doctor::examine(probe).await)
    })?;
    print(&report.print(args.output))?;
    match report.errors() {
        0 => Ok(()),
        errors => Err(Failure::new(1, &format!("{errors} of the findings are errors"))),
    }
}

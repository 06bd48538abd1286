//! The schema: embedded migrations, applied under a lock, never beyond what we know.

use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, FromRow, Row as _};

use super::{Store, routines, sql};

/// Where sqlx keeps what has been applied.
const TABLE: &str = "presque_internal.schema_migration";

/// How long a migration waits for a lock. Whoever comes later waits behind it, so it gives up
/// soon and tries again.
const LOCK_TIMEOUT: &str = "80ms";

/// Between two tries, and for how long a server tries to start: another one may be migrating, or
/// somebody's long transaction may hold a table.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);
const TRY_FOR: Duration = Duration::from_mins(2);

/// Why the schema is not what this program needs.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(
        "the database's schema is newer than this presque: it has migration {found}, this program knows up to \
         {known}. Start a presque of the version that migrated it, or a later one"
    )]
    TooNew { found: i64, known: i64 },

    #[error(
        "migration {0} was applied from a different file than the one in this presque. Start the version that \
         applied it, or restore the database from before"
    )]
    Altered(i64),

    #[error("the schema lacks {0} migration(s) of this presque. Run `presque migrate up` as the schema's owner")]
    Pending(usize),

    #[error("the database could not be reached: {0}")]
    Connect(#[source] sqlx::Error),

    #[error("the migration failed: {0}")]
    Failed(#[source] sqlx::Error),

    #[error("its functions could not be looked at: {0}")]
    Functions(#[source] sqlx::Error),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// One step of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub version: i64,
    pub description: String,
    pub applied: bool,
}

/// A function that is not there as this program makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// In `presque_internal`.
    pub name: &'static str,
    /// Whether another one is.
    pub is_there: bool,
}

fn migrator() -> Migrator {
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.create_schema("presque_internal");
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

impl Store {
    /// Brings the schema up to date. Several servers may call this at once: one works,
    /// the others wait and find nothing left to do. Answers how many functions this one made anew.
    pub async fn migrate(options: &PgConnectOptions) -> Result<usize, MigrateError> {
        let options = options.clone().options([("lock_timeout", LOCK_TIMEOUT), ("client_min_messages", "warning")]);
        let begun = Instant::now();
        loop {
            // A connection of its own: the lock is the session's and ends with it.
            let mut connection = options.connect().await.map_err(MigrateError::Connect)?;
            let outcome = bring_up(&mut connection).await;
            let closed = connection.close().await;
            match outcome {
                Err(MigrateError::Failed(error)) if is_locked(&error) && begun.elapsed() < TRY_FOR => {
                    tracing::debug!(%error, "a migration waits");
                    tokio::time::sleep(TRY_AGAIN_AFTER).await;
                }
                outcome => {
                    let made = outcome?;
                    closed?;
                    return Ok(made);
                }
            }
        }
    }

    /// Refuses a schema that is older or newer than this program, and logs which functions are not as it makes
    /// them: those of another version are right all the same, and one that is missing fails only who calls it.
    pub async fn check_schema(options: &PgConnectOptions) -> Result<(), MigrateError> {
        let pending = Self::migrations(options).await?.iter().filter(|step| !step.applied).count();
        if pending > 0 {
            return Err(MigrateError::Pending(pending));
        }
        for Function { name, is_there } in Self::differing_functions(options).await? {
            let what = if is_there { "is that of another version" } else { "is missing" };
            tracing::warn!("the function presque_internal.{name} {what}: `presque migrate up` makes it anew");
        }
        Ok(())
    }

    /// The functions behind the schema `presque` that run statements of this program and are not there as it
    /// makes them. The schema must be there.
    pub async fn differing_functions(options: &PgConnectOptions) -> Result<Vec<Function>, MigrateError> {
        let mut connection = options.connect().await.map_err(MigrateError::Connect)?;
        let differing = routines::differing(&mut connection).await;
        let closed = connection.close().await;
        let function = |one: routines::Differing| Function { name: one.name, is_there: one.is_there };
        let functions = differing.map_err(MigrateError::Functions)?.into_iter().map(function).collect();
        closed?;
        Ok(functions)
    }

    /// The newest migration this program knows.
    pub fn schema_version() -> i64 {
        migrator().iter().map(|step| step.version).max().unwrap_or(0)
    }

    /// Every step this program knows and whether the database has it.
    pub async fn migrations(options: &PgConnectOptions) -> Result<Vec<Migration>, MigrateError> {
        let mut connection = options.connect().await.map_err(MigrateError::Connect)?;
        let applied = applied(&mut connection).await;
        let closed = connection.close().await;
        let applied = applied?;
        closed?;
        let migrator = migrator();
        if let Some(found) = applied.iter().map(|(version, _)| *version).max()
            && let Some(known) = migrator.iter().map(|step| step.version).max()
            && found > known
        {
            return Err(MigrateError::TooNew { found, known });
        }
        let mut steps = Vec::new();
        for step in migrator.iter() {
            let checksum = applied.iter().find(|(version, _)| *version == step.version);
            if checksum.is_some_and(|(_, checksum)| *checksum != *step.checksum) {
                return Err(MigrateError::Altered(step.version));
            }
            steps.push(Migration {
                version: step.version,
                description: step.description.to_string(),
                applied: checksum.is_some(),
            });
        }
        Ok(steps)
    }
}

/// Applies what is missing, and makes the functions anew that run statements of ours.
async fn bring_up(connection: &mut PgConnection) -> Result<usize, MigrateError> {
    migrator().run_direct(None, connection, false).await.map_err(explain)?;
    Ok(routines::replace(connection).await?)
}

/// Version and checksum of each applied migration; none where the schema is not there.
async fn applied(connection: &mut PgConnection) -> Result<Vec<(i64, Vec<u8>)>, MigrateError> {
    // In the simple protocol: a pooler may prepare a statement in one session and run it in another.
    let exists: bool = connection.fetch_one(sql!("schema/exists")).await?.try_get(0)?;
    if !exists {
        return Ok(Vec::new());
    }
    let rows = connection.fetch_all(sql!("schema/applied")).await?;
    Ok(rows.iter().map(FromRow::from_row).collect::<Result<_, sqlx::Error>>()?)
}

/// Whether a statement gave up waiting for a lock (55P03).
fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "55P03")
}

fn explain(error: sqlx::migrate::MigrateError) -> MigrateError {
    use sqlx::migrate::MigrateError as Sqlx;
    let known = migrator().iter().map(|step| step.version).max().unwrap_or(0);
    match error {
        Sqlx::VersionMissing(found) => MigrateError::TooNew { found, known },
        Sqlx::VersionMismatch(version) => MigrateError::Altered(version),
        Sqlx::Execute(error) | Sqlx::ExecuteMigration(error, _) => MigrateError::Failed(error),
        other => MigrateError::Failed(sqlx::Error::Migrate(Box::new(other))),
    }
}

//! A private PostgreSQL for when no database is named.
//!
//! One folder holds it: `data-<major>` (the cluster), `socket` (no port is opened),
//! `postgres.log`, and `lock`. Whoever holds the lock runs PostgreSQL; every other
//! server on the folder is its guest and takes over when the owner is gone. The lock is
//! the kernel's, so it ends with its process however that ends.

mod binaries;
mod cluster;
mod keeper;
mod postmaster;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The role and the database in the private cluster.
const NAME: &str = "presque";

/// How long a start may take: a recovery after a crash on a slow disk takes minutes, and
/// one that is given up begins anew.
const START_WITHIN: Duration = Duration::from_hours(1);

/// How long PostgreSQL may take to stop when nobody says otherwise.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// What cannot be helped by trying again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    NoBinaries(String),

    #[error("{path}: {source}{hint}")]
    Folder { path: PathBuf, source: io::Error, hint: &'static str },

    #[error("the path {0} is too long for a socket in it (at most 80 bytes): choose a shorter folder with --data-dir")]
    PathTooLong(PathBuf),

    #[error("PostgreSQL could not be set up: {0}")]
    Initdb(String),

    #[error("PostgreSQL did not start: {0}")]
    Start(String),

    #[error("the database could not be made: {0}")]
    Database(#[from] sqlx::Error),
}

/// What a private PostgreSQL is made of.
#[derive(Debug, Clone)]
pub struct Options {
    pub data_dir: PathBuf,
    /// Folder of `postgres` and `initdb`; looked up when absent.
    pub postgres_bin: Option<PathBuf>,
    /// False for tests only: nothing survives a crash then, and everything is faster.
    pub durable: bool,
}

/// A running private PostgreSQL, ours or another server's.
#[derive(Debug)]
pub struct Embedded {
    options: Options,
    /// Whether this process runs PostgreSQL, as of the start.
    pub owner: bool,
    pub version: String,
    stop: mpsc::Sender<Duration>,
    keeper: Option<JoinHandle<()>>,
}

/// What the keeper's thread reports once, when PostgreSQL answers.
#[derive(Debug)]
struct Ready {
    owner: bool,
    version: String,
}

impl Embedded {
    /// Starts PostgreSQL, or joins the one that another process runs on the same folder.
    /// Blocks until it accepts connections. From then on a thread restarts it whenever
    /// it ends, and takes it over when its owner is gone.
    pub fn start(options: Options) -> Result<Self, Error> {
        let (stop, stopped) = mpsc::channel();
        let (report, reported) = mpsc::sync_channel(1);
        let keeper = keeper::Keeper::new(&options, stopped)?;
        // A thread of its own for as long as PostgreSQL runs: the kernel's parent-death
        // signal follows the thread that forked, not the process.
        let thread = std::thread::Builder::new()
            .name("postgres-keeper".to_owned())
            .spawn(move || keeper.run(&report))
            .map_err(|error| Error::Start(error.to_string()))?;
        let ready = reported
            .recv_timeout(START_WITHIN)
            .unwrap_or_else(|_| Err(Error::Start("no answer within an hour; see postgres.log".to_owned())))?;
        Ok(Self { options, owner: ready.owner, version: ready.version, stop, keeper: Some(thread) })
    }

    /// The folder that holds it.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.options.data_dir
    }

    /// How to connect to the database of presque, after [`Self::create_database`].
    pub fn connect_options(&self) -> PgConnectOptions {
        self.maintenance_options().database(NAME)
    }

    /// How to connect to the cluster's maintenance database.
    pub fn maintenance_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(cluster::socket_dir(&self.options.data_dir))
            .port(cluster::PORT)
            .username(NAME)
            .database("postgres")
            .ssl_mode(PgSslMode::Disable)
    }

    /// Makes the database of presque, unless it is there.
    pub async fn create_database(&self) -> Result<(), Error> {
        use sqlx::Connection as _;
        if let Ok(connection) = self.connect_options().connect().await {
            return Ok(connection.close().await?);
        }
        let mut connection = self.maintenance_options().connect().await?;
        let created = sqlx::query("create database presque").execute(&mut connection).await;
        connection.close().await?;
        match created {
            // Another server made it first.
            Err(sqlx::Error::Database(error)) if error.code().is_some_and(|c| c == "42P04" || c == "23505") => Ok(()),
            other => Ok(other.map(drop)?),
        }
    }

    /// Stops PostgreSQL if this process runs it: cleanly if it manages that `within` this
    /// time, else at once, and the next start recovers.
    pub fn stop(mut self, within: Duration) {
        self.stop_and_join(within);
    }

    fn stop_and_join(&mut self, within: Duration) {
        let begun = Instant::now();
        // The thread may have ended already; then there is nobody to tell.
        let _ = self.stop.send(within);
        if let Some(thread) = self.keeper.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that runs PostgreSQL panicked");
        }
        tracing::debug!(elapsed = ?begun.elapsed(), "embedded PostgreSQL left");
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stop_and_join(STOP_WITHIN);
    }
}

//! Wires database, engine, router, loops and lifecycle: the only place that knows all.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::config::{self, DatabaseArgs, Migrate, ServeArgs};
use crate::embedded::{self, Embedded};
use crate::engine::Engine;
use crate::lifecycle::{Lifecycle, Signals};
use crate::store::{MigrateError, OLDEST_POSTGRES, Settings, Store};
use crate::{http, loops};

/// A stop takes this long at most, unless the settings allow longer.
const STOP_SECONDS: u64 = 9;

/// What the private PostgreSQL is given to stop in any case; a hung one is killed after it.
const POSTGRES_STOPS_WITHIN: Duration = Duration::from_millis(500);

/// Loops that do not end their tick in this time are dropped; a tick is one statement.
const LOOPS_WITHIN: Duration = Duration::from_millis(500);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Embedded(#[from] embedded::Error),
    #[error("the database could not be reached: {0}")]
    Database(String),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// A database to work with, and the private PostgreSQL behind it if there is one.
#[derive(Debug)]
pub struct Database {
    pub options: PgConnectOptions,
    pub embedded: Option<Embedded>,
}

impl Database {
    /// The named database, or a private one that is started (or joined) here. Blocks.
    pub fn open(args: &DatabaseArgs) -> Result<Self, Error> {
        if let Some(options) = args.named().map_err(Error::Usage)? {
            return Ok(Self { options, embedded: None });
        }
        let data_dir = args.data_dir.clone().or_else(config::default_data_dir).ok_or_else(|| {
            Error::Usage("there is no home folder to keep data in: name one with --data-dir".to_owned())
        })?;
        let data_dir = std::path::absolute(&data_dir)?;
        let options = embedded::Options { data_dir, postgres_bin: args.postgres_bin.clone(), durable: true };
        let embedded = Embedded::start(options)?;
        Ok(Self { options: embedded.connect_options(), embedded: Some(embedded) })
    }

    /// Makes the database inside a private PostgreSQL, unless it is there.
    pub async fn create(&self) -> Result<(), Error> {
        match &self.embedded {
            Some(embedded) => Ok(embedded.create_database().await?),
            None => Ok(()),
        }
    }
}

/// Runs a server until it is told to stop. Blocks; starts its own runtime, after the
/// private PostgreSQL, whose thread must not be one of the runtime's.
pub fn run(args: &ServeArgs) -> Result<(), Error> {
    let database = Database::open(&args.database)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let lifecycle = Lifecycle::default();
    let outcome = runtime.block_on(serve(args, &database, &lifecycle));
    // Statements that nobody waits for end with their connections before PostgreSQL does.
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(embedded) = database.embedded {
        let planned = args.drain_seconds + args.shutdown_seconds;
        let left = Duration::from_secs(planned.max(STOP_SECONDS)).saturating_sub(lifecycle.draining_for());
        embedded.stop(left.max(POSTGRES_STOPS_WITHIN));
    }
    outcome
}

/// Starts everything and serves to the end; a signal that comes before it serves stops it
/// at once.
async fn serve(args: &ServeArgs, database: &Database, lifecycle: &Lifecycle) -> Result<(), Error> {
    let mut signals = Signals::new()?;
    let started = tokio::select! {
        started = start(args, database) => started?,
        _ = signals.next() => {
            lifecycle.drain();
            tracing::info!("stopped before it served");
            return Ok(());
        }
    };
    run_to_the_end(args, database, lifecycle, signals, started).await
}

/// What a server has when it can begin to serve.
struct Started {
    listener: TcpListener,
    address: SocketAddr,
    store: Store,
    settings: Settings,
}

async fn start(args: &ServeArgs, database: &Database) -> Result<Started, Error> {
    let listen = |source| Error::Listen { address: args.listen, source };
    let listener = TcpListener::bind(args.listen).await.map_err(listen)?;
    let address = listener.local_addr()?;
    database.create().await?;
    match args.migrate {
        // What migrates needs a session of its own, which a pooler does not give.
        Migrate::Auto if args.database.prepared_statements => drop(Store::migrate(&database.options).await?),
        Migrate::Auto | Migrate::Check => Store::check_schema(&database.options).await?,
    }
    let connect = if args.database.prepared_statements { Store::new } else { Store::pooled };
    let store = connect(database.options.clone(), args.database_connections);
    let settings = store.settings().await.map_err(|error| Error::Database(error.to_string()))?;
    check(&settings, args.allow_unsafe_durability)?;
    if let Err(error) = store.make_partitions(loops::PARTITION_DAYS_AHEAD).await {
        // The default partitions take what comes until the loop succeeds.
        tracing::warn!(%error, "partitions could not be made");
    }
    Ok(Started { listener, address, store, settings })
}

async fn run_to_the_end(
    args: &ServeArgs,
    database: &Database,
    lifecycle: &Lifecycle,
    signals: Signals,
    Started { listener, address, store, settings }: Started,
) -> Result<(), Error> {
    let tasks = TaskTracker::new();
    let engine = Engine::new(store.clone(), args.auto_create_queues, args.group_commit_max as usize);
    loops::start(&store, &engine, &tasks, &lifecycle.soft_stop);
    engine.start(&tasks, &lifecycle.soft_stop);
    tasks.close();
    let app = http::App::new(http::AppParts {
        engine,
        store: store.clone(),
        lifecycle: lifecycle.clone(),
        bodies: http::Bodies::default(),
        answers: http::Answers::default(),
        exports: http::Exports::default(),
        payload_bytes_max: args.payload_bytes_max as usize,
        metrics_queues_max: args.metrics_queues_max as usize,
        instance_id: uuid::Uuid::new_v4(),
        cursor_key: std::sync::OnceLock::new(),
    });
    let site = http::Site::new(app, args.trusted_proxies.clone(), args.base_path.clone());
    let stages = lifecycle.clone().run(
        signals,
        Duration::from_secs(args.drain_seconds),
        Duration::from_secs(args.shutdown_seconds),
    );
    let stages = tokio::spawn(stages);
    greet(address, database, &settings)?;

    http::serve(listener, site, args.connections_max as usize, lifecycle).await;
    // A loop that cannot finish its statement does not hold up the end.
    let _ = tokio::time::timeout(LOOPS_WITHIN, tasks.wait()).await;
    let _ = tokio::time::timeout(LOOPS_WITHIN, store.close()).await;
    stages.abort();
    tracing::info!("stopped");
    Ok(())
}

/// Refuses a database that cannot keep what we promise.
fn check(settings: &Settings, allow_unsafe: bool) -> Result<(), Error> {
    if settings.version_num < OLDEST_POSTGRES {
        return Err(Error::Database(format!("PostgreSQL 15 or newer is needed; this is {}", settings.version)));
    }
    if settings.encoding != "UTF8" {
        return Err(Error::Database(format!(
            "its encoding is {}; make one with: create database presque encoding 'UTF8' template template0",
            settings.encoding
        )));
    }
    let weak = settings.unsafe_settings().join(", ");
    if !weak.is_empty() && !allow_unsafe {
        return Err(Error::Database(format!(
            "{weak} is off there, so a crash could lose acknowledged jobs: turn it on, or start with \
             --allow-unsafe-durability if that does not matter"
        )));
    }
    if !weak.is_empty() {
        tracing::warn!(weak, "a crash of PostgreSQL can lose acknowledged jobs");
    }
    Ok(())
}

/// Says on standard output where everything is and what to try.
fn greet(address: SocketAddr, database: &Database, settings: &Settings) -> std::io::Result<()> {
    let place = match &database.embedded {
        Some(embedded) => format!(
            "private PostgreSQL {} ({}), data in {}",
            settings.version,
            if embedded.owner { "started" } else { "joined" },
            embedded.data_dir().display()
        ),
        None => format!("PostgreSQL {} at {}", settings.version, database.options.get_host()),
    };
    let mut out = std::io::stdout().lock();
    let written = writeln!(
        out,
        "presque {} serves http://{address}\n\
         {place}\n\n\
         Try it:\n  \
         curl -i -H 'Content-Type: application/json' -d '{{\"hello\":\"world\"}}' http://{address}/q/demo\n  \
         curl -i http://{address}/q/demo\n",
        env!("CARGO_PKG_VERSION"),
    )
    .and_then(|()| out.flush());
    // Whoever started us may have closed the pipe: that is no reason not to serve.
    written.or(Ok(()))
}

//! Every SQL statement and the only place that runs one.
//!
//! A statement is a `.sql` file named after its function; its header says why it is safe
//! under concurrency. An expected "no" is a value; [`Error`] means that the database did
//! not do its job. Each function is one autocommit statement: no transaction is opened
//! in a future that a disconnecting client could drop.

mod batches;
mod bulk_operations;
mod claim_ready;
mod dependencies;
pub mod doctor;
mod enqueue;
mod enqueue_plain;
mod enqueue_ready;
mod error;
mod events;
mod history;
mod job_changes;
mod job_details;
mod jobs;
mod lanes;
mod leases;
mod maintenance;
mod metrics;
mod pool;
mod queues;
mod reports;
mod routines;
mod schedules;
mod schema;
mod settle;
mod surface;
mod wakeups;
mod workers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::query::QueryAs;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, FromRow, Postgres};
use tracing::{Instrument as _, Span};

use crate::metrics::{Metrics, TRACE};
pub use batches::{Batch, FinishedBatches};
pub use bulk_operations::{BulkMembers, BulkOperation, BulkOptions, BulkProgress, BulkWork, NewBulkOperation};
pub use claim_ready::ClaimReady;
pub use dependencies::{LinkedWork, Resolved};
pub use enqueue::{
    Dedup, Dependency, Enqueue, EnqueueOutcome, EnqueueRefusal, Enqueued, Idempotency, KnownEnqueue, Links, NewBatch,
    NewJob,
};
pub use enqueue_plain::{EnqueuedPlain, Offer};
pub use error::{Error, Result};
pub use events::{Event, EventPlace, Events};
pub use history::{History, HistoryWriter};
pub use job_changes::{JobStatus, JobUpdate, Moved, Retried, Updated};
pub use job_details::{AttemptDetail, ErrorColumns, JobDetail, JobFilter, JobList, JobPlace, JobSort};
pub use jobs::{Fetch, Fetched, FetchedJob};
pub use lanes::{KnownLane, Look, Seen};
pub use leases::{Claim, Claimed, ClaimedJob, LeaseKey};
pub use maintenance::Settings;
pub use metrics::{PoolState, QueueCounters};
use pool::{Connection, Counted, Pool, TRUSTED_WHEN_IDLE_FOR};
pub use queues::{DeletedQueue, DescribedQueue, Queue, QueueDetail};
pub use reports::{Counts, DepthPoint, ErrorGroup, ErrorPlace, ReportOf, ReportRange, Sums, TimePoint, Unit};
pub use schedules::{DueSchedule, FiredJob, Schedule};
pub use schema::{Function, MigrateError, Migration};
pub use settle::{LogLine, Past, Settle, Settled};
pub use surface::{Reporter, Table};
pub use wakeups::Wakeups;
pub use workers::{Directive, HEARTBEAT_MS, Heartbeat, QueueWorkers, Worker, WorkerDetail};

/// The text of `src/store/<name>.sql`.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/", $name, ".sql"))
    };
}
use sql;

/// The oldest PostgreSQL that the SQL is written for, as `server_version_num`.
pub const OLDEST_POSTGRES: i32 = 150_000;

/// How long a request waits for a free connection before it is refused as overload.
const ACQUIRE_WITHIN: Duration = Duration::from_secs(1);

/// PostgreSQL ends a statement of ours after this time, so that an answer is known
/// before we give up on the connection, and that before the request's own deadline.
const STATEMENT_TIMEOUT_MS: u64 = 3_300;

/// And a wait for a lock after this time, which then is known to be one: a key that an open
/// transaction holds.
const LOCK_TIMEOUT_MS: u64 = 3_000;

/// How long a connection may take to answer before it is taken for dead.
const READ_WITHIN: Duration = Duration::from_millis(3_500);
const WRITE_WITHIN: Duration = Duration::from_secs(30);

/// What a chore that reads whole tables may take.
const CHORE_TIMEOUT_MS: u64 = 10 * 60 * 1000;
const CHORE_WITHIN: Duration = Duration::from_mins(11);

/// Whether a statement whose answer is lost may have had an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
    /// As a write, and it may take minutes.
    Chore,
}

/// Whether somebody still waits for the answer.
pub type Wanted<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// The database, as the rest of the house sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool,
    /// For what keeps and ends leases, so that no flood of jobs or searches makes workers lose
    /// what they hold.
    reports: Pool,
    /// What it is called among the servers of this database.
    id: uuid::Uuid,
    /// One connection that hears what other servers say.
    listening: PgPool,
    /// One connection for statements that may take minutes.
    chores: Pool,
    /// Whether statements stay prepared in their session; not where sessions change below us.
    prepared: bool,
    /// What this server counts.
    metrics: Metrics,
    /// Connections with a statement under way: what tells a busy database from a lost one.
    busy: Arc<AtomicUsize>,
}

impl Store {
    /// A store that connects when it is first used, with at most `connections`, a quarter of
    /// them for reports of workers, one more to listen, and one for what takes minutes.
    pub fn new(options: PgConnectOptions, connections: u32) -> Self {
        // Planner settings: every hot statement is written for its index, and a plan that
        // flips to a hash or merge join or a sort on stale statistics costs a factor of 5.
        let options = options.options([
            ("statement_timeout", STATEMENT_TIMEOUT_MS.to_string().as_str()),
            ("lock_timeout", LOCK_TIMEOUT_MS.to_string().as_str()),
            ("idle_in_transaction_session_timeout", "10000"),
            // Each statement is to see what is there when it has its locks.
            ("default_transaction_isolation", "read committed"),
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_sort", "off"),
            ("jit", "off"),
            ("timezone", "UTC"),
        ]);
        let chores = options.clone().options([("statement_timeout", CHORE_TIMEOUT_MS.to_string().as_str())]);
        Self::with(&options, &chores, connections, true)
    }

    /// As [`new`](Self::new), behind a pooler that gives each transaction another session: every
    /// statement is prepared and run in a transaction of its own, with the settings of `new`, and nothing
    /// is listened to.
    pub fn pooled(options: PgConnectOptions, connections: u32) -> Self {
        let options = options.extra_float_digits(None);
        Self::with(&options, &options, connections, false)
    }

    fn with(options: &PgConnectOptions, chores: &PgConnectOptions, connections: u32, prepared: bool) -> Self {
        let of = |connections, options: &PgConnectOptions, within| {
            let options = options.clone().application_name("presque").disable_statement_logging();
            PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(within)
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(
                        async move { Ok(meta.idle_for < TRUSTED_WHEN_IDLE_FOR || connection.ping().await.is_ok()) },
                    )
                })
                .connect_lazy_with(options)
        };
        let reports = (connections / 4).max(1);
        Self {
            pool: Pool::new(of(connections.saturating_sub(reports).max(1), options, ACQUIRE_WITHIN)),
            reports: Pool::new(of(reports, options, ACQUIRE_WITHIN)),
            id: uuid::Uuid::new_v4(),
            listening: of(1, options, ACQUIRE_WITHIN),
            chores: Pool::new(of(1, chores, CHORE_WITHIN)),
            prepared,
            metrics: Metrics::default(),
            busy: Arc::default(),
        }
    }

    /// Whether other servers can be listened to.
    pub fn can_listen(&self) -> bool {
        self.prepared
    }

    /// What this server counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How many connections there are at most, beside those for reports of workers.
    pub fn connections(&self) -> usize {
        self.pool.max()
    }

    /// Closes the pools; what runs is finished first.
    pub async fn close(&self) {
        tokio::join!(self.pool.close(), self.reports.close(), self.listening.close(), self.chores.close());
    }

    async fn all<T>(&self, effect: Effect, statement: QueryAs<'_, Postgres, T, PgArguments>) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.all_in(&self.pool, &|| true, effect, statement).await
    }

    /// Runs a statement that keeps or ends leases, on the connections that are kept for those.
    async fn report<T>(&self, effect: Effect, statement: QueryAs<'_, Postgres, T, PgArguments>) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.all_in(&self.reports, &|| true, effect, statement).await
    }

    /// Runs a statement that may take minutes, on the connection that is kept for those.
    async fn chore<T>(&self, statement: QueryAs<'_, Postgres, T, PgArguments>) -> Result<Option<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(self.all_in(&self.chores, &|| true, Effect::Chore, statement).await?.into_iter().next())
    }

    /// Runs a statement, unless nobody wants its answer any more once there is a
    /// connection for it.
    async fn all_in<T>(
        &self,
        pool: &Pool,
        wanted: Wanted<'_>,
        effect: Effect,
        statement: QueryAs<'_, Postgres, T, PgArguments>,
    ) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        // On the heap: sqlx's futures take 15 KB, which each request would take otherwise, also one that waits for long.
        let rows = Box::pin(async move {
            let connection = self.connection(pool).await?;
            if !wanted() {
                return Err(Error::Unwanted);
            }
            self.all_on(connection, effect, statement).await
        });
        rows.await
    }

    /// A connection that is free, within a second.
    async fn connection(&self, pool: &Pool) -> Result<Connection> {
        let begun = std::time::Instant::now();
        let acquired = pool.acquire().await;
        self.metrics.waited_for_connection(begun.elapsed());
        match acquired {
            Ok(connection) => Ok(connection),
            // Connections are there, and none was free: busy. None is there: they cannot be made.
            Err(sqlx::Error::PoolTimedOut) if self.busy.load(Ordering::Relaxed) > 0 || pool.num_idle() > 0 => {
                Err(Error::Overloaded)
            }
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    async fn all_on<T>(
        &self,
        mut connection: Connection,
        effect: Effect,
        statement: QueryAs<'_, Postgres, T, PgArguments>,
    ) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let _busy = Counted::new(&self.busy);
        let within = match effect {
            Effect::Read => READ_WITHIN,
            Effect::Write => WRITE_WITHIN,
            Effect::Chore => CHORE_WITHIN,
        };
        let mut sent = false;
        let rows = self.rows_of(&mut connection, effect, &mut sent, statement);
        let error = match tokio::time::timeout(within, rows).instrument(span()).await {
            Ok(Ok(rows)) => {
                connection.keep();
                return Ok(rows);
            }
            Ok(Err(error)) => error,
            Err(_elapsed) => sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()),
        };
        if error::ends_connection(&error) {
            connection.close_on_drop();
        }
        Err(Error::of(error, sent && effect != Effect::Read))
    }

    /// The rows of a statement. Behind a pooler it is wrapped in a transaction, so that one session
    /// prepares and runs it; one that does not come to its end closes the connection, and with it
    /// the transaction. `sent` tells whether it was sent at all.
    async fn rows_of<T>(
        &self,
        connection: &mut Connection,
        effect: Effect,
        sent: &mut bool,
        statement: QueryAs<'_, Postgres, T, PgArguments>,
    ) -> sqlx::Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        if self.prepared {
            *sent = true;
            return statement.fetch_all(&mut ***connection).await;
        }
        let mut wrapped = Wrapped { connection, ended: false };
        let begin = if effect == Effect::Chore { sql!("pooler/begin_chore") } else { sql!("pooler/begin") };
        wrapped.connection.execute(begin).await?;
        *sent = true;
        let rows = statement.persistent(false).fetch_all(&mut ***wrapped.connection).await;
        wrapped.ended = match &rows {
            Ok(_) => wrapped.connection.execute(sql!("pooler/commit")).await.map(|_| true)?,
            // The database said so, and waits for the end.
            Err(sqlx::Error::Database(_)) => wrapped.connection.execute(sql!("pooler/rollback")).await.is_ok(),
            Err(_) => false,
        };
        rows
    }

    async fn one<T>(&self, effect: Effect, statement: QueryAs<'_, Postgres, T, PgArguments>) -> Result<Option<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        Ok(self.all(effect, statement).await?.into_iter().next())
    }

    /// Runs a statement that answers no rows.
    async fn run(&self, statement: QueryAs<'_, Postgres, NoRow, PgArguments>) -> Result<()> {
        self.all(Effect::Write, statement).await.map(drop)
    }
}

/// A connection in a transaction, which is closed unless the transaction comes to its end: by an
/// error, or because nobody waits any more.
struct Wrapped<'a> {
    connection: &'a mut Connection,
    ended: bool,
}

impl Drop for Wrapped<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

/// The span of a statement within that of a request. A loop or a batch of many requests has none.
fn span() -> Span {
    if Span::current().is_disabled() {
        return Span::none();
    }
    tracing::trace_span!(target: TRACE, "statement", otel.kind = "client", db.system.name = "postgresql")
}

/// What a statement without a RETURNING answers.
#[derive(FromRow)]
struct NoRow {}

/// One array for one parameter of a statement about many things.
fn column<'a, I, T>(items: &'a [I], read: impl FnMut(&'a I) -> T) -> Vec<T> {
    items.iter().map(read).collect()
}

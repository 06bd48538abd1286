//! What `presque doctor` asks of a database: facts, which are judged elsewhere.
//!
//! Asked on a connection without settings of its own and in the simple protocol, without prepared
//! statements, so that the doctor gets through poolers through which a server would not get.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions as _, FromRow};

use super::{Effect, Error, Function, MigrateError, Migration, Result, Store, sql};

/// What the doctor is called among the sessions; servers are `presque`.
const APPLICATION: &str = "presque-doctor";

/// The channel of `doctor/notify.sql`.
const CHANNEL: &str = "presque_doctor";

/// How long an answer may take: somebody may hold a table that is looked at.
const WITHIN: Duration = Duration::from_secs(10);

/// How long a notification may take; it usually takes a millisecond.
const HEARD_WITHIN: Duration = Duration::from_secs(2);

/// How often two connections are asked which backend serves them.
const BACKEND_ROUNDS: usize = 4;

/// What this PostgreSQL is and promises, for the login that asks.
#[derive(Debug, Clone, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Server {
    /// As in `server_version_num`: 150018 is 15.18.
    pub version_num: i32,
    pub version: String,
    pub encoding: String,
    pub database: String,
    pub role: String,
    pub standby: bool,
    /// Transactions of this login are read-only unless they say otherwise.
    pub read_only: bool,
    pub fsync: String,
    pub full_page_writes: String,
    pub synchronous_commit: String,
    pub wal_level: String,
    /// Empty if no standby is waited for.
    pub synchronous_standby_names: String,
    pub autovacuum: bool,
    /// Whether this login may see what sessions of others do.
    pub sees_all: bool,
}

/// Connections to the whole cluster.
#[derive(Debug, Clone, FromRow)]
pub struct Connections {
    pub connections_max: i64,
    pub used: i64,
    /// Those of servers of presque in this database.
    pub of_servers: i64,
    /// How many more this login may make in this database; below zero if others use what is reserved.
    pub free: i64,
}

/// The database's clock beside this machine's.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// How far the database's is ahead, in milliseconds.
    pub ahead_ms: i64,
    /// By how much that may be wrong, in milliseconds: half of the round trip.
    pub within_ms: i64,
}

/// A session with an open transaction.
#[derive(Debug, Clone, FromRow)]
pub struct Snapshot {
    pub pid: i32,
    pub application: Option<String>,
    pub role: Option<String>,
    /// As in `pg_stat_activity`; `None` if it is hidden from this login, or the session replicates.
    pub state: Option<String>,
    /// Since when the transaction is open; likewise.
    pub seconds: Option<i64>,
    /// How many transactions have begun since.
    pub transactions: i64,
    /// Its beginning, on one line; likewise.
    pub query: Option<String>,
}

/// A session that does nothing in its transaction.
#[derive(Debug, Clone, FromRow)]
pub struct IdleSession {
    pub pid: i32,
    pub application: Option<String>,
    pub role: Option<String>,
    pub seconds: i64,
}

/// A prepared transaction.
#[derive(Debug, Clone, FromRow)]
pub struct Prepared {
    pub gid: String,
    pub role: String,
    pub seconds: i64,
}

/// A replication slot.
#[derive(Debug, Clone, FromRow)]
pub struct Slot {
    pub name: String,
    /// physical or logical.
    pub kind: String,
    /// Whether somebody reads from it now.
    pub active: bool,
    /// Whether what it needs is gone.
    pub lost: bool,
    /// `None` if it keeps nothing.
    pub kept_bytes: Option<i64>,
    /// How far back it keeps rows that are gone; `None` if it does not.
    pub transactions: Option<i64>,
}

/// The database that has used most of its transaction ids.
#[derive(Debug, Clone, FromRow)]
pub struct TransactionIds {
    pub database: String,
    pub transactions: i64,
    pub multixacts: i64,
    /// The age from which autovacuum freezes a table in any case.
    pub freeze_max: i64,
}

/// A partition that is not there.
#[derive(Debug, Clone, FromRow)]
pub struct MissingPartition {
    pub name: String,
    /// Whether it should take what is stored now.
    pub today: bool,
}

/// A default partition that is not empty.
#[derive(Debug, Clone, FromRow)]
pub struct DefaultRows {
    pub name: String,
    /// Up to 1000.
    pub rows: i64,
}

/// A table of ours.
#[derive(Debug, Clone, FromRow)]
pub struct Table {
    pub name: String,
    /// What every job passes through, and nothing stays in.
    pub hot: bool,
    /// An estimate.
    pub live_rows: i64,
    /// An estimate.
    pub dead_rows: i64,
    /// With its indexes.
    pub bytes: i64,
    /// How long ago it was vacuumed; `None` if never.
    pub vacuumed_seconds: Option<i64>,
    /// Whether autovacuum is off for it.
    pub unattended: bool,
}

/// What the loops of servers have left undone.
#[derive(Debug, Clone, FromRow)]
pub struct Loops {
    /// Leases that are over for more than ten seconds; up to 1000.
    pub leases: i64,
    /// The age of what is not folded; `None` if all is.
    pub tally_seconds: Option<i64>,
}

/// A login for reports that lacks a limit.
#[derive(Debug, Clone, FromRow)]
pub struct Reader {
    pub name: String,
    pub has_timeout: bool,
    pub read_only: bool,
}

#[derive(FromRow)]
struct Name {
    name: String,
}

#[derive(FromRow)]
struct Now {
    now_ms: i64,
}

#[derive(FromRow)]
struct Backend {
    pid: i32,
}

/// A database that is looked at.
#[derive(Debug)]
pub struct Probe {
    /// As they were named, which is how servers connect.
    named: PgConnectOptions,
    /// Whether servers connect through a pooler that gives each transaction another session.
    pooled: bool,
    /// Without what a pooler may refuse.
    plain: PgConnectOptions,
    /// Absent after a failure; the next question connects anew.
    connection: Option<PgConnection>,
}

impl Probe {
    /// Connects; an error means that the database cannot be reached.
    /// `pooled` as servers are told of a pooler.
    pub async fn connect(options: &PgConnectOptions, pooled: bool) -> Result<Self> {
        let plain = options.clone().application_name(APPLICATION).extra_float_digits(None::<i8>);
        let plain = plain.disable_statement_logging();
        let connection = connect(&plain).await?;
        Ok(Self { named: options.clone(), pooled, plain, connection: Some(connection) })
    }

    /// Whether servers are told of a pooler that gives each transaction another session.
    pub fn is_pooled(&self) -> bool {
        self.pooled
    }

    pub async fn server(&mut self) -> Result<Server> {
        self.row(sql!("doctor/server")).await
    }

    pub async fn connections(&mut self) -> Result<Connections> {
        self.row(sql!("doctor/connections")).await
    }

    /// Compares the clocks at the middle of the round trip.
    pub async fn clock(&mut self) -> Result<Clock> {
        let (begun, here_ms) = (Instant::now(), machine_clock_ms());
        let there: Now = self.row(sql!("doctor/clock")).await?;
        let took_ms = i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(Clock { ahead_ms: there.now_ms - here_ms - took_ms / 2, within_ms: took_ms / 2 + 1 })
    }

    /// Connects as a server does; whether the settings arrive that it asks for.
    pub async fn settings_arrive(&self) -> Result<bool> {
        let store = if self.pooled { Store::pooled } else { Store::new }(self.named.clone(), 1);
        let statement = sqlx::query_as::<_, (bool,)>(sql!("doctor/settings_arrive"));
        let row = store.one(Effect::Read, statement).await;
        store.close().await;
        row?.map(|(arrived,)| arrived).ok_or_else(|| Error::unreadable("doctor/settings_arrive"))
    }

    /// Whether the transactions of one connection are served by different backends, or those of two
    /// connections by one: only a pooler between does that. False says nothing about busy ones.
    pub async fn backends_are_shared(&self) -> Result<bool> {
        let (mut one, mut other) = (connect(&self.plain).await?, connect(&self.plain).await?);
        let mut first = None;
        for _ in 0..BACKEND_ROUNDS {
            let (pid, of_other) = (backend(&mut one).await?, backend(&mut other).await?);
            if pid == of_other || *first.get_or_insert(pid) != pid {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether one connection hears what another one notifies.
    pub async fn hears(&mut self) -> Result<bool> {
        let pool =
            PgPoolOptions::new().max_connections(1).acquire_timeout(WITHIN).connect_lazy_with(self.plain.clone());
        let mut listener = PgListener::connect_with(&pool).await.map_err(Error::unavailable)?;
        listener.listen(CHANNEL).await.map_err(|error| Error::of(error, false))?;
        let said: Backend = self.row(sql!("doctor/notify")).await?;
        let heard = tokio::time::timeout(HEARD_WITHIN, hear(&mut listener, &said.pid.to_string())).await;
        heard.unwrap_or(Ok(false))
    }

    pub async fn snapshots(&mut self) -> Result<Vec<Snapshot>> {
        self.rows(sql!("doctor/snapshots")).await
    }

    pub async fn idle_sessions(&mut self) -> Result<Vec<IdleSession>> {
        self.rows(sql!("doctor/idle_sessions")).await
    }

    pub async fn prepared(&mut self) -> Result<Vec<Prepared>> {
        self.rows(sql!("doctor/prepared")).await
    }

    pub async fn slots(&mut self) -> Result<Vec<Slot>> {
        self.rows(sql!("doctor/slots")).await
    }

    pub async fn transaction_ids(&mut self) -> Result<TransactionIds> {
        self.row(sql!("doctor/transaction_ids")).await
    }

    /// Every step of the schema that this program knows and whether the database has it.
    pub async fn migrations(&self) -> std::result::Result<Vec<Migration>, MigrateError> {
        Store::migrations(&self.plain).await
    }

    /// See [`Store::differing_functions`].
    pub async fn differing_functions(&self) -> std::result::Result<Vec<Function>, MigrateError> {
        Store::differing_functions(&self.plain).await
    }

    pub async fn missing_partitions(&mut self) -> Result<Vec<MissingPartition>> {
        self.rows(sql!("doctor/partitions")).await
    }

    pub async fn default_rows(&mut self) -> Result<Vec<DefaultRows>> {
        self.rows(sql!("doctor/default_rows")).await
    }

    /// Those with most dead rows first.
    pub async fn tables(&mut self) -> Result<Vec<Table>> {
        self.rows(sql!("doctor/tables")).await
    }

    /// The names of indexes that are not valid.
    pub async fn invalid_indexes(&mut self) -> Result<Vec<String>> {
        let rows: Vec<Name> = self.rows(sql!("doctor/indexes")).await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }

    pub async fn loops(&mut self) -> Result<Loops> {
        self.row(sql!("doctor/loops")).await
    }

    pub async fn readers(&mut self) -> Result<Vec<Reader>> {
        self.rows(sql!("doctor/readers")).await
    }

    async fn row<T>(&mut self, statement: &'static str) -> Result<T>
    where
        T: for<'r> FromRow<'r, PgRow>,
    {
        let rows: Vec<T> = self.rows(statement).await?;
        rows.into_iter().next().ok_or_else(|| Error::unreadable("a statement of the doctor"))
    }

    async fn rows<T>(&mut self, statement: &'static str) -> Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow>,
    {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.plain).await?,
        };
        let answer = ask(&mut connection, statement).await;
        // After any other failure it may be in the middle of an answer.
        if matches!(answer, Ok(_) | Err(Error::Statement(_))) {
            self.connection = Some(connection);
        }
        answer
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection> {
    match tokio::time::timeout(WITHIN, options.connect()).await {
        Ok(connected) => connected.map_err(Error::unavailable),
        Err(_elapsed) => Err(Error::unavailable(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))),
    }
}

/// Asks in the simple protocol, in which everything comes as text.
async fn ask<T>(connection: &mut PgConnection, statement: &'static str) -> Result<Vec<T>>
where
    T: for<'r> FromRow<'r, PgRow>,
{
    let answer = tokio::time::timeout(WITHIN, sqlx::raw_sql(statement).fetch_all(&mut *connection)).await;
    let Ok(rows) = answer else { return Err(Error::Timeout) };
    let rows: Vec<PgRow> = rows.map_err(|error| Error::of(error, false))?;
    let facts: std::result::Result<Vec<T>, sqlx::Error> = rows.iter().map(T::from_row).collect();
    facts.map_err(|error| Error::of(error, false))
}

/// Which backend serves a transaction of this connection.
async fn backend(connection: &mut PgConnection) -> Result<i32> {
    let rows: Vec<Backend> = ask(connection, sql!("doctor/backend")).await?;
    rows.first().map(|row| row.pid).ok_or_else(|| Error::unreadable("doctor/backend"))
}

/// Waits until exactly this is said; false if the connection is lost.
async fn hear(listener: &mut PgListener, said: &str) -> Result<bool> {
    while let Some(heard) = listener.try_recv().await.map_err(Error::unavailable)? {
        if heard.payload() == said {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What this machine takes for the time, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "it is compared with the database's clock, and decides nothing")]
fn machine_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

//! Every setting: flag, variable, default, range, meaning. The doc comments are the help.
#![expect(clippy::doc_markdown, reason = "people read these texts in a terminal, where backticks are noise")]

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sqlx::postgres::PgConnectOptions;

use crate::http::{BasePath, Proxies};

/// Which database to use.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct DatabaseArgs {
    /// PostgreSQL to use, as postgres://user:password@host:port/database
    ///
    /// PostgreSQL 15 or newer, encoding UTF8. Without it (and without DATABASE_URL)
    /// presque starts a private PostgreSQL of its own.
    #[arg(long, env = "PRESQUE_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,

    /// Read when --database-url is not given: the name that hosting platforms set.
    #[arg(long = "database-url-fallback", env = "DATABASE_URL", hide = true, hide_env_values = true)]
    fallback_url: Option<String>,

    /// Whether statements stay prepared in their session: true or false
    ///
    /// false where a pooler like PgBouncer gives each transaction another session: statements
    /// are sent whole, and wake-ups from other servers come by looking, at most 1 s late.
    #[arg(long = "database-prepared-statements", env = "PRESQUE_DATABASE_PREPARED_STATEMENTS",
          default_value_t = true, value_name = "BOOL", action = clap::ArgAction::Set)]
    pub prepared_statements: bool,

    /// Where the private PostgreSQL keeps its data
    ///
    /// Default: /var/lib/presque for root, else the platform's folder for application
    /// data. Several servers may share the folder: the first one runs PostgreSQL.
    #[arg(long, env = "PRESQUE_DATA_DIR", value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,

    /// Folder with the programs of PostgreSQL (postgres, initdb) for the private one
    ///
    /// Default: looked up in PATH and where the usual packages put them.
    #[arg(long = "postgres-bin", env = "PRESQUE_PG_BIN", value_name = "FOLDER")]
    pub postgres_bin: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The database that was named, or `None` for a private one.
    pub fn named(&self) -> Result<Option<PgConnectOptions>, String> {
        let (name, url) = match (&self.database_url, &self.fallback_url) {
            (Some(url), _) if !url.is_empty() => ("PRESQUE_DATABASE_URL", url),
            (_, Some(url)) if !url.is_empty() => ("DATABASE_URL", url),
            _ => return Ok(None),
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(format!("{name} (or its flag) must begin with postgres:// or postgresql://"));
        }
        // The error of sqlx would repeat the URL, and with it the password.
        url.parse::<PgConnectOptions>()
            .map(|options| if self.prepared_statements { options } else { options.extra_float_digits(None) })
            .map(Some)
            .map_err(|_| format!("{name} (or its flag) is no valid URL: write postgres://user:password@host:port/database, special characters percent-encoded"))
    }
}

/// How `serve` treats a schema that is not up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Migrate {
    /// Bring it up to date at start
    Auto,
    /// Refuse to start until `presque migrate up` has been run
    Check,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line, for machines
    Json,
}

/// How a server runs.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, env = "PRESQUE_LISTEN", default_value = "127.0.0.1:5000", value_name = "ADDRESS")]
    pub listen: SocketAddr,

    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Connections to the database, at most (2 to 500)
    #[arg(long, env = "PRESQUE_DATABASE_CONNECTIONS", default_value_t = 16, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(2..=500), help_heading = "Database")]
    pub database_connections: u32,

    /// Jobs, or outcomes, of different requests that one commit takes, at most (1 to 1000)
    ///
    /// What arrives while a commit is under way goes into the next one, together. 1 gives each
    /// request a commit of its own.
    #[arg(long, env = "PRESQUE_GROUP_COMMIT_MAX", default_value_t = 250, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Database")]
    pub group_commit_max: u32,

    /// What to do when the schema is not up to date
    #[arg(long, env = "PRESQUE_MIGRATE", value_enum, default_value_t = Migrate::Auto, help_heading = "Database")]
    pub migrate: Migrate,

    /// Serve although fsync, full_page_writes or synchronous_commit is off
    ///
    /// A crash may then lose jobs that were acknowledged. For tests.
    #[arg(long, env = "PRESQUE_ALLOW_UNSAFE_DURABILITY", help_heading = "Database")]
    pub allow_unsafe_durability: bool,

    /// Whether the first job of a queue makes it: true or false
    ///
    /// The classic routes make their queues in any case.
    #[arg(long, env = "PRESQUE_AUTO_CREATE_QUEUES", default_value_t = true, value_name = "BOOL",
          action = clap::ArgAction::Set, help_heading = "Limits")]
    pub auto_create_queues: bool,

    /// Largest job that any queue may allow, in bytes (1024 to 4194304)
    ///
    /// What a queue allows is its setting payload_max_bytes, 262144 unless changed.
    #[arg(long, env = "PRESQUE_PAYLOAD_BYTES_MAX", default_value_t = 4_194_304, value_name = "BYTES",
          value_parser = clap::value_parser!(u32).range(1024..=4_194_304), help_heading = "Limits")]
    pub payload_bytes_max: u32,

    /// Queues that metrics name (0 to 10000): those with the most jobs; the others are told together
    #[arg(long, env = "PRESQUE_METRICS_QUEUES_MAX", default_value_t = 500, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(0..=10_000), help_heading = "Limits")]
    pub metrics_queues_max: u32,

    /// Proxies whose X-Forwarded-For is believed, as addresses or networks: 10.0.0.0/8,127.0.0.1
    ///
    /// It says where a request in the log comes from. Nobody else is believed.
    #[arg(long, env = "PRESQUE_TRUSTED_PROXIES", default_value = "", value_name = "NETWORKS", hide_default_value = true,
          value_parser = |text: &str| Proxies::parse(text), help_heading = "Behind a proxy")]
    pub trusted_proxies: Proxies,

    /// Path prefix that a proxy leaves in place, like /jobs
    ///
    /// Requests without it are served as well.
    #[arg(long, env = "PRESQUE_BASE_PATH", default_value = "", value_name = "PATH", hide_default_value = true,
          value_parser = |text: &str| BasePath::parse(text), help_heading = "Behind a proxy")]
    pub base_path: BasePath,

    /// Connections of clients served at once (1 to 1000000); more wait to be accepted
    #[arg(long, env = "PRESQUE_CONNECTIONS_MAX", default_value_t = 10_000, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000), help_heading = "Limits")]
    pub connections_max: u32,

    /// After SIGTERM, seconds to go on serving while /readyz says no (0 to 60)
    ///
    /// Time for load balancers to notice. Ctrl-C skips it.
    #[arg(long, env = "PRESQUE_DRAIN_SECONDS", default_value_t = 2, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(0..=60), help_heading = "Stopping")]
    pub drain_seconds: u64,

    /// After that, seconds for running requests to finish (1 to 300)
    #[arg(long, env = "PRESQUE_SHUTDOWN_SECONDS", default_value_t = 5, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=300), help_heading = "Stopping")]
    pub shutdown_seconds: u64,

    /// OpenTelemetry collector to send spans to, like http://127.0.0.1:4318 (OTLP over HTTP)
    ///
    /// Each request is a span, with its wait for the database; none is sent without it.
    #[arg(long, env = "PRESQUE_OTLP_ENDPOINT", value_name = "URL", help_heading = "Log")]
    pub otlp_endpoint: Option<String>,

    #[command(flatten)]
    pub log: LogArgs,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// How log lines look on standard error
    #[arg(long, env = "PRESQUE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What is logged: error, warn, info, debug (each request), trace; or by module, as
    /// in warn,presque=debug
    #[arg(long = "log", env = "PRESQUE_LOG", default_value = "info", value_name = "FILTER")]
    pub log_filter: String,
}

/// Where the private PostgreSQL lives when nobody says.
pub fn default_data_dir() -> Option<PathBuf> {
    if nix::unistd::geteuid().is_root() {
        return Some(PathBuf::from("/var/lib/presque"));
    }
    directories::BaseDirs::new().map(|dirs| dirs.data_dir().join("presque"))
}

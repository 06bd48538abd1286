//! A migrated, empty database for each test, cloned from a template.
//!
//! The PostgreSQL is the one of `TEST_DATABASE_URL` if that is set (its user must be
//! allowed to create databases); with the feature `container-tests` and
//! `PRESQUE_TEST_DATABASE=container` one in a container; else a private one, started by
//! this process with fsync off. No database, no green: nothing is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use presque::embedded::{Embedded, Options};
use presque::store::Store;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// One test's database; dropped with it.
pub(crate) struct TestDb {
    pub(crate) options: PgConnectOptions,
    name: String,
}

impl TestDb {
    pub(crate) async fn fresh() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(prepare_template).await;
        let name = format!("t_{}", Uuid::now_v7().simple());
        admin(&format!("create database {name} template {template} strategy file_copy")).await;
        Self { options: cluster().await.clone().database(&name), name }
    }

    /// The same database for another server; the first one drops it.
    pub(crate) fn shared(&self) -> Self {
        Self::of(self.options.clone())
    }

    /// This one, which is not dropped.
    pub(crate) fn of(options: PgConnectOptions) -> Self {
        Self { options, name: String::new() }
    }

    /// A database without a schema.
    pub(crate) async fn empty() -> Self {
        let name = format!("t_{}", Uuid::now_v7().simple());
        admin(&format!("create database {name}")).await;
        Self { options: cluster().await.clone().database(&name), name }
    }

    /// How servers reach it: by themselves, or through the pooler on the port of
    /// `PRESQUE_TEST_POOLER`.
    pub(crate) fn store(&self, connections: u32) -> Store {
        match std::env::var("PRESQUE_TEST_POOLER") {
            Ok(port) => {
                let pooler = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port.parse().unwrap());
                let name = self.options.get_database().unwrap();
                Store::pooled(pooler.username(self.options.get_username()).database(name), connections)
            }
            Err(_) => Store::new(self.options.clone(), connections),
        }
    }

    /// As a flag of the command line takes it.
    pub(crate) fn url(&self) -> String {
        let host = self.options.get_socket().map_or(self.options.get_host().to_owned(), |socket| {
            percent_encoding::utf8_percent_encode(&socket.to_string_lossy(), percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        });
        let password = password(&self.options);
        format!("postgres://{}{password}@{host}:{}/{}", self.options.get_username(), self.options.get_port(), self.name)
    }

    pub(crate) async fn connect(&self) -> sqlx::PgConnection {
        self.options.connect().await.unwrap()
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        let statement = format!("drop database if exists {} with (force)", self.name);
        // On a thread of its own: the test's runtime is going away.
        let dropped = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(admin(&statement));
        });
        let _ = dropped.join();
    }
}

/// Where `TEST_DATABASE_URL` carries a password, servers started by tests need it too.
fn password(_: &PgConnectOptions) -> String {
    let url = std::env::var("TEST_DATABASE_URL").unwrap_or_default();
    let user = url.split_once("//").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).map_or(String::new(), |(_, password)| format!(":{password}"))
}

/// Runs one statement in the maintenance database.
async fn admin(statement: &str) {
    let mut connection = cluster().await.connect().await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The template of these migrations: made once for a cluster, by one process.
async fn prepare_template() -> String {
    let mut digest = Sha256::new();
    let mut files: Vec<PathBuf> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    // Functions that run statements are made of these.
    for folder in ["routines", "jobs", "leases", "queues"] {
        let folder = format!("{}/src/store/{folder}", env!("CARGO_MANIFEST_DIR"));
        files.extend(fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    for file in files {
        digest.update(fs::read(file).unwrap());
    }
    let template =
        digest.finalize()[..8].iter().fold("presque_template_".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    let mut connection = cluster().await.connect().await.unwrap();
    sqlx::query("select pg_advisory_lock(7412)").execute(&mut connection).await.unwrap();
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1 and not datallowconn)")
            .bind(&template)
            .fetch_one(&mut connection)
            .await
            .unwrap();
    if !exists {
        for statement in [format!("drop database if exists {template}"), format!("create database {template}")] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
        Store::migrate(&cluster().await.clone().database(&template)).await.unwrap();
        let closed = format!("alter database {template} allow_connections false");
        sqlx::query(AssertSqlSafe(closed)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    template
}

/// The maintenance database of the cluster that tests use.
async fn cluster() -> &'static PgConnectOptions {
    static CLUSTER: OnceCell<PgConnectOptions> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async {
            if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
                return url.parse().unwrap();
            }
            #[cfg(feature = "container-tests")]
            if std::env::var("PRESQUE_TEST_DATABASE").is_ok_and(|wanted| wanted == "container") {
                return container().await;
            }
            private().maintenance_options()
        })
        .await
}

/// One container for the whole machine, kept for the next run: one for each process
/// would outlive it.
#[cfg(feature = "container-tests")]
async fn container() -> PgConnectOptions {
    use testcontainers::core::{IntoContainerPort as _, WaitFor};
    use testcontainers::runners::AsyncRunner as _;
    use testcontainers::{GenericImage, ImageExt as _, ReuseDirective};

    let ready = WaitFor::message_on_stderr("database system is ready to accept connections");
    let container = GenericImage::new("postgres", "18-alpine")
        .with_exposed_port(5432.tcp())
        .with_wait_for(ready)
        .with_env_var("POSTGRES_PASSWORD", "presque")
        .with_container_name("presque-tests")
        .with_reuse(ReuseDirective::Always)
        .start()
        .await
        .expect("a Docker engine that can start postgres:18-alpine");
    let port = container.get_host_port_ipv4(5432).await.unwrap();
    let url = format!("postgres://postgres:presque@127.0.0.1:{port}/postgres");
    let options: PgConnectOptions = url.parse().unwrap();
    super::server::until("the container accepts connections", || async { options.connect().await.is_ok() }).await;
    options
}

/// A private PostgreSQL in memory where that is roomy. It ends with this process; its
/// folder is removed by the next run.
fn private() -> &'static Embedded {
    static PRIVATE: OnceLock<Embedded> = OnceLock::new();
    PRIVATE.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let parent = if roomy(memory) { memory.to_owned() } else { std::env::temp_dir() };
        remove_leftovers(&parent);
        let data_dir = parent.join(format!("presque-test-{}", std::process::id()));
        Embedded::start(Options { data_dir, postgres_bin: None, durable: false }).unwrap()
    })
}

fn roomy(folder: &Path) -> bool {
    nix::sys::statvfs::statvfs(folder)
        .is_ok_and(|disk| u128::from(disk.blocks_available()) * u128::from(disk.fragment_size()) > 2 << 30)
}

/// Removes the folders of test runs that have ended: their locks are free.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("presque-test-")
            && let Ok(lock) = fs::File::open(entry.path().join("lock"))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

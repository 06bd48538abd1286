//! The command line, as people and scripts use it.

use std::process::Output;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Folder, Server, TestDb, until};

fn run(args: &[&str]) -> Output {
    Server::command().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_tells_its_version_and_helps() {
    assert_eq!(text(&run(&["--version"]).stdout), concat!("presque ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = text(&run(&["serve", "--help"]).stdout);
    for part in ["PRESQUE_LISTEN", "127.0.0.1:5000", "PRESQUE_DATABASE_URL", "PRESQUE_DATA_DIR", "/var/lib/presque"] {
        assert!(help.contains(part), "{part}:\n{help}");
    }
    assert!(text(&run(&["--help"]).stdout).contains("presque serve"));
}

#[test]
fn a_wrong_call_is_exit_code_2_and_says_what_is_right() {
    for args in [
        &["serve", "--listen", "nowhere"][..],
        &["serve", "--database-connections", "1"],
        &["serve", "--payload-bytes-max", "9999999"],
        &["serve", "--prot", "1"],
        &["server"],
        &["serve", "--database-url", "mysql://x"],
        &["serve", "--database-url", "postgres://a:se%cret@:x/"],
        &["serve", "--log", "presque=loud"],
        &[],
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty());
        assert!(!text(&output.stderr).contains("cret@"), "a password is shown: {}", text(&output.stderr));
    }
    let range = text(&run(&["serve", "--database-connections", "1"]).stderr);
    assert!(range.contains("2..=500"), "{range}");
}

#[test]
fn completions_are_made_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("presque"), "{shell}");
    }
}

#[test]
fn the_document_is_printed() {
    let output = run(&["openapi"]);
    assert_eq!(text(&output.stdout), presque::http::yaml(presque::http::Variant::V31).unwrap());
}

#[tokio::test]
async fn the_schema_is_migrated_and_shown() {
    let db = TestDb::empty().await;
    let url = db.url();
    let status = || text(&run(&["migrate", "status", "--database-url", &url]).stdout);
    let steps = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    assert_eq!(status().matches("missing").count(), steps, "{}", status());
    let up = run(&["migrate", "up", "--database-url", &url]);
    assert!(text(&up.stdout).starts_with(&format!("Applied {steps} migration(s).")), "{}", text(&up.stdout));
    assert_eq!(status().matches("applied").count(), steps);
    assert!(text(&run(&["migrate", "--database-url", &url]).stdout).starts_with("The schema is up to date."));
}

#[tokio::test]
async fn a_schema_newer_than_the_program_is_refused_by_name() {
    let db = TestDb::fresh().await;
    let mut connection = db.connect().await;
    sqlx::query("insert into presque_internal.schema_migration (version, description, success, checksum, execution_time) values (9999, 'later', true, '', 0)")
        .execute(&mut connection)
        .await
        .unwrap();
    let url = db.url();
    for args in [
        &["serve", "--allow-unsafe-durability", "--listen", "127.0.0.1:0"][..],
        &["migrate", "up"],
        &["migrate", "status"],
    ] {
        let output = run(&[args, &["--database-url", &url]].concat());
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("newer than this presque") && said.contains("9999"), "{said}");
    }
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let db = TestDb::fresh().await;
    let mut connection = db.connect().await;
    sqlx::query("update presque_internal.schema_migration set checksum = 'other' where version = 2")
        .execute(&mut connection)
        .await
        .unwrap();
    let output = run(&["migrate", "up", "--database-url", &db.url()]);
    assert!(text(&output.stderr).contains("migration 2 was applied from a different file"), "{output:?}");
}

#[tokio::test]
async fn serve_can_be_told_not_to_migrate() {
    let db = TestDb::empty().await;
    let url = db.url();
    let output = run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--migrate",
        "check",
        "--allow-unsafe-durability",
        "--database-url",
        &url,
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("presque migrate up"), "{}", text(&output.stderr));
    assert!(run(&["migrate", "up", "--database-url", &url]).status.success());
    Server::start(&["--migrate", "check", "--allow-unsafe-durability", "--database-url", &url]);
}

#[tokio::test]
async fn functions_that_are_not_of_this_version_are_told_and_made_anew() {
    let db = TestDb::fresh().await;
    let url = db.url();
    let of = |args: &[&str]| text(&run(&[args, &["--database-url", &url]].concat()).stdout);
    let change = async |statement: &'static str| {
        sqlx::query(statement).execute(&mut db.connect().await).await.unwrap();
    };
    let cured = || {
        assert_eq!(of(&["migrate", "up"]), "Made 1 function(s) anew. The schema is up to date.\n");
        assert!(!of(&["migrate", "status"]).contains("presque_internal"));
        assert!(of(&["doctor"]).contains("those behind the schema presque are of this version"));
    };

    change("comment on function presque_internal.run_enqueue is 'of another version'").await;
    let told = of(&["migrate", "status"]);
    assert!(
        told.ends_with("function presque_internal.run_enqueue: another version; `presque migrate up` makes it anew\n")
    );
    assert!(of(&["doctor"]).contains("1 of presque_internal are of another version: run_enqueue"));
    if std::env::var_os("TEST_DATABASE_URL").is_none() {
        // Ends for what the private cluster of tests does not keep, after it has looked.
        let looked = run(&["serve", "--listen", "127.0.0.1:0", "--migrate", "check", "--database-url", &url]);
        let logged = text(&looked.stderr);
        assert!(logged.contains("function presque_internal.run_enqueue is that of another version"), "{logged}");
    }
    // It is right for this version as well.
    Server::start(&["--migrate", "check", "--allow-unsafe-durability", "--database-url", &url]);
    cured();

    change("drop function presque_internal.run_pause").await;
    assert!(of(&["migrate", "status"]).ends_with("run_pause: missing; `presque migrate up` makes it anew\n"));
    assert!(of(&["doctor"]).contains("1 of presque_internal are missing, and calls with SQL fail: run_pause"));
    cured();
}

#[tokio::test]
async fn a_database_that_cannot_keep_jobs_is_refused() {
    let db = TestDb::fresh().await;
    if std::env::var_os("TEST_DATABASE_URL").is_none() {
        let output = run(&["serve", "--listen", "127.0.0.1:0", "--database-url", &db.url()]);
        assert_eq!(output.status.code(), Some(6));
        assert!(text(&output.stderr).contains("fsync"), "{}", text(&output.stderr));
    }
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--database-url", "postgres://127.0.0.1:1/none"]);
    assert_eq!(output.status.code(), Some(6));
    assert!(text(&output.stderr).contains("could not be reached"), "{}", text(&output.stderr));
}

#[test]
fn a_folder_that_cannot_hold_a_database_is_refused_with_a_hint() {
    let long = format!("/tmp/{}", "x".repeat(100));
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", &long]);
    assert!(text(&output.stderr).contains("shorter folder"), "{output:?}");
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", "/proc/nothing"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/proc/nothing"), "{output:?}");
    let output = run(&["serve", "--postgres-bin", "/nowhere", "--data-dir", "/tmp/presque-none"]);
    assert!(text(&output.stderr).contains("/nowhere"), "{output:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_postgresql_starts_in_seconds_and_is_said_where() {
    let folder = Folder::new();
    let mut server = Server::in_folder(&folder);
    assert!(server.greeting[0].starts_with("presque "), "{:?}", server.greeting);
    assert!(server.greeting[1].contains(folder.path().to_str().unwrap()), "{:?}", server.greeting);
    assert!(server.greeting[4].contains("curl -i -H"), "{:?}", server.greeting);
    let client = reqwest::Client::new();
    let posted =
        client.post(format!("{}/q/a", server.url)).header("content-type", "application/json").body("1").send().await;
    assert_eq!(posted.unwrap().status(), 201);
    server.signal(Signal::SIGTERM);
    assert!(server.wait().1);
    assert!(folder.postmaster().is_none(), "PostgreSQL went with it");
    let again = Server::in_folder(&folder);
    let fetched = client.get(format!("{}/q/a", again.url)).send().await.unwrap();
    assert_eq!(fetched.text().await.unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_drains_and_a_second_one_stops_at_once() {
    let db = TestDb::fresh().await;
    let url = db.url();
    let start = || Server::start(&["--allow-unsafe-durability", "--database-url", &url, "--drain-seconds", "3"]);
    let client = reqwest::Client::new();

    let mut server = start();
    server.signal(Signal::SIGTERM);
    let readyz = format!("{}/readyz", server.url);
    let unready = || async { client.get(&readyz).send().await.is_ok_and(|answer| answer.status() == 503) };
    until("the draining server says that it is not ready", unready).await;
    let fetched = client.get(format!("{}/q/a", server.url)).send().await.unwrap();
    assert_eq!(fetched.status(), 404, "requests are still served");
    let (took, success) = server.wait();
    assert!(success && took > Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");

    let mut server = start();
    server.signal(Signal::SIGTERM);
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.signal(Signal::SIGTERM);
    let (took, success) = server.wait();
    assert!(success && took < Duration::from_secs(2), "{took:?}");

    let mut server = start();
    let begun = Instant::now();
    server.signal(Signal::SIGINT);
    assert!(server.wait().1 && begun.elapsed() < Duration::from_secs(2), "Ctrl-C waits for no load balancer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_while_it_starts_ends_it() {
    // A database that takes connections and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://nobody@{}/nothing", silent.local_addr().unwrap());
    let mut starting = Server::command()
        .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &url])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let (_held, _) = silent.accept().unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(starting.id().cast_signed()), Signal::SIGTERM).unwrap();
    let ended = tokio::task::spawn_blocking(move || starting.wait().unwrap());
    let status = tokio::time::timeout(Duration::from_secs(5), ended).await.expect("it ends").unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_link_in_place_of_a_folder_is_refused() {
    let (folder, elsewhere) = (Folder::new(), Folder::new());
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("socket")).unwrap();
    let before = std::fs::metadata(elsewhere.path()).unwrap();
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("it is a symbolic link"), "{output:?}");
    let after = std::fs::metadata(elsewhere.path()).unwrap();
    let who = |found: &std::fs::Metadata| {
        use std::os::unix::fs::MetadataExt as _;
        (found.uid(), found.mode())
    };
    assert_eq!(who(&before), who(&after), "what it leads to is left alone");
}

#[tokio::test]
async fn postgresql_runs_as_the_owner_of_its_data() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = Folder::new();
    let mut server = Server::in_folder(&folder);
    server.signal(Signal::SIGTERM);
    assert!(server.wait().1);
    let data = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path());
    let data = data.into_iter().find(|path| path.to_string_lossy().contains("/data-")).unwrap();
    if nix::unistd::geteuid().is_root() {
        let given = std::process::Command::new("chown").arg("-R").arg("nobody").arg(&data).status().unwrap();
        assert!(given.success());
    }
    let _server = Server::in_folder(&folder);
    let running = std::fs::metadata(format!("/proc/{}", folder.postmaster().unwrap())).unwrap();
    assert_eq!(running.uid(), std::fs::metadata(&data).unwrap().uid());
}

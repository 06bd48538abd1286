//! Several servers on one database, alike, behind a load balancer.

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use crate::support::{Folder, Server, TestDb, free_port, program, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_together_migrate_once() {
    let db = TestDb::empty().await;
    let url = db.url();
    let servers: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::task::spawn_blocking(move || Server::start(&["--allow-unsafe-durability", "--database-url", &url]))
        })
        .collect();
    let client = reqwest::Client::new();
    for (n, server) in servers.into_iter().enumerate() {
        let server = server.await.unwrap();
        let posted =
            client.post(format!("{}/q/all", server.url)).header("content-type", "application/json").body(n.to_string());
        assert_eq!(posted.send().await.unwrap().status(), 201);
    }
}

/// Ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_a_standby_is_not_ready_and_takes_no_job() {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    let (folder, replica) = (Folder::new(), Folder::new());
    let _primary = Server::in_folder(&folder);
    let postgres = fs::read_link(format!("/proc/{}/exe", folder.postmaster().unwrap())).unwrap();
    let owner = fs::metadata(folder.path().join("socket")).unwrap();
    let program = |name: &str| {
        let mut command = Command::new(postgres.with_file_name(name));
        if nix::unistd::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command.current_dir("/");
        command
    };
    std::os::unix::fs::chown(replica.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
    let data = replica.path().join("data");
    let copied = program("pg_basebackup")
        .args(["--username", "presque", "--checkpoint", "fast", "--write-recovery-conf", "--host"])
        .arg(folder.path().join("socket"))
        .arg("--pgdata")
        .arg(&data)
        .status();
    assert!(copied.unwrap().success());
    let socket = format!("unix_socket_directories={}", replica.path().display());
    let standby = program("postgres")
        .arg("-D")
        .arg(&data)
        .args(["-c", "listen_addresses=", "-c", "max_connections=200", "-c", &socket])
        .stderr(std::process::Stdio::null())
        .spawn();
    let _standby = Ended(standby.unwrap());
    let host =
        percent_encoding::utf8_percent_encode(&replica.path().to_string_lossy(), percent_encoding::NON_ALPHANUMERIC)
            .to_string();
    let url = format!("postgres://presque@{host}/presque");
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    until("the standby takes connections", || async { sqlx::ConnectOptions::connect(&options).await.is_ok() }).await;
    let server = Server::start(&["--migrate", "check", "--database-url", &url]);
    let client = reqwest::Client::new();
    let answer = client.get(format!("{}/readyz", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let said = answer.text().await.unwrap();
    assert!(said.contains("standby"), "{said}");
    let posted =
        client.post(format!("{}/q/all", server.url)).header("content-type", "application/json").body("1").send().await;
    let refused = posted.unwrap();
    assert_eq!(refused.status(), 503);
    assert!(refused.text().await.unwrap().contains("database unavailable"));
}

/// A haproxy in front of these servers, ended with the test.
pub(crate) struct Balancer {
    _haproxy: Ended,
    pub(crate) url: String,
    _folder: Folder,
}

impl Balancer {
    pub(crate) fn start(servers: &[&Server]) -> Self {
        let (folder, port) = (Folder::new(), free_port());
        let config = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/haproxy.cfg")).unwrap();
        // The file that the compose file uses, with these servers in place of its own.
        let mut lines: Vec<String> = Vec::new();
        for line in config.lines() {
            match line.trim_start().split_once(' ') {
                Some(("bind", _)) => lines.push(format!("    bind 127.0.0.1:{port}")),
                Some(("server", _)) => {}
                _ => lines.push(line.to_owned()),
            }
        }
        for (n, server) in servers.iter().enumerate() {
            lines.push(format!("    server presque-{n} {} check", server.url.trim_start_matches("http://")));
        }
        let path = folder.path().join("haproxy.cfg");
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let child = Command::new(program("haproxy")).arg("-db").arg("-f").arg(&path).spawn().unwrap();
        Self { _haproxy: Ended(child), url: format!("http://127.0.0.1:{port}"), _folder: folder }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs haproxy (apt-get install haproxy); .ci/run installs and runs it"]
async fn two_servers_behind_haproxy_serve_one_queue_and_one_may_be_killed() {
    let db = TestDb::fresh().await;
    let url = db.url();
    let start = || Server::start(&["--allow-unsafe-durability", "--database-url", &url]);
    let (mut first, second) = (start(), start());
    let balancer = Balancer::start(&[&first, &second]);
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let ready =
        || async { client.get(format!("{}/readyz", balancer.url)).send().await.is_ok_and(|a| a.status() == 200) };
    until("the balancer sees a server", ready).await;
    let mut failed = 0;
    for n in 0..400 {
        if n == 150 {
            first.kill();
        }
        loop {
            let posted =
                client.post(format!("{}/q/shared?uniq={n}", balancer.url)).header("content-type", "application/json");
            match posted.body(n.to_string()).send().await.map(|answer| answer.status().as_u16()) {
                Ok(201 | 400) => break,
                _ => failed += 1,
            }
            assert!(failed < 20, "one server is enough");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let mut jobs: Vec<usize> = Vec::new();
    loop {
        let answer = client.get(format!("{}/qb/shared?batch_size=7", balancer.url)).send().await.unwrap();
        if answer.status() == 404 {
            break;
        }
        jobs.extend(answer.json::<Vec<String>>().await.unwrap().iter().map(|job| job.parse::<usize>().unwrap()));
    }
    assert_eq!(jobs, (0..400).collect::<Vec<_>>(), "each once, in order");
}

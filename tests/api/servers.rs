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

/// A haproxy in front of these servers, ended with the test.
struct Balancer {
    child: Child,
    url: String,
    _folder: Folder,
}

impl Balancer {
    fn start(servers: &[&Server]) -> Self {
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
        Self { child, url: format!("http://127.0.0.1:{port}"), _folder: folder }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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

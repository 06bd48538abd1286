//! `kill -9` of the server, of PostgreSQL and of both, under load: every acknowledged
//! job is there, once.
//!
//! `PRESQUE_TEST_KILLS` sets how many kills (default 9).

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use tokio::task::JoinSet;

use crate::support::{Folder, Server, free_port, until};

const PRODUCERS: usize = 8;

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap()
}

async fn ready(client: &reqwest::Client, url: &str) {
    until("the server is ready", || async {
        client.get(format!("{url}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
}

/// Posts numbers until told to stop. Answers which were acknowledged and which may or
/// may not have been stored.
async fn produce(url: String, next: Arc<AtomicUsize>, stop: Arc<AtomicBool>) -> (Vec<usize>, Vec<usize>) {
    let (client, mut acknowledged, mut unknown) = (client(), Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let n = next.fetch_add(1, Ordering::Relaxed);
        let request =
            client.post(format!("{url}/q/kills")).header("content-type", "application/json").body(n.to_string());
        match request.send().await {
            Ok(answer) if answer.status() == 201 => acknowledged.push(n),
            Ok(answer) => {
                assert_eq!(answer.status(), 503, "neither stored nor refused for now");
                assert!(answer.headers().contains_key("retry-after"));
                let unsure = answer.text().await.is_ok_and(|text| text.contains("outcome unknown"));
                if unsure {
                    unknown.push(n);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => {
                if !error.is_connect() {
                    unknown.push(n);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    (acknowledged, unknown)
}

/// A server that is killed, with its PostgreSQL or without, and started again.
pub(crate) struct Target {
    server: Server,
    folder: Folder,
    address: String,
    pub(crate) url: String,
    pub(crate) kills: usize,
}

impl Target {
    pub(crate) fn start() -> Self {
        let folder = Folder::new();
        let address = format!("127.0.0.1:{}", free_port());
        let server = Self::serve(&folder, &address);
        let url = server.url.clone();
        let kills = std::env::var("PRESQUE_TEST_KILLS").map_or(9, |kills| kills.parse().unwrap());
        Self { server, folder, address, url, kills }
    }

    fn serve(folder: &Folder, address: &str) -> Server {
        Server::start(&["--data-dir", folder.path().to_str().unwrap(), "--listen", address])
    }

    /// Kills the server, its PostgreSQL, or both, in turn; it serves again after each.
    pub(crate) async fn kill_all(&mut self) {
        let probe = client();
        for round in 0..self.kills {
            tokio::time::sleep(Duration::from_millis(150 + 37 * (round as u64 % 7))).await;
            let postmaster = self.folder.postmaster().expect("PostgreSQL runs");
            match round % 3 {
                0 => self.server.kill(),
                1 => kill(postmaster, Signal::SIGKILL).unwrap(),
                _ => {
                    kill(postmaster, Signal::SIGKILL).unwrap();
                    self.server.kill();
                }
            }
            if round % 3 != 1 {
                self.server = Self::serve(&self.folder, &self.address);
            }
            ready(&probe, &self.url).await;
            // The number of the one that was killed may stand there for a moment.
            until("another PostgreSQL runs", || async {
                self.folder.postmaster().is_some_and(|pid| pid != postmaster)
            })
            .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_processes_are_killed() {
    let mut target = Target::start();
    let (url, kills) = (target.url.clone(), target.kills);
    let (next, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut producers = JoinSet::new();
    for _ in 0..PRODUCERS {
        producers.spawn(produce(url.clone(), next.clone(), stop.clone()));
    }
    target.kill_all().await;
    stop.store(true, Ordering::Relaxed);
    let (mut acknowledged, mut unknown) = (HashSet::new(), HashSet::new());
    for (sure, unsure) in producers.join_all().await {
        acknowledged.extend(sure);
        unknown.extend(unsure);
    }
    assert!(acknowledged.len() > kills * 10, "the load was too small to prove anything: {}", acknowledged.len());

    let (probe, mut found) = (client(), HashMap::<usize, usize>::new());
    loop {
        let answer = probe.get(format!("{url}/qb/kills?batch_size=1000")).send().await.unwrap();
        if answer.status() == 404 {
            break;
        }
        for job in answer.json::<Vec<String>>().await.unwrap() {
            *found.entry(job.parse().unwrap()).or_default() += 1;
        }
    }
    let lost: Vec<_> = acknowledged.iter().filter(|n| !found.contains_key(n)).collect();
    assert!(lost.is_empty(), "lost {} of {} acknowledged: {lost:?}", lost.len(), acknowledged.len());
    let doubled: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    let invented: Vec<_> = found.keys().filter(|n| !acknowledged.contains(n) && !unknown.contains(n)).collect();
    assert!(invented.is_empty(), "refused, and stored all the same: {invented:?}");
    eprintln!("{kills} kills, {} acknowledged, 0 lost, {} of unknown outcome", acknowledged.len(), unknown.len());
}

#[tokio::test]
async fn an_interrupted_first_start_leaves_nothing_in_the_way() {
    let folder = Folder::new();
    for wait in [20, 120, 250, 400] {
        let mut child = Server::command()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", folder.path().to_str().unwrap()])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let server = Server::in_folder(&folder);
    ready(&client(), &server.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_folder_is_a_guest_and_takes_over() {
    let folder = Folder::new();
    let mut owner = Server::in_folder(&folder);
    assert!(owner.greeting[1].contains("(started)"), "{:?}", owner.greeting);
    let guest = Server::in_folder(&folder);
    assert!(guest.greeting[1].contains("(joined)"), "{:?}", guest.greeting);
    let client = client();
    let post = |url: &str, job: &'static str| {
        client.post(format!("{url}/q/shared")).header("content-type", "application/json").body(job).send()
    };
    assert_eq!(post(&owner.url, "1").await.unwrap().status(), 201);
    let first = client.get(format!("{}/q/shared", guest.url)).send().await.unwrap();
    assert_eq!(first.text().await.unwrap(), "1");
    assert_eq!(post(&owner.url, "2").await.unwrap().status(), 201);
    let before = folder.postmaster();
    owner.kill();
    // The owner's PostgreSQL ends with it, a moment later: what is asked meanwhile has an unknown outcome.
    until("the guest runs PostgreSQL", || async { folder.postmaster().is_some_and(|pid| Some(pid) != before) }).await;
    ready(&client, &guest.url).await;
    let second = client.get(format!("{}/q/shared", guest.url)).send().await.unwrap();
    assert_eq!(second.text().await.unwrap(), "2", "the guest runs PostgreSQL now");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_database_is_answered_with_503_in_time_and_needs_no_restart() {
    let folder = Folder::new();
    let server = Server::in_folder(&folder);
    let client = client();
    let fetch = || client.get(format!("{}/q/foo", server.url)).send();
    assert_eq!(fetch().await.unwrap().status(), 404);
    let stopped = Mutex::new(Vec::new());
    let postmaster = folder.postmaster().unwrap();
    for pid in descendants(postmaster.as_raw()) {
        kill(nix::unistd::Pid::from_raw(pid), Signal::SIGSTOP).unwrap();
        stopped.lock().unwrap().push(pid);
    }
    let begun = std::time::Instant::now();
    let uris =
        ["/q/foo", "/qb/foo", "/j/foo", "/w/foo", "/status", "/status/foo?with_desc=1", "/control/foo", "/readyz"];
    let asked = uris.map(|uri| client.get(format!("{}{uri}", server.url)).send());
    for (uri, answer) in uris.iter().zip(futures_util::future::join_all(asked).await) {
        assert_eq!(answer.unwrap().status(), 503, "{uri}");
    }
    assert!(begun.elapsed() < Duration::from_secs(6), "answered after {:?}", begun.elapsed());
    assert_eq!(client.get(format!("{}/livez", server.url)).send().await.unwrap().status(), 200);
    for pid in stopped.into_inner().unwrap() {
        kill(nix::unistd::Pid::from_raw(pid), Signal::SIGCONT).unwrap();
    }
    ready(&client, &server.url).await;
    assert_eq!(fetch().await.unwrap().status(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hung_database_does_not_hold_up_the_end() {
    let folder = Folder::new();
    let mut server = Server::in_folder(&folder);
    let hung = descendants(folder.postmaster().unwrap().as_raw());
    for pid in &hung {
        kill(nix::unistd::Pid::from_raw(*pid), Signal::SIGSTOP).unwrap();
    }
    server.signal(Signal::SIGTERM);
    let (took, success) = server.wait();
    for pid in &hung {
        // Those that were killed with it are gone.
        let _ = kill(nix::unistd::Pid::from_raw(*pid), Signal::SIGKILL);
    }
    assert!(success && took < Duration::from_secs(11), "{took:?}");
    let again = Server::in_folder(&folder);
    ready(&client(), &again.url).await;
}

/// The process and its children.
fn descendants(pid: i32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    std::iter::once(pid).chain(children.split_whitespace().map(|child| child.parse().unwrap())).collect()
}

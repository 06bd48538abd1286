//! One run of PostgreSQL's server process.

use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cluster::{Cluster, PORT, folder_error, socket_dir};
use super::{Error, STOP_WITHIN};

const POLL: Duration = Duration::from_millis(10);

/// A process that does not even take SIGQUIT in this time is hung, and killed.
const QUIT_WITHIN: Duration = Duration::from_millis(500);

/// The server process, a direct child: its exit is ours to see.
#[derive(Debug)]
pub(super) struct Postmaster {
    child: Child,
}

impl Postmaster {
    /// Starts PostgreSQL on the cluster; it does not answer yet.
    pub(super) fn spawn(cluster: &Cluster) -> Result<Self, Error> {
        let log = open_log(cluster).map_err(|error| folder_error(&cluster.log(), error))?;
        let mut command = cluster.command("postgres");
        command.arg("-D").arg(cluster.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        for (name, value) in settings(cluster) {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        end_with_parent(&mut command, Signal::SIGINT);
        let child = command.spawn().map_err(|error| Error::Start(error.to_string()))?;
        Ok(Self { child })
    }

    /// Waits until PostgreSQL accepts connections, however long its recovery takes: one
    /// that is cut short begins anew. False when told to stop; its last words if it ends.
    pub(super) fn wait_until_ready(&mut self, cluster: &Cluster, stopped: impl Fn() -> bool) -> Result<bool, Error> {
        loop {
            if let Some(status) = self.ended() {
                let said = last_lines(&cluster.log());
                return Err(Error::Start(format!("it ended with {status}: {said}{}", cluster.hint(&said))));
            }
            let ready = status_line(cluster).is_some_and(|(pid, ready)| ready && pid == self.pid().as_raw());
            if ready && accepts(&cluster.folder) {
                return Ok(true);
            }
            if stopped() {
                return Ok(false);
            }
            std::thread::sleep(POLL);
        }
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Stops PostgreSQL: sessions are ended, data is checkpointed. What takes longer than
    /// `within` is stopped at once, which is safe, because the next start recovers.
    pub(super) fn stop(mut self, within: Duration) {
        // What has ended is nobody's number any more.
        if self.ended().is_some() {
            return;
        }
        // SIGINT is a fast shutdown, SIGQUIT an immediate one.
        let _ = kill(self.pid(), Signal::SIGINT);
        if self.ends_within(within) {
            return;
        }
        tracing::warn!("PostgreSQL takes long to stop: stopping it at once, the next start recovers");
        let _ = kill(self.pid(), Signal::SIGQUIT);
        if !self.ends_within(QUIT_WITHIN) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn ends_within(&mut self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while self.ended().is_none() {
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
        true
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

/// Stops what a killed server left running here. The socket in our private folder
/// proves that the process is ours, whatever its number has become.
pub(super) fn stop_orphan(cluster: &Cluster) {
    if let Some((pid, _)) = status_line(cluster)
        && accepts(&cluster.folder)
    {
        tracing::warn!(pid, "stopping the PostgreSQL that a killed presque left behind");
        let _ = kill(Pid::from_raw(pid), Signal::SIGINT);
        let deadline = Instant::now() + STOP_WITHIN;
        while cluster.data().join("postmaster.pid").exists() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
    }
}

/// Whether a PostgreSQL listens on the socket of this folder.
pub(super) fn accepts(folder: &Path) -> bool {
    UnixStream::connect(socket_dir(folder).join(format!(".s.PGSQL.{PORT}"))).is_ok()
}

/// Process number and readiness from `postmaster.pid` (lines 1 and 8).
pub(super) fn status_line(cluster: &Cluster) -> Option<(i32, bool)> {
    let text = fs::read_to_string(cluster.data().join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok().filter(|pid| *pid > 1)?;
    Some((pid, lines.nth(6).is_some_and(|line| line.trim() == "ready")))
}

fn settings(cluster: &Cluster) -> Vec<(&'static str, String)> {
    let on = if cluster.durable { "on" } else { "off" };
    let set = |name, value: &str| (name, value.to_owned());
    vec![
        ("unix_socket_directories", socket_dir(&cluster.folder).display().to_string()),
        set("unix_socket_permissions", "0700"),
        // No port: only who may enter the folder can connect.
        set("listen_addresses", ""),
        ("port", PORT.to_string()),
        set("max_connections", "200"),
        set("fsync", on),
        set("synchronous_commit", on),
        set("full_page_writes", on),
        set("shared_buffers", "128MB"),
        // New WAL segments are slow until recycled: keep enough of them.
        set("min_wal_size", "256MB"),
        set("max_wal_size", "2GB"),
        set("wal_compression", "on"),
        set("autovacuum_naptime", "10s"),
        set("log_checkpoints", "off"),
        set("log_min_messages", "warning"),
        set("log_timezone", "UTC"),
        set("timezone", "UTC"),
    ]
}

/// The log of this run; that of the run before is kept beside it.
fn open_log(cluster: &Cluster) -> io::Result<File> {
    let path = cluster.log();
    if path.exists() {
        fs::rename(&path, path.with_extension("log.1"))?;
    }
    File::create(&path)
}

fn last_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// Makes the child leave our process group, so that Ctrl-C reaches us first, and (on
/// Linux) get `signal` when the thread that forks it ends, however it ends.
#[expect(unsafe_code, reason = "code between fork and exec can only be given through an unsafe function")]
pub(super) fn end_with_parent(command: &mut std::process::Command, signal: Signal) {
    use std::os::unix::process::CommandExt as _;
    // SAFETY: only async-signal-safe system calls, no allocation, no lock.
    unsafe {
        command.pre_exec(move || {
            nix::unistd::setsid()?;
            #[cfg(target_os = "linux")]
            nix::sys::prctl::set_pdeathsig(signal)?;
            #[cfg(not(target_os = "linux"))]
            let _ = signal;
            Ok(())
        });
    }
}

//! A real server: the binary, started as people start it.

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A folder that PostgreSQL's user may enter, removed with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("presque-it-").tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The process number of the PostgreSQL that runs in `data` below this folder.
    pub(crate) fn postmaster(&self) -> Option<Pid> {
        let cluster = std::fs::read_dir(self.path())
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("data-")))?;
        let text = std::fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok().map(Pid::from_raw)
    }
}

pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    pub(crate) greeting: Vec<String>,
}

impl Server {
    /// Starts `presque serve` with these arguments and waits until it says where it is.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::run(Self::command(), args)
    }

    /// With more variables.
    pub(crate) fn with_env(variables: &[(&str, &str)], args: &[&str]) -> Self {
        let mut command = Self::command();
        command.envs(variables.iter().copied());
        Self::run(command, args)
    }

    /// Another program, on a private PostgreSQL in this folder.
    pub(crate) fn of_program(program: &Path, folder: &Folder) -> Self {
        let data = folder.path().to_str().unwrap();
        Self::run(Command::new(program), &["--data-dir", data, "--drain-seconds", "0"])
    }

    fn run(mut command: Command, args: &[&str]) -> Self {
        command.arg("serve").args(args);
        if !args.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = Vec::new();
        while greeting.len() < 6 {
            greeting.push(lines.next().unwrap_or_else(|| panic!("the server ended: {:?}", child.wait())).unwrap());
        }
        let url = greeting[0].rsplit(' ').next().unwrap().to_owned();
        Self { child, url, greeting }
    }

    /// On a private PostgreSQL in this folder.
    pub(crate) fn in_folder(folder: &Folder) -> Self {
        Self::start(&["--data-dir", folder.path().to_str().unwrap(), "--drain-seconds", "0"])
    }

    /// One of a fleet: on a database of the tests, at a port that it keeps over restarts.
    pub(crate) fn at_port(database: &str, port: u16, drain_seconds: u64) -> Self {
        let (listen, drain) = (format!("127.0.0.1:{port}"), drain_seconds.to_string());
        Self::start(&[
            "--allow-unsafe-durability",
            "--database-connections",
            "6",
            "--database-url",
            database,
            "--listen",
            &listen,
            "--drain-seconds",
            &drain,
        ])
    }

    /// The program, without the settings of whoever runs the tests.
    pub(crate) fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_presque"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PRESQUE_") || name == "DATABASE_URL" {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }

    /// Waits for its end; how long that took and whether it was a success.
    pub(crate) fn wait(&mut self) -> (Duration, bool) {
        let begun = Instant::now();
        let status = self.child.wait().unwrap();
        (begun.elapsed(), status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM);
            let deadline = Instant::now() + Duration::from_secs(10);
            while let Ok(None) = self.child.try_wait() {
                if Instant::now() > deadline {
                    let _ = self.child.kill();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits for what must become true, with a deadline.
pub(crate) async fn until<F, Fut>(what: &str, condition: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = bool>,
{
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(Instant::now() < deadline, "still waiting until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Programs that a test needs and Debian packages.
pub(crate) fn program(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("this test needs {name}: apt-get install {name}"))
}

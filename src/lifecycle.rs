//! From running to stopped: drain, soft stop, deadline, hard stop.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Where the server is on its way to the end. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    draining: Arc<OnceLock<Instant>>,
    drain: CancellationToken,
    /// Accept nothing more, finish what runs.
    pub soft_stop: CancellationToken,
    /// Drop what still runs.
    pub hard_stop: CancellationToken,
}

impl Lifecycle {
    /// Whether load balancers should send requests elsewhere.
    pub fn is_draining(&self) -> bool {
        self.draining.get().is_some()
    }

    /// Begins the end: `/readyz` says no, requests are still served.
    pub fn drain(&self) {
        let _ = self.draining.set(Instant::now());
        self.drain.cancel();
    }

    /// Cancelled when the end begins: who waits for something is answered then.
    pub fn draining(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// How long ago the end began.
    pub fn draining_for(&self) -> Duration {
        self.draining.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Waits for SIGTERM or Ctrl-C and then goes through the stages. A second signal at
    /// any time is the hard stop.
    pub async fn run(self, mut signals: Signals, drain: Duration, shutdown: Duration) {
        let first = signals.next().await;
        self.drain();
        // Whoever pressed Ctrl-C looks at one process; no load balancer has to notice.
        let drain = if first == SignalKind::terminate() { drain } else { Duration::ZERO };
        tracing::info!(drain_seconds = drain.as_secs(), "stopping: not ready, finishing what runs");
        let stages = async {
            tokio::time::sleep(drain).await;
            self.soft_stop.cancel();
            tokio::time::sleep(shutdown).await;
            tracing::warn!("requests still run at the deadline: stopping now");
        };
        tokio::select! {
            () = stages => {}
            _ = signals.next() => {
                tracing::warn!("second signal: stopping now");
                self.soft_stop.cancel();
            }
        }
        self.hard_stop.cancel();
    }
}

/// The signals that stop a server; from when it is made they no longer kill the process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> SignalKind {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        }
    }
}

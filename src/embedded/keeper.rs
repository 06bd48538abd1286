//! The thread that keeps PostgreSQL running: as its owner, or as a guest in waiting.

use std::cell::Cell;
use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use super::cluster::{Cluster, folder_error};
use super::postmaster::{self, Postmaster};
use super::{Error, Options, Ready, STOP_WITHIN};

/// How often the owner looks whether PostgreSQL lives, and a guest whether the owner does.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A start that fails is tried again for this long before it is reported: processes that
/// were killed a moment ago hold their lock files until they are reaped.
const FIRST_START_WITHIN: Duration = Duration::from_secs(15);

pub(super) struct Keeper {
    cluster: Cluster,
    lock: File,
    stopped: Receiver<Duration>,
    /// Whether the start has been answered.
    reported: Cell<bool>,
}

impl Keeper {
    pub(super) fn new(options: &Options, stopped: Receiver<Duration>) -> Result<Self, Error> {
        let cluster = Cluster::prepare(options)?;
        let path = cluster.folder.join("lock");
        let lock = File::options()
            // Another user who could open it could hold it.
            .mode(0o600)
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| folder_error(&path, error))?;
        Ok(Self { cluster, lock, stopped, reported: Cell::new(false) })
    }

    /// Runs until it is told to stop; reports the first success, or the error that
    /// stands after [`FIRST_START_WITHIN`].
    pub(super) fn run(self, report: &SyncSender<Result<Ready, Error>>) {
        let begun = Instant::now();
        let mut tell = |outcome| {
            if !self.reported.replace(true) {
                // The receiver may have given up on us.
                let _ = report.send(outcome);
            }
        };
        loop {
            match self.lock.try_lock() {
                Ok(()) => match self.own(&mut tell) {
                    Ok(true) => return,
                    Ok(false) => tracing::warn!("PostgreSQL ended by itself: starting it again"),
                    Err(error) if begun.elapsed() < FIRST_START_WITHIN && !is_final(&error) => {
                        tracing::debug!(%error, "PostgreSQL did not start: trying again");
                    }
                    Err(error) => {
                        tracing::error!(%error, "PostgreSQL did not start");
                        tell(Err(error));
                    }
                },
                // A guest that knows of a PostgreSQL only waits for the lock.
                Err(TryLockError::WouldBlock) if self.reported.get() => {}
                Err(TryLockError::WouldBlock) => {
                    let ready = postmaster::status_line(&self.cluster).is_some_and(|(_, ready)| ready);
                    if ready && postmaster::accepts(&self.cluster.folder) {
                        tell(Ok(self.ready(false)));
                    }
                }
                Err(TryLockError::Error(error)) => {
                    tell(Err(folder_error(&self.cluster.folder.join("lock"), error)));
                }
            }
            // A sender that is gone means the same as a message: nobody needs us.
            if self.stopped.recv_timeout(LOOK_EVERY) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Starts PostgreSQL and stays with it. True when told to stop, false when it ended.
    fn own(&self, tell: &mut impl FnMut(Result<Ready, Error>)) -> Result<bool, Error> {
        self.cluster.hand_over()?;
        self.cluster.init()?;
        postmaster::stop_orphan(&self.cluster);
        let mut running = Postmaster::spawn(&self.cluster)?;
        let within = Cell::new(STOP_WITHIN);
        let stopped = || match self.stopped.try_recv() {
            Err(TryRecvError::Empty) => false,
            told => {
                within.set(told.unwrap_or(STOP_WITHIN));
                true
            }
        };
        match running.wait_until_ready(&self.cluster, stopped) {
            Ok(true) => {}
            Ok(false) => {
                running.stop(within.get());
                return Ok(true);
            }
            Err(error) => {
                running.stop(STOP_WITHIN);
                return Err(error);
            }
        }
        tell(Ok(self.ready(true)));
        loop {
            match self.stopped.recv_timeout(LOOK_EVERY) {
                Err(RecvTimeoutError::Timeout) => {}
                told => {
                    running.stop(told.unwrap_or(STOP_WITHIN));
                    return Ok(true);
                }
            }
            if running.ended().is_some() {
                return Ok(false);
            }
        }
    }

    fn ready(&self, owner: bool) -> Ready {
        Ready { owner, version: self.cluster.binaries.version.clone() }
    }
}

/// Whether trying again cannot help.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::NoBinaries(_) | Error::PathTooLong(_) | Error::Folder { .. } | Error::Initdb(_))
}

//! The worker, as those who use it see it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::desk::{Desk, MOST};
use crate::job::{Failure, Job};
use crate::types::Problem;
use crate::{Client, Error};

/// Runs a handler for the jobs of some queues.
#[derive(Clone, Debug)]
pub struct Worker {
    pub(crate) client: Client,
    pub(crate) id: String,
    pub(crate) queues: Vec<String>,
    pub(crate) kinds: Vec<String>,
    pub(crate) concurrency: usize,
    pub(crate) lease: Option<Duration>,
    pub(crate) grace: Duration,
}

impl Worker {
    /// A worker for these queues, in this order. Make the client with [`crate::connect`]: its timeout fits long polls.
    pub fn new<Q: Into<String>>(client: Client, queues: impl IntoIterator<Item = Q>) -> Self {
        let id = format!("{}-{:08x}", std::process::id(), fastrand::u32(..));
        let queues = queues.into_iter().map(Into::into).collect();
        Self { client, id, queues, kinds: vec![], concurrency: 10, lease: None, grace: Duration::from_secs(20) }
    }
    /// Its name, unique for each process; the process id and a random number if not set.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }
    /// Jobs of these kinds only.
    #[must_use]
    pub fn kinds<K: Into<String>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.kinds = kinds.into_iter().map(Into::into).collect();
        self
    }
    /// How many jobs run at once: 10 if not set, 1000 at most.
    #[must_use]
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs.clamp(1, MOST);
        self
    }
    /// How long the worker holds a job without a heartbeat; what the job or its queue says if not set.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }
    /// How long running jobs may go on after a stop before they are given back: 20 seconds if not set.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Works until `stop` is cancelled or somebody signals the worker to stop. Then it claims no more, lets running
    /// jobs finish for the grace period, gives the rest back, reports, and returns.
    ///
    /// # Errors
    ///
    /// If the server refuses a request in a way that no repetition changes, such as the name of a queue.
    pub async fn run<F, R>(self, stop: CancellationToken, handler: F) -> Result<(), Error<Problem>>
    where
        F: Fn(Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        Desk::new(self, Arc::new(move |job| Box::pin(handler(job))), stop.child_token()).work().await
    }
}

//! What a handler gets and gives back.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::to_raw_value;
use crate::types::{ClaimedJob, JobFailure, SettleItem};

/// A claimed job, as a handler gets it; the members of [`ClaimedJob`] are there too.
pub struct Job {
    pub(crate) claimed: ClaimedJob,
    /// Cancelled when somebody wants the job cancelled: stop, and return [`Failure::cancelled`].
    pub cancel: CancellationToken,
    /// Cancelled when the worker stops: what ends soon may end, what takes long may return [`Failure::release`].
    pub stopping: CancellationToken,
    pub(crate) progress: Arc<Mutex<Option<f64>>>,
}

impl Job {
    /// The payload as a type of yours. As text, byte for byte, it is `job.payload.get()`.
    ///
    /// # Errors
    ///
    /// If the payload is not of this type.
    pub fn payload<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.claimed.payload.get())
    }

    /// How far it is, from 0 to 100; sent with the next heartbeat.
    pub fn progress(&self, percent: f64) {
        if percent.is_finite() {
            *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(percent.clamp(0.0, 100.0));
        }
    }
}

impl Deref for Job {
    type Target = ClaimedJob;
    fn deref(&self) -> &ClaimedJob {
        &self.claimed
    }
}

/// Why a job did not complete, and what is to become of it. Any error turns into one that is retried, so that handlers
/// can use `?`.
#[derive(Debug)]
pub struct Failure {
    pub(crate) outcome: &'static str,
    pub(crate) retry: bool,
    pub(crate) delay: Option<Duration>,
    pub(crate) class: String,
    pub(crate) message: String,
}

impl Failure {
    fn new(outcome: &'static str, retry: bool, message: String) -> Self {
        Self { outcome, retry, delay: None, class: "error".into(), message }
    }
    /// Try again after the queue's backoff.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::new("failed", true, message.into())
    }
    /// No attempt would help.
    pub fn discard(message: impl Into<String>) -> Self {
        Self::new("failed", false, message.into())
    }
    /// Not a failure: somebody shall take it again, as soon as possible.
    #[must_use]
    pub fn release() -> Self {
        Self::new("released", true, String::new())
    }
    /// It was stopped because a cancel was requested.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new("cancelled", false, String::new())
    }
    /// When to try again, or when a released job comes back.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }
    /// What errors are grouped by.
    #[must_use]
    pub fn class(mut self, class: impl Into<String>) -> Self {
        self.class = class.into();
        self
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::retry(error.to_string()).class(std::any::type_name::<E>())
    }
}

/// How the worker reports it.
pub(crate) fn settle_item(job: Uuid, token: &str, outcome: Result<Value, Failure>) -> SettleItem {
    let item = SettleItem::builder().job_id(job).lease_token(token.to_owned());
    let item = match outcome {
        Ok(result) => item.outcome("completed".to_owned()).result(to_raw_value(&result).expect("a value is JSON")),
        Err(failure) => {
            let item = item.outcome(failure.outcome.to_owned());
            let delay = failure.delay.map(in_millis);
            match failure.outcome {
                "failed" => {
                    let error = JobFailure::builder().error_class(failure.class).message(failure.message);
                    let error = JobFailure::try_from(error).expect("nothing is required");
                    item.error(error).retry(failure.retry).retry_in_ms(delay)
                }
                "released" => item.delay_ms(delay),
                _ => item,
            }
        }
    };
    SettleItem::try_from(item).expect("what is required is set")
}

pub(crate) fn in_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

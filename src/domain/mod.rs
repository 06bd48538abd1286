//! What things are: pure rules without I/O. Everything else may import this.

mod bulk_operation;
mod by;
mod failure;
mod histogram;
mod job;
mod names;
mod payload;
mod policy;
mod recurrence;
mod run_after;

pub use bulk_operation::{BulkAction, spread_of};
pub use by::{Asker, By};
pub use failure::{Failure, cut};
pub use histogram::Histogram;
pub use job::{Action, FREE_RELEASES, JobId, JobState, LeaseToken, Outcome, Running, settle};
pub use names::{DedupKey, QueueName, WorkerId};
pub use payload::{Payload, PayloadError};
pub use policy::{LEASE_MS, MS_MAX, PAYLOAD_BYTES_CAP, QueuePolicy, StringMap};
pub use recurrence::{CATCH_UP_MAX, CatchUp, Due, Recurrence};
pub use run_after::RunAfter;

/// Why a value is not what it should be; the caller knows which field it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

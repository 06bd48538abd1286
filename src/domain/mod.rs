//! What things are: pure rules without I/O. Everything else may import this.

mod names;
mod payload;
mod run_after;

pub use names::{DedupKey, QueueName, WorkerId};
pub use payload::{Payload, PayloadError};
pub use run_after::RunAfter;

/// Why a value is not what it should be; the caller knows which field it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);

//! What a job is: its id, its states, and how an attempt ends.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a job stands. Frozen for v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(example = "available")]
pub enum JobState {
    /// Waits for other jobs.
    Pending,
    /// Waits for its time.
    Scheduled,
    /// Can be claimed.
    Available,
    /// Held by a worker under a lease.
    Running,
    /// Failed, and waits for its next attempt.
    Retryable,
    /// Final: a worker reported success.
    Completed,
    /// Final: attempts exhausted, or failed for good. A dead letter.
    Discarded,
    /// Final: somebody, or its expiry, ended it.
    Cancelled,
}

impl JobState {
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Scheduled,
        Self::Available,
        Self::Running,
        Self::Retryable,
        Self::Completed,
        Self::Discarded,
        Self::Cancelled,
    ];

    /// States in which a job waits and can be changed or cancelled at once.
    pub const WAITING: [Self; 4] = [Self::Pending, Self::Scheduled, Self::Available, Self::Retryable];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Available => "available",
            Self::Running => "running",
            Self::Retryable => "retryable",
            Self::Completed => "completed",
            Self::Discarded => "discarded",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether nothing happens to the job any more, unless somebody retries it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Discarded | Self::Cancelled)
    }
}

/// A job's id: a `UUIDv7` that carries the sequence number of its enqueue in 42 bits and the
/// internal id of its queue in the last 32, so that it tells where the job lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub Uuid);

impl JobId {
    /// The internal id of the queue. Of an id that is none of ours it is any number, and
    /// nothing is found under it.
    pub fn queue_id(self) -> i32 {
        let bytes = self.0.as_bytes();
        i32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]])
    }

    /// The sequence number of its enqueue. Of an id that is none of ours it is any number.
    pub fn seq(self) -> u64 {
        let bits = self.0.as_u128();
        // 12 bits and 30, as `new_job_id` puts them there; both fit.
        u64::try_from((bits >> 64) & 0xFFF).unwrap_or(0) << 30 | u64::try_from((bits >> 32) & 0x3FFF_FFFF).unwrap_or(0)
    }

    /// Below all ids of this millisecond, above those before.
    pub fn floor(at: DateTime<Utc>) -> Uuid {
        Uuid::from_u128(u128::try_from(at.timestamp_millis()).unwrap_or(0) << 80)
    }

    /// When its transaction began, to the millisecond below. Of an id that is none of ours it may be none.
    pub fn time(self) -> Option<DateTime<Utc>> {
        let ms = self.0.as_u128() >> 80;
        i64::try_from(ms).ok().and_then(DateTime::from_timestamp_millis)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Proof that a worker holds one attempt of one job: new at every claim, never used again.
///
/// Opaque to clients. What is no token of ours becomes the nil token, which no lease has,
/// and is refused like any other that is not current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub Uuid);

impl LeaseToken {
    pub fn parse(text: &str) -> Self {
        Self(if text.len() == 32 { Uuid::try_parse(text).unwrap_or_default() } else { Uuid::nil() })
    }
}

impl fmt::Display for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

/// How a worker, or the clock, ends or extends a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Completed,
    Failed,
    Released,
    /// The worker answers a request to cancel.
    Cancelled,
    /// Not an end: the lease goes on.
    Extended,
    /// The lease ran out, or the attempt took longer than it may.
    Lost,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Released => "released",
            Self::Cancelled => "cancelled",
            Self::Extended => "extended",
            Self::Lost => "lost",
        }
    }

    /// As workers write it; `lost` is for the clock to say.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Completed, Self::Failed, Self::Released, Self::Cancelled, Self::Extended]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
    }
}

/// Releases that cost nothing; later ones count as failures, so that a job that every
/// worker hands back cannot go round for ever.
pub const FREE_RELEASES: i32 = 1000;

/// What is known of a running job when its lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    pub failed_attempts: i32,
    pub max_attempts: i32,
    pub releases: i32,
    /// Somebody asked for the job to be cancelled.
    pub cancel_requested: bool,
}

/// Where a running job goes when its lease ends with `outcome`; `retry` is what a failure
/// says of another attempt, `delay_ms` what a release says of its own.
///
/// The statement `store/leases/settle.sql` decides the same; a test compares the two.
pub fn settle(running: Running, outcome: Outcome, retry: bool, delay_ms: i64) -> JobState {
    let exhausted = running.failed_attempts + 1 >= running.max_attempts;
    match outcome {
        Outcome::Extended => JobState::Running,
        Outcome::Completed => JobState::Completed,
        Outcome::Cancelled => JobState::Cancelled,
        _ if running.cancel_requested => JobState::Cancelled,
        Outcome::Released if running.releases < FREE_RELEASES => {
            if delay_ms > 0 {
                JobState::Scheduled
            } else {
                JobState::Available
            }
        }
        Outcome::Failed if !retry => JobState::Discarded,
        _ if exhausted => JobState::Discarded,
        _ => JobState::Retryable,
    }
}

/// What people do to a job, beside its worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Update,
    /// `force`: also if it waits.
    Delete {
        force: bool,
    },
    /// A running one is only asked to stop, unless by force.
    Cancel,
    /// `force`: also if it was completed.
    Retry {
        force: bool,
    },
}

impl Action {
    /// The states in which a job lets this be done to it; in any other it is refused.
    ///
    /// The statements in `store/jobs` decide the same; a test compares the two.
    pub fn allowed_states(self) -> Vec<JobState> {
        use JobState::{Cancelled, Completed, Discarded, Retryable, Running, Scheduled};
        match self {
            Self::Update => JobState::WAITING.to_vec(),
            Self::Delete { force: false } => vec![Completed, Discarded, Cancelled],
            Self::Delete { force: true } => [&[Completed, Discarded, Cancelled], &JobState::WAITING[..]].concat(),
            Self::Cancel => [&JobState::WAITING[..], &[Running]].concat(),
            Self::Retry { force: false } => vec![Retryable, Scheduled, Discarded, Cancelled],
            Self::Retry { force: true } => vec![Retryable, Scheduled, Discarded, Cancelled, Completed],
        }
    }

    pub fn allows(self, state: JobState) -> bool {
        self.allowed_states().contains(&state)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcomes() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(Outcome::Completed),
            Just(Outcome::Failed),
            Just(Outcome::Released),
            Just(Outcome::Cancelled),
            Just(Outcome::Extended),
            Just(Outcome::Lost),
        ]
    }

    proptest! {
        #[test]
        fn a_lease_ends_in_a_state_that_the_machine_knows(
            failed_attempts in 0..12, max_attempts in 1..12, releases in 0..1100, cancel_requested: bool,
            outcome in outcomes(), retry: bool, delay_ms in 0_i64..10,
        ) {
            let running = Running { failed_attempts, max_attempts, releases, cancel_requested };
            let state = settle(running, outcome, retry, delay_ms);
            prop_assert_ne!(state, JobState::Pending);
            // A complete that arrives first wins, whatever else was asked for.
            prop_assert_eq!(state == JobState::Completed, outcome == Outcome::Completed);
            prop_assert_eq!(state == JobState::Running, outcome == Outcome::Extended);
            // While a cancel is asked for, no end leads to another attempt.
            if cancel_requested {
                prop_assert!(state.is_final() || outcome == Outcome::Extended);
            }
            // Failures are bounded: one more than the last attempt never waits for another.
            if matches!(outcome, Outcome::Failed | Outcome::Lost) && failed_attempts + 1 >= max_attempts {
                prop_assert!(state.is_final());
            }
        }

        #[test]
        fn tokens_are_read_as_they_are_written_and_nothing_else_is_one(bytes: [u8; 16], other in "\\PC{0,40}") {
            let token = LeaseToken(Uuid::from_bytes(bytes));
            prop_assert_eq!(LeaseToken::parse(&token.to_string()), token);
            prop_assume!(!(other.len() == 32 && other.bytes().all(|b| b.is_ascii_hexdigit())));
            prop_assert!(LeaseToken::parse(&other).0.is_nil());
        }
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in JobState::ALL {
            assert_eq!(JobState::parse(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(JobState::parse("done"), None);
    }
}

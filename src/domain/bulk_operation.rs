//! What is done to many jobs at once, and to which of them it can be done.

use super::{JobId, JobState};

/// What a bulk operation does to each of its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkAction {
    Retry,
    Cancel,
    Delete,
    Move,
    Reprioritize,
    Reschedule,
}

impl BulkAction {
    pub const ALL: [Self; 6] =
        [Self::Retry, Self::Cancel, Self::Delete, Self::Move, Self::Reprioritize, Self::Reschedule];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Reprioritize => "reprioritize",
            Self::Reschedule => "reschedule",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// The states of the jobs that are meant: those that the filter names, if it does, and in which this can be done.
    /// Completed jobs are retried only where the filter names them.
    pub fn states(self, named: Option<&[JobState]>) -> Vec<JobState> {
        use JobState::{Cancelled, Completed, Discarded, Retryable, Running, Scheduled};
        let eligible = match self {
            Self::Retry if named.is_some() => vec![Discarded, Cancelled, Retryable, Scheduled, Completed],
            Self::Retry => vec![Discarded, Cancelled, Retryable, Scheduled],
            Self::Cancel => [&JobState::WAITING[..], &[Running]].concat(),
            Self::Delete => [&JobState::WAITING[..], &[Completed, Discarded, Cancelled]].concat(),
            Self::Move | Self::Reprioritize | Self::Reschedule => JobState::WAITING.to_vec(),
        };
        eligible.into_iter().filter(|state| named.is_none_or(|named| named.contains(state))).collect()
    }
}

/// How long a job waits whose like are spread over `spread_ms`: evenly over jobs that were enqueued one after the other,
/// and the same whenever it is asked.
pub fn spread_of(id: JobId, spread_ms: i64) -> i64 {
    // Multiples of the golden ratio, less their whole part, fall into the widest gap left between those before.
    let turn = id.seq().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let spread = u128::try_from(spread_ms).unwrap_or(0);
    i64::try_from((u128::from(turn) * spread) >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_as_they_are_written_and_take_what_the_filter_names() {
        for action in BulkAction::ALL {
            assert_eq!(BulkAction::parse(action.as_str()), Some(action));
            assert_eq!(action.states(Some(&[])), []);
            assert_eq!(action.states(None).contains(&JobState::Running), action == BulkAction::Cancel);
            assert_eq!(action.states(None).contains(&JobState::Completed), action == BulkAction::Delete);
        }
        let named = [JobState::Completed, JobState::Running];
        assert_eq!(BulkAction::Retry.states(Some(&named)), [JobState::Completed]);
        assert_eq!(BulkAction::parse("purge"), None);
    }

    #[test]
    fn jobs_are_spread_evenly() {
        let id =
            |seq: u128| JobId(uuid::Uuid::from_u128((0x7 << 76) | ((seq >> 30) << 64) | ((seq & 0x3FFF_FFFF) << 32)));
        let mut waits: Vec<i64> = (5_000_000_000..5_000_000_100).map(|seq| spread_of(id(seq), 100_000)).collect();
        waits.sort_unstable();
        let widest = waits.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(waits[0] >= 0 && waits[99] < 100_000 && widest < 3_000, "{widest}: {waits:?}");
        assert_eq!(spread_of(id(7), 0), 0);
    }
}

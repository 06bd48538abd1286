//! Where both ends of a job meet: how long it takes from its producer's answer to its worker.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The ends of jobs whose other end has not come yet.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<HashMap<String, Instant>>);

impl Ends {
    /// Its producer has the answer. If its worker had the job before, how long that took: nothing.
    pub(super) fn answered(&self, job: String, now: Instant) -> Option<Duration> {
        self.came(job, now).map(|_held| Duration::ZERO)
    }

    /// Its worker has it. If its producer had the answer before, how long ago that was.
    pub(super) fn held(&self, job: &str, now: Instant) -> Option<Duration> {
        self.came(job.to_owned(), now).map(|answered| now.duration_since(answered))
    }

    /// When the other end came, if it did; then the job is forgotten.
    fn came(&self, job: String, now: Instant) -> Option<Instant> {
        // Nothing that can panic runs while it is held.
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let other = waiting.remove(&job);
        if other.is_none() {
            waiting.insert(job, now);
        }
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_has_the_job_before_the_answer_waited_for_nothing() {
        let (ends, begun) = (Ends::default(), Instant::now());
        let later = begun + Duration::from_millis(7);
        assert_eq!(ends.answered("a".into(), begun), None);
        assert_eq!(ends.held("b", begun), None);
        assert_eq!(ends.held("a", later), Some(Duration::from_millis(7)));
        assert_eq!(ends.answered("b".into(), later), Some(Duration::ZERO));
        assert!(ends.0.lock().unwrap().is_empty());
    }
}

//! Putting jobs in, and waking who waits for them.

use std::collections::HashMap;
use std::sync::Arc;

use super::Engine;
use crate::domain::JobState;
use crate::store::{Enqueue, EnqueueOutcome, EnqueueRefusal, Enqueued, Error, Result};

/// What a producer is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnqueueAnswer {
    /// They are committed; `replayed` if an earlier request with the key did it.
    Stored {
        jobs: Vec<Enqueued>,
        replayed: bool,
    },
    Refused(EnqueueRefusal),
    /// The idempotency key came with another body before.
    Mismatch,
    /// The same key is being used by a request that is not finished.
    InProgress,
}

impl Engine {
    /// Stores the jobs, all or none; when this returns they are committed. Queues that are
    /// new are made, if `make_queues` or the server's settings say so.
    pub async fn enqueue(&self, enqueue: Enqueue, make_queues: bool) -> Result<EnqueueAnswer> {
        let enqueue = Arc::new(enqueue);
        let make_queues = make_queues || self.auto_create_queues;
        let keyed = enqueue.idempotency.is_some();
        let answer = self
            .finish({
                let enqueue = enqueue.clone();
                move |engine| {
                    let enqueue = enqueue.clone();
                    async move { engine.enqueue_once(&enqueue, make_queues).await }
                }
            })
            .await;
        if keyed && matches!(answer, Err(Error::Locked)) {
            return Ok(EnqueueAnswer::InProgress);
        }
        answer
    }

    async fn enqueue_once(&self, enqueue: &Enqueue, make_queues: bool) -> Result<EnqueueAnswer> {
        // A purge may retire a queue between making it and using it, and a key may be
        // forgotten between meeting it and reading it, hence the loop.
        loop {
            match self.store.enqueue(enqueue).await? {
                EnqueueOutcome::Stored(jobs) => {
                    self.wake_for(&jobs);
                    return Ok(EnqueueAnswer::Stored { jobs, replayed: false });
                }
                EnqueueOutcome::Refused(EnqueueRefusal::QueueNotFound { .. }) if make_queues => {
                    self.store.create_queues(enqueue.jobs.iter().map(|job| &job.queue)).await?;
                }
                EnqueueOutcome::Refused(refusal) => return Ok(EnqueueAnswer::Refused(refusal)),
                EnqueueOutcome::Known => {
                    let Some((operation, idempotency)) = &enqueue.idempotency else {
                        return Ok(EnqueueAnswer::Mismatch);
                    };
                    if let Some(known) = self.store.find_idempotency(operation, &idempotency.key).await? {
                        return Ok(if known.body_hash == idempotency.body_hash {
                            EnqueueAnswer::Stored { jobs: known.jobs, replayed: true }
                        } else {
                            EnqueueAnswer::Mismatch
                        });
                    }
                }
            }
        }
    }

    /// Wakes who waits for these jobs, here and on other servers.
    fn wake_for(&self, jobs: &[Enqueued]) {
        let mut queues: HashMap<&str, usize> = HashMap::new();
        for job in jobs.iter().filter(|job| job.state == JobState::Available && !job.duplicate) {
            *queues.entry(&job.queue).or_default() += 1;
        }
        for (queue, count) in queues {
            self.wake_queue(queue, count);
        }
    }
}

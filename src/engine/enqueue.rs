//! Putting jobs in, and waking who waits for them.

use std::collections::HashMap;
use std::sync::Arc;

use super::waiters::Taken;
use super::{Engine, HandOver};
use crate::domain::JobState;
use crate::store::{Enqueue, EnqueueOutcome, EnqueueRefusal, Enqueued, EnqueuedPlain, Error, NewJob, Offer, Result};

/// Bytes of payloads that are handed to one claim, as much as one answer holds.
const HAND_BYTES_MAX: usize = 16 * 1024 * 1024;

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
        if enqueue.is_plain() {
            return self.enqueue_plain(&enqueue, make_queues).await;
        }
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

    /// Jobs without keys: together with those of other requests, unless they are many.
    async fn enqueue_plain(&self, enqueue: &Arc<Enqueue>, make_queues: bool) -> Result<EnqueueAnswer> {
        // A purge may retire a queue between making it and using it, hence the loop.
        loop {
            let outcome = match self.lines_for(enqueue.jobs.len()) {
                Some(lines) => lines.enqueue.pass(enqueue.clone()).await?,
                None => self.enqueue_alone(enqueue.clone()).await?,
            };
            match outcome {
                EnqueueOutcome::Refused(EnqueueRefusal::QueueNotFound { .. }) if make_queues => {
                    let enqueue = enqueue.clone();
                    self.finish(move |engine| {
                        let enqueue = enqueue.clone();
                        async move { engine.create_queues(&enqueue).await }
                    })
                    .await?;
                }
                EnqueueOutcome::Refused(refusal) => return Ok(EnqueueAnswer::Refused(refusal)),
                EnqueueOutcome::Stored(jobs) => return Ok(EnqueueAnswer::Stored { jobs, replayed: false }),
                EnqueueOutcome::Known => return Ok(EnqueueAnswer::Mismatch),
            }
        }
    }

    /// Makes the queues of these jobs, those that are not there.
    async fn create_queues(&self, enqueue: &Enqueue) -> Result<()> {
        self.store.create_queues(enqueue.all_jobs().map(|job| &job.queue), &enqueue.by).await?;
        self.wake_events();
        Ok(())
    }

    async fn enqueue_alone(&self, enqueue: Arc<Enqueue>) -> Result<EnqueueOutcome> {
        let mut outcomes = self
            .finish(move |engine| {
                let enqueue = enqueue.clone();
                async move { engine.enqueue_together(&[enqueue]).await }
            })
            .await?;
        outcomes.pop().ok_or_else(|| Error::unreadable("jobs/enqueue_plain"))
    }

    /// One statement for many requests; who waits for their jobs is woken, whatever the
    /// clients do meanwhile.
    pub(super) async fn enqueue_together(&self, requests: &[Arc<Enqueue>]) -> Result<Vec<EnqueueOutcome>> {
        let (mut takers, of_jobs) = self.takers(requests);
        let offer = |taker: &Option<usize>| {
            let wants = &takers[(*taker)?].as_ref()?.wants;
            Some(Offer { lease_ms: wants.lease_ms, worker: wants.worker.clone() })
        };
        let offers: Vec<Option<Offer>> = of_jobs.iter().map(offer).collect();
        // If this fails, who was to have jobs looks for itself.
        let EnqueuedPlain { outcomes, handed } = self.store.enqueue_plain(requests, &offers).await?;
        let mut handed = handed.into_iter().peekable();
        while let Some((place, _)) = handed.peek() {
            let Some(taker) = of_jobs[*place] else { break };
            let jobs = std::iter::from_fn(|| handed.next_if(|(place, _)| of_jobs[*place] == Some(taker)));
            let jobs = HandOver::of(jobs.map(|(_, job)| job).collect(), self.clone());
            if let Some(taken) = takers[taker].take() {
                taken.hand(jobs);
            }
        }
        drop(takers);
        for (enqueue, outcome) in requests.iter().zip(&outcomes) {
            if let EnqueueOutcome::Stored(jobs) = outcome {
                self.wake_for(enqueue, jobs);
            }
        }
        Ok(outcomes)
    }

    /// Claims that are parked for these jobs, and which of them shall have which job. A claim
    /// that is parked found nothing, and nothing came since that this server knows of.
    fn takers(&self, requests: &[Arc<Enqueue>]) -> (Vec<Option<Taken>>, Vec<Option<usize>>) {
        let mut takers: Vec<Option<Taken>> = Vec::new();
        let mut of_jobs = Vec::new();
        // Of the last one: what it waits for, and the room it has left.
        let mut last: Option<(&NewJob, i64, usize)> = None;
        for job in requests.iter().flat_map(|request| &request.jobs) {
            if job.run_after.is_some() || job.delay_ms.is_some() {
                of_jobs.push(None);
                continue;
            }
            let bytes = job.payload.as_str().len();
            last = match last {
                Some((of, jobs @ 1.., room)) if of.queue == job.queue && of.kind == job.kind && bytes <= room => {
                    Some((of, jobs - 1, room - bytes))
                }
                _ => self.waiters.take_parked(job.queue.as_str(), &job.kind).map(|taken| {
                    let jobs = taken.wants.max_jobs - 1;
                    takers.push(Some(taken));
                    (job, jobs, HAND_BYTES_MAX.saturating_sub(bytes))
                }),
            };
            of_jobs.push(last.map(|_| takers.len() - 1));
        }
        (takers, of_jobs)
    }

    async fn enqueue_once(&self, enqueue: &Enqueue, make_queues: bool) -> Result<EnqueueAnswer> {
        // A purge may retire a queue between making it and using it, and a key may be
        // forgotten between meeting it and reading it, hence the loop.
        loop {
            match self.store.enqueue(enqueue).await? {
                EnqueueOutcome::Stored(jobs) => {
                    if enqueue.is_linked() {
                        self.use_links();
                    }
                    self.wake_for(enqueue, &jobs);
                    return Ok(EnqueueAnswer::Stored { jobs, replayed: false });
                }
                EnqueueOutcome::Refused(EnqueueRefusal::QueueNotFound { .. }) if make_queues => {
                    self.create_queues(enqueue).await?;
                }
                // What the request did the first time may be what refuses it now.
                EnqueueOutcome::Refused(refusal) => {
                    return Ok(self.replay(enqueue).await?.unwrap_or(EnqueueAnswer::Refused(refusal)));
                }
                EnqueueOutcome::Known => {
                    if let Some(answer) = self.replay(enqueue).await? {
                        return Ok(answer);
                    }
                }
            }
        }
    }

    /// What an earlier request with this idempotency key is answered; `None` if there was none.
    async fn replay(&self, enqueue: &Enqueue) -> Result<Option<EnqueueAnswer>> {
        let Some((operation, idempotency)) = &enqueue.idempotency else { return Ok(None) };
        let known = self.store.find_idempotency(operation, &idempotency.key).await?;
        Ok(known.map(|known| {
            if known.body_hash == idempotency.body_hash {
                EnqueueAnswer::Stored { jobs: known.jobs, replayed: true }
            } else {
                EnqueueAnswer::Mismatch
            }
        }))
    }

    /// Wakes who waits for these jobs, here and on other servers; a duplicate may have been
    /// replaced.
    fn wake_for(&self, enqueue: &Enqueue, jobs: &[Enqueued]) {
        let mut counts: HashMap<(&str, Option<&str>), usize> = HashMap::new();
        for (asked, job) in enqueue.jobs.iter().zip(jobs).filter(|(_, job)| job.state == JobState::Available) {
            let kind = (!job.duplicate).then_some(asked.kind.as_str());
            *counts.entry((&job.queue, kind)).or_default() += 1;
        }
        for ((queue, kind), count) in counts {
            self.waiters.wake_queue(queue, kind, count);
            self.outbox.add(queue);
        }
    }
}

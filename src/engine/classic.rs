//! What the classic routes need beyond `/v1`: fetching for good, and leases for clients
//! that know nothing of them.

use std::sync::Arc;

use super::settle::settle;
use super::{ClaimAnswer, ClaimRequest, Engine};
use crate::domain::{Failure, JobId, LeaseToken, Outcome, Payload, QueueName, WorkerId};
use crate::store::{Claim, Fetch, Fetched, Result, Settle};

/// A job as a classic client gets it; with a token if it is held under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicJob {
    pub id: JobId,
    pub payload: String,
    pub token: Option<LeaseToken>,
}

/// No job is larger than a quarter of what one answer holds: below half of it there was room.
const FULL_BYTES: usize = 8 * 1024 * 1024;

impl Engine {
    /// Takes up to `limit` jobs off the queue; when this returns that is committed. `None`
    /// if the queue is paused. What is taken is gone, so a client that has left before its
    /// statement could begin takes nothing.
    ///
    /// Where the queue hands out leases (`classic_ack`), a worker that names itself has
    /// completed what it held when it asks for more.
    pub async fn fetch(
        &self,
        queue: QueueName,
        limit: i64,
        worker: Option<WorkerId>,
    ) -> Result<Option<Vec<ClassicJob>>> {
        // Dropped with this future, which the server drops when its client is gone.
        let asking = Arc::new(());
        loop {
            let fetch = Fetch { queue: queue.clone(), limit, worker: worker.clone(), asking: Arc::downgrade(&asking) };
            let fetched = match self.lines_for(usize::try_from(limit).unwrap_or(usize::MAX)) {
                Some(lines) => lines.fetch.pass(fetch).await?,
                None => {
                    self.finish(move |engine| {
                        let fetch = fetch.clone();
                        async move {
                            let wanted = || fetch.asking.strong_count() > 0;
                            engine.store.fetch(std::slice::from_ref(&fetch), &wanted).await
                        }
                    })
                    .await?
                }
            };
            match (fetched, &worker) {
                (Fetched::Jobs { jobs, expired }, _) if jobs.is_empty() && expired > 0 => {}
                (Fetched::Jobs { jobs, .. }, _) => {
                    let job =
                        |job: crate::store::FetchedJob| ClassicJob { id: job.id, payload: job.payload, token: None };
                    return Ok(Some(jobs.into_iter().map(job).collect()));
                }
                (Fetched::Leases, Some(worker)) => return self.lease_classic(queue, limit, worker.clone()).await,
                (Fetched::Leases | Fetched::Paused, _) => return Ok(None),
            }
        }
    }

    /// Fetches of different requests: those from one queue share a statement. Who has left by
    /// then takes nothing.
    pub(super) async fn fetch_together(&self, fetches: &[Fetch]) -> Result<Vec<Fetched>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (place, fetch) in fetches.iter().enumerate() {
            let alike = |group: &&mut Vec<usize>| {
                let first = &fetches[group[0]];
                first.queue == fetch.queue && first.worker.is_some() == fetch.worker.is_some()
            };
            match groups.iter_mut().find(alike) {
                Some(group) => group.push(place),
                None => groups.push(vec![place]),
            }
        }
        let mut answers = vec![Fetched::Paused; fetches.len()];
        for mut group in groups {
            self.store.wait_for_turn().await;
            group.retain(|place| fetches[*place].asking.strong_count() > 0);
            let asked: Vec<Fetch> = group.iter().map(|place| fetches[*place].clone()).collect();
            let found = self.store.fetch(&asked, &|| true).await?;
            let Fetched::Jobs { jobs, expired } = found else {
                for place in group {
                    answers[place] = found.clone();
                }
                continue;
            };
            // Who gets nothing asks again if there may be more: some had expired instead, or
            // the answer was full.
            let full = jobs.iter().map(|job| job.payload.len()).sum::<usize>() > FULL_BYTES;
            let more = expired + i64::from(full);
            let mut jobs = jobs.into_iter();
            for place in group {
                let limit = usize::try_from(fetches[place].limit).unwrap_or(1);
                answers[place] = Fetched::Jobs { jobs: jobs.by_ref().take(limit).collect(), expired: more };
            }
        }
        Ok(answers)
    }

    async fn lease_classic(&self, queue: QueueName, limit: i64, worker: WorkerId) -> Result<Option<Vec<ClassicJob>>> {
        self.complete_classic(&worker, &queue).await?;
        let claim = Claim {
            queues: vec![queue],
            kinds: None,
            max_jobs: limit,
            per_queue: limit,
            lease_ms: None,
            worker: Some(worker),
            idempotency: None,
        };
        let request = ClaimRequest { claim, fair: false, wait: std::time::Duration::ZERO };
        let never = tokio_util::sync::CancellationToken::new();
        match self.claim(request, &never).await? {
            ClaimAnswer::Jobs { jobs, paused_queues, .. } if jobs.is_empty() && !paused_queues.is_empty() => Ok(None),
            ClaimAnswer::Jobs { mut jobs, .. } => {
                let job = |job: crate::store::ClaimedJob| ClassicJob {
                    id: JobId(job.job_id),
                    payload: job.payload,
                    token: Some(LeaseToken(job.token)),
                };
                let taken = jobs.take().into_iter().map(job).collect();
                jobs.answered();
                Ok(Some(taken))
            }
            _ => Ok(Some(Vec::new())),
        }
    }

    /// Completes what a worker holds on a queue that hands out leases.
    async fn complete_classic(&self, worker: &WorkerId, queue: &QueueName) -> Result<()> {
        let held = self.store.list_leases_of_worker(worker, Some(queue)).await?;
        if held.is_empty() {
            return Ok(());
        }
        self.settle(held.iter().map(|lease| settle(lease, Outcome::Completed)).collect()).await.map(drop)
    }

    /// Fails the oldest job that a worker holds on a queue that hands out leases; its retry
    /// has this payload, after `delay_ms` if that is given. `None` if it holds none.
    pub async fn fail_classic(
        &self,
        worker: &WorkerId,
        queue: &QueueName,
        payload: Payload,
        delay_ms: Option<i64>,
    ) -> Result<Option<JobId>> {
        let held = self.store.list_leases_of_worker(worker, Some(queue)).await?;
        let Some(oldest) = held.first() else { return Ok(None) };
        let failure = Failure {
            error_class: "error".to_owned(),
            message: "The worker put the job back.".to_owned(),
            ..Failure::default()
        };
        let item =
            Settle { failure: Some(failure), payload: Some(payload), delay_ms, ..settle(oldest, Outcome::Failed) };
        self.settle(vec![item]).await?;
        Ok(Some(oldest.job))
    }

    /// Registers a worker. What it still holds on the queue is given back: a worker that
    /// starts anew must not acknowledge what ended it.
    pub async fn register_worker(&self, worker: WorkerId, queue: QueueName) -> Result<()> {
        self.release_leases(&worker, Some(&queue)).await?;
        self.finish(move |engine| {
            let (worker, queue) = (worker.clone(), queue.clone());
            async move { engine.store.register_worker(&worker, &queue).await }
        })
        .await
    }

    /// Takes a worker off a queue, having completed what it holds there.
    pub async fn unregister_worker(&self, worker: WorkerId, queue: QueueName) -> Result<()> {
        self.complete_classic(&worker, &queue).await?;
        self.finish(move |engine| {
            let (worker, queue) = (worker.clone(), queue.clone());
            async move { engine.store.unregister_worker(&worker, &queue).await }
        })
        .await
    }
}

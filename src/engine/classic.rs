//! What the classic routes need beyond `/v1`: fetching for good, and leases for clients
//! that know nothing of them.

use std::sync::Arc;

use super::settle::settle;
use super::{ClaimAnswer, ClaimRequest, Engine};
use crate::domain::{By, Failure, JobId, LeaseToken, Outcome, Payload, QueueName, WorkerId};
use crate::store::{Claim, Error, Fetch, Fetched, Result, Settle};

/// A job as a classic client gets it; with a token if it is held under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicJob {
    pub id: JobId,
    pub payload: String,
    pub token: Option<LeaseToken>,
}

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
            let name = format!("{queue} {}", worker.is_some());
            let fetched = match self.lines_for(usize::try_from(limit).unwrap_or(usize::MAX)) {
                Some(lines) => lines.fetch.pass(&name, fetch).await?,
                None => self.fetch_alone(fetch).await?,
            };
            match (fetched, &worker) {
                (Fetched::Jobs { jobs, more: true }, _) if jobs.is_empty() => {}
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

    async fn fetch_alone(&self, fetch: Fetch) -> Result<Fetched> {
        let mut found = self
            .finish(move |engine| {
                let fetch = fetch.clone();
                async move { engine.fetch_together(&[fetch]).await }
            })
            .await?;
        found.pop().ok_or_else(|| Error::unreadable("jobs/fetch"))
    }

    /// Fetches from one queue, in one statement.
    pub(super) async fn fetch_together(&self, fetches: &[Fetch]) -> Result<Vec<Fetched>> {
        // As many statements at a time as leave connections for others.
        let Ok(_turn) = self.claiming.acquire().await else { return Err(Error::Overloaded) };
        let names: Vec<String> = fetches.first().map(|fetch| fetch.queue.to_string()).into_iter().collect();
        let looking = self.lanes.look(&names);
        let outcome = self.store.fetch(fetches, &looking.look).await;
        match &outcome {
            Ok((_, Some(seen))) => self.lanes.learn(&names, &looking, seen),
            Ok((_, None)) => {}
            Err(error) => self.lanes.failed(&names, error),
        }
        Ok(outcome?.0)
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
    pub async fn register_worker(&self, worker: WorkerId, queue: QueueName, by: By) -> Result<()> {
        self.release_leases(&worker, Some(&queue)).await?;
        self.finish_noted(move |engine| {
            let (worker, queue, by) = (worker.clone(), queue.clone(), by.clone());
            async move { engine.store.register_worker(&worker, &queue, &by).await }
        })
        .await
    }

    /// Takes a worker off a queue, having completed what it holds there.
    pub async fn unregister_worker(&self, worker: WorkerId, queue: QueueName, by: By) -> Result<()> {
        self.complete_classic(&worker, &queue).await?;
        self.finish_noted(move |engine| {
            let (worker, queue, by) = (worker.clone(), queue.clone(), by.clone());
            async move { engine.store.unregister_worker(&worker, &queue, &by).await }
        })
        .await
    }
}

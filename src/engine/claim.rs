//! Handing jobs out under leases, now or when there are some.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::lanes::name;
use super::waiters::{Wants, kind_line};
use crate::domain::{JobId, LeaseToken, Outcome, QueueName};
use crate::store::{Claim, ClaimReady, Claimed, ClaimedJob, Error, Result, Settle};

/// How long a claim waits for its turn, at least.
const TURN_WITHIN: Duration = Duration::from_secs(1);

/// How often a claim looks again because others got what was there, or it had expired.
const LOOKS_MAX: usize = 100;

/// A request for jobs.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    pub claim: Claim,
    /// Take of each queue in turn, instead of emptying the first one first.
    pub fair: bool,
    /// How long to wait if there is nothing.
    pub wait: Duration,
}

/// What a worker is answered.
#[derive(Debug)]
pub enum ClaimAnswer {
    Jobs {
        jobs: HandOver,
        /// Asked queues that are paused.
        paused_queues: Vec<String>,
        /// An earlier request with the idempotency key claimed them.
        replayed: bool,
    },
    /// No such queue, and queues are not made by themselves.
    QueueNotFound(String),
    Mismatch,
    InProgress,
}

impl ClaimAnswer {
    /// The same answer without jobs, which are given back.
    #[must_use]
    pub fn give_back(self) -> Self {
        match self {
            Self::Jobs { jobs, paused_queues, replayed } => {
                let empty = HandOver::new(jobs.engine.clone());
                drop(jobs);
                Self::Jobs { jobs: empty, paused_queues, replayed }
            }
            other => other,
        }
    }
}

/// Jobs on their way to a worker. Dropped before they are [`answered`](Self::answered),
/// because the client has left or the answer has no room, they are given back at once: no
/// job stays leased to nobody.
#[derive(Debug)]
pub struct HandOver {
    jobs: Vec<ClaimedJob>,
    /// Of jobs that were taken to be written into the answer.
    taken: Vec<Settle>,
    engine: Engine,
}

impl HandOver {
    fn new(engine: Engine) -> Self {
        Self::of(Vec::new(), engine)
    }

    pub(super) fn of(jobs: Vec<ClaimedJob>, engine: Engine) -> Self {
        Self { jobs, taken: Vec::new(), engine }
    }

    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The jobs, to be written into an answer.
    pub fn take(&mut self) -> Vec<ClaimedJob> {
        let jobs = std::mem::take(&mut self.jobs);
        self.taken.extend(jobs.iter().map(release));
        jobs
    }

    /// They are in an answer that nothing stops any more.
    pub fn answered(mut self) {
        self.jobs.clear();
        self.taken.clear();
    }
}

/// What claims have in common that share a statement.
fn line_of(claim: &Claim) -> String {
    let queues: Vec<&str> = claim.queues.iter().map(QueueName::as_str).collect();
    name(&queues.join(","), claim.kinds.as_deref())
}

/// Places in line beyond which a claim stands only where jobs of all kinds are called.
const PLACES_MAX: usize = 64;

/// Whether a claim stands in more lines than it needs.
fn stands_for_all_kinds(claim: &Claim) -> bool {
    claim.kinds.as_ref().is_some_and(|kinds| claim.queues.len() * kinds.len() > PLACES_MAX)
}

/// Where a claim waits: with kinds, only for jobs of these, so that no wake-up is used up by
/// somebody whom it does not help.
fn lines(claim: &Claim) -> Vec<String> {
    let queues = claim.queues.iter().map(QueueName::as_str);
    match &claim.kinds {
        None => queues.map(ToOwned::to_owned).collect(),
        Some(_) if stands_for_all_kinds(claim) => queues.map(ToOwned::to_owned).collect(),
        Some(kinds) => queues.flat_map(|queue| kinds.iter().map(move |kind| kind_line(queue, kind))).collect(),
    }
}

fn wants(claim: &Claim) -> Wants {
    Wants { max_jobs: claim.max_jobs, lease_ms: claim.lease_ms, worker: claim.worker.clone() }
}

fn release(job: &ClaimedJob) -> Settle {
    Settle::new(JobId(job.job_id), LeaseToken(job.token), Outcome::Released)
}

impl Drop for HandOver {
    fn drop(&mut self) {
        self.take();
        let items = std::mem::take(&mut self.taken);
        if items.is_empty() {
            return;
        }
        let engine = self.engine.clone();
        // Without a runtime the server is ending: the leases run out.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tracing::debug!(jobs = items.len(), "jobs were not answered: giving them back");
                if let Err(error) = engine.settle(items).await {
                    tracing::debug!(%error, "they come back when their leases run out");
                }
            });
        }
    }
}

impl Engine {
    /// The first of these queues that is not there and will not be made by a job.
    pub async fn missing_queue(&self, queues: &[QueueName]) -> Result<Option<String>> {
        if self.auto_create_queues {
            return Ok(None);
        }
        self.store.find_missing_queue(queues).await
    }

    /// Claims jobs; if there are none, waits for some until `wait` is over or `draining`
    /// is cancelled. Nothing of the database is held meanwhile.
    pub async fn claim(&self, request: ClaimRequest, draining: &CancellationToken) -> Result<ClaimAnswer> {
        let deadline = Instant::now() + request.wait;
        let lines = lines(&request.claim);
        loop {
            let mut waiting = self.waiters.stand(lines.clone());
            // On the heap until there is an answer: who waits after that has less to keep.
            let answer = Box::pin(self.claim_now(request.clone(), deadline)).await?;
            let ClaimAnswer::Jobs { jobs, paused_queues, replayed } = answer else { return Ok(answer) };
            if !jobs.is_empty() || replayed || Instant::now() >= deadline || draining.is_cancelled() {
                drop(waiting);
                self.wake_next(&jobs);
                return Ok(ClaimAnswer::Jobs { jobs, paused_queues, replayed });
            }
            // With a key, what is claimed is noted with it; and nobody is handed what it did not ask for.
            let takes = request.claim.idempotency.is_none() && !stands_for_all_kinds(&request.claim);
            let mut parked = takes.then(|| waiting.park(wants(&request.claim)));
            let handed = async {
                match &mut parked {
                    Some(parked) => parked.handed().await,
                    None => std::future::pending().await,
                }
            };
            let _waits = self.store.metrics().long_poll();
            let handed = tokio::select! {
                handed = handed => Some(handed),
                () = waiting.woken() => None,
                () = tokio::time::sleep_until(deadline) => None,
                () = draining.cancelled() => None,
            };
            let handed = match (handed, parked) {
                (Some(handed), _) => handed,
                (None, Some(parked)) => {
                    let handed = parked.leave().await;
                    if handed.is_some() {
                        // What it was woken for is somebody else's.
                        for line in &lines {
                            self.waiters.wake(line, 1);
                        }
                    }
                    handed
                }
                (None, None) => None,
            };
            if let Some(jobs) = handed {
                drop(waiting);
                return Ok(ClaimAnswer::Jobs { jobs, paused_queues, replayed: false });
            }
        }
    }

    /// Where one found jobs there may be more: the next who waits looks, too.
    fn wake_next(&self, jobs: &HandOver) {
        let found: HashSet<_> = jobs.jobs.iter().map(|job| (job.queue.as_str(), job.kind.as_str())).collect();
        for (queue, kind) in found {
            self.waiters.wake_queue(queue, Some(kind), 1);
        }
    }

    async fn claim_now(&self, request: ClaimRequest, deadline: Instant) -> Result<ClaimAnswer> {
        let wanted = usize::try_from(request.claim.max_jobs).unwrap_or(usize::MAX);
        if let Some(lines) = self.lines_for(wanted).filter(|_| request.claim.is_plain() && !request.fair) {
            let name = line_of(&request.claim);
            for _ in 0..LOOKS_MAX {
                if let Some(answer) = lines.claim.pass(&name, request.claim.clone()).await? {
                    return Ok(answer);
                }
            }
            return Err(Error::Overloaded);
        }
        // Who waits for jobs also waits for its turn to look; others wait a second for it.
        let turn = deadline.max(Instant::now() + TURN_WITHIN);
        let Ok(Ok(_turn)) = tokio::time::timeout_at(turn, self.claiming.clone().acquire_owned()).await else {
            return Err(Error::Overloaded);
        };
        let asking = std::sync::Arc::new(());
        let asked = std::sync::Arc::downgrade(&asking);
        let keyed = request.claim.idempotency.is_some();
        let answer = self
            .finish(move |engine| {
                let (request, asked) = (request.clone(), asked.clone());
                async move { engine.claim_once(&request, &|| asked.strong_count() > 0).await }
            })
            .await;
        drop(asking);
        match answer {
            Err(Error::Locked) if keyed => Ok(ClaimAnswer::InProgress),
            answer => answer,
        }
    }

    /// Claims that ask alike, in one statement. `None` for one that got nothing although there
    /// may be more: others got so much, or jobs had expired instead.
    pub(super) async fn claim_together(&self, claims: &[Claim]) -> Result<Vec<Option<ClaimAnswer>>> {
        // As many statements at a time as leave connections for others.
        let Ok(_turn) = self.claiming.acquire().await else { return Err(Error::Overloaded) };
        let claimed = self.claim_from(claims, &|| true).await?;
        let missing = claimed.missing_queues.first().filter(|_| !self.auto_create_queues);
        let more = claimed.expired > 0 || claimed.jobs.iter().any(|jobs| !jobs.is_empty());
        let answer = |found: Vec<ClaimedJob>| {
            let mut jobs = HandOver::new(self.clone());
            jobs.jobs = found;
            match missing {
                Some(missing) => Some(ClaimAnswer::QueueNotFound(missing.clone())),
                None if jobs.is_empty() && more => None,
                None => Some(ClaimAnswer::Jobs { jobs, paused_queues: claimed.paused_queues.clone(), replayed: false }),
            }
        };
        Ok(claimed.jobs.into_iter().map(answer).collect())
    }

    /// Claims that ask alike, from where there is something left.
    async fn claim_from(&self, claims: &[Claim], wanted: crate::store::Wanted<'_>) -> Result<Claimed> {
        let Some(claim) = claims.first() else { return Ok(Claimed::default()) };
        let names = claim.queues.iter().map(|queue| name(queue.as_str(), claim.kinds.as_deref()));
        let names: Vec<String> = names.collect();
        let looking = self.lanes.look(&names);
        let begun = std::time::Instant::now();
        let mut claimed = None;
        if looking.short && names.len() == 1 && claim.is_plain() {
            claimed = match self.store.claim_ready(claims, &looking.look, wanted).await {
                Ok(ClaimReady::Claimed(claimed)) => Some(Ok(*claimed)),
                Ok(ClaimReady::More { locked }) => {
                    self.lanes.more(&names, locked);
                    None
                }
                Err(error) => Some(Err(error)),
            };
        }
        let claimed = match claimed {
            Some(claimed) => claimed,
            None => self.store.claim(claims, !self.auto_create_queues, &looking.look, wanted).await,
        };
        match &claimed {
            Ok(claimed) => {
                self.lanes.learn(&names, &looking, &claimed.seen);
                self.store.metrics().claimed(claimed.jobs.iter().map(Vec::len).sum(), begun.elapsed());
            }
            Err(error) => self.lanes.failed(&names, error),
        }
        claimed
    }

    async fn claim_once(&self, request: &ClaimRequest, wanted: crate::store::Wanted<'_>) -> Result<ClaimAnswer> {
        let mut claim = request.claim.clone();
        let mut jobs = HandOver::new(self.clone());
        let queues = i64::try_from(claim.queues.len()).unwrap_or(1).max(1);
        if request.fair && queues > 1 {
            // Another queue goes first each time, and no queue gets more than its share
            // before all have been asked.
            let turn = uuid::Uuid::new_v4().as_fields().0 as usize % claim.queues.len();
            claim.queues.rotate_left(turn);
            claim.per_queue = (claim.max_jobs + queues - 1) / queues;
        }
        loop {
            let mut claimed = self.claim_from(std::slice::from_ref(&claim), wanted).await?;
            if let Some(missing) = claimed.missing_queues.first().filter(|_| !self.auto_create_queues) {
                return Ok(ClaimAnswer::QueueNotFound(missing.clone()));
            }
            if claimed.known {
                let Some(idempotency) = &claim.idempotency else { return Ok(ClaimAnswer::Mismatch) };
                let Some((hash, known)) = self.store.find_claim(&idempotency.key).await? else { continue };
                if hash != idempotency.body_hash {
                    return Ok(ClaimAnswer::Mismatch);
                }
                jobs.jobs = known;
                return Ok(ClaimAnswer::Jobs { jobs, paused_queues: claimed.paused_queues, replayed: true });
            }
            let new = claimed.jobs.pop().unwrap_or_default();
            let found = new.len();
            jobs.jobs.extend(new);
            let left = claim.max_jobs - i64::try_from(found).unwrap_or(0);
            let shared = claim.per_queue < claim.max_jobs;
            // With a key, what was claimed at first is what a repetition is answered.
            let go_on = claim.idempotency.is_none() && left > 0 && (shared || (found == 0 && claimed.expired > 0));
            if !go_on {
                // Nothing to repeat: the next try, or the next request, may find something.
                if let Some(idempotency) = claim.idempotency.as_ref().filter(|_| jobs.is_empty()) {
                    self.store.forget_claim(&idempotency.key).await?;
                }
                return Ok(ClaimAnswer::Jobs { jobs, paused_queues: claimed.paused_queues, replayed: false });
            }
            claim.max_jobs = left;
            claim.per_queue = left;
        }
    }
}

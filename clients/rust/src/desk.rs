//! A running worker: claims jobs by long poll, runs a handler for each, keeps the leases, reports, and stops in order.
//!
//! One task decides everything; requests and handlers run beside it and come back to its `select!`.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::job::{Failure, Job, in_millis, settle_item};
use crate::types::{
    ClaimRequest, ClaimedJob, Problem, SettleItem, SettleRequest, SettleResponse, WorkerDirective,
    WorkerHeartbeatRequest, WorkerLease,
};
use crate::worker::Worker;
use crate::{Error, LONG_POLL};

/// The server takes this many in one settle, and as many leases in one heartbeat.
pub(crate) const MOST: usize = 1000;
/// Results of one report together, well below the 16 MiB that a settle may have.
const MOST_BYTES: usize = 8 << 20;
/// After a heartbeat that failed, the next one comes no sooner: within a third of a second, the shortest lease there is.
const SOONEST_BEAT: Duration = Duration::from_millis(300);
/// How long the last reports may take after the grace period.
const LAST_WORDS: Duration = Duration::from_secs(10);

pub(crate) type Handler =
    Arc<dyn Fn(Job) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>> + Send + Sync>;
type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Error<Problem>>> + Send>>;

/// What a running worker knows.
pub(crate) struct Desk {
    worker: Worker,
    handler: Handler,
    stop: CancellationToken,
    /// The jobs whose leases are kept: running, or done and not reported yet.
    held: HashMap<Uuid, Held>,
    tasks: JoinSet<Result<Value, Failure>>,
    jobs_of_tasks: HashMap<Id, Uuid>,
    /// To be reported.
    outcomes: Vec<SettleItem>,
    quiet: bool,
    next_claim: Instant,
    next_beat: Instant,
}

struct Held {
    token: String,
    task: AbortHandle,
    cancel: CancellationToken,
    progress: Arc<Mutex<Option<f64>>>,
    lease: Duration,
    beaten: bool,
    done: bool,
}

impl Desk {
    pub(crate) fn new(worker: Worker, handler: Handler, stop: CancellationToken) -> Self {
        let now = Instant::now();
        Self {
            worker,
            handler,
            stop,
            held: HashMap::new(),
            tasks: JoinSet::new(),
            jobs_of_tasks: HashMap::new(),
            outcomes: vec![],
            quiet: false,
            next_claim: now,
            next_beat: now,
        }
    }

    /// Until it is stopped, in order.
    pub(crate) async fn work(&mut self) -> Result<(), Error<Problem>> {
        // At most one request of each sort is open. A claim carries the outcomes there are; those that come while it
        // waits are reported beside it. What an open request carries is kept, to be sent again if it is given up.
        let (mut claim, mut claim_items): (Option<Pending<SettleResponse>>, _) = (None, vec![]);
        let (mut report, mut report_items): (Option<Pending<SettleResponse>>, _) = (None, vec![]);
        let mut beat: Option<Pending<WorkerDirective>> = None;
        let mut deadline = None;
        let mut refusal = None;
        let mut beat_sent = Instant::now();

        loop {
            let now = Instant::now();
            if self.stop.is_cancelled() && deadline.is_none() {
                deadline = Some(now + self.worker.grace);
            }
            let free = self.worker.concurrency.saturating_sub(self.tasks.len());
            let wants_more = deadline.is_none() && !self.quiet && free > 0;
            if (deadline.is_some() || self.quiet) && claim.take().is_some() {
                self.outcomes.append(&mut claim_items);
            }
            if deadline.is_some() && self.tasks.is_empty() {
                break;
            }
            if wants_more && claim.is_none() && now >= self.next_claim {
                claim_items = self.take_outcomes();
                claim = Some(self.settle(&claim_items, free));
            }
            if report.is_none() && !self.outcomes.is_empty() && refusal.is_none() {
                report_items = self.take_outcomes();
                report = Some(self.settle(&report_items, 0));
            }
            if beat.is_none() && now >= self.next_beat {
                beat_sent = now;
                beat = Some(self.beat(if deadline.is_some() || self.quiet { "quiet" } else { "running" }));
            }

            let answer = tokio::select! {
                answer = ready(&mut claim) => self.settled(std::mem::take(&mut claim_items), answer),
                answer = ready(&mut report) => self.settled(std::mem::take(&mut report_items), answer),
                answer = ready(&mut beat) => self.beaten(answer, beat_sent),
                Some(done) = self.tasks.join_next_with_id() => { self.finished(done); Ok(()) }
                () = self.stop.cancelled(), if deadline.is_none() => Ok(()),
                () = sleep_until(deadline.unwrap_or(now)), if deadline.is_some() => break,
                () = sleep_until(self.next_beat), if beat.is_none() => Ok(()),
                () = sleep_until(self.next_claim), if wants_more && claim.is_none() => Ok(()),
            };
            if let Err(error) = answer {
                // Repeating would not help, so stop in order, and say why.
                refusal.get_or_insert(error);
                self.stop.cancel();
            }
        }

        let ended = self.end(report, report_items, beat).await;
        refusal.map_or(ended, Err)
    }

    /// Gives back what still runs, reports, and takes the worker off the list.
    async fn end(
        &mut self,
        report: Option<Pending<SettleResponse>>,
        report_items: Vec<SettleItem>,
        beat: Option<Pending<WorkerDirective>>,
    ) -> Result<(), Error<Problem>> {
        self.give_back();
        let last_words = async {
            if let Some(beat) = beat {
                let _ = beat.await; // one that arrives after the last one would put the worker on the list again
            }
            if let Some(report) = report {
                self.settled(report_items, report.await)?;
            }
            while !self.outcomes.is_empty() {
                let items = self.take_outcomes();
                let answer = self.settle(&items, 0).await;
                self.settled(items, answer)?;
            }
            // Without leases: of what a claim that was given up has still got, nothing is known here.
            self.held.clear();
            self.beat("stopped").await
        };
        // If there is no time for it, leases run out.
        timeout(LAST_WORDS, last_words).await.map_or(Ok(()), |said| said.map(drop))
    }

    fn start(&mut self, jobs: Vec<ClaimedJob>) {
        for claimed in jobs {
            let lease = millis(claimed.lease_ms);
            self.next_beat = self.next_beat.min(Instant::now() + lease / 3);
            let (id, token) = (claimed.id, claimed.lease_token.clone());
            let (cancel, progress) = (CancellationToken::new(), Arc::new(Mutex::new(None)));
            let stopping = self.stop.clone();
            let job = Job { claimed, cancel: cancel.clone(), stopping, progress: progress.clone() };
            let task = self.tasks.spawn((self.handler)(job));
            self.jobs_of_tasks.insert(task.id(), id);
            let held = Held { token, task, cancel, progress, lease, beaten: false, done: false };
            if let Some(lost) = self.held.insert(id, held) {
                lost.task.abort(); // its lease ran out unnoticed, and the job came back
            }
        }
    }

    fn finished(&mut self, done: Result<(Id, Result<Value, Failure>), JoinError>) {
        let (task, outcome) = match done {
            Ok(done) => done,
            Err(error) => (error.id(), Err(Failure::retry(error.to_string()).class("panic"))),
        };
        let Some(job) = self.jobs_of_tasks.remove(&task) else { return };
        // A job that was lost is held no more, or by another task.
        let Some(held) = self.held.get_mut(&job).filter(|held| held.task.id() == task) else { return };
        held.done = true;
        self.outcomes.push(settle_item(job, &held.token, outcome));
    }

    /// After the grace period.
    fn give_back(&mut self) {
        self.tasks.abort_all();
        for (job, held) in self.held.iter_mut().filter(|(_, held)| !held.done) {
            held.done = true;
            self.outcomes.push(settle_item(*job, &held.token, Err(Failure::release())));
        }
    }

    /// As many as fit into one request.
    fn take_outcomes(&mut self) -> Vec<SettleItem> {
        let mut bytes = 0;
        let fits = |item: &&SettleItem| {
            bytes += item.result.as_ref().map_or(0, |result| result.get().len());
            bytes <= MOST_BYTES
        };
        let count = self.outcomes.iter().take(MOST).take_while(fits).count().max(1).min(self.outcomes.len());
        self.outcomes.drain(..count).collect()
    }

    /// Reports these, and claims as many jobs as are free to run.
    fn settle(&self, items: &[SettleItem], free: usize) -> Pending<SettleResponse> {
        let worker = &self.worker;
        let claim = (free > 0).then(|| {
            let claim = ClaimRequest::builder()
                .queues(worker.queues.clone())
                .kinds(worker.kinds.clone())
                .max_jobs(i32::try_from(free).unwrap_or(i32::MAX))
                .wait_ms(in_millis(LONG_POLL))
                .lease_ms(worker.lease.map(in_millis))
                .worker_id(worker.id.clone());
            ClaimRequest::try_from(claim).expect("queues are set")
        });
        let request = SettleRequest { claim, items: items.to_vec() };
        let client = worker.client.clone();
        Box::pin(async move {
            let mut tries = 0;
            loop {
                let error = match client.settle_jobs().body(request.clone()).send().await {
                    Ok(answer) => return Ok(answer.into_inner()),
                    Err(error) => error,
                };
                tries += 1;
                let Some(pause) = pause_before_repeating(&error, tries) else { return Err(error) };
                sleep(pause).await;
            }
        })
    }

    fn settled(
        &mut self,
        items: Vec<SettleItem>,
        answer: Result<SettleResponse, Error<Problem>>,
    ) -> Result<(), Error<Problem>> {
        let answer = answer?;
        for (item, result) in items.iter().zip(&answer.results) {
            let refused = match result.code.as_deref() {
                Some(code @ "payload_too_large") => Some(("the result is too large", code)),
                Some(code @ "validation_failed") => Some(("the outcome was refused: nested too deeply?", code)),
                _ => None,
            };
            if let Some((message, code)) = refused.filter(|_| item.outcome == "completed") {
                // The lease still stands, and another attempt would have the same result.
                let failure = Failure::discard(message).class(code);
                self.outcomes.push(settle_item(item.job_id, &item.lease_token, Err(failure)));
            } else if self.held.get(&item.job_id).is_some_and(|held| held.token == item.lease_token) {
                self.held.remove(&item.job_id); // settled or lost: either way it is no business of ours any more
            }
        }
        // Of a report it is 0, which must not shorten the pause that a claim was asked for.
        self.next_claim = self.next_claim.max(Instant::now() + millis(answer.poll_after_ms));
        self.start(answer.jobs);
        Ok(())
    }

    /// One heartbeat for all leases. It is not repeated when it fails: the next one says what is true then.
    fn beat(&mut self, status: &str) -> Pending<WorkerDirective> {
        let lease = |(job, held): (&Uuid, &mut Held)| {
            held.beaten = true;
            let progress = *held.progress.lock().unwrap_or_else(PoisonError::into_inner);
            WorkerLease { job_id: *job, lease_token: held.token.clone(), progress }
        };
        let leases: Vec<_> = self.held.iter_mut().take(MOST).map(lease).collect();
        let worker = &self.worker;
        let request = WorkerHeartbeatRequest::builder()
            .status(status.to_owned())
            .queues(worker.queues.clone())
            .kinds(worker.kinds.clone())
            .concurrency(i32::try_from(worker.concurrency).unwrap_or(i32::MAX))
            .pid(i64::from(std::process::id()))
            .version(env!("CARGO_PKG_VERSION").to_owned())
            .leases(leases);
        let (client, id) = (worker.client.clone(), worker.id.clone());
        Box::pin(async move {
            let answer = client.heartbeat_worker().worker_id(id).body(request).send();
            // One that hangs must not keep the next one from being sent in time.
            match timeout(Duration::from_secs(5), answer).await {
                Ok(answer) => answer.map(crate::ResponseValue::into_inner),
                Err(_) => Err(Error::Custom("the heartbeat took too long".into())),
            }
        })
    }

    fn beaten(&mut self, answer: Result<WorkerDirective, Error<Problem>>, sent: Instant) -> Result<(), Error<Problem>> {
        let directive = match answer {
            Ok(directive) => directive,
            Err(error) => {
                let pause = pause_before_repeating(&error, 1);
                self.next_beat = Instant::now() + pause.unwrap_or_default().max(SOONEST_BEAT);
                return if pause.is_some() { Ok(()) } else { Err(error) };
            }
        };
        let mut pause = millis(directive.next_heartbeat_ms);
        if let Some(shortest) = self.held.values().map(|held| held.lease).min() {
            pause = pause.min(shortest / 3);
        }
        self.next_beat = sent + pause;

        for job in directive.cancel_job_ids {
            if let Some(held) = self.held.get(&job) {
                held.cancel.cancel();
            }
        }
        for job in directive.lost_job_ids {
            // Of one that is done, the report may have arrived before this heartbeat: its answer tells.
            if self.held.get(&job).is_some_and(|held| !held.done && held.beaten)
                && let Some(lost) = self.held.remove(&job)
            {
                lost.task.abort();
            }
        }
        match directive.signal.as_str() {
            "stop" => self.stop.cancel(),
            "quiet" => self.quiet = true,
            "run" => self.quiet = false,
            _ => {}
        }
        Ok(())
    }
}

/// The answer of a request, if one is open.
async fn ready<T>(request: &mut Option<Pending<T>>) -> Result<T, Error<Problem>> {
    let Some(open) = request else { return pending().await };
    let answer = open.await;
    *request = None;
    answer
}

/// None if repeating would not help.
fn pause_before_repeating(error: &Error<Problem>, tries: i32) -> Option<Duration> {
    let asked = match error {
        Error::CommunicationError(_) | Error::ResponseBodyError(_) | Error::Custom(_) => None,
        Error::ErrorResponse(answer) => match (answer.status().as_u16(), answer.retry_after_ms) {
            (_, Some(pause)) => Some(millis(pause)),
            (408 | 429 | 502 | 503 | 504, None) => None,
            (500, None) if tries < 5 => None,
            _ => return None,
        },
        // The page of a proxy, or half an answer.
        Error::InvalidResponsePayload(..) if tries < 10 => None,
        _ => return None,
    };
    let pause = asked.unwrap_or_else(|| Duration::from_millis(200 << tries.min(6) >> 1).min(Duration::from_secs(10)));
    // Apart from each other, so that not all workers come back at once.
    Some(pause.mul_f64(1.0 + fastrand::f64()))
}

fn millis(number: i64) -> Duration {
    Duration::from_millis(u64::try_from(number).unwrap_or(0))
}

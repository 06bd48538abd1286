//! What changes jobs: every change is finished, whatever its client does meanwhile.
//!
//! A change runs in a task of its own. A client that disconnects drops the future that
//! waits for it, never the statement; and an answer is given only after the commit.
//! This is also where concurrent requests are gathered into one statement, see `batch.rs`:
//! handlers call the engine and never see a transaction.

mod awaited;
mod batch;
mod bulk_changes;
mod bulk_members;
mod bulk_operations;
mod changes;
mod claim;
mod classic;
mod enqueue;
mod events;
mod lanes;
mod linked;
mod schedules;
mod settle;
mod waiters;
mod wakeups;

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::store::{Claim, Enqueue, EnqueueOutcome, Error, Fetch, Fetched, Result, Settle, Store};
use batch::{Family, Line, Weight, writing};
pub use bulk_operations::BulkAnswer;
pub use changes::{Acted, JobWait, WaitFor};
pub use claim::{ClaimAnswer, ClaimRequest, HandOver};
pub use classic::ClassicJob;
pub use enqueue::EnqueueAnswer;
use lanes::Lanes;
use linked::Linked;
pub use linked::LinkedLook;
pub use settle::SettleAnswer;
use waiters::Waiters;
use wakeups::Outbox;

/// How long a request waits for its change before the outcome is called unknown. Above
/// the statement timeout of the store, so that a live database answers first.
const ANSWER_WITHIN: Duration = Duration::from_millis(4_900);

/// Waits between the tries of a statement that was certainly rolled back.
const TRY_AGAIN_AFTER: [Duration; 5] = [
    Duration::from_millis(2),
    Duration::from_millis(10),
    Duration::from_millis(30),
    Duration::from_millis(100),
    Duration::from_millis(300),
];

/// Changes jobs, queues and workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
    /// Whether the first job of a queue makes it.
    auto_create_queues: bool,
    waiters: Arc<Waiters>,
    outbox: Arc<Outbox>,
    /// Where claims begin to look.
    lanes: Arc<Lanes>,
    linked: Arc<Linked>,
    /// Claims under way: half of the connections at most, so that a crowd that is woken at
    /// once neither times out in the pool nor keeps settlements and heartbeats waiting.
    claiming: Arc<Semaphore>,
    /// Schedules that do not fire, and of which the log says so already.
    schedules_told: Arc<Mutex<HashSet<String>>>,
    /// Where requests are put together; none if each has a statement of its own.
    lines: Option<Arc<Lines>>,
}

/// A request of so many items is a batch by itself: it gains little by company, and several of
/// them are done sooner side by side than one after the other.
const OWN_STATEMENT: usize = 100;

/// The lines in which requests wait for their common statement.
#[derive(Debug)]
struct Lines {
    enqueue: Line<Arc<Enqueue>, EnqueueOutcome>,
    settle: Line<Arc<Vec<Settle>>, Result<Vec<SettleAnswer>>>,
    /// Apart, because a batch of nothing else has a smaller statement.
    complete: Line<Arc<Vec<Settle>>, Result<Vec<SettleAnswer>>>,
    /// Only claims of the same queues and kinds share a statement; and fetches from one queue,
    /// by workers that name themselves, or by others. What is not found is asked for again.
    claim: Family<Claim, Option<ClaimAnswer>>,
    fetch: Family<Fetch, Fetched>,
}

/// What a panic said, for the log.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

impl Engine {
    /// Puts up to `group_commit_max` jobs or outcomes of different requests into one
    /// statement; 1 gives each request its own. Runs in a tokio runtime.
    pub fn new(store: Store, auto_create_queues: bool, group_commit_max: usize) -> Self {
        let claiming = Arc::new(Semaphore::new((store.connections() / 2).max(1)));
        let alone = Self {
            store,
            auto_create_queues,
            waiters: Arc::default(),
            outbox: Arc::default(),
            lanes: Arc::default(),
            linked: Arc::default(),
            claiming,
            schedules_told: Arc::default(),
            lines: None,
        };
        if group_commit_max < 2 {
            return alone;
        }
        // The writers hold no line, so they end when all who could use one are gone.
        let engine = alone.clone();
        let enqueue = writing(move |requests: Vec<Arc<Enqueue>>| {
            let engine = engine.clone();
            async move { engine.enqueue_together(&requests).await }
        });
        let engine = alone.clone();
        let settle = writing(move |requests: Vec<Arc<Vec<Settle>>>| {
            let engine = engine.clone();
            async move { engine.settle_together(&requests).await }
        });
        let engine = alone.clone();
        let claim = writing(move |claims: Vec<Claim>| {
            let engine = engine.clone();
            async move { engine.claim_together(&claims).await }
        });
        let engine = alone.clone();
        let fetch = writing(move |fetches: Vec<Fetch>| {
            let engine = engine.clone();
            async move { engine.fetch_together(&fetches).await }
        });
        let lines = Lines {
            enqueue: Line::start(group_commit_max, weigh_enqueue, enqueue),
            settle: Line::start(group_commit_max, weigh_settle, settle.clone()),
            complete: Line::start(group_commit_max, weigh_settle, settle),
            claim: Family::start(group_commit_max, weigh_claim, claim),
            fetch: Family::start(group_commit_max, weigh_fetch, fetch),
        };
        Self { lines: Some(Arc::new(lines)), ..alone }
    }

    /// Whether the first job of a queue makes it.
    pub fn makes_queues(&self) -> bool {
        self.auto_create_queues
    }

    /// The lines, for a request of so many items; `None` if it has a statement of its own.
    fn lines_for(&self, items: usize) -> Option<&Lines> {
        self.lines.as_deref().filter(|_| items < OWN_STATEMENT)
    }

    /// Wakes who waits for jobs of this queue: `count` here, and one on every other server.
    fn wake_queue(&self, queue: &str, count: usize) {
        self.waiters.wake_queue(queue, None, count);
        self.outbox.add(queue);
    }

    /// Wakes who waits for jobs of these queues, as many as there are of each.
    fn wake_queues(&self, available: &[(String, i64)]) {
        for (queue, jobs) in available {
            self.wake_queue(queue, usize::try_from(*jobs).unwrap_or(1));
        }
    }

    /// Runs `change` in a task of its own and waits for it up to [`ANSWER_WITHIN`]. It is
    /// tried again only after errors that say it was rolled back.
    async fn finish<T, F, Fut>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Self) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
    {
        let engine = self.clone();
        let task = batch::again(move || change(engine.clone()));
        // What it logs carries the id of the request.
        let task = tokio::spawn(task.in_current_span());
        match tokio::time::timeout(ANSWER_WITHIN, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(ended)) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The server is being stopped under it.
                Err(_cancelled) => Err(Error::unanswered()),
            },
            Err(_elapsed) => Err(Error::unanswered()),
        }
    }
}

fn weigh_enqueue(enqueue: &Arc<Enqueue>) -> Weight {
    let bytes = enqueue.jobs.iter().map(|job| job.payload.as_str().len()).sum();
    Weight { items: enqueue.jobs.len(), bytes }
}

fn weigh_settle(items: &Arc<Vec<Settle>>) -> Weight {
    let bytes = items.iter().map(|item| item.result.as_ref().map_or(0, String::len)).sum();
    Weight { items: items.len(), bytes }
}

fn weigh_claim(claim: &Claim) -> Weight {
    Weight { items: usize::try_from(claim.max_jobs).unwrap_or(1), bytes: 0 }
}

fn weigh_fetch(fetch: &Fetch) -> Weight {
    Weight { items: usize::try_from(fetch.limit).unwrap_or(1), bytes: 0 }
}

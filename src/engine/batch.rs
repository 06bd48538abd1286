//! Group commit: what arrives while a statement is under way goes into the next one, together.
//!
//! A commit costs a sync of the disk, and a statement a round trip, whatever is in it. So the
//! requests of a kind stand in one line, and one writer takes what stands there, runs one
//! statement and answers each after the commit. There is no timer and no delay: alone, a
//! request is a batch of one, and is written at once.
//!
//! The writer is a task that no client can cancel. A client that left before its batch began
//! is passed over. If a statement fails for what it was given, the batch is split and tried
//! again down to the request that is guilty, so that none fails for its neighbours.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use super::{ANSWER_WITHIN, TRY_AGAIN_AFTER, panic_message};
use crate::metrics::TRACE;
use crate::store::{Error, Result};

/// Requests that stand in line; more are refused as overload.
const LINE_MAX: usize = 10_000;

/// Names of lines in which nobody stands any more, before they are forgotten.
const EMPTY_LINES_MAX: usize = 1_000;

/// Bytes in one statement, about: a batch ends with the request that passes it.
const BATCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a request adds to a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weight {
    pub(super) items: usize,
    pub(super) bytes: usize,
}

struct Entry<I, O> {
    item: I,
    answer: oneshot::Sender<Result<O>>,
    /// Set before it is looked whether somebody still waits.
    begun: Arc<AtomicBool>,
}

/// Writes a batch; answers as many outputs as it is given inputs, in their order.
type Write<I, O> = dyn Fn(Vec<I>) -> Pin<Box<dyn Future<Output = Result<Vec<O>>> + Send>> + Send + Sync;

/// What a line does with a batch. It is one statement, so that all of a batch is done or nothing.
pub(super) fn writing<I, O, W, Fut>(write: W) -> Arc<Write<I, O>>
where
    W: Fn(Vec<I>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<O>>> + Send + 'static,
{
    Arc::new(move |batch| Box::pin(write(batch)))
}

/// The line before a writer. The writer ends when all its lines are dropped.
#[derive(Debug)]
pub(super) struct Line<I, O>(mpsc::Sender<Entry<I, O>>);

impl<I, O> Line<I, O>
where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
{
    /// A line whose writer puts requests of up to `items_max` items together.
    pub(super) fn start(items_max: usize, weigh: fn(&I) -> Weight, write: Arc<Write<I, O>>) -> Self {
        let (line, waiting) = mpsc::channel(LINE_MAX);
        tokio::spawn(serve(waiting, items_max, weigh, write));
        Self(line)
    }

    /// What became of it; when this returns it is committed, or certainly not, or the error
    /// says that nobody knows.
    pub(super) async fn pass(&self, item: I) -> Result<O> {
        let (answer, mut answered) = oneshot::channel();
        let begun = Arc::new(AtomicBool::new(false));
        self.0.try_send(Entry { item, answer, begun: begun.clone() }).map_err(|_full| Error::Overloaded)?;
        // What a trace shows of the database: the wait for the statement before, and its own.
        let span = tracing::trace_span!(target: TRACE, "group commit", db.system.name = "postgresql");
        match tokio::time::timeout(ANSWER_WITHIN, &mut answered).instrument(span).await {
            Ok(Ok(answer)) => answer,
            // Its writer panicked, or the server is being stopped under it.
            Ok(Err(_)) => Err(Error::unanswered()),
            Err(_elapsed) => {
                // From here on its writer passes it over, if it has not begun with it.
                answered.close();
                if begun.load(Ordering::SeqCst) { Err(Error::unanswered()) } else { Err(Error::Overloaded) }
            }
        }
    }
}

/// Lines of requests that can only be written together with their like, by what they have in
/// common: each has a writer of its own, as long as somebody stands there.
pub(super) struct Family<I, O> {
    lines: Mutex<HashMap<String, Weak<Line<I, O>>>>,
    items_max: usize,
    weigh: fn(&I) -> Weight,
    write: Arc<Write<I, O>>,
}

impl<I, O> std::fmt::Debug for Family<I, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Family").finish_non_exhaustive()
    }
}

impl<I, O> Family<I, O>
where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
{
    /// As [`Line::start`]; batches of different lines are written at the same time.
    pub(super) fn start(items_max: usize, weigh: fn(&I) -> Weight, write: Arc<Write<I, O>>) -> Self {
        Self { lines: Mutex::default(), items_max, weigh, write }
    }

    /// As [`Line::pass`], in the line of this name.
    pub(super) async fn pass(&self, name: &str, item: I) -> Result<O> {
        let line = self.line(name);
        line.pass(item).await
    }

    fn line(&self, name: &str) -> Arc<Line<I, O>> {
        // Nothing that can panic runs while it is held.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(name).and_then(Weak::upgrade) {
            return line;
        }
        if lines.len() >= EMPTY_LINES_MAX {
            lines.retain(|_, line| line.strong_count() > 0);
        }
        let line = Arc::new(Line::start(self.items_max, self.weigh, self.write.clone()));
        lines.insert(name.to_owned(), Arc::downgrade(&line));
        line
    }
}

async fn serve<I, O>(
    mut waiting: mpsc::Receiver<Entry<I, O>>,
    items_max: usize,
    weigh: fn(&I) -> Weight,
    write: Arc<Write<I, O>>,
) where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
{
    // The first that did not fit into the batch before.
    let mut left_over = None;
    loop {
        let next = match left_over.take() {
            Some(entry) => Some(entry),
            None => waiting.recv().await,
        };
        let Some(first) = next else { return };
        let mut weight = weigh(&first.item);
        let mut batch = vec![first];
        while weight.items < items_max && weight.bytes < BATCH_BYTES_MAX {
            let Ok(entry) = waiting.try_recv() else { break };
            let more = weigh(&entry.item);
            if weight.items + more.items > items_max {
                left_over = Some(entry);
                break;
            }
            weight = Weight { items: weight.items + more.items, bytes: weight.bytes + more.bytes };
            batch.push(entry);
        }
        // A panic ends this batch and not the writer: its requests are told that nobody knows. No task of its own
        // for it: with two tasks to wake after each commit, one alone is answered by another thread, which has to be
        // woken for it.
        if let Err(panic) = AssertUnwindSafe(commit(batch, &*write)).catch_unwind().await {
            tracing::error!(what = panic_message(&*panic), "a writer panicked");
        }
    }
}

/// Writes a batch and answers each of its requests.
async fn commit<I, O>(batch: Vec<Entry<I, O>>, write: &Write<I, O>)
where
    I: Clone,
{
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
        for entry in &part {
            entry.begun.store(true, Ordering::SeqCst);
        }
        part.retain(|entry| !entry.answer.is_closed());
        if part.is_empty() {
            continue;
        }
        match again(|| write(part.iter().map(|entry| entry.item.clone()).collect())).await {
            Ok(outputs) => {
                for (entry, output) in part.into_iter().zip(outputs) {
                    // An error means that the client has left.
                    let _ = entry.answer.send(Ok(output));
                }
            }
            Err(Error::Statement(_)) if part.len() > 1 => {
                let rest = part.split_off(part.len() / 2);
                parts.push(rest);
                parts.push(part);
            }
            Err(error) => {
                for entry in part {
                    let _ = entry.answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Runs `change`, again if it was certainly rolled back for a reason that goes away.
pub(super) async fn again<T, F, Fut>(change: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    for wait in TRY_AGAIN_AFTER {
        match change().await {
            Err(Error::RolledBack(error)) => {
                tracing::debug!(%error, "rolled back: trying again");
                tokio::time::sleep(wait).await;
            }
            outcome => return outcome,
        }
    }
    change().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as a line wants it")]
    fn light(_: &u32) -> Weight {
        Weight { items: 1, bytes: 1 }
    }

    /// A line that notes its batches, takes a millisecond for each, and finds one number guilty.
    fn noting(items_max: usize, weigh: fn(&u32) -> Weight, guilty: u32) -> (Line<u32, u32>, Batches) {
        let batches = Arc::new(Mutex::new(Vec::new()));
        let noted = batches.clone();
        let write = writing(move |batch: Vec<u32>| {
            let noted = noted.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                noted.lock().unwrap().push(batch.clone());
                assert!(!batch.contains(&666), "a bug");
                if batch.contains(&guilty) {
                    return Err(Error::unreadable("a test"));
                }
                Ok(batch.iter().map(|n| n * 2).collect())
            }
        });
        (Line::start(items_max, weigh, write), batches)
    }

    async fn pass_all(line: &Line<u32, u32>, numbers: std::ops::Range<u32>) -> Vec<Result<u32>> {
        futures_util::future::join_all(numbers.map(|n| line.pass(n))).await
    }

    #[tokio::test(start_paused = true)]
    async fn one_alone_is_written_at_once_and_many_together() {
        let (line, batches) = noting(100, light, 1000);
        assert_eq!(line.pass(1).await.unwrap(), 2);
        for (n, answer) in (0..250).zip(pass_all(&line, 0..250).await) {
            assert_eq!(answer.unwrap(), n * 2);
        }
        let sizes: Vec<_> = batches.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 100, 100, 50], "in the order of the line, as many as fit");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_fails_fails_alone() {
        let (line, _) = noting(100, light, 37);
        for (n, answer) in (0..100).zip(pass_all(&line, 0..100).await) {
            assert_eq!(answer.is_err(), n == 37, "{n}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_its_batch_and_not_the_writer() {
        let (line, _) = noting(100, light, 1000);
        assert!(matches!(line.pass(666).await, Err(Error::OutcomeUnknown(_))));
        assert_eq!(line.pass(7).await.unwrap(), 14);
    }

    #[tokio::test(start_paused = true)]
    async fn heavy_requests_make_small_batches_and_none_is_too_heavy() {
        let heavy = |n: &u32| Weight { items: *n as usize, bytes: 1 };
        let (line, batches) = noting(10, heavy, 1000);
        for answer in futures_util::future::join_all([6, 4, 50, 3, 8].map(|n| line.pass(n))).await {
            answer.unwrap();
        }
        assert_eq!(*batches.lock().unwrap(), [vec![6, 4], vec![50], vec![3], vec![8]]);
        let (line, batches) = noting(100, |_| Weight { items: 1, bytes: BATCH_BYTES_MAX }, 1000);
        pass_all(&line, 0..3).await;
        assert_eq!(batches.lock().unwrap().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn each_line_of_a_family_has_a_writer_of_its_own() {
        let write = writing(|batch: Vec<u32>| async move {
            // The first number says how long the batch takes.
            tokio::time::sleep(Duration::from_millis(u64::from(batch[0]))).await;
            Ok(batch.iter().map(|n| n * 2).collect())
        });
        let family = Family::start(100, light, write);
        let begun = tokio::time::Instant::now();
        let (slow, quick, slow_too) =
            tokio::join!(family.pass("slow", 3000), family.pass("quick", 1), family.pass("slow", 2));
        assert_eq!((slow.unwrap(), quick.unwrap(), slow_too.unwrap()), (6000, 2, 4));
        assert_eq!(begun.elapsed().as_secs(), 3, "side by side");
        for n in 0..3 * u32::try_from(EMPTY_LINES_MAX).unwrap() {
            family.pass(&n.to_string(), 0).await.unwrap();
        }
        assert!(family.lines.lock().unwrap().len() <= EMPTY_LINES_MAX, "those that nobody uses are forgotten");
        // Behind one that takes too long: nothing was done, and it is said so.
        let (late, behind) = tokio::join!(family.pass("late", 60_000), async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            family.pass("late", 1).await
        });
        assert!(matches!(late, Err(Error::OutcomeUnknown(_))) && matches!(behind, Err(Error::Overloaded)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_left_is_passed_over_and_a_full_line_is_told() {
        let (line, batches) = noting(100, light, 1000);
        let first = line.pass(0);
        let mut first = std::pin::pin!(first);
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        tokio::task::yield_now().await;
        let mut many: Vec<_> = (1..=u32::try_from(LINE_MAX).unwrap()).map(|n| Box::pin(line.pass(n))).collect();
        for pass in &mut many {
            assert!(futures_util::poll!(pass.as_mut()).is_pending());
        }
        assert!(matches!(line.pass(1).await, Err(Error::Overloaded)));
        drop(many);
        first.await.unwrap();
        assert_eq!(line.pass(5).await.unwrap(), 10);
        assert_eq!(batches.lock().unwrap().iter().flatten().count(), 2, "only those that somebody waited for");
    }
}

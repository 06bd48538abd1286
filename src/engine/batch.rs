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

use std::future::Future;

use tokio::sync::{mpsc, oneshot};

use super::{ANSWER_WITHIN, TRY_AGAIN_AFTER};
use crate::store::{Error, Result};

/// Requests that stand in line; more are refused as overload.
const LINE_MAX: usize = 10_000;

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
}

/// The line before a writer. The writer ends when all its lines are dropped.
#[derive(Debug)]
pub(super) struct Line<I, O>(mpsc::Sender<Entry<I, O>>);

impl<I, O> Line<I, O>
where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
{
    /// A line whose writer puts requests of up to `items_max` items together. `write` answers
    /// as many outputs as it is given inputs, in their order.
    pub(super) fn start<W, Fut>(items_max: usize, weigh: fn(&I) -> Weight, write: W) -> Self
    where
        W: Fn(Vec<I>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<O>>> + Send + 'static,
    {
        let (line, waiting) = mpsc::channel(LINE_MAX);
        tokio::spawn(serve(waiting, items_max, weigh, write));
        Self(line)
    }

    /// What became of it; when this returns it is committed, or certainly not, or the error
    /// says that nobody knows.
    pub(super) async fn pass(&self, item: I) -> Result<O> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Entry { item, answer }).map_err(|_full| Error::Overloaded)?;
        match tokio::time::timeout(ANSWER_WITHIN, answered).await {
            Ok(Ok(answer)) => answer,
            // Its writer panicked, or the server is being stopped under it; or it takes too long.
            Ok(Err(_)) | Err(_) => Err(Error::unanswered()),
        }
    }
}

async fn serve<I, O, W, Fut>(
    mut waiting: mpsc::Receiver<Entry<I, O>>,
    items_max: usize,
    weigh: fn(&I) -> Weight,
    write: W,
) where
    I: Clone + Send + Sync + 'static,
    O: Send + 'static,
    W: Fn(Vec<I>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Vec<O>>> + Send + 'static,
{
    let write = std::sync::Arc::new(write);
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
        let write = write.clone();
        // A task of its own, so that a panic ends this batch and not the writer.
        if let Err(error) = tokio::spawn(async move { commit(batch, &*write).await }).await {
            tracing::error!(%error, "a writer panicked");
        }
    }
}

/// Writes a batch and answers each of its requests.
async fn commit<I, O, W, Fut>(batch: Vec<Entry<I, O>>, write: &W)
where
    I: Clone,
    W: Fn(Vec<I>) -> Fut,
    Fut: Future<Output = Result<Vec<O>>>,
{
    let mut parts = vec![batch];
    while let Some(mut part) = parts.pop() {
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
    use std::sync::{Arc, Mutex};
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
        let line = Line::start(items_max, weigh, move |batch: Vec<u32>| {
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
        (line, batches)
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

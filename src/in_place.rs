//! Futures that wake themselves are polled again at once, without the scheduler between.
//!
//! hyper's connection and the handler it calls are one task, and tell each other through channels: that a body is
//! wanted, that a part of it is there. Each of these wakes the task that is running. tokio then puts it at the end of
//! its line and wakes another thread to help with that, two or three times for a request; on an idle server each of
//! them costs the answer a switch of threads.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// How often a future is polled before other tasks have their turn.
const TURNS_MAX: usize = 8;

/// Nobody polls it: who wakes it wakes its task.
const WAITS: u8 = 0;
const IS_POLLED: u8 = 1;
/// Woken since it began to be polled.
const ONCE_MORE: u8 = 2;

struct Woken {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Whoever polls it sees this when the poll returns. A swap, so that the poll which follows sees all that was
        // done before this, also if it was woken before.
        if self.state.swap(ONCE_MORE, Ordering::AcqRel) == WAITS {
            self.task.wake();
        }
    }
}

/// As `future`, which is polled again at once if it was woken while it was polled, up to 8 times in a row.
pub(crate) fn in_place<F: Future>(mut future: Pin<&mut F>) -> impl Future<Output = F::Output> {
    let woken = Arc::new(Woken { state: AtomicU8::new(WAITS), task: AtomicWaker::new() });
    let waker = Waker::from(woken.clone());
    poll_fn(move |context| {
        woken.task.register(context.waker());
        for _ in 0..TURNS_MAX {
            woken.state.swap(IS_POLLED, Ordering::AcqRel);
            if let Poll::Ready(output) = future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
                return Poll::Ready(output);
            }
            let wait = woken.state.compare_exchange(IS_POLLED, WAITS, Ordering::AcqRel, Ordering::Acquire);
            if wait.is_ok() {
                return Poll::Pending;
            }
        }
        woken.state.swap(WAITS, Ordering::AcqRel);
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;
    use std::task::Context;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Wakes itself so often, then waits for its waker, which it leaves in `left`.
    fn restless(times: usize, polls: &AtomicUsize, left: &AtomicWaker) -> impl Future<Output = ()> {
        poll_fn(move |context| {
            left.register(context.waker());
            if polls.fetch_add(1, Ordering::SeqCst) < times {
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
    }

    #[test]
    fn it_is_polled_until_it_waits_and_woken_then() {
        let (polls, left, count) = (AtomicUsize::new(0), AtomicWaker::new(), Arc::new(Count::default()));
        let waker = Waker::from(count.clone());
        let mut context = Context::from_waker(&waker);
        let future = pin!(restless(3, &polls, &left));
        let mut placed = pin!(in_place(future));
        assert!(placed.as_mut().poll(&mut context).is_pending());
        assert_eq!((polls.load(Ordering::SeqCst), count.0.load(Ordering::SeqCst)), (4, 0), "in place");
        left.wake();
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "from outside: its task is woken");
        assert!(placed.as_mut().poll(&mut context).is_pending());
        assert_eq!(polls.load(Ordering::SeqCst), 5);
    }

    #[test]
    fn others_have_their_turn() {
        let (polls, left, count) = (AtomicUsize::new(0), AtomicWaker::new(), Arc::new(Count::default()));
        let waker = Waker::from(count.clone());
        let future = pin!(restless(usize::MAX, &polls, &left));
        assert!(pin!(in_place(future)).poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!((polls.load(Ordering::SeqCst), count.0.load(Ordering::SeqCst)), (TURNS_MAX, 1));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nothing_is_missed_between_threads() {
        let (there, mut here) = tokio::sync::mpsc::channel(1);
        let sent = tokio::spawn(async move {
            for n in 0..100_000 {
                there.send(n).await.unwrap();
            }
        });
        let received = pin!(async {
            for n in 0..100_000 {
                assert_eq!(here.recv().await, Some(n));
            }
        });
        tokio::time::timeout(std::time::Duration::from_mins(1), in_place(received)).await.unwrap();
        sent.await.unwrap();
    }
}

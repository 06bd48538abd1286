//! Who waits for what, in memory: a request that is parked here holds no connection.
//!
//! A wake-up is a hint, never the truth: whoever is woken asks the database, and whoever is
//! not looks once a second. So what is missed is late, never lost.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, oneshot};

use super::HandOver;
use crate::domain::WorkerId;

/// How long a claim that leaves waits for jobs that are being stored for it.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// So many that have left may stand in a line.
const FEW: usize = 16;

/// Requests that wait, by the name of what they wait for, first come, first served.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<BTreeMap<String, Place>>);

#[derive(Debug, Default)]
struct Place {
    notify: Arc<Notify>,
    waiting: usize,
    /// Those that take what comes, first come first. Some may have left.
    parked: VecDeque<Weak<Slot>>,
}

/// What a parked claim takes.
#[derive(Debug, Clone)]
pub(super) struct Wants {
    pub(super) max_jobs: i64,
    pub(super) lease_ms: Option<i64>,
    pub(super) worker: Option<WorkerId>,
}

/// Where jobs for a parked claim are put, by whoever has the sender.
#[derive(Debug)]
struct Slot {
    wants: Wants,
    sender: Mutex<Option<oneshot::Sender<HandOver>>>,
}

impl Slot {
    fn take(&self) -> Option<oneshot::Sender<HandOver>> {
        // Nothing that can panic runs while it is held.
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A claim that waits to be handed jobs.
pub(super) struct Parked {
    slot: Arc<Slot>,
    jobs: oneshot::Receiver<HandOver>,
}

/// A parked claim that is about to be handed jobs; if it is not, it looks for itself.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) wants: Wants,
    sender: oneshot::Sender<HandOver>,
}

impl Taken {
    /// Hands it the jobs; if it has left, they are given back.
    pub(super) fn hand(self, jobs: HandOver) {
        drop(self.sender.send(jobs));
    }
}

impl Parked {
    /// Until it is handed jobs; `None` if it was about to be, and there were none.
    pub(super) async fn handed(&mut self) -> Option<HandOver> {
        (&mut self.jobs).await.ok()
    }

    /// Takes nothing any more, but what is on its way.
    pub(super) async fn leave(mut self) -> Option<HandOver> {
        if self.slot.take().is_some() {
            return None;
        }
        tokio::time::timeout(ON_ITS_WAY, self.handed()).await.ok().flatten()
    }
}

/// A place in every line that a request stands in; it leaves them when this is dropped, and
/// a wake-up that it did not use goes to the next.
pub(super) struct Waiting {
    waiters: Arc<Waiters>,
    names: Vec<String>,
    notified: Vec<Pin<Box<OwnedNotified>>>,
}

impl Waiters {
    fn places(&self) -> MutexGuard<'_, BTreeMap<String, Place>> {
        // Nothing that can panic runs while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place at the end of each line. Wake-ups count from this moment on, so that
    /// nothing is missed between asking the database and waiting.
    pub(super) fn stand(self: &Arc<Self>, names: Vec<String>) -> Waiting {
        let mut places = self.places();
        let notified = names.iter().map(|name| {
            let place = places.entry(name.clone()).or_default();
            place.waiting += 1;
            let mut notified = Box::pin(place.notify.clone().notified_owned());
            notified.as_mut().enable();
            notified
        });
        let notified = notified.collect();
        Waiting { waiters: self.clone(), names, notified }
    }

    /// Wakes the first `count` that wait for this.
    pub(super) fn wake(&self, name: &str, count: usize) {
        if let Some(place) = self.places().get(name) {
            place.wake(count);
        }
    }

    /// Wakes the first `count` that wait for jobs of any kind in this queue, and as many that
    /// wait for jobs of this kind; of each kind, if it is not known.
    pub(super) fn wake_queue(&self, queue: &str, kind: Option<&str>, count: usize) {
        self.wake(queue, count);
        if let Some(kind) = kind {
            return self.wake(&kind_line(queue, kind), count);
        }
        let first = kind_line(queue, "");
        for (_, place) in self.places().range(first.clone()..).take_while(|(name, _)| name.starts_with(&first)) {
            place.wake(count);
        }
    }

    /// The first that is parked for jobs of this kind in this queue, which is then no longer.
    pub(super) fn take_parked(&self, queue: &str, kind: &str) -> Option<Taken> {
        let mut places = self.places();
        if places.is_empty() {
            return None;
        }
        for line in [queue, &kind_line(queue, kind)] {
            let Some(place) = places.get_mut(line) else { continue };
            while let Some(slot) = place.parked.pop_front() {
                let Some(slot) = slot.upgrade() else { continue };
                if let Some(sender) = slot.take() {
                    return Some(Taken { wants: slot.wants.clone(), sender });
                }
            }
        }
        None
    }

    /// Wakes the first of each line: it looks for the others.
    pub(super) fn wake_first_of_each(&self) {
        for place in self.places().values() {
            place.notify.notify_one();
        }
    }

    /// How many lines there are.
    #[cfg(test)]
    fn lines(&self) -> usize {
        self.places().len()
    }
}

impl Place {
    fn wake(&self, count: usize) {
        for _ in 0..count.min(self.waiting) {
            self.notify.notify_one();
        }
    }
}

/// The line of those who wait for jobs of one kind in a queue. No queue's name has a line break.
pub(super) fn kind_line(queue: &str, kind: &str) -> String {
    format!("{queue}\n{kind}")
}

impl Waiting {
    /// Takes jobs that come, in every line that it stands in.
    pub(super) fn park(&self, wants: Wants) -> Parked {
        let (sender, jobs) = oneshot::channel();
        let slot = Arc::new(Slot { wants, sender: Mutex::new(Some(sender)) });
        let mut places = self.waiters.places();
        for name in &self.names {
            if let Some(place) = places.get_mut(name) {
                if place.parked.len() > 2 * place.waiting + FEW {
                    place.parked.retain(|slot| slot.strong_count() > 0);
                }
                place.parked.push_back(Arc::downgrade(&slot));
            }
        }
        drop(places);
        Parked { slot, jobs }
    }

    /// Until one of the lines wakes us. May be waited for again only by a new place.
    pub(super) async fn woken(&mut self) {
        futures_util::future::select_all(self.notified.iter_mut()).await;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // First, so that a wake-up that was meant for us is passed on to who is there.
        self.notified.clear();
        let mut places = self.waiters.places();
        for name in &self.names {
            if let Some(place) = places.get_mut(name) {
                place.waiting -= 1;
                if place.waiting == 0 {
                    places.remove(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stand(waiters: &Arc<Waiters>, names: &[&str]) -> Waiting {
        waiters.stand(names.iter().map(|name| (*name).to_owned()).collect())
    }

    async fn is_woken(waiting: &mut Waiting) -> bool {
        tokio::time::timeout(Duration::from_millis(1), waiting.woken()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn they_are_woken_in_the_order_in_which_they_came() {
        let waiters = Arc::new(Waiters::default());
        let (mut first, mut second) = (stand(&waiters, &["a"]), stand(&waiters, &["a", "b"]));
        waiters.wake("a", 1);
        assert!(!is_woken(&mut second).await);
        assert!(is_woken(&mut first).await);
        waiters.wake("b", 1);
        assert!(is_woken(&mut second).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_that_is_not_used_goes_to_the_next() {
        let waiters = Arc::new(Waiters::default());
        let (first, mut second) = (stand(&waiters, &["a"]), stand(&waiters, &["a"]));
        waiters.wake("a", 1);
        drop(first);
        assert!(is_woken(&mut second).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_before_the_wait_counts_and_one_before_the_place_does_not() {
        let waiters = Arc::new(Waiters::default());
        waiters.wake("a", 1);
        let mut waiting = stand(&waiters, &["a"]);
        assert!(!is_woken(&mut waiting).await);
        let mut waiting = stand(&waiters, &["a"]);
        waiters.wake("a", 5);
        assert!(is_woken(&mut waiting).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_kind_is_not_woken_for_another_and_misses_none() {
        let waiters = Arc::new(Waiters::default());
        let line = |kind: &str| kind_line("a", kind);
        let mut mail = stand(&waiters, &[&line("mail")]);
        let (mut pdf, mut any) = (stand(&waiters, &[&line("pdf")]), stand(&waiters, &["a"]));
        let mut other = stand(&waiters, &[&kind_line("ab", "mail")]);
        waiters.wake_queue("a", Some("pdf"), 1);
        assert!(is_woken(&mut pdf).await && is_woken(&mut any).await && !is_woken(&mut mail).await);
        let mut pdf = stand(&waiters, &[&line("pdf")]);
        waiters.wake_queue("a", None, 1);
        assert!(is_woken(&mut pdf).await && is_woken(&mut mail).await && !is_woken(&mut other).await);
    }

    #[test]
    fn nothing_is_left_of_those_who_left() {
        let waiters = Arc::new(Waiters::default());
        let waiting: Vec<_> = (0..10).map(|n| stand(&waiters, &["a", &n.to_string()])).collect();
        assert_eq!(waiters.lines(), 11);
        drop(waiting);
        assert_eq!(waiters.lines(), 0);
    }
}

//! Where claims begin to look, so that they need not walk over what others have taken.
//!
//! A row that was claimed stays in its index, dead, until no snapshot can see it any more: one
//! forgotten transaction, and a claim that looks from the head walks over all of the last
//! hours. So each server remembers for every lane a number up to which nothing is left, its
//! floor, and claims begin above it.
//!
//! The floor is exact. A number is drawn by a transaction that has an id already
//! (`presque_internal.next_seq`), and a place that a job left is never taken again. So when a
//! snapshot shows nothing below some number, whatever may still appear there belongs to a
//! transaction that had its id by then, which is lower than the one that the claim gets after
//! its snapshot. Once all of these have ended, as a later snapshot tells, and nothing is seen
//! below the number again, nothing will ever be there. Rows that others hold locked are seen, so
//! a claim that is undone loses nothing.
//!
//! Only a transaction that writes and stays open keeps floors where they are. If looking from
//! them takes long, most claims are quick ones: in the known lanes only, from where the last one
//! found something. They may pass over a job that comes late or into another lane; a look from
//! the floors, once in a while, finds it.
//!
//! All of it is in memory, and forgotten each minute: a server that knows nothing looks from the
//! beginning. So what this page did not think of is late by a minute, not lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::store::{Error, KnownLane, Look, Seen};

/// A look that takes longer is made less often.
const SLOW_LOOK_MS: f64 = 50.0;

/// How much of the time is spent on slow looks, about: a part in so many. But the next one is not
/// put off for longer than this.
const SLOW_LOOKS_SHARE: f64 = 20.0;
const QUICK_FOR_MAX: Duration = Duration::from_secs(5);

/// For so long after there was more to a claim than the short statement knows about, claims of the queue are made with
/// the other one at once; and where it kept jobs from others for a moment.
const LONG_FOR: Duration = Duration::from_millis(100);
const LONG_FOR_LOCKED: Duration = Duration::from_secs(5);

/// After this time a queue is looked at from the beginning again, for what nobody thought of: an
/// older server beside this one, a database that was set back.
const FORGET_AFTER: Duration = Duration::from_mins(1);

/// A lane that was empty for this long is not remembered if there are many.
const EMPTY_FOR: Duration = Duration::from_secs(30);
const FEW_LANES: usize = 64;

/// Queues that are remembered; beyond, all are forgotten.
const QUEUES_MAX: usize = 10_000;

/// What is known of the lanes of queues, each as it is seen by claims for the same kinds.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<String, Known>>);

/// A queue's lanes.
#[derive(Debug)]
struct Known {
    lanes: BTreeMap<i16, Lane>,
    /// The last number that had been drawn by the end of the last look.
    drawn: i64,
    /// When PostgreSQL was started: after a failover, or a crash, it may know less.
    started: Option<DateTime<Utc>>,
    since: Instant,
    /// Until then looks are quick.
    quick_until: Instant,
    /// Until then there is more to claims than jobs that are ready.
    long_until: Instant,
}

#[derive(Debug)]
struct Lane {
    /// Nothing is left up to here.
    floor: i64,
    /// Where the last claim found the first job.
    cursor: i64,
    /// Nothing was seen below the number, and nothing will come there from transactions from this
    /// one on.
    candidate: Option<(i64, i64)>,
    empty_since: Option<Instant>,
}

/// A look that is under way.
#[derive(Debug, Default)]
pub(super) struct Looking {
    pub(super) look: Look,
    /// Whether `leases/claim_ready.sql` is likely to do.
    pub(super) short: bool,
    /// Of each queue, what it went by: since when that is known, and how far numbers were drawn.
    by: Vec<Option<(Instant, i64)>>,
}

/// The name of a queue as claims for these kinds see it.
pub(super) fn name(queue: &str, kinds: Option<&[String]>) -> String {
    match kinds {
        None => queue.to_owned(),
        Some(kinds) => format!("{queue}\n{}", kinds.join("\n")),
    }
}

impl Lanes {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        // Nothing that can panic runs while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where to look for jobs of these queues.
    pub(super) fn look(&self, names: &[String]) -> Looking {
        let now = Instant::now();
        let mut known = self.known();
        for name in names {
            if known.get(name).is_some_and(|queue| now - queue.since > FORGET_AFTER) {
                known.remove(name);
            }
        }
        let queues: Vec<_> = names.iter().map(|name| known.get(name)).collect();
        let known_well = queues.iter().all(|queue| queue.is_some_and(|queue| !queue.lanes.is_empty()));
        let quick = known_well && queues.iter().flatten().any(|queue| queue.quick_until > now);
        let lanes = (1..).zip(&queues).flat_map(|(place, queue)| {
            let lanes = queue.iter().flat_map(|queue| &queue.lanes);
            lanes.map(move |(lane, at)| {
                let floor = if quick { at.cursor } else { at.floor };
                KnownLane { queue: place, lane: *lane, floor }
            })
        });
        let lanes = lanes.collect();
        let rises = queues.iter().flatten().any(|queue| queue.may_rise());
        let by = queues.iter().map(|queue| queue.map(|queue| (queue.since, queue.drawn))).collect();
        let short = known_well && !quick && queues.iter().flatten().all(|queue| queue.long_until <= now);
        Looking { look: Look { quick, rises, lanes }, short, by }
    }

    /// What the look showed.
    pub(super) fn learn(&self, names: &[String], looking: &Looking, seen: &Seen) {
        let mut known = self.known();
        if known.len() > QUEUES_MAX {
            known.clear();
        }
        for ((place, name), by) in (1..).zip(names).zip(&looking.by) {
            let drawn = by.map_or(0, |(_, drawn)| drawn);
            if by.is_some_and(|(since, _)| known.get(name).is_none_or(|queue| queue.since != since)) {
                // What it went by is forgotten, and so is what it saw from there.
                continue;
            }
            let queue = known.entry(name.clone()).or_insert_with(Known::new);
            if seen.drawn.unwrap_or(0) < drawn || queue.started.is_some_and(|started| started != seen.started) {
                // The database was set back: what was known of it is no longer true.
                known.remove(name);
                continue;
            }
            queue.started = Some(seen.started);
            if looking.look.quick {
                queue.learn_quick(seen.lanes_of(place));
            } else {
                queue.learn(seen.lanes_of(place), drawn, seen);
            }
        }
    }

    /// There was more to a claim than jobs that are ready.
    pub(super) fn more(&self, names: &[String], locked: bool) {
        let until = Instant::now() + if locked { LONG_FOR_LOCKED } else { LONG_FOR };
        let mut known = self.known();
        for name in names {
            if let Some(queue) = known.get_mut(name) {
                queue.long_until = until;
            }
        }
    }

    /// A look failed. If the database was lost, the next one may be another.
    pub(super) fn failed(&self, names: &[String], error: &Error) {
        if matches!(error, Error::Unavailable(_) | Error::OutcomeUnknown(_)) {
            self.known().retain(|name, _| !names.contains(name));
        }
    }
}

impl Known {
    fn new() -> Self {
        let now = Instant::now();
        Self { lanes: BTreeMap::new(), drawn: 0, started: None, since: now, quick_until: now, long_until: now }
    }

    /// Whether a floor is below what the last look showed.
    fn may_rise(&self) -> bool {
        self.lanes.values().any(|lane| lane.candidate.is_some() || lane.floor < lane.cursor.max(self.drawn))
    }

    fn learn(&mut self, lanes: impl Iterator<Item = (i16, Option<i64>)>, drawn: i64, seen: &Seen) {
        let now = Instant::now();
        for (number, head) in lanes {
            let lane = self.lanes.entry(number).or_insert_with(Lane::new);
            // Where nothing stood, nothing stands below what had been drawn before.
            lane.learn(head.unwrap_or(drawn + 1), seen);
            lane.empty_since = if head.is_some() { None } else { lane.empty_since.or(Some(now)) };
        }
        if self.lanes.len() > FEW_LANES {
            self.lanes.retain(|_, lane| lane.empty_since.is_none_or(|since| now - since < EMPTY_FOR));
        }
        self.drawn = self.drawn.max(seen.drawn.unwrap_or(0));
        if seen.look_ms > SLOW_LOOK_MS {
            let quick_for = Duration::from_secs_f64(seen.look_ms * SLOW_LOOKS_SHARE / 1000.0);
            self.quick_until = now + quick_for.min(QUICK_FOR_MAX);
        }
    }

    fn learn_quick(&mut self, lanes: impl Iterator<Item = (i16, Option<i64>)>) {
        for (number, first) in lanes {
            if let (Some(lane), Some(first)) = (self.lanes.get_mut(&number), first) {
                lane.cursor = lane.cursor.max(first - 1);
            }
        }
    }
}

impl Lane {
    fn new() -> Self {
        Self { floor: 0, cursor: 0, candidate: None, empty_since: None }
    }

    /// Nothing was seen below `head`.
    fn learn(&mut self, head: i64, seen: &Seen) {
        if let Some((below, before)) = self.candidate
            && seen.xmin >= before
        {
            self.floor = self.floor.max(below.min(head) - 1);
            self.candidate = None;
        }
        if let (None, Some(own_xid)) = (self.candidate, seen.own_xid) {
            self.candidate = Some((head, own_xid));
        }
        self.cursor = head - 1;
    }
}

#[cfg(test)]
mod tests;

//! What a claim is told of the lanes of its queues, and what it tells: see `engine/lanes.rs`.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

/// Where a claim looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// In the known lanes only, and not for what is due.
    pub quick: bool,
    /// Whether the transaction's id is worth having: floors may rise.
    pub rises: bool,
    pub lanes: Vec<KnownLane>,
}

/// A lane that is known, of one of the queues that a claim names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLane {
    /// The place of its queue, from 1.
    pub queue: i32,
    pub lane: i16,
    /// Nothing is left up to this number.
    pub floor: i64,
}

/// What a claim saw.
#[derive(Debug, Clone, Default, PartialEq, FromRow)]
pub struct Seen {
    #[sqlx(rename = "seen_queues")]
    pub(super) queues: Vec<i32>,
    #[sqlx(rename = "seen_lanes")]
    pub(super) lanes: Vec<i16>,
    #[sqlx(rename = "seen_heads")]
    pub(super) heads: Vec<Option<i64>>,
    /// The oldest transaction that had not ended when the claim began.
    pub xmin: i64,
    /// The claim's own transaction: whatever had an id by then has a lower one.
    pub own_xid: Option<i64>,
    /// The last number that was drawn, read later than that.
    pub drawn: Option<i64>,
    /// How long the look took.
    pub look_ms: f64,
    /// When PostgreSQL was started.
    pub started: DateTime<Utc>,
}

impl Seen {
    /// The lanes of the queue at this place, from 1, with the first number that stood there.
    pub fn lanes_of(&self, queue: i32) -> impl Iterator<Item = (i16, Option<i64>)> {
        let lanes = self.lanes.iter().zip(&self.heads);
        self.queues.iter().zip(lanes).filter(move |(of, _)| **of == queue).map(|(_, (lane, head))| (*lane, *head))
    }

    #[cfg(test)]
    pub fn of(lanes: &[(i16, Option<i64>)], xmin: i64, own_xid: i64, drawn: i64, look_ms: f64) -> Self {
        Self {
            queues: vec![1; lanes.len()],
            lanes: lanes.iter().map(|(lane, _)| *lane).collect(),
            heads: lanes.iter().map(|(_, head)| *head).collect(),
            xmin,
            own_xid: Some(own_xid),
            drawn: Some(drawn),
            look_ms,
            started: DateTime::UNIX_EPOCH,
        }
    }
}

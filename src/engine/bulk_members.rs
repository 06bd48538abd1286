//! The jobs of a bulk operation: a walk over the queues in question, in each by ascending id.

use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

use super::bulk_changes::Change;
use crate::domain::JobId;
use crate::store::{BulkOperation, BulkWork, Error, JobFilter, Result, Store};

/// Jobs of each state that one look is about; fewer where that takes too long.
const LOOKED_AT: i64 = 1_000;
const LOOKED_AT_LEAST: i64 = 20;

/// Which jobs an operation is about.
pub(super) struct Members<'a> {
    store: &'a Store,
    change: &'a Change,
    /// In order.
    queues: Vec<i32>,
    /// Jobs of each state that the next look is about: fewer than before where that took too long.
    looked_at: AtomicI64,
    /// Only jobs above the one and below the other are meant.
    start: Uuid,
    bound: Uuid,
}

impl<'a> Members<'a> {
    pub(super) async fn of(store: &'a Store, operation: &BulkOperation, change: &'a Change) -> Result<Self> {
        let mut queues = store.list_queue_ids(change.filter.queues.as_deref(), operation.work.cursor_queue_id).await?;
        if let Some(ids) = &change.filter.ids {
            queues.retain(|queue| ids.iter().any(|id| JobId(*id).queue_id() == *queue));
        }
        if change.states.is_empty() {
            queues.clear();
        }
        let before =
            change.filter.created_before.and_then(|at| at.checked_add_signed(chrono::Duration::milliseconds(1)));
        Ok(Self {
            store,
            change,
            queues,
            looked_at: AtomicI64::new(LOOKED_AT),
            start: change.filter.created_after.map_or(Uuid::nil(), JobId::floor),
            bound: before.map_or(operation.id, |before| operation.id.min(JobId::floor(before))),
        })
    }

    /// The next jobs, maybe none, up to `limit`; `None` at the end. Moves on where the walk stands.
    pub(super) async fn next(&self, work: &mut BulkWork, limit: i64) -> Result<Option<Vec<JobId>>> {
        let Some(queue) = self.queues.iter().find(|queue| **queue >= work.cursor_queue_id) else { return Ok(None) };
        if *queue != work.cursor_queue_id {
            (work.cursor_queue_id, work.cursor, work.fresh_from) = (*queue, self.start, None);
        }
        let members = loop {
            let looked_at = self.looked_at.load(Ordering::Relaxed);
            let members = (&self.change.filter, self.change.states.as_slice());
            match self.store.list_bulk_members(members, work, self.bound, looked_at, limit).await {
                // So many wait that the first of them is not found in time: from the beginning then.
                Err(Error::Timeout) if work.fresh_from.is_none() => work.fresh_from = Some(Uuid::nil()),
                Err(Error::Timeout) if looked_at > LOOKED_AT_LEAST => {
                    self.looked_at.store(looked_at / 4, Ordering::Relaxed);
                }
                members => break members?,
            }
        };
        (work.cursor_queue_id, work.cursor, work.fresh_from) = match members.walked_to {
            Some(id) => (*queue, id, Some(members.fresh_from)),
            None => (queue.saturating_add(1), Uuid::nil(), None),
        };
        Ok(Some(members.ids))
    }

    /// Those of the jobs in hand that still pass the filter.
    pub(super) async fn still(&self, work: &BulkWork) -> Result<Vec<JobId>> {
        let filter = JobFilter { ids: Some(work.chunk.clone()), ..self.change.filter.clone() };
        let mut still = Vec::new();
        let mut queues: Vec<i32> = work.chunk.iter().map(|id| JobId(*id).queue_id()).collect();
        queues.sort_unstable();
        queues.dedup();
        for queue in queues {
            let from = BulkWork { cursor_queue_id: queue, cursor: Uuid::nil(), fresh_from: None, ..work.clone() };
            let members = (&filter, self.change.states.as_slice());
            still.extend(self.store.list_bulk_members(members, &from, self.bound, LOOKED_AT, i64::MAX / 2).await?.ids);
        }
        Ok(still)
    }
}

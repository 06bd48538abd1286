//! What monitoring reads from the database, and what there is of connections.

use sqlx::FromRow;

use super::{Effect, Result, Store, sql};

/// What is counted of a queue, or of those that are not shown by name (`_other`).
#[derive(Debug, Clone, FromRow)]
pub struct QueueCounters {
    pub queue: String,
    pub paused: bool,
    pub pending: i64,
    pub available: i64,
    pub scheduled: i64,
    pub retryable: i64,
    pub running: i64,
    pub completed_now: i64,
    pub discarded_now: i64,
    pub cancelled_now: i64,
    /// Since the queue was made or purged, as are those below.
    pub enqueued: i64,
    pub completed: i64,
    /// Attempts, those that were lost among them.
    pub failed: i64,
    pub lost: i64,
    pub released: i64,
    pub wait_ms_sum: i64,
    pub run_ms_sum: i64,
    pub wait_hist: Option<Vec<i64>>,
    pub run_hist: Option<Vec<i64>>,
    /// The age of the oldest job that can be claimed.
    pub latency_seconds: f64,
}

/// Connections of a pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolState {
    pub pool: &'static str,
    pub idle: usize,
    pub used: usize,
    pub max: usize,
}

impl Store {
    /// The counters of the queues with the most jobs, up to `named` of them by name.
    pub async fn list_queue_counters(&self, named: i64) -> Result<Vec<QueueCounters>> {
        self.all(Effect::Read, sqlx::query_as(sql!("metrics/queues")).bind(named)).await
    }

    /// How many workers there are in each status.
    pub async fn count_workers(&self) -> Result<Vec<(String, i64)>> {
        self.all(Effect::Read, sqlx::query_as(sql!("metrics/workers"))).await
    }

    /// The connections that there are now.
    pub fn pools(&self) -> [PoolState; 2] {
        [("requests", &self.pool), ("reports", &self.reports)].map(|(name, pool)| {
            let (size, idle) = (pool.size(), pool.num_idle());
            PoolState { pool: name, idle, used: size.saturating_sub(idle), max: pool.max() }
        })
    }
}

//! The connections that were used last, kept at hand.
//!
//! sqlx asks each connection that comes back whether it lives, a round trip for each statement, and hands out the one
//! that has been idle for longest, so that each session has forgotten what the last statement had in its caches. Here
//! the last is the next, and goes back to the pool when somebody waits there, when it was not used for some time, and
//! once a minute.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;

/// A connection that was idle for longer is asked whether it is alive before it is used.
pub(super) const TRUSTED_WHEN_IDLE_FOR: Duration = Duration::from_secs(1);

/// After this time in use a connection goes through the pool, which knows how long one may live.
const OUT_FOR_MAX: Duration = Duration::from_mins(1);

/// A pool with the connections at hand that were used last. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    /// Who may have to wait for the pool; counted before it is looked what is at hand.
    waiting: AtomicUsize,
    closed: AtomicBool,
    /// The one that was used last at the end.
    at_hand: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    connection: PoolConnection<Postgres>,
    out_since: Instant,
    since: Instant,
}

/// A connection that is being used. Dropped, it goes back to the pool, which asks whether it lives.
#[derive(Debug)]
pub(super) struct Connection {
    live: PoolConnection<Postgres>,
    out_since: Instant,
    pool: Arc<Inner>,
}

/// Counts one more while it lives.
pub(super) struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    pub(super) fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Inner {
    fn at_hand(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Nothing that can panic runs while it is held.
        self.at_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    pub(super) fn new(pool: PgPool) -> Self {
        Self(Arc::new(Inner {
            pool,
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            at_hand: Mutex::default(),
        }))
    }

    /// A connection that is free, within the pool's time for that.
    pub(super) async fn acquire(&self) -> sqlx::Result<Connection> {
        let of = |live, out_since| Connection { live, out_since, pool: self.0.clone() };
        let _waits = Counted::new(&self.0.waiting);
        let last = self.0.at_hand().pop();
        if let Some(last) = last.filter(|last| last.since.elapsed() < TRUSTED_WHEN_IDLE_FOR) {
            return Ok(of(last.connection, last.out_since));
        }
        Ok(of(self.0.pool.acquire().await?, Instant::now()))
    }

    /// How many connections are free.
    pub(super) fn num_idle(&self) -> usize {
        self.0.pool.num_idle() + self.0.at_hand().len()
    }

    /// How many connections there are.
    pub(super) fn size(&self) -> usize {
        self.0.pool.size() as usize
    }

    /// How many there may be.
    pub(super) fn max(&self) -> usize {
        self.0.pool.options().get_max_connections() as usize
    }

    /// Closes it; what runs is finished first.
    pub(super) async fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.at_hand().clear();
        self.0.pool.close().await;
    }
}

impl Connection {
    /// Keeps it at hand: all of its last answer was read, and nothing is open.
    pub(super) fn keep(self) {
        let Self { live, out_since, pool } = self;
        let is_old = |idle: &mut Idle| idle.since.elapsed() >= TRUSTED_WHEN_IDLE_FOR;
        let mut at_hand = pool.at_hand();
        let to_the_pool: Vec<Idle> = at_hand.extract_if(.., is_old).collect();
        // Who looked in vain before this has been counted.
        let is_wanted = pool.waiting.load(Ordering::SeqCst) > 0 || pool.closed.load(Ordering::SeqCst);
        if !is_wanted && out_since.elapsed() < OUT_FOR_MAX {
            at_hand.push(Idle { connection: live, out_since, since: Instant::now() });
        }
        drop(at_hand);
        drop(to_the_pool);
    }
}

impl Deref for Connection {
    type Target = PoolConnection<Postgres>;

    fn deref(&self) -> &Self::Target {
        &self.live
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.live
    }
}

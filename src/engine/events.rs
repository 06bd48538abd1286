//! The audit log: who follows it waits here.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::store::{EventPlace, Events, Result};

/// The line of those who wait for an event; no queue has such a name, and no job.
const LINE: &str = "/events";

/// How often a parked request looks whether something happened: on another server, or behind a
/// transaction that was open.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// For how long one request looks through events of other types, however little it waits.
const SEARCH_FOR: Duration = Duration::from_secs(2);

impl Engine {
    /// The next events of these types after a place, as soon as there are any; none when the wait
    /// is over, or the search took too long.
    pub async fn wait_for_events(
        &self,
        after: EventPlace,
        types: Option<&[String]>,
        limit: i64,
        wait: Duration,
        draining: &CancellationToken,
    ) -> Result<Events> {
        let (begun, mut after) = (Instant::now(), after);
        let deadline = begun + wait;
        loop {
            let mut waiting = self.waiters.stand(vec![LINE.to_owned()]);
            let found = self.store.list_events(&after, types, limit).await?;
            let may_search = begun.elapsed() < SEARCH_FOR.max(wait) && !draining.is_cancelled();
            if found.more && found.events.is_empty() && may_search {
                after = found.place;
                continue;
            }
            if !found.events.is_empty() || Instant::now() >= deadline || draining.is_cancelled() {
                return Ok(found);
            }
            after = found.place;
            let _waits = self.store.metrics().long_poll();
            tokio::select! {
                () = waiting.woken() => {}
                () = tokio::time::sleep_until(deadline.min(Instant::now() + LOOK_EVERY)) => {}
                () = draining.cancelled() => {}
            }
        }
    }

    /// As `finish`, for a change that the audit log has: wakes who follows it.
    pub(super) async fn finish_noted<T, F, Fut>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Self) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
    {
        let done = self.finish(change).await;
        self.wake_events();
        done
    }

    /// Wakes who follows the audit log.
    pub(super) fn wake_events(&self) {
        self.waiters.wake(LINE, usize::MAX);
    }
}

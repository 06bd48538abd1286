//! Waiting for what becomes of something, without a connection.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::store::Result;

/// How often a parked request looks: what it waits for may happen on another server, which wakes nobody here.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// What `look` finds, as soon as `is_over` says so of it, or as it is when the wait is; `None` if it finds nothing.
    /// Who wakes this line has it looked at once more.
    pub(super) async fn look_until<T, Fut>(
        &self,
        line: String,
        wait: Duration,
        draining: &CancellationToken,
        look: impl Fn() -> Fut,
        is_over: impl Fn(&T) -> bool,
    ) -> Result<Option<T>>
    where
        Fut: Future<Output = Result<Option<T>>>,
    {
        let deadline = Instant::now() + wait;
        loop {
            let mut waiting = self.waiters.stand(vec![line.clone()]);
            let Some(found) = look().await? else { return Ok(None) };
            if is_over(&found) || Instant::now() >= deadline || draining.is_cancelled() {
                return Ok(Some(found));
            }
            let _waits = self.store.metrics().long_poll();
            tokio::select! {
                () = waiting.woken() => {}
                () = tokio::time::sleep_until(deadline.min(Instant::now() + LOOK_EVERY)) => {}
                () = draining.cancelled() => {}
            }
        }
    }
}

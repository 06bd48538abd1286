//! How far back a loop looks for what is due.
//!
//! What was due and is done stays in its index until no snapshot can see it. A look that begins
//! at the beginning walks over it each time, under an old snapshot over hours of it. So most
//! looks go back a little, and one a minute, and the one after a failure or a pause, to the
//! beginning.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Tick;

/// How far most looks go back: longer than any statement takes, and any tick is late.
const BACK: Duration = Duration::from_secs(10);

/// Between two looks to the beginning.
const ALL_EVERY: Duration = Duration::from_mins(1);

/// When a loop last looked, and when to the beginning, and was done with what it found. Cheap to
/// clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Window(Arc<Mutex<Option<(Instant, Instant)>>>);

/// A look that is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// When one went to the beginning; this one does, if there was none.
    all_at: Option<Instant>,
    at: Instant,
}

impl Look {
    /// How far it goes back, in milliseconds.
    pub(super) fn back_ms(&self) -> Option<i64> {
        self.all_at.map(|_| i64::try_from(BACK.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Window {
    /// The next look. Until it is [`after`](Self::after) it, it has failed.
    pub(super) fn next(&self) -> Look {
        let at = Instant::now();
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let little = |(last_at, all_at): &(Instant, Instant)| at - *last_at < BACK / 2 && at - *all_at < ALL_EVERY;
        Look { all_at: last.filter(little).map(|(_, all_at)| all_at), at }
    }

    /// The look is made. If it found as many as one look may, the next one is like it, at once.
    pub(super) fn after(&self, look: Look, full: bool) -> Tick {
        let all_at = if full { look.all_at } else { look.all_at.or(Some(look.at)) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all_at.map(|all_at| (look.at, all_at));
        if full { Tick::More } else { Tick::Idle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn most_looks_go_back_a_little_and_those_that_must_to_the_beginning() {
        let window = Window::default();
        let look = window.next();
        assert_eq!(look.back_ms(), None, "the first");
        window.after(look, true);
        let look = window.next();
        assert_eq!(look.back_ms(), None, "while there is more");
        window.after(look, false);
        let look = window.next();
        assert_eq!(look.back_ms(), Some(10_000));
        window.after(look, false);
        let _failed = window.next();
        let look = window.next();
        assert_eq!(look.back_ms(), None, "after a failure");
        window.after(look, false);
        for _ in 0..59 {
            tokio::time::advance(Duration::from_secs(1)).await;
            let look = window.next();
            assert_eq!(look.back_ms(), Some(10_000));
            window.after(look, false);
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        let look = window.next();
        assert_eq!(look.back_ms(), None, "each minute");
        window.after(look, false);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(window.next().back_ms(), None, "after a pause");
    }
}

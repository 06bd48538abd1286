//! Reading the bodies of requests: bounded each in size and in time, and all together in
//! what they hold of memory.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// A body has this long to arrive, and a second more for each KiB that came, up to the end.
const WITHIN: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND: u64 = 1024;
const WITHIN_AT_MOST: Duration = Duration::from_mins(5);
/// Nothing may come for this long.
const SILENCE: Duration = Duration::from_secs(20);

/// The largest body of a request that carries many jobs, in bytes.
pub(super) const MANY_JOBS_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What all bodies that are being read or handled may hold together, in KiB: the first of
/// each from the one, what is beyond from the other, so that large bodies that come slowly
/// take nothing from small ones.
const SMALL_KIB: usize = 1024;
const ALL_SMALL_KIB_MAX: usize = 64 * 1024;
const ALL_LARGE_KIB_MAX: usize = 192 * 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Larger than this many bytes.
    TooLarge(usize),
    /// It came too slowly.
    Timeout,
    /// The client stopped in the middle, or its chunks are malformed.
    Broken,
    /// The bodies of other requests fill the memory there is for them.
    Overloaded,
}

/// The memory that bodies may hold. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bodies {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { small: Arc::new(Semaphore::new(ALL_SMALL_KIB_MAX)), large: Arc::new(Semaphore::new(ALL_LARGE_KIB_MAX)) }
    }
}

/// The bytes of a body, and their place in memory until this is dropped.
#[derive(Debug)]
pub(super) struct Bytes {
    pub(super) bytes: Vec<u8>,
    pub(super) held: Held,
}

/// A place in memory.
#[derive(Debug, Default)]
pub(super) struct Held {
    small: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// Reads a body of at most `max` bytes.
    pub(super) async fn read(&self, mut body: Body, max: usize) -> Result<Bytes, BodyError> {
        let announced = body.size_hint().lower();
        if announced > max as u64 {
            return Err(BodyError::TooLarge(max));
        }
        let begun = Instant::now();
        let mut read = Bytes { bytes: Vec::new(), held: Held::default() };
        loop {
            let earned = Duration::from_secs(read.bytes.len() as u64 / BYTES_PER_SECOND);
            let end = begun + (WITHIN + earned).min(WITHIN_AT_MOST);
            match tokio::time::timeout_at(end.min(Instant::now() + SILENCE), body.frame()).await {
                Err(_elapsed) => return Err(BodyError::Timeout),
                Ok(None) => return Ok(read),
                Ok(Some(Err(_))) => return Err(BodyError::Broken),
                Ok(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if read.bytes.len() + data.len() > max {
                        return Err(BodyError::TooLarge(max));
                    }
                    self.hold(&mut read, data.len())?;
                    read.bytes.extend_from_slice(&data);
                }
            }
        }
    }

    /// Takes a place in memory for `more` bytes.
    fn hold(&self, read: &mut Bytes, more: usize) -> Result<(), BodyError> {
        let kib = |bytes: usize| bytes.div_ceil(1024);
        let (before, after) = (kib(read.bytes.len()), kib(read.bytes.len() + more));
        let small = after.min(SMALL_KIB) - before.min(SMALL_KIB);
        take(&self.small, small, &mut read.held.small)?;
        take(&self.large, after - before - small, &mut read.held.large)
    }
}

fn take(from: &Arc<Semaphore>, kib: usize, held: &mut Option<OwnedSemaphorePermit>) -> Result<(), BodyError> {
    let kib = u32::try_from(kib).map_err(|_| BodyError::Overloaded)?;
    if kib == 0 {
        return Ok(());
    }
    let permit = from.clone().try_acquire_many_owned(kib).map_err(|_| BodyError::Overloaded)?;
    match held {
        Some(held) => held.merge(permit),
        none => *none = Some(permit),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body of these parts, a pause before each.
    fn trickle(parts: usize, size: usize, pause: Duration) -> Body {
        let frames = futures_util::stream::unfold(0, move |sent| async move {
            tokio::time::sleep(pause).await;
            (sent < parts).then(|| (Ok::<_, std::io::Error>(vec![b'1'; size]), sent + 1))
        });
        Body::from_stream(frames)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up_and_a_slow_one_is_not() {
        let bodies = Bodies::default();
        let slow = bodies.read(trickle(100, 2048, Duration::from_secs(1)), 1 << 20).await;
        assert_eq!(slow.unwrap().bytes.len(), 204_800);
        let begun = Instant::now();
        let trickling = bodies.read(trickle(1000, 1, Duration::from_secs(1)), 1 << 20).await;
        assert_eq!(trickling.unwrap_err(), BodyError::Timeout);
        assert_eq!(begun.elapsed(), WITHIN);
        // A large body that came fast and then stalls has earned hours, and gets seconds.
        let begun = Instant::now();
        let frames = futures_util::stream::iter([Ok::<_, std::io::Error>(vec![b'1'; 15 << 20])]);
        let stalls = Body::from_stream(futures_util::StreamExt::chain(frames, futures_util::stream::pending()));
        assert_eq!(bodies.read(stalls, 1 << 24).await.unwrap_err(), BodyError::Timeout);
        assert_eq!(begun.elapsed(), SILENCE);
        let steady = bodies.read(trickle(1 << 14, 1024, Duration::from_millis(100)), 1 << 24).await;
        assert_eq!(steady.unwrap_err(), BodyError::Timeout, "there is an end to it");
    }

    #[tokio::test]
    async fn a_body_is_cut_at_the_limit_whether_it_is_announced_or_not() {
        let bodies = Bodies::default();
        let endless = bodies.read(trickle(usize::MAX, 1 << 20, Duration::ZERO), 1 << 22).await;
        assert_eq!(endless.unwrap_err(), BodyError::TooLarge(1 << 22));
        assert_eq!(bodies.read(Body::from("12345"), 5).await.unwrap().bytes, b"12345");
        assert_eq!(bodies.read(Body::from("123456"), 5).await.unwrap_err(), BodyError::TooLarge(5));
    }

    #[tokio::test]
    async fn what_all_bodies_hold_is_bounded_and_given_back() {
        let bodies = Bodies::default();
        let large = || bodies.read(Body::from(vec![b'1'; MANY_JOBS_BYTES_MAX]), MANY_JOBS_BYTES_MAX);
        let mut held = Vec::new();
        while let Ok(body) = large().await {
            held.push(body);
        }
        assert_eq!(held.len(), 12);
        assert_eq!(large().await.unwrap_err(), BodyError::Overloaded);
        let small = bodies.read(Body::from(vec![b'1'; 100_000]), MANY_JOBS_BYTES_MAX).await;
        assert_eq!(small.unwrap().bytes.len(), 100_000, "large bodies take nothing from small ones");
        held.pop();
        assert_eq!(large().await.unwrap().bytes.len(), MANY_JOBS_BYTES_MAX);
        drop(held);
        assert_eq!(bodies.small.available_permits(), ALL_SMALL_KIB_MAX);
        assert_eq!(bodies.large.available_permits(), ALL_LARGE_KIB_MAX);
    }
}

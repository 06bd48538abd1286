//! Large answers: how much of memory they may hold together while slow clients read them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What large answers may hold together, in KiB.
const ALL_KIB_MAX: usize = 512 * 1024;

/// Answers up to this many bytes are not counted: connections bound them.
const SMALL: usize = 64 * 1024;

/// What is handed to the connection at a time; the rest stays counted until its turn.
const PART: usize = 64 * 1024;

/// The memory that large answers may hold. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Answers(Arc<Semaphore>);

impl Default for Answers {
    fn default() -> Self {
        Self::of(ALL_KIB_MAX)
    }
}

/// A place for an answer.
#[derive(Debug)]
pub(super) struct Place(Option<OwnedSemaphorePermit>);

impl Answers {
    /// With this many KiB for all.
    pub fn of(kib: usize) -> Self {
        Self(Arc::new(Semaphore::new(kib)))
    }

    /// A place for an answer of up to this many bytes, or `None` if the others fill memory.
    pub(super) fn reserve(&self, bytes: usize) -> Option<Place> {
        if bytes <= SMALL {
            return Some(Place(None));
        }
        let kib = u32::try_from(bytes.div_ceil(1024)).ok()?;
        Some(Place(Some(self.0.clone().try_acquire_many_owned(kib).ok()?)))
    }
}

impl Place {
    /// The answer, which keeps what it needs of the place until it has been sent.
    pub(super) fn body(self, bytes: Vec<u8>) -> Body {
        let Some(mut permit) = self.0 else { return Body::from(bytes) };
        let spare = permit.num_permits().saturating_sub(bytes.len().div_ceil(1024));
        drop(permit.split(spare));
        if bytes.len() <= SMALL {
            return Body::from(bytes);
        }
        Body::new(Held { bytes: Bytes::from(bytes), _place: permit })
    }
}

/// A body that is sent in parts and holds its place until the last one.
struct Held {
    bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let part = self.bytes.len().min(PART);
        Poll::Ready(Some(Ok(Frame::data(self.bytes.split_to(part)))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_place_is_kept_until_the_answer_is_sent() {
        let answers = Answers::default();
        let place = answers.reserve(16 << 20).unwrap();
        assert_eq!(answers.0.available_permits(), ALL_KIB_MAX - 16 * 1024);
        let mut body = place.body(vec![b'x'; 1 << 20]);
        assert_eq!(answers.0.available_permits(), ALL_KIB_MAX - 1024, "what it does not need is given back");
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first.len(), PART);
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!(rest.len(), (1 << 20) - PART);
        assert_eq!(answers.0.available_permits(), ALL_KIB_MAX);
    }

    #[test]
    fn answers_together_are_bounded_and_small_ones_are_not_counted() {
        let answers = Answers::default();
        let held: Vec<_> = (0..32).map(|_| answers.reserve(16 << 20).unwrap()).collect();
        assert!(answers.reserve(1 << 20).is_none());
        assert!(answers.reserve(1000).is_some());
        drop(held);
        assert!(answers.reserve(16 << 20).is_some());
    }
}

//! What the classic routes read from a request, and how they refuse.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use super::error::Refusal;
use crate::domain::{QueueName, WorkerId};

/// A body has this long to arrive, and a second more for each KiB that came.
const BODY_WITHIN: Duration = Duration::from_secs(30);
const BODY_BYTES_PER_SECOND: u64 = 1024;

/// The largest body any classic route reads.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The queue named in the path, percent-decoded.
pub(super) struct Queue(pub(super) QueueName);

impl<S: Send + Sync> FromRequestParts<S> for Queue {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Refusal::InvalidQueueName)?;
        let (_, name) = params.iter().next().ok_or(Refusal::QueueNameMissing)?;
        QueueName::parse(name).map(Self).map_err(|_| Refusal::InvalidQueueName)
    }
}

/// Query parameters as the 2010 server read them: empty ones skipped, the last one wins,
/// unknown ones ignored. Values are bytes, because `uniq` may be any.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    fn of(uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).collect::<Vec<u8>>();
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The value, or nothing where it is absent or empty.
    pub(super) fn bytes(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.0.iter().rev().find(|(given, _)| given == name.as_bytes())?;
        Some(value.as_slice()).filter(|value| !value.is_empty())
    }

    /// As [`Self::bytes`]; what is no UTF-8 is replaced.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.bytes(name).map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        Ok(Self::of(&parts.uri))
    }
}

/// The worker id of header `X-presque-workerid`, else of query parameter `worker_id`.
#[derive(Debug)]
pub(super) struct WorkerParam(pub(super) Option<String>);

impl WorkerParam {
    /// The worker, where a fetch or a failure may name one: an id that no registration
    /// could have is one that is not registered, and counts for nobody.
    pub(super) fn if_any(self) -> Option<WorkerId> {
        self.0.and_then(|id| WorkerId::parse(&id).ok())
    }

    /// The worker, where one must be named.
    pub(super) fn required(self) -> Result<WorkerId, Refusal> {
        let id = self.0.ok_or(Refusal::WorkerIdMissing)?;
        WorkerId::parse(&id).map_err(|_| Refusal::InvalidWorkerId)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for WorkerParam {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let header = parts
            .headers
            .get("x-presque-workerid")
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .filter(|id| !id.is_empty());
        Ok(Self(header.or_else(|| Query::of(&parts.uri).text("worker_id"))))
    }
}

/// The raw bytes of a body of at most [`BODY_BYTES_MAX`].
pub(super) struct RawBody(pub(super) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Refusal> {
        let announced =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64) {
            return Err(Refusal::TooLarge);
        }
        read(request.into_body()).await.map(Self)
    }
}

async fn read(mut body: Body) -> Result<Vec<u8>, Refusal> {
    let begun = Instant::now();
    let mut bytes = Vec::new();
    loop {
        let earned = Duration::from_secs(bytes.len() as u64 / BODY_BYTES_PER_SECOND);
        match tokio::time::timeout_at(begun + BODY_WITHIN + earned, body.frame()).await {
            Err(_elapsed) => return Err(Refusal::Timeout),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => return Err(Refusal::Broken),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    if bytes.len() + data.len() > BODY_BYTES_MAX {
                        return Err(Refusal::TooLarge);
                    }
                    bytes.extend_from_slice(&data);
                }
            }
        }
    }
}

/// Refuses a body that is not announced as JSON.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_json = headers
        .get_all(CONTENT_TYPE)
        .iter()
        .any(|value| value.as_bytes().to_ascii_lowercase().windows(16).any(|part| part == b"application/json"));
    if is_json { Ok(()) } else { Err(Refusal::ContentType) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parameters_are_read_as_in_2010() {
        let query = Query::of(&"/q/foo?&delayed=1&&a=b%20c+d&uniq=x&uniq=%FF%00&empty=".parse().unwrap());
        assert_eq!(query.text("delayed").as_deref(), Some("1"));
        assert_eq!(query.text("a").as_deref(), Some("b c d"));
        assert_eq!(query.bytes("uniq"), Some(&b"\xFF\x00"[..]));
        assert_eq!(query.bytes("empty"), None);
        assert_eq!(query.bytes("absent"), None);
    }

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
        let slow = read(trickle(100, 2048, Duration::from_secs(1))).await;
        assert_eq!(slow.unwrap().len(), 204_800);
        let begun = Instant::now();
        let trickling = read(trickle(1000, 1, Duration::from_secs(1))).await;
        assert!(matches!(trickling, Err(Refusal::Timeout)));
        assert_eq!(begun.elapsed(), BODY_WITHIN);
    }

    #[tokio::test]
    async fn a_body_without_end_is_cut_at_the_limit() {
        let endless = read(trickle(usize::MAX, 1 << 20, Duration::ZERO)).await;
        assert!(matches!(endless, Err(Refusal::TooLarge)));
    }
}

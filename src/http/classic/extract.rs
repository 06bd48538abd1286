//! What the classic routes read from a request, and how they refuse.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};

use super::error::Refusal;
use crate::domain::{QueueName, WorkerId};

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
}

//! What `/v1` reads from a request beyond its members: body, headers, ids.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use sha2::{Digest as _, Sha256};

use super::fields::Fields;
use super::members::Faults;
use super::params::Params;
use super::texts::parse_uuid;
use crate::domain::{JobId, QueueName, WorkerId};
use crate::http::App;
use crate::http::body::{Bytes, Held, MANY_JOBS_BYTES_MAX};
use crate::http::peer::Peer;
use crate::http::problem::Error;
use crate::store::Idempotency;

/// The largest body of a request about one job, in bytes.
const ONE_JOB_BYTES_MAX: usize = 5 * 1024 * 1024;

/// The longest a request may wait for something, in milliseconds: below the 60 s after which
/// usual load balancers give up.
pub(super) const WAIT_MS_MAX: i64 = 30_000;

/// How often a change of settings is tried again when others change them at the same time.
pub(super) const UPSERT_TRIES: usize = 5;

/// Which bodies an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    OneJob,
    ManyJobs,
    /// A patch, of either type.
    Patch,
    /// A body that may be left out.
    Optional,
}

/// A JSON body that has been read, not parsed.
#[derive(Debug)]
pub(super) struct JsonBody {
    text: String,
    takes: Takes,
    _held: Held,
}

impl JsonBody {
    pub(super) async fn read(app: &App, headers: &HeaderMap, body: Body, takes: Takes) -> Result<Self, Error> {
        if headers.get(CONTENT_ENCODING).is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(Error::UnsupportedMediaType("Content-Encoding may be gzip or zstd, once"));
        }
        let media_type = headers.get(CONTENT_TYPE).map(|value| is_json(value.as_bytes(), takes == Takes::Patch));
        let max = if takes == Takes::ManyJobs { MANY_JOBS_BYTES_MAX } else { ONE_JOB_BYTES_MAX };
        match media_type {
            Some(true) => {}
            None if takes == Takes::Optional => {}
            _ => return Err(Error::UnsupportedMediaType("Content-Type must be application/json, in UTF-8")),
        }
        let Bytes { bytes, held } = app.bodies.read(body, max).await?;
        if media_type.is_none() && !bytes.is_empty() {
            return Err(Error::UnsupportedMediaType("Content-Type must be application/json, in UTF-8"));
        }
        let text = String::from_utf8(bytes).map_err(|_| Error::invalid("the body is not UTF-8"))?;
        Ok(Self { text, takes, _held: held })
    }

    /// Reads the document's members.
    pub(super) fn parse<T>(&self, read: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Error> {
        let faults = Faults::default();
        let fields = Fields::document(&self.text, &faults, self.takes == Takes::Optional)?;
        let value = read(&fields);
        fields.finish();
        drop(fields);
        faults.check(value)
    }

    /// The idempotency key of the request, with what it came with: the body, and the queue of
    /// the path, as the same body means another thing in another queue.
    pub(super) fn idempotency(
        &self,
        headers: &HeaderMap,
        queue: Option<&QueueName>,
    ) -> Result<Option<Idempotency>, Error> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        let refuse = || {
            Error::field("Idempotency-Key", "pattern", "1 to 255 printable ASCII characters, with or without quotes")
        };
        let text = value.to_str().map_err(|_| refuse())?.trim();
        let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let printable = key.bytes().all(|b| (0x20..0x7f).contains(&b));
        if key.is_empty() || key.len() > 255 || !printable {
            return Err(refuse());
        }
        let queue = queue.map(QueueName::as_str).unwrap_or_default();
        let body_hash =
            Sha256::new().chain_update(queue).chain_update([0]).chain_update(&*self.text).finalize().to_vec();
        Ok(Some(Idempotency { key: key.to_owned(), body_hash }))
    }
}

/// `application/json`, with no charset but UTF-8.
fn is_json(value: &[u8], patch: bool) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    let mut parts = value.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = media == "application/json" || (patch && media == "application/merge-patch+json");
    known
        && parts.all(|part| match part.to_ascii_lowercase().split_once('=') {
            Some(("charset", charset)) => charset.trim_matches('"') == "utf-8",
            _ => true,
        })
}

/// The value of one path parameter, percent-decoded.
pub(super) async fn path_param<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, Error> {
    let refuse = || Error::invalid("the path holds what is no UTF-8");
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| refuse())?;
    params.iter().next().map(|(_, value)| value.to_owned()).ok_or_else(refuse)
}

/// The job named in the path.
pub(super) struct JobPath(pub(super) JobId);

impl<S: Send + Sync> FromRequestParts<S> for JobPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let text = path_param(parts, state).await?;
        let id = parse_uuid(&text)
            .ok_or_else(|| Error::invalid("job ids look like 01a206c8-d8c7-76c7-bfda-d9bbdb366daa"))?;
        Ok(Self(JobId(id)))
    }
}

/// The bulk operation named in the path.
pub(super) struct BulkOperationPath(pub(super) uuid::Uuid);

impl<S: Send + Sync> FromRequestParts<S> for BulkOperationPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let text = path_param(parts, state).await?;
        let refuse = || Error::invalid("ids of bulk operations look like 01a206c8-d8c7-76c7-bfda-d9bb00000000");
        parse_uuid(&text).map(Self).ok_or_else(refuse)
    }
}

/// The queue named in the path.
pub(super) struct QueuePath(pub(super) QueueName);

impl<S: Send + Sync> FromRequestParts<S> for QueuePath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let text = path_param(parts, state).await?;
        QueueName::parse(&text).map(Self).map_err(|invalid| Error::invalid(invalid.0))
    }
}

/// The schedule named in the path; ids have the form of queue names.
pub(super) struct SchedulePath(pub(super) QueueName);

impl<S: Send + Sync> FromRequestParts<S> for SchedulePath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let text = path_param(parts, state).await?;
        QueueName::parse(&text).map(Self).map_err(|_| {
            Error::invalid(
                "a schedule's id is 1 to 128 letters, digits and _ . : @ + -, beginning with a letter, a digit or _",
            )
        })
    }
}

/// The worker named in the path.
pub(super) struct WorkerPath(pub(super) WorkerId);

impl<S: Send + Sync> FromRequestParts<S> for WorkerPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let text = path_param(parts, state).await?;
        worker_id(&text).map(Self).ok_or_else(|| Error::invalid(WORKER_IDS))
    }
}

pub(super) const WORKER_IDS: &str =
    "a worker id is 1 to 128 letters, digits and _ . : @ + -, beginning with a letter, a digit or _";

/// Worker ids have the form of queue names.
pub(super) fn worker_id(text: &str) -> Option<WorkerId> {
    QueueName::parse(text).ok()?;
    WorkerId::parse(text).ok()
}

/// What the headers demand of the version of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Precondition {
    /// `If-Match`: it has this version.
    pub(super) version: Option<i64>,
    /// `If-Match: *`: it is there.
    pub(super) present: bool,
    /// `If-None-Match: *`: it is not there.
    pub(super) absent: bool,
}

impl Precondition {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
        let present = text(IF_MATCH) == Some("*");
        let version = match text(IF_MATCH) {
            None | Some("*") => None,
            Some(tag) => {
                let version = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                // A version that is none of ours is one that nothing has.
                Some(version.and_then(|version| version.parse().ok()).unwrap_or(-1))
            }
        };
        match text(IF_NONE_MATCH) {
            None => Ok(Self { version, present, absent: false }),
            Some("*") => Ok(Self { version, present, absent: true }),
            Some(_) => Err(Error::field("If-None-Match", "pattern", "only * is taken")),
        }
    }

    /// Refuses what does not have the version, or is there although it should not be.
    pub(super) fn check(self, version: Option<i64>) -> Result<(), Error> {
        let differs = self.version.is_some_and(|wanted| version != Some(wanted));
        if differs || (self.present && version.is_none()) || (self.absent && version.is_some()) {
            return Err(Error::PreconditionFailed(version));
        }
        Ok(())
    }
}

/// How long the header `Prefer: wait=<seconds>` asks to wait, cut to what is possible.
pub(super) fn preferred_wait(headers: &HeaderMap) -> Option<i64> {
    let mut preferences =
        headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(','));
    let seconds: f64 =
        preferences.find_map(|one| one.trim().strip_prefix("wait=")?.trim().trim_matches('"').parse().ok())?;
    #[expect(clippy::cast_possible_truncation, reason = "cut to what is possible")]
    seconds.is_finite().then(|| ((seconds * 1000.0) as i64).clamp(0, WAIT_MS_MAX))
}

/// How long a request waits for what it asks for.
pub(super) struct Patience {
    pub(super) wait: Duration,
    /// Milliseconds, where the client left it to us.
    preferred: Option<i64>,
}

impl Patience {
    /// The parameter `wait_ms`, or the header `Prefer` where that is absent.
    pub(super) fn read(params: &Params, headers: &HeaderMap) -> Self {
        let asked = params.int("wait_ms", 0..=WAIT_MS_MAX);
        let preferred = if asked.is_none() { preferred_wait(headers) } else { None };
        Self { wait: duration_ms(asked.or(preferred).unwrap_or(0)), preferred }
    }

    pub(super) fn applied(&self, response: Response) -> Response {
        applied(response, self.preferred)
    }
}

/// Says how long was waited for at most, where the client left it to us.
pub(super) fn applied(mut response: Response, preferred_ms: Option<i64>) -> Response {
    if let Some(ms) = preferred_ms
        && let Ok(value) = HeaderValue::from_str(&format!("wait={}", ms / 1000))
    {
        response.headers_mut().insert("preference-applied", value);
    }
    response
}

/// From a number of milliseconds that is not negative.
pub(super) fn duration_ms(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// The client's end of the connection, where there is one.
pub(super) struct Client(Option<Peer>);

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<Peer>().cloned()))
    }
}

impl Client {
    /// Until the client has shut its side; never where there is no connection.
    pub(super) async fn left(&self) {
        match &self.0 {
            Some(peer) => peer.left().await,
            None => std::future::pending().await,
        }
    }
}

//! The classic refusals: `{"error":"..."}` with exactly the texts of the contract.

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::json;
use crate::domain::PayloadError;
use crate::http::body::BodyError;
use crate::http::problem::RETRY_AFTER_SECONDS;
use crate::store;

/// A refusal of a classic route.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"error": "no job"}))]
pub(super) struct ClassicError {
    /// What is wrong, in the words of 2010.
    error: String,
}

/// Why a classic route refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("queue name is missing")]
    QueueNameMissing,
    #[error("invalid queue name")]
    InvalidQueueName,
    #[error("content-type must be set to application/json")]
    ContentType,
    #[error("job is missing")]
    JobMissing,
    #[error("job already exists")]
    JobExists,
    #[error("invalid JSON")]
    InvalidJson,
    #[error("delayed must be an epoch")]
    Delayed,
    #[error("job is too large")]
    TooLarge,
    #[error("jobs should be an array of job")]
    NotAnArray,
    #[error("no job")]
    NoJob,
    #[error("queue is closed")]
    QueueClosed,
    #[error("content is missing")]
    ContentMissing,
    #[error("invalid status {0}")]
    InvalidStatus(String),
    #[error("worker_id is missing")]
    WorkerIdMissing,
    #[error("invalid worker_id")]
    InvalidWorkerId,
    #[error("no such worker")]
    NoSuchWorker,
    #[error("{0} is not supported in batch mode")]
    BatchMode(&'static str),
    #[error("method not allowed")]
    MethodNotAllowed,
    #[error("uri is too long")]
    UriTooLong,
    #[error("headers are too large")]
    HeadersTooLarge,
    #[error("request timeout")]
    Timeout,
    #[error("the body could not be read")]
    Broken,
    #[error("overloaded")]
    Overloaded,
    #[error("internal error")]
    Internal,
    /// Never answered: the lease is ended instead.
    #[error("overloaded")]
    Leases,
    #[error("{}", database(.0))]
    Store(#[from] store::Error),
}

/// What a client is told of the database: which of three things it means for its job.
fn database(error: &store::Error) -> &'static str {
    match error {
        store::Error::Unavailable(_) => "database unavailable",
        store::Error::Overloaded
        | store::Error::Timeout
        | store::Error::Locked
        | store::Error::RolledBack(_)
        | store::Error::Unwanted => "overloaded",
        store::Error::OutcomeUnknown(_) => "outcome unknown",
        store::Error::Statement(_) => "internal error",
    }
}

impl From<PayloadError> for Refusal {
    fn from(error: PayloadError) -> Self {
        match error {
            PayloadError::TooLarge => Self::TooLarge,
            PayloadError::NotJson | PayloadError::TooDeep => Self::InvalidJson,
        }
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(_) => Self::TooLarge,
            BodyError::Timeout => Self::Timeout,
            BodyError::Broken => Self::Broken,
            BodyError::Overloaded => Self::Overloaded,
        }
    }
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::QueueNameMissing | Self::NoJob | Self::QueueClosed | Self::NoSuchWorker => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::Internal | Self::Store(store::Error::Statement(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded | Self::Leases | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        if let Self::Store(error) = &self {
            let error = error as &dyn std::error::Error;
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(error, "request failed");
            } else {
                tracing::debug!(error, "refused for now");
            }
        }
        let body = serde_json::to_vec(&ClassicError { error: self.to_string() }).unwrap_or_default();
        let mut response = json(status, Body::from(body));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}

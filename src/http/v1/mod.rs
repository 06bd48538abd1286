//! The typed API: one file for each noun, and what they share.

mod claim;
mod cursor;
mod enqueue;
mod fields;
mod hint;
mod info;
mod job;
mod jobs;
mod list;
mod members;
mod nested;
mod paging;
mod params;
mod policy;
mod queues;
mod request;
mod settle;
mod texts;
mod work;
mod workers;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use utoipa_axum::router::OpenApiRouter;

use super::App;
use super::problem::Error;

/// Answers above this size are compressed for clients that say they can read it.
const COMPRESSED_ABOVE: u64 = 1024;

/// The documented routes.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .merge(enqueue::router())
        .merge(list::router())
        .merge(jobs::router())
        .merge(claim::router())
        .merge(work::router())
        .merge(settle::router())
        .merge(workers::router())
        .merge(queues::router())
        .merge(info::router())
}

/// What all of them pass: bodies may come compressed, answers may go so.
pub(super) fn layered(routes: Router<App>) -> Router<App> {
    let unpack = ServiceBuilder::new()
        .layer(RequestDecompressionLayer::new().gzip(true).zstd(true).pass_through_unaccepted(true))
        .layer(MapRequestBodyLayer::new(Body::new));
    let pack = CompressionLayer::new().gzip(true).zstd(true).compress_when(SizeAbove::new(COMPRESSED_ABOVE));
    routes.layer(unpack).layer(middleware::from_fn(only_json)).layer(pack)
}

/// Refuses a client that takes no JSON, before anything is done for it.
async fn only_json(request: Request, next: Next) -> Response {
    if request::accepts_json(request.headers()) {
        next.run(request).await
    } else {
        Error::NotAcceptable.into_response()
    }
}

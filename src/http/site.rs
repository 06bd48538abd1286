//! What every request passes before and after its route.
//!
//! Plain function calls, not layers of the router: each layer boxes a future and clones what is
//! behind it, for each request, and six of them took a third of what an enqueue costs.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use super::problem::Error;
use super::{App, classic, errors, home, openapi, request};
use crate::lifecycle::Lifecycle;

/// Answers of `/v1` above this size are compressed for clients that say they can read it.
const COMPRESSED_ABOVE: u64 = 1024;

/// Every route, and what stands around all of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site {
    routes: Router,
    lifecycle: Lifecycle,
}

impl Site {
    pub fn new(app: App) -> Self {
        let lifecycle = app.lifecycle.clone();
        Self { routes: routes(app), lifecycle }
    }

    /// Answers a request, whatever is wrong with it.
    pub async fn answer(&self, request: Request) -> Response {
        request::observed(&self.lifecycle, request, |request| async {
            match AssertUnwindSafe(self.route(request)).catch_unwind().await {
                Ok(response) => response,
                Err(panic) => request::panicked(&*panic),
            }
        })
        .await
    }

    async fn route(&self, request: Request) -> Response {
        let path = request.uri().path();
        if classic::is_classic(path) {
            return classic::only_listed_methods(request, |request| self.call(request)).await;
        }
        if !path.starts_with("/v1/") {
            return self.call(request).await;
        }
        if !request::accepts_json(request.headers()) {
            return Error::NotAcceptable.into_response();
        }
        let reads = request.headers().get(ACCEPT_ENCODING).cloned();
        let response = if request.headers().contains_key(CONTENT_ENCODING) {
            unpacked(self.routes.clone(), request).await
        } else {
            self.call(request).await
        };
        match reads {
            Some(reads) if response.body().size_hint().lower() > COMPRESSED_ABOVE => packed(reads, response).await,
            _ => response,
        }
    }

    async fn call(&self, request: Request) -> Response {
        let Ok(response) = self.routes.clone().call(request).await;
        response
    }
}

/// Every route.
fn routes(app: App) -> Router {
    let [v1, classic, ops] = super::documented();
    Router::new()
        .merge(v1)
        .merge(classic)
        .merge(classic::spellings())
        .merge(ops)
        .merge(openapi::reference())
        .route("/docs/errors/{code}", axum::routing::get(errors::page))
        .route("/", axum::routing::get(home::page))
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .fallback(classic::refuse_route)
        .with_state(app)
}

/// The answer to a request whose body came compressed.
async fn unpacked(routes: Router, request: Request) -> Response {
    let layer = RequestDecompressionLayer::new().gzip(true).zstd(true).pass_through_unaccepted(true);
    let routes = routes.map_request(|request: axum::http::Request<_>| request.map(Body::new));
    match layer.layer(routes).oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => Error::Internal.into_response(),
    }
}

/// The answer, compressed in a way that this `Accept-Encoding` names.
async fn packed(reads: HeaderValue, response: Response) -> Response {
    let layer = CompressionLayer::new().gzip(true).zstd(true);
    let mut response = Some(response);
    let answered = layer.layer(tower::service_fn(move |_: axum::http::Request<()>| {
        let response = response.take().ok_or(Error::Internal);
        async move { response }
    }));
    let mut request = axum::http::Request::new(());
    *request.headers_mut() = HeaderMap::from_iter([(ACCEPT_ENCODING, reads)]);
    match answered.oneshot(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => error.into_response(),
    }
}

//! What every request passes before and after its route.
//!
//! Plain function calls, not layers of the router: each layer boxes a future and clones what is
//! behind it, for each request, and six of them took a third of what an enqueue costs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tracing::Instrument as _;

use super::base_path::BasePath;
use super::forwarded::Proxies;
use super::problem::Error;
use super::{App, classic, errors, home, openapi, request, trace};
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;

/// Answers of `/v1` above this size are compressed for clients that say they can read it.
const COMPRESSED_ABOVE: u64 = 1024;

/// Every route, and what stands around all of them. Cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<Around>);

struct Around {
    routes: Router,
    /// The routes' names, for metrics.
    names: matchit::Router<&'static str>,
    lifecycle: Lifecycle,
    metrics: Metrics,
    proxies: Proxies,
    base_path: BasePath,
}

impl Site {
    /// Behind proxies whose word on the client's address is taken, and which leave a prefix in paths.
    pub fn new(app: App, proxies: Proxies, base_path: BasePath) -> Self {
        let (lifecycle, metrics) = (app.lifecycle.clone(), app.store.metrics().clone());
        let (routes, names) = (routes(app, &base_path), names());
        Self(Arc::new(Around { routes, names, lifecycle, metrics, proxies, base_path }))
    }

    /// Answers a request, whatever is wrong with it.
    pub async fn answer(&self, mut request: Request) -> Response {
        let begun = Instant::now();
        self.0.base_path.strip(&mut request);
        let method = method(request.method());
        let client = self.0.proxies.client(&request);
        let (route, span) = match self.0.names.at(request.uri().path()) {
            Ok(found) => (*found.value, trace::begin(&request, method, found.value, found.params.get("queue"))),
            Err(_) => ("other", trace::begin(&request, method, "other", None)),
        };
        let answered = request::observed(&self.0.lifecycle, client, &span, request, |request| async {
            match AssertUnwindSafe(self.0.route(request)).catch_unwind().await {
                Ok(response) => response,
                Err(panic) => request::panicked(&*panic),
            }
        });
        let mut response = answered.instrument(span.clone()).await;
        self.0.base_path.put_back(response.headers_mut());
        let status = response.status().as_u16();
        trace::end(&span, status);
        self.0.metrics.answered(route, method, status, begun.elapsed());
        response
    }
}

impl Around {
    async fn route(&self, request: Request) -> Response {
        // What is rare is on the heap, so that the other requests are small while they wait.
        let path = request.uri().path();
        if classic::is_classic(path) {
            return Box::pin(classic::only_listed_methods(request, |request| self.call(request))).await;
        }
        if !path.starts_with("/v1/") {
            return self.call(request).await;
        }
        if !request::accepts_json(request.headers()) {
            return Error::NotAcceptable.into_response();
        }
        let reads = request.headers().get(ACCEPT_ENCODING).cloned();
        let response = if request.headers().contains_key(CONTENT_ENCODING) {
            Box::pin(unpacked(self.routes.clone(), request)).await
        } else {
            self.call(request).await
        };
        match reads {
            Some(reads) if response.body().size_hint().lower() > COMPRESSED_ABOVE => {
                Box::pin(packed(reads, response)).await
            }
            _ => response,
        }
    }

    async fn call(&self, request: Request) -> Response {
        let Ok(response) = self.routes.clone().call(request).await;
        response
    }
}

/// The names of the documented routes, by their paths. Anything else is `other`, so that no client
/// makes metrics grow.
fn names() -> matchit::Router<&'static str> {
    let mut names = matchit::Router::new();
    for paths in super::documented().into_iter().map(|router| router.into_openapi().paths.paths) {
        for path in paths.into_keys() {
            // Once, at the start of a server.
            let name: &'static str = path.clone().leak();
            if let Err(error) = names.insert(path, name) {
                tracing::error!(%error, name, "a route has no name in metrics");
            }
        }
    }
    names
}

/// The methods that routes have; a client may send any text as one.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Every route.
fn routes(app: App, base_path: &BasePath) -> Router {
    let [v1, classic, ops] = super::documented();
    Router::new()
        .merge(v1)
        .merge(classic)
        .merge(classic::spellings())
        .merge(ops)
        .merge(openapi::reference(base_path))
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

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

//! HTTP: parses into domain types, calls the engine or the store, answers bytes.

mod body;
mod classic;
mod connection;
mod home;
mod openapi;
mod ops;
mod problem;
mod request;

use axum::Router;
use axum::middleware;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::engine::Engine;
use crate::lifecycle::Lifecycle;
use crate::store::Store;
pub use body::Bodies;
pub use connection::serve;
pub use openapi::{document, yaml};
use problem::Error;

/// What handlers are given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub engine: Engine,
    pub store: Store,
    pub lifecycle: Lifecycle,
    /// The memory that bodies of requests may hold together.
    pub bodies: Bodies,
    /// The largest job, in bytes.
    pub payload_bytes_max: usize,
}

/// Every route that the document names.
fn documented() -> (OpenApiRouter<App>, OpenApiRouter<App>) {
    (classic::router(), ops::router())
}

/// Every route, with the layers that all requests pass.
pub fn router(app: App) -> Router {
    let (classic, ops) = documented();
    let lifecycle = app.lifecycle.clone();
    let reference = Router::from(SwaggerUi::new("/docs").url("/openapi.json", document()));
    let routes = Router::new()
        .merge(classic)
        .merge(classic::spellings())
        .merge(ops)
        .merge(reference)
        .route("/", axum::routing::get(home::page))
        .method_not_allowed_fallback(|| async { Error::MethodNotAllowed })
        .fallback(classic::refuse_route)
        .with_state(app);
    // As a fallback of another router, so that the layers stand before the choice of a
    // route and a method: a layer on the routes themselves would stand behind it.
    Router::new()
        .fallback_service(routes)
        .layer(middleware::from_fn(classic::only_listed_methods))
        .layer(CatchPanicLayer::custom(request::panicked))
        .layer(middleware::from_fn_with_state(lifecycle, request::observe))
}

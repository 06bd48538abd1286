//! HTTP: parses into domain types, calls the engine or the store, answers bytes.

mod answer;
mod body;
mod classic;
mod connection;
mod errors;
mod home;
mod openapi;
mod ops;
mod peer;
mod problem;
mod request;
mod samples;
mod v1;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use tokio::sync::OnceCell;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;
use uuid::Uuid;

use crate::engine::Engine;
use crate::lifecycle::Lifecycle;
use crate::store::Store;
pub use answer::Answers;
pub use body::Bodies;
pub use connection::serve;
pub use openapi::{Variant, document, yaml};
pub use problem::CODES;
use problem::Error;

/// What handlers are given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    pub engine: Engine,
    pub store: Store,
    pub lifecycle: Lifecycle,
    /// The memory that bodies of requests may hold together.
    pub bodies: Bodies,
    /// The memory that large answers may hold together.
    pub answers: Answers,
    /// The largest job that any queue may allow, in bytes.
    pub payload_bytes_max: usize,
    /// New at every start.
    pub instance_id: Uuid,
    /// What cursors are signed with, once it has been read.
    pub cursor_key: Arc<OnceCell<Vec<u8>>>,
}

impl App {
    /// What cursors are signed with: the same on all servers.
    async fn cursor_key(&self) -> Result<Vec<u8>, Error> {
        let key = self.cursor_key.get_or_try_init(|| self.store.secret("cursor")).await?;
        Ok(key.clone())
    }
}

/// Every route that the document names.
fn documented() -> [OpenApiRouter<App>; 3] {
    [v1::router(), classic::router(), ops::router()]
}

/// Every route, with the layers that all requests pass.
pub fn router(app: App) -> Router {
    let [v1, classic, ops] = documented();
    let lifecycle = app.lifecycle.clone();
    let reference = Router::from(SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json")));
    let routes = Router::new()
        .merge(v1::layered(v1.into()))
        .merge(classic)
        .merge(classic::spellings())
        .merge(ops)
        .merge(reference)
        .route("/openapi.json", axum::routing::get(|| async { openapi::serve(openapi::Variant::V31) }))
        .route("/openapi-3.0.json", axum::routing::get(|| async { openapi::serve(openapi::Variant::V30) }))
        .route("/docs/errors/{code}", axum::routing::get(errors::page))
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

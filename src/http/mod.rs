//! HTTP: parses into domain types, calls the engine or the store, answers bytes.

mod answer;
mod base_path;
mod body;
mod classic;
mod connection;
mod errors;
mod forwarded;
mod home;
mod metrics;
mod openapi;
mod ops;
mod peer;
mod problem;
mod request;
mod samples;
mod site;
mod trace;
mod v1;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::engine::Engine;
use crate::lifecycle::Lifecycle;
use crate::store::Store;
pub use answer::Answers;
pub use base_path::BasePath;
pub use body::Bodies;
pub use connection::serve;
pub use forwarded::Proxies;
pub use openapi::{Variant, document, yaml};
pub use problem::CODES;
use problem::Error;
pub use site::Site;
pub use v1::Exports;

/// What handlers are given. Cheap to clone: each request does it several times.
#[derive(Debug, Clone)]
pub struct App(Arc<AppParts>);

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct AppParts {
    pub engine: Engine,
    pub store: Store,
    pub lifecycle: Lifecycle,
    /// The memory that bodies of requests may hold together.
    pub bodies: Bodies,
    /// The memory that large answers may hold together.
    pub answers: Answers,
    /// Room for exports at once.
    pub exports: Exports,
    /// The largest job that any queue may allow, in bytes.
    pub payload_bytes_max: usize,
    /// How many queues metrics name; the others are told together.
    pub metrics_queues_max: usize,
    /// New at every start.
    pub instance_id: Uuid,
    /// What cursors are signed with, once it has been read.
    pub cursor_key: OnceLock<Vec<u8>>,
}

impl Deref for App {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

impl App {
    pub fn new(parts: AppParts) -> Self {
        Self(Arc::new(parts))
    }

    /// What cursors are signed with: the same on all servers.
    async fn cursor_key(&self) -> Result<Vec<u8>, Error> {
        if let Some(key) = self.cursor_key.get() {
            return Ok(key.clone());
        }
        // Each asks for itself: without a database one would wait for the failure of the other.
        let key = self.store.secret("cursor").await?;
        Ok(self.cursor_key.get_or_init(|| key).clone())
    }
}

/// Every route that the document names.
fn documented() -> [OpenApiRouter<App>; 3] {
    [v1::router(), classic::router(), ops::router()]
}

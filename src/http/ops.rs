//! Health: is the process alive, and should it be sent requests.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Error, Problem};
use super::{App, metrics};
use crate::store::Store;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(get_livez))
        .routes(routes!(get_readyz))
        .routes(routes!(metrics::get_metrics))
}

/// The process runs.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "alive"}))]
struct Alive {
    status: &'static str,
}

/// The server should be sent requests.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ready", "database": "15.18", "durability": "local", "failing_loops": []}))]
struct Ready {
    status: &'static str,
    /// The version of PostgreSQL.
    database: String,
    /// `local`: what was acknowledged survives a crash of the database's machine.
    /// `none`: settings of PostgreSQL weaken that.
    durability: &'static str,
    /// Loops of this server that fail and keep trying; `GET /metrics` and the log say more.
    failing_loops: Vec<&'static str>,
}

/// Is the process alive?
///
/// Yes as long as it answers: nothing else is asked, so that a lost database does not
/// make an orchestrator restart a healthy server.
#[utoipa::path(
    get, path = "/livez", tag = "ops",
    responses((status = 200, description = "It is", body = Alive)),
)]
async fn get_livez() -> Json<Alive> {
    Json(Alive { status: "alive" })
}

/// Should this server be sent requests?
///
/// Yes if the database answers and takes writes, its schema has what this server needs,
/// and the server is not stopping.
#[utoipa::path(
    get, path = "/readyz", tag = "ops",
    responses(
        (status = 200, description = "It should", body = Ready),
        (status = 503, description = "It should not; `detail` says why", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn get_readyz(State(app): State<App>) -> Result<Json<Ready>, Error> {
    if app.lifecycle.is_draining() {
        return Err(Error::Unavailable("this server is stopping".into()));
    }
    let settings = app.store.settings().await.map_err(|error| {
        tracing::debug!(error = &error as &dyn std::error::Error, "not ready");
        Error::Unavailable("the database does not answer".into())
    })?;
    if settings.standby {
        return Err(Error::Unavailable("the database is a standby and takes no writes".into()));
    }
    // A newer schema is what a newer server beside this one made: migrations only add.
    if settings.schema_version < Store::schema_version() {
        return Err(Error::Unavailable("the database's schema is older than the one this server needs".into()));
    }
    let durability = settings.durability();
    let failing_loops = app.store.metrics().failing_loops();
    Ok(Json(Ready { status: "ready", database: settings.version, durability, failing_loops }))
}

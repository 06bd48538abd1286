//! What this server is, and what it allows.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::job::{Answer, Time, json};
use super::params::Params;
use super::request::WAIT_MS_MAX;
use crate::domain::PAYLOAD_BYTES_CAP;
use crate::http::App;
use crate::http::body::MANY_JOBS_BYTES_MAX;
use crate::http::openapi::API_VERSION;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(get_info))
}

/// A server.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "version": "0.1.0", "api_version": "1.0.0", "instance_id": "01a206c8-d8c7-46c7-bfda-d9bbdb366daa",
    "server_time": "2026-11-23T04:52:52.123456Z", "schema_version": 7, "postgres_version": "15.18",
    "read_only": false, "durability": "local", "features": ["classic"],
    "limits": {
        "max_wait_ms": 30000, "max_claim": 1000, "max_enqueue": 1000, "max_body_bytes": 16_777_216,
        "max_payload_bytes": 4_194_304
    },
    "token": {
        "id": "00000000-0000-0000-0000-000000000000", "name": "anonymous", "prefix": "",
        "scopes": ["enqueue", "work", "read", "read_payload", "operate", "admin"], "queues": ["*"],
        "created_at": "2026-11-23T04:52:52.123456Z", "created_by": ""
    }
}))]
struct ServerInfo {
    version: String,
    api_version: String,
    /// New at every start.
    instance_id: Uuid,
    /// By the database's clock, the only one.
    #[schema(value_type = String, format = DateTime)]
    server_time: Time,
    #[schema(value_type = i32)]
    schema_version: i64,
    postgres_version: String,
    /// The database is a standby and takes no writes.
    read_only: bool,
    /// `local`: what was acknowledged survives a crash of the database's machine. `none`:
    /// settings of PostgreSQL weaken that.
    #[schema(value_type = String)]
    durability: &'static str,
    features: Vec<String>,
    limits: Limits,
    token: Token,
}

/// What a request may ask for at most.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "max_wait_ms": 30000, "max_claim": 1000, "max_enqueue": 1000, "max_body_bytes": 16_777_216,
    "max_payload_bytes": 4_194_304
}))]
#[expect(clippy::struct_field_names, reason = "as the members are called")]
struct Limits {
    max_wait_ms: i64,
    max_claim: i32,
    max_enqueue: i32,
    max_body_bytes: i64,
    max_payload_bytes: i64,
}

/// What the caller may do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "00000000-0000-0000-0000-000000000000", "name": "anonymous", "prefix": "",
    "scopes": ["enqueue", "work", "read", "read_payload", "operate", "admin"], "queues": ["*"],
    "created_at": "2026-11-23T04:52:52.123456Z", "created_by": ""
}))]
struct Token {
    id: Uuid,
    name: String,
    prefix: String,
    /// `enqueue`, `work`, `read`, `read_payload`, `operate`, `admin`.
    scopes: Vec<String>,
    /// Glob patterns of queue names.
    queues: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    created_by: String,
}

/// Show this server
///
/// Versions, limits, and what the caller may do. There are no tokens yet: everybody who
/// reaches the server may do everything.
#[utoipa::path(
    get, path = "/v1/info", tag = "system",
    responses((status = 200, description = "The server", body = ServerInfo)),
)]
async fn get_info(State(app): State<App>, params: Params) -> Answer {
    params.finish()?;
    let settings = app.store.settings().await?;
    let now = Time(settings.now);
    let size = |bytes| i64::try_from(bytes).unwrap_or(i64::MAX);
    let scopes = ["enqueue", "work", "read", "read_payload", "operate", "admin"];
    let info = ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api_version: API_VERSION.to_owned(),
        instance_id: app.instance_id,
        server_time: now,
        schema_version: settings.schema_version,
        durability: settings.durability(),
        postgres_version: settings.version,
        read_only: settings.standby,
        features: vec!["classic".to_owned()],
        limits: Limits {
            max_wait_ms: WAIT_MS_MAX,
            max_claim: 1000,
            max_enqueue: 1000,
            max_body_bytes: size(MANY_JOBS_BYTES_MAX),
            max_payload_bytes: size(app.payload_bytes_max).min(PAYLOAD_BYTES_CAP),
        },
        token: Token {
            id: Uuid::nil(),
            name: "anonymous".to_owned(),
            prefix: String::new(),
            scopes: scopes.map(str::to_owned).to_vec(),
            queues: vec!["*".to_owned()],
            created_at: now,
            created_by: String::new(),
        },
    };
    json(StatusCode::OK, &info)
}

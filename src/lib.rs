//! presque, the durable job queue that any language can use over HTTP.
//!
//! The map of the house; imports point right and down only (`tests/tidy.rs` checks it):
//!
//! ```text
//! main ─► cli ─► serve ─► http ──► engine ──► store (SQL) ─► domain
//!          └──► bench (HTTP), doctor (store)
//!                  └────► loops ────┘                           ▲
//!                           http, engine, loops ────────────────┘
//! ```
//!
//! - [`domain`]: what names, payloads and times are; pure.
//! - [`store`]: every SQL statement, one file each, and the only place that runs one.
//! - [`engine`]: what changes jobs, finished whatever the client does meanwhile.
//! - [`loops`]: what every server does again and again.
//! - [`http`]: routes, refusals, the OpenAPI document, the connection limits.
//! - [`metrics`]: what this server counts of itself.
//! - `in_place`: futures that are polled again without the scheduler.
//! - [`embedded`]: a private PostgreSQL for when no database is named.
//! - [`mod@bench`]: a client that measures; it knows nothing of the rest.
//! - [`doctor`]: judges what a database is and how it does, for those who run it.
//! - [`serve`]: the only place that knows all of them.

pub mod bench;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod domain;
pub mod embedded;
pub mod engine;
pub mod http;
mod in_place;
pub mod lifecycle;
pub mod loops;
pub mod metrics;
pub mod serve;
pub mod store;
pub mod telemetry;

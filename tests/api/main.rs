//! The tests that need a database: HTTP in, HTTP out, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod bench;
mod cli;
mod contract;
mod docs;
mod jobs;
mod kills;
mod openapi;
mod ops;
mod queues;
mod races;
mod readme;
mod servers;
mod statements;
mod support;
mod v1;
mod workers;

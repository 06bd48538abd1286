//! The tests that need a database: HTTP in, HTTP out, on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bad_input;
mod bench;
mod cli;
mod clocks;
mod contract;
mod docs;
mod doctor;
mod fleet;
mod jobs;
mod kills;
mod metrics;
mod openapi;
mod ops;
mod queues;
mod races;
mod readme;
mod roles;
mod servers;
mod soak;
mod sql;
mod statements;
mod support;
mod traces;
mod upgrade;
mod v1;
mod workers;

//! A typed client for presque, the durable job queue over HTTP, and a worker.
//!
//! [`connect`] gives a [`Client`] with a method for each operation of `/v1`; the structs they take and return are in
//! [`types`]. [`Worker`] runs a handler for the jobs of some queues.

#[allow(clippy::all, clippy::pedantic, missing_docs, rustdoc::all, unreachable_pub, unused)]
mod generated;
mod job;
// An error of the generated client is a large one.
#[allow(clippy::result_large_err)]
mod desk;
// Likewise.
#[allow(clippy::result_large_err)]
mod worker;

use std::time::Duration;

pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue, builder, types};
pub use job::{Failure, Job};
pub use serde_json::value::{RawValue, to_raw_value};
pub use tokio_util::sync::CancellationToken;
pub use worker::Worker;

/// How long a claim of the worker waits for a job.
const LONG_POLL: Duration = Duration::from_secs(20);

/// A client of the server at this address, such as `http://127.0.0.1:5000`.
///
/// It differs from [`Client::new`] in its timeout, which leaves room for long polls.
///
/// # Panics
///
/// If the system has no source of randomness or no certificates, without which there is no TLS.
#[must_use]
pub fn connect(address: &str) -> Client {
    let http = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(40)) // the server answers a long poll after 30 at the latest
        .build()
        .expect("an HTTP client can be made");
    Client::new_with_client(address.trim_end_matches('/'), http)
}

//! A worker that greets: `cargo run --example worker -- QUEUE`. It stops in order at SIGTERM or Ctrl-C.

use std::time::Duration;

use presque_client::{CancellationToken, Failure, Job, Worker, connect};
use serde_json::{Value, json};

#[derive(serde::Deserialize)]
struct Greeting {
    name: String,
    #[serde(default)]
    seconds: u64,
}

async fn greet(job: Job) -> Result<Value, Failure> {
    let greeting: Greeting = job.payload().map_err(|error| Failure::discard(error.to_string()))?;
    println!("{} attempt {}: hello {}", job.id, job.attempt, greeting.name);
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(greeting.seconds)) => Ok(json!({ "greeting": format!("hello {}", greeting.name) })),
        () = job.cancel.cancelled() => Err(Failure::cancelled()),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::var("PRESQUE_URL").unwrap_or_else(|_| "http://127.0.0.1:5000".into());
    let queue = std::env::args().nth(1).unwrap_or_else(|| "greet".into());

    let stop = CancellationToken::new();
    tokio::spawn(stop_at_signal(stop.clone()));
    Worker::new(connect(&address), [queue]).concurrency(10).grace(Duration::from_secs(20)).run(stop, greet).await?;
    Ok(())
}

#[cfg(unix)]
async fn stop_at_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be handled");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    stop.cancel();
}

#[cfg(not(unix))]
async fn stop_at_signal(stop: CancellationToken) {
    let _ = tokio::signal::ctrl_c().await;
    stop.cancel();
}

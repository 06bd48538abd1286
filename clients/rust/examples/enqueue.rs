//! Enqueues a job and waits for its result: `cargo run --example enqueue -- NAME`, while the example `worker` runs.

use presque_client::types::NewJob;
use presque_client::{connect, to_raw_value};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::var("PRESQUE_URL").unwrap_or_else(|_| "http://127.0.0.1:5000".into());
    let name = std::env::args().nth(1).unwrap_or_else(|| "Ada".into());
    let client = connect(&address);

    let payload = to_raw_value(&json!({ "name": name }))?;
    // With a key of its own the request can be repeated until it is answered: there will be one job.
    let key = uuid::Uuid::new_v4().to_string();
    let job = client
        .enqueue_job()
        .queue("greet")
        .idempotency_key(key)
        .body(NewJob::builder().kind("greeting".to_owned()).payload(payload))
        .send()
        .await?;
    println!("{} is {}", job.id, job.state);

    let job = client.get_job().job_id(job.id).include(vec!["result".to_owned()]).wait_ms(20_000).send().await?;
    println!("{} is {}, with {}", job.id, job.state, job.result.as_ref().map_or("no result", |result| result.get()));
    Ok(())
}

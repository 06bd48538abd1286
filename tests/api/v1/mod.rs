//! The typed API: one file for each noun.

mod bad_input;
mod claim;
mod classic_ack;
mod enqueue;
mod idempotency;
mod jobs;
mod lists;
mod machine;
mod queues;
mod settle;
mod settle_many;
mod wait;
mod workers;

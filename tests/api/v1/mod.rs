//! The typed API: one file for each noun.

mod bad_input;
mod claim;
mod classic_ack;
mod corners;
mod enqueue;
mod export;
mod faults;
mod group_commit;
mod hand_over;
mod idempotency;
mod jobs;
mod kills;
mod lanes;
mod lists;
mod loops;
mod machine;
mod odd_input;
mod queues;
mod races;
mod reports;
mod retention;
mod schedules;
mod settle;
mod settle_many;
mod wait;
mod workers;

//! The statement that stores jobs which are to be claimed at once: what most are.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::enqueue::array_literal;
use super::{Effect, Enqueue, EnqueueOutcome, Enqueued, Error, NewJob, Result, Store, column, sql};
use crate::domain::{JobId, JobState};

/// A queue of the jobs of a statement.
struct Asked<'a> {
    name: &'a str,
    jobs: i32,
    payload_bytes: i32,
}

impl Store {
    /// Stores the jobs of requests that are all [plain](Enqueue::is_plain). `None`, and nothing is stored, if one
    /// of them is delayed, expires, or is refused.
    pub(super) async fn enqueue_ready(&self, requests: &[Arc<Enqueue>]) -> Result<Option<Vec<EnqueueOutcome>>> {
        let ready = |job: &NewJob| job.run_after.is_none() && job.delay_ms.is_none() && job.expires_at.is_none();
        if !requests.iter().flat_map(|request| &request.jobs).all(ready) {
            return Ok(None);
        }
        let mut places = HashMap::new();
        let mut queues: Vec<Asked<'_>> = Vec::new();
        let mut jobs = Vec::new();
        for job in requests.iter().flat_map(|request| &request.jobs) {
            let name = job.queue.as_str();
            let place = *places.entry(name).or_insert_with(|| {
                queues.push(Asked { name, jobs: 0, payload_bytes: 0 });
                queues.len()
            });
            let queue = &mut queues[place - 1];
            queue.jobs += 1;
            queue.payload_bytes =
                queue.payload_bytes.max(i32::try_from(job.payload.as_str().len()).unwrap_or(i32::MAX));
            jobs.push((i32::try_from(place).unwrap_or(i32::MAX), job));
        }
        let statement = sqlx::query_as(sql!("jobs/enqueue_ready"))
            .bind(column(&queues, |queue| queue.name))
            .bind(column(&queues, |queue| queue.jobs))
            .bind(column(&queues, |queue| queue.payload_bytes))
            .bind(column(&jobs, |(place, _)| *place))
            .bind(column(&jobs, |(_, job)| job.kind.as_str()))
            .bind(column(&jobs, |(_, job)| job.payload.as_str()))
            .bind(column(&jobs, |(_, job)| job.priority))
            .bind(column(&jobs, |(_, job)| job.max_attempts))
            .bind(column(&jobs, |(_, job)| job.lease_ms))
            .bind(column(&jobs, |(_, job)| job.timeout_ms))
            .bind(column(&jobs, |(_, job)| job.tags.as_deref().map(array_literal)))
            .bind(column(&jobs, |(_, job)| job.headers.as_deref()))
            .bind(column(&jobs, |(_, job)| job.traceparent.as_deref()));
        let rows: Vec<(i64, Uuid, DateTime<Utc>)> = self.all(Effect::Write, statement).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        stored(requests, rows).ok_or_else(|| Error::unreadable("jobs/enqueue_ready")).map(Some)
    }
}

/// Each request's jobs, whose rows come in no order; `None` if one is missing.
fn stored(requests: &[Arc<Enqueue>], mut rows: Vec<(i64, Uuid, DateTime<Utc>)>) -> Option<Vec<EnqueueOutcome>> {
    rows.sort_unstable_by_key(|(n, ..)| *n);
    let mut rows = (1..).zip(rows);
    let mut enqueued = |job: &NewJob| match rows.next()? {
        (place, (n, id, run_after)) if place == n => Some(Enqueued {
            id: JobId(id),
            queue: job.queue.to_string(),
            state: JobState::Available,
            duplicate: false,
            run_after,
            batch: None,
        }),
        _ => None,
    };
    let outcome = |request: &Arc<Enqueue>| {
        let jobs = request.jobs.iter().map(&mut enqueued).collect::<Option<_>>()?;
        Some(EnqueueOutcome::Stored(jobs))
    };
    requests.iter().map(outcome).collect()
}

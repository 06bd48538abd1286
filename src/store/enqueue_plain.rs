//! The statement that stores jobs without keys, those of many requests together.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::enqueue::{array_literal, refusal};
use super::job_details::ErrorColumns;
use super::{ClaimedJob, Effect, Enqueue, EnqueueOutcome, EnqueueRefusal, Enqueued, Error, NewJob, Result, Store};
use super::{column, sql};
use crate::domain::{JobId, JobState, WorkerId};

/// Who shall have a job as soon as it is stored.
#[derive(Debug, Clone)]
pub struct Offer {
    pub lease_ms: Option<i64>,
    pub worker: Option<WorkerId>,
}

/// What became of the jobs of many requests.
#[derive(Debug)]
pub struct EnqueuedPlain {
    /// For each request.
    pub outcomes: Vec<EnqueueOutcome>,
    /// Jobs that were offered to somebody and are now held, by their place among all.
    pub handed: Vec<(usize, ClaimedJob)>,
}

/// A job that was stored, or the refusal of a request.
#[derive(FromRow)]
struct PlainRow {
    /// From 1.
    n: i64,
    request: i32,
    job_id: Option<Uuid>,
    delayed: Option<bool>,
    run_after: Option<DateTime<Utc>>,
    refusal: Option<String>,
    limit: Option<i64>,
    actual: Option<i64>,
    token: Option<Uuid>,
    priority: Option<i32>,
    created_at: Option<DateTime<Utc>>,
    max_attempts: Option<i32>,
    lease_ms: Option<i64>,
    lease_expires_at: Option<DateTime<Utc>>,
    timeout_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Stores the jobs of requests that are all [plain](Enqueue::is_plain), or says why not
    /// one of a request's. `offers` has one element for each job.
    pub async fn enqueue_plain(&self, requests: &[Arc<Enqueue>], offers: &[Option<Offer>]) -> Result<EnqueuedPlain> {
        if offers.iter().all(Option::is_none)
            && let Some(outcomes) = self.enqueue_ready(requests).await?
        {
            return Ok(EnqueuedPlain { outcomes, handed: Vec::new() });
        }
        let mut places = HashMap::new();
        let mut names = Vec::new();
        let mut jobs = Vec::new();
        for (request, job) in (1_i32..).zip(requests).flat_map(|(n, one)| one.jobs.iter().map(move |job| (n, job))) {
            let name = job.queue.as_str();
            let place = *places.entry(name).or_insert_with(|| {
                names.push(name);
                i32::try_from(names.len()).unwrap_or(i32::MAX)
            });
            jobs.push((request, place, job));
        }
        let offer = |of: &Option<Offer>| of.as_ref().map(|_| Uuid::new_v4());
        let statement = sqlx::query_as(sql!("jobs/enqueue_plain"))
            .bind(names)
            .bind(column(&jobs, |(request, ..)| *request))
            .bind(column(&jobs, |(_, place, _)| *place))
            .bind(column(&jobs, |(.., job)| job.kind.as_str()))
            .bind(column(&jobs, |(.., job)| job.payload.as_str()))
            .bind(column(&jobs, |(.., job)| job.priority))
            .bind(column(&jobs, |(.., job)| job.run_after))
            .bind(column(&jobs, |(.., job)| job.delay_ms))
            .bind(column(&jobs, |(.., job)| job.expires_at))
            .bind(column(&jobs, |(.., job)| job.max_attempts))
            .bind(column(&jobs, |(.., job)| job.lease_ms))
            .bind(column(&jobs, |(.., job)| job.timeout_ms))
            .bind(column(&jobs, |(.., job)| job.tags.as_deref().map(array_literal)))
            .bind(column(&jobs, |(.., job)| job.headers.as_deref()))
            .bind(column(&jobs, |(.., job)| job.traceparent.as_deref()))
            .bind(column(offers, offer))
            .bind(column(offers, |of| of.as_ref().and_then(|offer| offer.lease_ms)))
            .bind(column(offers, |of| of.as_ref().and_then(|offer| offer.worker.as_ref()).map(WorkerId::as_str)));
        let rows: Vec<PlainRow> = self.all(Effect::Write, statement).await?;
        enqueued(requests, rows).ok_or_else(|| Error::unreadable("jobs/enqueue_plain"))
    }
}

/// Each request's rows, which come in no order; `None` if one is missing.
fn enqueued(requests: &[Arc<Enqueue>], rows: Vec<PlainRow>) -> Option<EnqueuedPlain> {
    // The place of each request's first job among all.
    let mut first = 0;
    let mut firsts = Vec::with_capacity(requests.len());
    for request in requests {
        firsts.push(first);
        first += request.jobs.len();
    }
    let mut refusals: Vec<Option<EnqueueRefusal>> = vec![None; requests.len()];
    let mut stored: Vec<Option<Enqueued>> = vec![None; first];
    let mut handed = Vec::new();
    for row in rows {
        let place = usize::try_from(row.n - 1).ok()?;
        let request = usize::try_from(row.request - 1).ok()?;
        let job = requests.get(request)?.jobs.get(place.checked_sub(firsts[request])?)?;
        if let Some(code) = &row.refusal {
            refusals[request] = Some(refusal(code, place - firsts[request], row.limit, row.actual, None));
            continue;
        }
        stored[place] = Some(Enqueued {
            id: JobId(row.job_id?),
            queue: job.queue.to_string(),
            state: match row.token {
                Some(_) => JobState::Running,
                None if row.delayed? => JobState::Scheduled,
                None => JobState::Available,
            },
            duplicate: false,
            run_after: row.run_after?,
            batch: None,
        });
        if row.token.is_some() {
            handed.push((place, claimed(job, &row)?));
        }
    }
    handed.sort_unstable_by_key(|(place, _)| *place);
    let mut stored = stored.into_iter();
    let outcome = |(request, refusal): (&Arc<Enqueue>, Option<EnqueueRefusal>)| {
        let jobs: Vec<_> = stored.by_ref().take(request.jobs.len()).collect();
        match refusal {
            Some(refusal) => Some(EnqueueOutcome::Refused(refusal)),
            None => jobs.into_iter().collect::<Option<_>>().map(EnqueueOutcome::Stored),
        }
    };
    let outcomes = requests.iter().zip(refusals).map(outcome).collect::<Option<_>>()?;
    Some(EnqueuedPlain { outcomes, handed })
}

/// The job as a claim would answer it.
fn claimed(job: &NewJob, row: &PlainRow) -> Option<ClaimedJob> {
    Some(ClaimedJob {
        job_id: row.job_id?,
        queue: job.queue.to_string(),
        kind: job.kind.clone(),
        payload: job.payload.as_str().to_owned(),
        attempt: 1,
        failed_attempts: 0,
        max_attempts: row.max_attempts?,
        token: row.token?,
        lease_expires_at: row.lease_expires_at?,
        lease_ms: row.lease_ms?,
        timeout_at: row.timeout_at,
        priority: row.priority?,
        tags: job.tags.clone(),
        headers: job.headers.clone(),
        traceparent: job.traceparent.clone(),
        created_at: row.created_at?,
        run_after: row.run_after?,
        batch_id: None,
        error: ErrorColumns::default(),
        error_attempt: None,
        error_at: None,
    })
}

//! Statements that claim jobs, and find the leases they are held under.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::job_details::ErrorColumns;
use super::jobs::ANSWER_BYTES_MAX;
use super::lanes::{Look, Seen};
use super::{Effect, Idempotency, Result, Store, Wanted, column, sql};
use crate::domain::{JobId, LeaseToken, QueueName, WorkerId};

/// What a worker asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Tried in this order.
    pub queues: Vec<QueueName>,
    pub kinds: Option<Vec<String>>,
    pub max_jobs: i64,
    /// How many of one queue, at most.
    pub per_queue: i64,
    pub lease_ms: Option<i64>,
    pub worker: Option<WorkerId>,
    pub idempotency: Option<Idempotency>,
}

/// A job under a lease.
#[derive(Debug, Clone, FromRow)]
pub struct ClaimedJob {
    pub job_id: Uuid,
    pub queue: String,
    pub kind: String,
    pub payload: String,
    pub attempt: i32,
    pub failed_attempts: i32,
    pub max_attempts: i32,
    pub token: Uuid,
    pub lease_expires_at: DateTime<Utc>,
    pub lease_ms: i64,
    pub timeout_at: Option<DateTime<Utc>>,
    pub priority: i32,
    pub tags: Option<Vec<String>>,
    pub headers: Option<String>,
    pub traceparent: Option<String>,
    pub created_at: DateTime<Utc>,
    pub run_after: DateTime<Utc>,
    pub batch_id: Option<Uuid>,
    #[sqlx(flatten)]
    pub error: ErrorColumns,
    pub error_attempt: Option<i32>,
    pub error_at: Option<DateTime<Utc>>,
}

impl Claim {
    /// Whether it can be made together with others that ask for the same.
    pub fn is_plain(&self) -> bool {
        self.idempotency.is_none() && self.per_queue >= self.max_jobs
    }
}

/// What claims found that were made together.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// For each claim.
    pub jobs: Vec<Vec<ClaimedJob>>,
    pub paused_queues: Vec<String>,
    pub missing_queues: Vec<String>,
    /// Jobs that were cancelled instead, because their time was over.
    pub expired: i64,
    /// The idempotency key is known, and nothing was claimed.
    pub known: bool,
    /// Of the lanes of its queues.
    pub seen: Seen,
}

#[derive(FromRow)]
struct AboutClaim {
    paused_queues: Vec<String>,
    missing_queues: Vec<String>,
    expired: i64,
    replayed: bool,
    #[sqlx(flatten)]
    seen: Seen,
}

/// A row of a claim: what the first one says of all of it, and a job with its request.
struct ClaimRow(Option<AboutClaim>, Option<(i32, ClaimedJob)>);

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for ClaimRow {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
        use sqlx::Row as _;
        let first: Option<i64> = row.try_get("expired")?;
        let about = first.map(|_| AboutClaim::from_row(row)).transpose()?;
        let request: Option<i32> = row.try_get("request")?;
        let job = request.map(|request| ClaimedJob::from_row(row).map(|job| (request, job))).transpose()?;
        Ok(Self(about, job))
    }
}

/// A row of an earlier claim: the request's hash, and a job whose lease lives, if any.
struct KnownClaimRow(Vec<u8>, Option<ClaimedJob>);

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for KnownClaimRow {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
        use sqlx::Row as _;
        let job_id: Option<Uuid> = row.try_get("job_id")?;
        let job = if job_id.is_some() { Some(ClaimedJob::from_row(row)?) } else { None };
        Ok(Self(row.try_get("body_hash")?, job))
    }
}

/// A lease by its key and its fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseKey {
    pub job: JobId,
    pub token: LeaseToken,
}

impl Store {
    /// Claims jobs, each under a lease of its own, for claims of the same queues and kinds: the
    /// first gets what it wants before the next. `all_queues`: nothing is claimed while one of
    /// them is not there.
    pub async fn claim(&self, claims: &[Claim], all_queues: bool, look: &Look, wanted: Wanted<'_>) -> Result<Claimed> {
        let Some(claim) = claims.first() else { return Ok(Claimed::default()) };
        let queues: Vec<&str> = claim.queues.iter().map(QueueName::as_str).collect();
        let idempotency = claim.idempotency.as_ref();
        let slots: Vec<i32> = (1..).zip(claims).flat_map(|(n, one)| (0..one.max_jobs).map(move |_| n)).collect();
        let per_queue =
            if claims.len() == 1 { claim.per_queue } else { i64::try_from(slots.len()).unwrap_or(i64::MAX) };
        let statement = sqlx::query_as::<_, ClaimRow>(sql!("leases/claim"))
            .bind(queues)
            .bind(claim.kinds.as_deref())
            .bind(&slots)
            .bind(per_queue)
            .bind(column(claims, |one| one.lease_ms))
            .bind(column(claims, |one| one.worker.as_ref().map(WorkerId::as_str)))
            .bind(ANSWER_BYTES_MAX)
            .bind(idempotency.map(|idempotency| idempotency.key.as_str()))
            .bind(idempotency.map(|idempotency| idempotency.body_hash.as_slice()))
            .bind(all_queues)
            .bind(column(&look.lanes, |known| known.queue))
            .bind(column(&look.lanes, |known| known.lane))
            .bind(column(&look.lanes, |known| known.floor))
            .bind(look.quick)
            .bind(column(&slots, |_| Uuid::new_v4()))
            .bind(look.rises);
        let mut claimed = Claimed { jobs: vec![Vec::new(); claims.len()], ..Claimed::default() };
        for ClaimRow(about, job) in self.all_in(&self.pool, wanted, Effect::Write, statement).await? {
            if let Some(about) = about {
                claimed.paused_queues = about.paused_queues;
                claimed.missing_queues = about.missing_queues;
                claimed.expired = about.expired;
                claimed.known = about.replayed;
                claimed.seen = about.seen;
            }
            let Some((request, job)) = job else { continue };
            if let Some(jobs) = usize::try_from(request - 1).ok().and_then(|n| claimed.jobs.get_mut(n)) {
                jobs.push(job);
            }
        }
        Ok(claimed)
    }

    /// The jobs that an earlier claim with this key was answered, as far as their leases
    /// live, and the hash of that request.
    pub async fn find_claim(&self, key: &str) -> Result<Option<(Vec<u8>, Vec<ClaimedJob>)>> {
        let statement = sqlx::query_as::<_, KnownClaimRow>(sql!("leases/find_claim")).bind(key);
        let rows = self.all(Effect::Read, statement).await?;
        let Some(hash) = rows.first().map(|KnownClaimRow(hash, _)| hash.clone()) else { return Ok(None) };
        Ok(Some((hash, rows.into_iter().filter_map(|KnownClaimRow(_, job)| job).collect())))
    }

    /// Forgets the key of a claim that found nothing, so that it can be used again.
    pub async fn forget_claim(&self, key: &str) -> Result<()> {
        self.run(sqlx::query_as(sql!("leases/forget_claim")).bind(key)).await
    }

    /// Up to `limit` leases whose time is over, since `back_ms` at most, in the order of queue
    /// and job.
    pub async fn list_over(&self, limit: i64, back_ms: Option<i64>) -> Result<Vec<LeaseKey>> {
        let statement = sqlx::query_as::<_, (Uuid, Uuid)>(sql!("leases/list_over")).bind(limit).bind(back_ms);
        Ok(self.all(Effect::Read, statement).await?.into_iter().map(key).collect())
    }

    /// The leases of a worker, oldest first; in one queue if it is named.
    pub async fn list_leases_of_worker(&self, worker: &WorkerId, queue: Option<&QueueName>) -> Result<Vec<LeaseKey>> {
        let statement = sqlx::query_as::<_, (Uuid, Uuid)>(sql!("leases/list_of_worker"))
            .bind(worker.as_str())
            .bind(queue.map(QueueName::as_str));
        Ok(self.all(Effect::Read, statement).await?.into_iter().map(key).collect())
    }
}

fn key((job, token): (Uuid, Uuid)) -> LeaseKey {
    LeaseKey { job: JobId(job), token: LeaseToken(token) }
}

//! The statement that claims jobs which are ready, of one queue: what most claims come to.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::jobs::ANSWER_BYTES_MAX;
use super::{Claim, Claimed, ClaimedJob, Effect, KnownLane, Look, Result, Seen, Store, Wanted, column, sql};
use crate::domain::WorkerId;

/// What the first row says of the lanes.
#[derive(FromRow)]
struct SeenReady {
    #[sqlx(rename = "seen_heads")]
    heads: Vec<Option<i64>>,
    xmin: i64,
    own_xid: Option<i64>,
    drawn: Option<i64>,
    look_ms: f64,
    started: DateTime<Utc>,
}

impl SeenReady {
    fn of(self, lanes: &[KnownLane]) -> Seen {
        Seen {
            queues: vec![1; lanes.len()],
            lanes: column(lanes, |known| known.lane),
            heads: self.heads,
            xmin: self.xmin,
            own_xid: self.own_xid,
            drawn: self.drawn,
            look_ms: self.look_ms,
            started: self.started,
        }
    }
}

/// A row: what the first one says of the lanes, and a job with its place and request.
struct ReadyRow(Option<SeenReady>, Option<(i64, i32, ClaimedJob)>);

impl<'r> FromRow<'r, sqlx::postgres::PgRow> for ReadyRow {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> std::result::Result<Self, sqlx::Error> {
        use sqlx::Row as _;
        let first: Option<i64> = row.try_get("xmin")?;
        let seen = first.map(|_| SeenReady::from_row(row)).transpose()?;
        let place: Option<(i64, i32)> = match (row.try_get("n")?, row.try_get("request")?) {
            (Some(n), Some(request)) => Some((n, request)),
            _ => None,
        };
        let job = place.map(|(n, request)| ClaimedJob::from_row(row).map(|job| (n, request, job))).transpose()?;
        Ok(Self(seen, job))
    }
}

/// What the short statement did.
#[derive(Debug)]
pub enum ClaimReady {
    Claimed(Box<Claimed>),
    /// Nothing: there is more to it than it knows about.
    More {
        /// Others were kept from these jobs for a moment, so that it should not be tried again soon.
        locked: bool,
    },
}

impl Store {
    /// As [`claim`](Self::claim), for claims of the jobs of one queue in the lanes of `look`, without a key.
    pub async fn claim_ready(&self, claims: &[Claim], look: &Look, wanted: Wanted<'_>) -> Result<ClaimReady> {
        let Some((claim, queue)) = claims.first().and_then(|claim| Some((claim, claim.queues.first()?))) else {
            return Ok(ClaimReady::More { locked: false });
        };
        let slots: Vec<i32> = (1..).zip(claims).flat_map(|(n, one)| (0..one.max_jobs).map(move |_| n)).collect();
        let statement = sqlx::query_as::<_, ReadyRow>(sql!("leases/claim_ready"))
            .bind(queue.as_str())
            .bind(claim.kinds.as_deref())
            .bind(&slots)
            .bind(column(&slots, |_| Uuid::new_v4()))
            .bind(column(claims, |one| one.lease_ms))
            .bind(column(claims, |one| one.worker.as_ref().map(WorkerId::as_str)))
            .bind(ANSWER_BYTES_MAX)
            .bind(column(&look.lanes, |known| known.lane))
            .bind(column(&look.lanes, |known| known.floor))
            .bind(look.rises);
        let mut rows = self.all_in(&self.pool, wanted, Effect::Write, statement).await?;
        let Some(seen) = rows.iter_mut().find_map(|ReadyRow(seen, _)| seen.take()) else {
            return Ok(ClaimReady::More { locked: !rows.is_empty() });
        };
        let mut claimed = Claimed { jobs: vec![Vec::new(); claims.len()], ..Claimed::default() };
        claimed.seen = seen.of(&look.lanes);
        let mut jobs: Vec<_> = rows.into_iter().filter_map(|ReadyRow(_, job)| job).collect();
        jobs.sort_unstable_by_key(|(n, ..)| *n);
        for (_, request, job) in jobs {
            if let Some(jobs) = usize::try_from(request - 1).ok().and_then(|n| claimed.jobs.get_mut(n)) {
                jobs.push(job);
            }
        }
        Ok(ClaimReady::Claimed(Box::new(claimed)))
    }
}

//! Statements about bulk operations.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Effect, Idempotency, JobFilter, Result, Store, sql};
use crate::domain::{By, JobId, JobState};

/// What an action needs beside a filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_queue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_after: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread_ms: Option<i64>,
}

/// A bulk operation that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewBulkOperation {
    pub action: &'static str,
    pub filter: JobFilter,
    pub options: BulkOptions,
    pub dry_run: bool,
    pub reason: Option<String>,
    pub idempotency: Option<Idempotency>,
    /// Who asks.
    pub by: By,
}

/// A bulk operation.
#[derive(Debug, Clone, FromRow)]
pub struct BulkOperation {
    pub id: Uuid,
    pub action: String,
    /// preview, running, completed, cancelled or failed.
    pub state: String,
    /// A [`JobFilter`] as JSON.
    pub filter: String,
    pub dry_run: bool,
    pub matched: i64,
    pub processed: i64,
    pub skipped: i64,
    pub failed: i64,
    pub sample_job_ids: Vec<Uuid>,
    pub reason: Option<String>,
    pub last_error: Option<String>,
    pub created_by: Option<String>,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    /// [`BulkOptions`] as JSON; a later version may write what this one cannot read.
    pub options: String,
    #[sqlx(flatten)]
    pub work: BulkWork,
}

impl BulkOperation {
    pub fn is_running(&self) -> bool {
        self.state == "running"
    }
}

/// How far a bulk operation is.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BulkWork {
    /// Whether it is known how many jobs there are.
    pub counted: bool,
    /// Where its walk stands: queues go by their ids, and jobs of one by theirs.
    pub cursor_queue_id: i32,
    pub cursor: Uuid,
    /// The smallest id of fresh claimable jobs of this queue, once it was looked for.
    pub fresh_from: Option<Uuid>,
    /// Jobs to go on with.
    pub chunk: Vec<Uuid>,
}

/// What became of some jobs of a bulk operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkProgress {
    pub processed: i64,
    pub skipped: i64,
    pub failed: i64,
    pub last_error: Option<String>,
}

/// Some jobs of a queue that pass a filter.
#[derive(Debug, Clone)]
pub struct BulkMembers {
    pub ids: Vec<JobId>,
    /// All up to this id were looked at; `None` if that is all of the queue.
    pub walked_to: Option<Uuid>,
    pub fresh_from: Uuid,
}

#[derive(FromRow)]
struct MemberRow {
    job_id: Option<Uuid>,
    walked_to: Option<Uuid>,
    fresh_from: Uuid,
}

#[derive(FromRow)]
struct CancelRow {
    #[sqlx(flatten)]
    operation: BulkOperation,
    ended: bool,
}

impl Store {
    /// Begins a bulk operation, which `holder` works on for so long; `None` if its idempotency key is known.
    pub async fn create_bulk_operation(
        &self,
        new: &NewBulkOperation,
        holder: Uuid,
        hold_ms: i64,
    ) -> Result<Option<BulkOperation>> {
        let idempotency = new.idempotency.as_ref();
        let statement = sqlx::query_as(sql!("bulk_operations/create"))
            .bind(new.action)
            .bind(Json(&new.filter))
            .bind(Json(&new.options))
            .bind(new.dry_run)
            .bind(new.reason.as_deref())
            .bind(holder)
            .bind(hold_ms)
            .bind(Self::CREATE_BULK_OPERATION)
            .bind(idempotency.map(|idempotency| idempotency.key.as_str()))
            .bind(idempotency.map(|idempotency| idempotency.body_hash.as_slice()))
            .bind(new.by.to_json());
        self.one(Effect::Write, statement).await
    }

    /// What its idempotency keys belong to.
    const CREATE_BULK_OPERATION: &'static str = "create_bulk_operation";

    /// The bulk operation of an earlier request with this key, and the SHA-256 of its body.
    pub async fn find_bulk_idempotency(&self, key: &str) -> Result<Option<(Vec<u8>, Uuid)>> {
        let statement =
            sqlx::query_as(sql!("bulk_operations/find_idempotency")).bind(Self::CREATE_BULK_OPERATION).bind(key);
        self.one(Effect::Read, statement).await
    }

    /// Takes up the bulk operation that nobody has worked on for longest, for so long; `None` if there is none.
    pub async fn claim_bulk_operation(&self, holder: Uuid, hold_ms: i64) -> Result<Option<BulkOperation>> {
        self.one(Effect::Write, sqlx::query_as(sql!("bulk_operations/claim")).bind(holder).bind(hold_ms)).await
    }

    /// Stores how far an operation is, what came of some more of its jobs, and the state it is to have, unless it was
    /// cancelled. It is held for `hold_ms` more; 0 lets go of it. `None` if another server has taken it up.
    pub async fn save_bulk_operation(
        &self,
        operation: &BulkOperation,
        progress: &BulkProgress,
        state: &str,
        holder: Uuid,
        hold_ms: i64,
    ) -> Result<Option<BulkOperation>> {
        let work = &operation.work;
        let statement = sqlx::query_as(sql!("bulk_operations/save"))
            .bind(operation.id)
            .bind(holder)
            .bind(hold_ms)
            .bind(operation.matched)
            .bind(&operation.sample_job_ids)
            .bind(work.counted)
            .bind(work.cursor_queue_id)
            .bind(work.cursor)
            .bind(work.fresh_from)
            .bind(&work.chunk)
            .bind(progress.processed)
            .bind(progress.skipped)
            .bind(progress.failed)
            .bind(progress.last_error.as_deref())
            .bind(state);
        self.one(Effect::Write, statement).await
    }

    /// Ends an operation that runs: the operation as it is now, and whether this ended it. `None` if there is none.
    pub async fn cancel_bulk_operation(&self, id: Uuid, by: &By) -> Result<Option<(BulkOperation, bool)>> {
        let statement = sqlx::query_as::<_, CancelRow>(sql!("bulk_operations/cancel")).bind(id).bind(by.to_json());
        Ok(self.one(Effect::Write, statement).await?.map(|row| (row.operation, row.ended)))
    }

    /// Bulk operations, the newest first: the one of this id, or up to `limit` below an id.
    pub async fn list_bulk_operations(
        &self,
        id: Option<Uuid>,
        below: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<BulkOperation>> {
        let statement = sqlx::query_as(sql!("bulk_operations/list")).bind(id).bind(below).bind(limit);
        self.all(Effect::Read, statement).await
    }

    /// The next jobs of a queue, after where `work` stands and below `bound`, that pass the filter and are in one of
    /// these states, by ascending id: of `looked_at` jobs of each state, up to `limit`.
    pub async fn list_bulk_members(
        &self,
        (filter, states): (&JobFilter, &[JobState]),
        work: &BulkWork,
        bound: Uuid,
        looked_at: i64,
        limit: i64,
    ) -> Result<BulkMembers> {
        let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
        let statement = sqlx::query_as::<_, MemberRow>(sql!("bulk_operations/list_members"))
            .bind(work.cursor_queue_id)
            .bind(work.cursor)
            .bind(bound)
            .bind(work.fresh_from)
            .bind(filter.ids.as_deref())
            .bind(filter.kinds.as_deref())
            .bind(states);
        let statement = filter
            .bind_members(statement)
            .bind(filter.schedule.as_deref())
            .bind(looked_at)
            .bind(limit)
            .bind(filter.batch);
        let rows = self.all(Effect::Read, statement).await?;
        let about = rows.first().map(|row| (row.walked_to, row.fresh_from));
        let (walked_to, fresh_from) = about.ok_or_else(|| super::Error::unreadable("bulk_operations/list_members"))?;
        let ids = rows.into_iter().filter_map(|row| row.job_id.map(JobId)).collect();
        Ok(BulkMembers { ids, walked_to, fresh_from })
    }
}

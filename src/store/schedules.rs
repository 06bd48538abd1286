//! Statements about schedules.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::enqueue::array_literal;
use super::jobs::ANSWER_BYTES_MAX;
use super::{Effect, Result, Store, sql};
use crate::domain::{By, JobId, QueueName};

/// A schedule.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Schedule {
    pub id: String,
    pub queue: String,
    pub cron: String,
    pub timezone: String,
    pub kind: String,
    /// JSON, byte for byte; `None` is null.
    pub payload: Option<String>,
    /// `None` is the queue's.
    pub priority: Option<i32>,
    pub tags: Vec<String>,
    pub max_attempts: Option<i32>,
    pub paused: bool,
    /// skip, one or all.
    pub catch_up: String,
    /// allow or skip.
    pub overlap: String,
    pub jitter_ms: i64,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub description: Option<String>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub last_run_at: Option<DateTime<Utc>>,
    pub last_job_id: Option<Uuid>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A schedule that is due.
#[derive(Debug, Clone, FromRow)]
pub struct DueSchedule {
    pub id: String,
    pub cron: String,
    pub timezone: String,
    pub catch_up: String,
    pub starts_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    pub due_at: DateTime<Utc>,
    pub version: i64,
    pub payload_bytes: i64,
    /// When it was looked.
    pub now: DateTime<Utc>,
}

/// A job that a schedule enqueued.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct FiredJob {
    pub job_id: Uuid,
    pub queue: String,
    /// It waits for its jitter.
    pub delayed: bool,
}

impl Store {
    /// Schedules sorted by id: the one of this id, or those of a queue, up to `limit` after an id.
    pub async fn list_schedules(
        &self,
        id: Option<&str>,
        queue: Option<&QueueName>,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Schedule>> {
        let statement = sqlx::query_as(sql!("schedules/list"))
            .bind(id)
            .bind(queue.map(QueueName::as_str))
            .bind(after)
            .bind(limit)
            .bind(ANSWER_BYTES_MAX);
        self.all(Effect::Read, statement).await
    }

    /// How many of these have room in one answer, with their payloads; one has at least.
    pub fn have_room(schedules: &[Schedule]) -> usize {
        let bytes = schedules.iter().scan(0_i64, |sum, schedule| {
            let own = schedule.payload.as_ref().map_or(0, String::len);
            *sum += i64::try_from(own).unwrap_or(i64::MAX);
            Some(*sum)
        });
        bytes.take_while(|bytes| *bytes <= ANSWER_BYTES_MAX).count().max(1)
    }

    /// Stores a schedule of which this was seen, or that was not there. Whether it was made;
    /// `None` if somebody else was faster, or it fired meanwhile.
    pub async fn upsert_schedule(&self, schedule: &Schedule, seen: Option<&Schedule>, by: &By) -> Result<Option<bool>> {
        let statement = sqlx::query_as::<_, (bool,)>(sql!("schedules/upsert"))
            .bind(&schedule.id)
            .bind(seen.map(|seen| seen.version))
            .bind(&schedule.queue)
            .bind(&schedule.cron)
            .bind(&schedule.timezone)
            .bind(&schedule.kind)
            .bind(schedule.payload.as_deref())
            .bind(schedule.priority)
            .bind(array_literal(&schedule.tags))
            .bind(schedule.max_attempts)
            .bind(schedule.paused)
            .bind(&schedule.catch_up)
            .bind(&schedule.overlap)
            .bind(schedule.jitter_ms)
            .bind(schedule.starts_at)
            .bind(schedule.ends_at)
            .bind(schedule.description.as_deref())
            .bind(schedule.next_run_at)
            .bind(seen.and_then(|seen| seen.next_run_at))
            .bind(by.to_json());
        Ok(self.one(Effect::Write, statement).await?.map(|(created,)| created))
    }

    /// Deletes a schedule, if it has `version` where that is given: whether it did, and the
    /// version it has. `None` if it is not there.
    pub async fn delete_schedule(&self, id: &str, version: Option<i64>, by: &By) -> Result<Option<(bool, i64)>> {
        let statement =
            sqlx::query_as::<_, (bool, i64)>(sql!("schedules/delete")).bind(id).bind(version).bind(by.to_json());
        self.one(Effect::Write, statement).await
    }

    /// Notes a job that somebody asked a schedule for.
    pub async fn note_run(&self, id: &str, job: JobId, by: &By) -> Result<()> {
        self.run(sqlx::query_as(sql!("schedules/note_run")).bind(id).bind(job.0).bind(by.to_json())).await
    }

    /// Up to `limit` schedules that are due, those first that have been for longest.
    pub async fn list_due_schedules(&self, limit: i64) -> Result<Vec<DueSchedule>> {
        self.all(Effect::Read, sqlx::query_as(sql!("schedules/list_due")).bind(limit)).await
    }

    /// Enqueues the jobs of due times and moves the schedule on to `next`, unless another server
    /// was faster. `missed` is a due time that fires no more.
    pub async fn fire_schedule(
        &self,
        due: &DueSchedule,
        fires: &[DateTime<Utc>],
        missed: Option<DateTime<Utc>>,
        next: Option<DateTime<Utc>>,
    ) -> Result<Vec<FiredJob>> {
        let statement = sqlx::query_as(sql!("schedules/fire"))
            .bind(&due.id)
            .bind(due.version)
            .bind(due.due_at)
            .bind(fires)
            .bind(missed.into_iter().collect::<Vec<_>>())
            .bind(next);
        self.all(Effect::Write, statement).await
    }
}

//! Firing schedules: which due times become jobs. The statement that stores the jobs moves the
//! schedule on, so that each fires once, whatever number of servers looks.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;

use super::{Engine, EnqueueAnswer};
use crate::domain::{By, CatchUp, Recurrence};
use crate::store::{DueSchedule, Enqueue, Error, Result, Schedule};

/// Schedules that one server fires at the same time.
const AT_ONCE: usize = 4;

/// The most jobs, and the most bytes of payloads, that one statement makes of missed times.
const JOBS_MAX: i64 = 100;
const BYTES_MAX: i64 = 16 * 1024 * 1024;

impl Engine {
    /// Fires up to `limit` schedules that are due; answers how many it looked at. One that fails
    /// keeps no other from firing: it is told once, and an error is answered.
    pub async fn fire_schedules(&self, limit: i64) -> Result<usize> {
        let due = self.store.list_due_schedules(limit).await?;
        let (count, failed) = (due.len(), AtomicBool::new(false));
        futures_util::stream::iter(due)
            .for_each_concurrent(AT_ONCE, async |schedule| {
                let id = schedule.id.clone();
                let outcome = self.fire_schedule(schedule).await;
                let mut told = self.schedules_told.lock().unwrap_or_else(PoisonError::into_inner);
                match outcome {
                    Ok(()) => {
                        told.remove(&id);
                    }
                    Err(error) => {
                        failed.store(true, Ordering::Relaxed);
                        if told.insert(id.clone()) {
                            tracing::warn!(id, error = &error as &dyn std::error::Error, "a schedule does not fire");
                        }
                    }
                }
            })
            .await;
        if failed.into_inner() { Err(Error::unreadable("a schedule")) } else { Ok(count) }
    }

    async fn fire_schedule(&self, mut schedule: DueSchedule) -> Result<()> {
        let recurrence = match Recurrence::parse(&schedule.cron, &schedule.timezone) {
            Ok(recurrence) => recurrence.between(schedule.starts_at, schedule.ends_at),
            Err((what, why)) => {
                // Stored by a version that took it. Others of this database may still fire it.
                tracing::debug!(id = schedule.id, what, %why, "this server cannot read a schedule");
                return Err(Error::unreadable("a schedule"));
            }
        };
        let catch_up = match schedule.catch_up.as_str() {
            "skip" => CatchUp::Skip,
            "all" => CatchUp::All,
            _ => CatchUp::One,
        };
        let due = recurrence.due(schedule.due_at, schedule.now, catch_up);
        let jobs_max = (BYTES_MAX / schedule.payload_bytes.max(1)).clamp(1, JOBS_MAX);
        let jobs_max = usize::try_from(jobs_max).unwrap_or(1);
        let mut missed = due.missed;
        let mut parts: Vec<&[DateTime<Utc>]> = due.fires.chunks(jobs_max).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        for (n, part) in parts.iter().enumerate() {
            let next = parts.get(n + 1).and_then(|part| part.first().copied()).or(due.next);
            if !self.fire_part(&schedule, part, missed.take(), next).await? {
                break;
            }
            // The next part goes on where this one left it.
            schedule.due_at = next.unwrap_or(schedule.due_at);
        }
        Ok(())
    }

    /// Fires some due times of a schedule and moves it on to the next; whether there were jobs to make.
    async fn fire_part(
        &self,
        schedule: &DueSchedule,
        fires: &[DateTime<Utc>],
        missed: Option<DateTime<Utc>>,
        next: Option<DateTime<Utc>>,
    ) -> Result<bool> {
        let late = schedule.now - schedule.due_at;
        let fires = fires.to_vec();
        let jobs = self
            .finish({
                let schedule = schedule.clone();
                move |engine| {
                    let (schedule, fires) = (schedule.clone(), fires.clone());
                    async move { engine.store.fire_schedule(&schedule, &fires, missed, next).await }
                }
            })
            .await?;
        if let Some(first) = jobs.first() {
            let claimable = jobs.iter().filter(|job| !job.delayed).count();
            self.wake_queue(&first.queue, claimable);
            self.store.metrics().schedule_fired(jobs.len(), late);
        }
        Ok(!jobs.is_empty())
    }

    /// Stores the job that somebody asks a schedule for, and notes that it is one of its jobs.
    pub async fn trigger_schedule(&self, id: String, enqueue: Enqueue) -> Result<EnqueueAnswer> {
        self.finish_noted(move |engine| {
            let (id, enqueue, by) = (id.clone(), enqueue.clone(), enqueue.by.clone());
            async move {
                let answer = engine.enqueue(enqueue, false).await?;
                if let EnqueueAnswer::Stored { jobs, .. } = &answer {
                    for job in jobs {
                        // The job is stored whatever becomes of the note.
                        if let Err(error) = engine.store.note_run(&id, job.id, &by).await {
                            tracing::warn!(id, %error, "a job that was asked for is not listed by its schedule");
                        }
                    }
                }
                Ok(answer)
            }
        })
        .await
    }

    /// Stores a schedule of which this was seen, or that was not there. Whether it was made;
    /// `None` if somebody else was faster, or it fired meanwhile.
    pub async fn upsert_schedule(&self, schedule: Schedule, seen: Option<Schedule>, by: By) -> Result<Option<bool>> {
        self.finish_noted(move |engine| {
            let (schedule, seen, by) = (schedule.clone(), seen.clone(), by.clone());
            async move { engine.store.upsert_schedule(&schedule, seen.as_ref(), &by).await }
        })
        .await
    }

    /// Deletes a schedule, if it has `version` where that is given: whether it did, and the
    /// version it has. `None` if it is not there.
    pub async fn delete_schedule(&self, id: String, version: Option<i64>, by: By) -> Result<Option<(bool, i64)>> {
        self.finish_noted(move |engine| {
            let (id, by) = (id.clone(), by.clone());
            async move { engine.store.delete_schedule(&id, version, &by).await }
        })
        .await
    }
}

//! Firing schedules: which due times become jobs. The statement that stores the jobs moves the
//! schedule on, so that each fires once, whatever number of servers looks.

use super::Engine;
use crate::domain::{CatchUp, Recurrence};
use crate::store::{DueSchedule, Error, Result, Schedule};

impl Engine {
    /// Fires up to `limit` schedules that are due; answers how many it looked at.
    pub async fn fire_schedules(&self, limit: i64) -> Result<usize> {
        let due = self.store.list_due_schedules(limit).await?;
        let count = due.len();
        let mut failed = None;
        for schedule in due {
            let id = schedule.id.clone();
            // One that fails keeps no other from firing.
            if let Err(error) = self.fire_schedule(schedule).await {
                tracing::debug!(id, error = &error as &dyn std::error::Error, "a schedule did not fire");
                failed = Some(error);
            }
        }
        failed.map_or(Ok(count), Err)
    }

    async fn fire_schedule(&self, schedule: DueSchedule) -> Result<()> {
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
        let late = schedule.now - schedule.due_at;
        let fired = self
            .finish({
                let (schedule, due) = (schedule.clone(), due.clone());
                move |engine| {
                    let (schedule, due) = (schedule.clone(), due.clone());
                    async move { engine.store.fire_schedule(&schedule, &due.fires, due.missed, due.next).await }
                }
            })
            .await?;
        if let Some(first) = fired.first() {
            let claimable = fired.iter().filter(|job| !job.delayed).count();
            self.wake_queue(&first.queue, claimable);
            self.store.metrics().schedule_fired(fired.len(), late);
        }
        Ok(())
    }

    /// Stores a schedule of which this was seen, or that was not there. Whether it was made;
    /// `None` if somebody else was faster, or it fired meanwhile.
    pub async fn upsert_schedule(&self, schedule: Schedule, seen: Option<Schedule>) -> Result<Option<bool>> {
        self.finish(move |engine| {
            let (schedule, seen) = (schedule.clone(), seen.clone());
            async move { engine.store.upsert_schedule(&schedule, seen.as_ref()).await }
        })
        .await
    }

    /// Deletes a schedule, if it has `version` where that is given: whether it did, and the
    /// version it has. `None` if it is not there.
    pub async fn delete_schedule(&self, id: String, version: Option<i64>) -> Result<Option<(bool, i64)>> {
        self.finish(move |engine| {
            let id = id.clone();
            async move { engine.store.delete_schedule(&id, version).await }
        })
        .await
    }
}

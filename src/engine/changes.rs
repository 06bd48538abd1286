//! What people change: single jobs, queues and workers. And waiting for a job's end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::domain::{Action, Asker, By, JobId, JobState, QueueName, WorkerId};
use crate::store::{
    DeletedQueue, Directive, Heartbeat, JobDetail, JobStatus, JobUpdate, Result, Retried, Store, Updated,
};

/// How often a change is tried whose job was moved meanwhile, by a claim or because it was due.
const TRIES: usize = 5;

/// What became of a change to a job.
#[derive(Debug)]
pub enum Acted<T> {
    Done(T),
    /// The job is in a state, or of a version, that does not let it be done.
    Refused(Box<JobDetail>),
    NotFound,
    /// The job was moved each time, in a state that lets it be done.
    Overtaken,
}

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    Started,
    Finished,
}

/// How long to wait for a job, and for what.
#[derive(Debug, Clone, Copy)]
pub struct JobWait {
    pub wait: Duration,
    pub wait_for: WaitFor,
}

impl JobWait {
    fn is_over(self, state: JobState) -> bool {
        state.is_final() || (self.wait_for == WaitFor::Started && state == JobState::Running)
    }
}

impl Engine {
    /// The job, as soon as it has come so far, or as it is when the wait is over.
    pub async fn wait_for_job(
        &self,
        id: JobId,
        wait: JobWait,
        (payload, result): (bool, bool),
        draining: &CancellationToken,
    ) -> Result<Option<JobDetail>> {
        let look = || self.store.find_job(id, payload, result);
        self.look_until(line(id), wait.wait, draining, look, |job| wait.is_over(job.state())).await
    }

    /// Wakes who waits for this job.
    pub(super) fn wake_job(&self, id: JobId) {
        self.waiters.wake(&line(id), usize::MAX);
    }

    /// Tries a change until it is done, or the job is in a state, or of a version, that does not
    /// let it be done, or in which it is not meant.
    pub(super) async fn act<T, F, Fut>(
        &self,
        id: JobId,
        action: Action,
        version: Option<i64>,
        asker: Asker,
        change: F,
    ) -> Result<Acted<T>>
    where
        T: Send + 'static,
        F: Fn(Store, Arc<Asker>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Result<Option<T>>> + Send + 'static,
    {
        let asker = Arc::new(asker);
        for _ in 0..TRIES {
            let (change, of) = (change.clone(), asker.clone());
            if let Some(done) = self.finish(move |engine| change(engine.store, of.clone())).await? {
                if matches!(*asker, Asker::Person(_)) {
                    self.wake_events();
                }
                return Ok(Acted::Done(done));
            }
            match self.store.find_job(id, false, false).await? {
                None => return Ok(Acted::NotFound),
                Some(job)
                    if action.allows(job.state())
                        && asker.means(job.state())
                        && version.is_none_or(|version| version == job.version) => {}
                Some(job) => return Ok(Acted::Refused(Box::new(job))),
            }
        }
        Ok(Acted::Overtaken)
    }

    /// Cancels a job, or asks its worker to.
    pub async fn cancel_job(&self, id: JobId, reason: String, force: bool, asker: Asker) -> Result<Acted<JobStatus>> {
        let reason = Arc::new(reason);
        let cancelled = self
            .act(id, Action::Cancel, None, asker, move |store, asker| {
                let reason = reason.clone();
                async move { store.cancel_job(id, &reason, force, &asker).await }
            })
            .await?;
        if let Acted::Done(status) = &cancelled
            && status.state.is_final()
        {
            self.note_end(status.state);
            self.wake_job(id);
        }
        Ok(cancelled)
    }

    /// Cancels up to `limit` jobs that have not started by the time they had, since `back_ms`
    /// at most; answers how many had one.
    pub async fn expire_jobs(&self, limit: i64, back_ms: Option<i64>) -> Result<usize> {
        let due = self.finish(move |engine| async move { engine.store.expire_jobs(limit, back_ms).await }).await?;
        for (id, _) in due.iter().filter(|(_, cancelled)| *cancelled) {
            self.wake_job(*id);
        }
        Ok(due.len())
    }

    /// Makes a job claimable again.
    pub async fn retry_job(
        &self,
        id: JobId,
        delay_ms: i64,
        reset_attempts: bool,
        force: bool,
        asker: Asker,
    ) -> Result<Acted<Retried>> {
        let retried = self
            .act(id, Action::Retry { force }, None, asker, move |store, asker| async move {
                store.retry_job(id, delay_ms, reset_attempts, force, &asker).await
            })
            .await?;
        if let Acted::Done(Retried::Again(JobStatus { state: JobState::Available, .. }, queue)) = &retried {
            self.wake_queue(queue, 1);
        }
        Ok(retried)
    }

    /// Changes a job that waits, if it has `version` where that is given.
    pub async fn update_job(
        &self,
        id: JobId,
        update: JobUpdate,
        version: Option<i64>,
        asker: Asker,
    ) -> Result<Acted<Updated>> {
        let update = Arc::new(update);
        let updated = self
            .act(id, Action::Update, version, asker, move |store, asker| {
                let update = update.clone();
                async move { store.update_job(id, &update, version, &asker).await }
            })
            .await?;
        if let Acted::Done(Updated::Done { available_in: Some(queue) }) = &updated {
            self.wake_queue(queue, 1);
        }
        Ok(updated)
    }

    /// Deletes a final job; a waiting one, too, by `force`.
    pub async fn delete_job(&self, id: JobId, force: bool, asker: Asker) -> Result<Acted<()>> {
        let deleted = self
            .act(id, Action::Delete { force }, None, asker, move |store, asker| async move {
                let deleted = store.delete_job(id, &asker).await?
                    || (force && store.delete_waiting_job(id, &asker).await?.is_some());
                Ok(deleted.then_some(()))
            })
            .await?;
        self.wake_job(id);
        Ok(deleted)
    }

    /// Makes a queue hand out nothing.
    pub async fn pause_queue(
        &self,
        queue: QueueName,
        reason: Option<String>,
        resume_after_ms: Option<i64>,
        make: bool,
        by: By,
    ) -> Result<()> {
        self.finish_noted(move |engine| {
            let (queue, reason, by) = (queue.clone(), reason.clone(), by.clone());
            async move { engine.store.pause_queue(&queue, reason.as_deref(), resume_after_ms, make, &by).await }
        })
        .await
    }

    /// Makes a queue hand out jobs again, and wakes who waits for them.
    pub async fn resume_queue(&self, queue: QueueName, make: bool, by: By) -> Result<()> {
        let name = queue.to_string();
        self.finish_noted(move |engine| {
            let (queue, by) = (queue.clone(), by.clone());
            async move { engine.store.resume_queue(&queue, make, &by).await }
        })
        .await?;
        self.wake_queue(&name, 1);
        Ok(())
    }

    /// Resumes the queues whose pause is over; answers how many.
    pub async fn resume_due_queues(&self) -> Result<usize> {
        let resumed = self.store.resume_due_queues().await?;
        for queue in &resumed {
            self.wake_queue(queue, 1);
            self.wake_events();
        }
        Ok(resumed.len())
    }

    /// Moves jobs that are due, since `back_ms` at most, to where claims look first, and wakes
    /// who waits for them; answers how many.
    pub async fn promote(&self, limit: i64, back_ms: Option<i64>) -> Result<i64> {
        let promoted = self.store.promote(limit, back_ms).await?;
        self.wake_queues(&promoted);
        Ok(promoted.iter().map(|(_, jobs)| jobs).sum())
    }

    pub async fn purge_queue(&self, queue: QueueName, by: By) -> Result<()> {
        self.finish_noted(move |engine| {
            let (queue, by) = (queue.clone(), by.clone());
            async move { engine.store.purge_queue(&queue, &by).await }
        })
        .await
    }

    /// Stores the settings of a queue of which `version` was seen, or that was not there;
    /// `make` is a queue that they name. Whether it was made; `None` if somebody else was
    /// faster.
    pub async fn upsert_queue(
        &self,
        queue: QueueName,
        differences: serde_json::Map<String, serde_json::Value>,
        version: Option<i64>,
        make: Option<QueueName>,
        by: By,
    ) -> Result<Option<bool>> {
        self.finish_noted(move |engine| {
            let (queue, differences, make, by) = (queue.clone(), differences.clone(), make.clone(), by.clone());
            async move {
                if let Some(make) = &make {
                    engine.store.create_queues([make], &by).await?;
                }
                engine.store.upsert_queue(&queue, differences, version, &by).await
            }
        })
        .await
    }

    /// Takes a queue out of service.
    pub async fn delete_queue(
        &self,
        queue: QueueName,
        force: bool,
        version: Option<i64>,
        by: By,
    ) -> Result<Option<DeletedQueue>> {
        self.finish_noted(move |engine| {
            let (queue, by) = (queue.clone(), by.clone());
            async move { engine.store.delete_queue(&queue, force, version, &by).await }
        })
        .await
    }

    /// Notes that a worker lives; answers what an operator wants of it.
    pub async fn heartbeat_worker(&self, worker: WorkerId, beat: Heartbeat, by: By) -> Result<Directive> {
        let asked = Arc::new((beat, by));
        self.finish(move |engine| {
            let (worker, asked) = (worker.clone(), asked.clone());
            async move { engine.store.heartbeat_worker(&worker, &asked.0, &asked.1).await }
        })
        .await
    }

    /// Forgets a worker that has stopped.
    pub async fn stop_worker(&self, worker: WorkerId, by: By) -> Result<()> {
        self.finish_noted(move |engine| {
            let (worker, by) = (worker.clone(), by.clone());
            async move { engine.store.stop_worker(&worker, &by).await }
        })
        .await
    }

    /// Notes up to `limit` workers that were lost since the last look; answers how many.
    pub async fn note_lost_workers(&self, limit: i64) -> Result<i64> {
        let lost = self.store.note_lost_workers(limit).await?;
        if lost > 0 {
            self.wake_events();
        }
        Ok(lost)
    }

    /// Says what a worker should do from its next beat on. False if there is none.
    pub async fn signal_worker(
        &self,
        worker: WorkerId,
        signal: String,
        reason: Option<String>,
        by: By,
    ) -> Result<bool> {
        let asked = Arc::new((signal, reason, by));
        self.finish_noted(move |engine| {
            let (worker, asked) = (worker.clone(), asked.clone());
            async move {
                let (signal, reason, by) = &*asked;
                engine.store.signal_worker(&worker, signal, reason.as_deref(), by).await
            }
        })
        .await
    }
}

/// The line of those who wait for a job; no queue has such a name.
fn line(id: JobId) -> String {
    format!("/{id}")
}

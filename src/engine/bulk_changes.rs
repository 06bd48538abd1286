//! What a bulk operation does to one job: the same as a request about it alone.

use crate::domain::{Action, Asker, BulkAction, By, JobId, JobState, QueueName, spread_of};
use crate::store::{BulkOperation, BulkOptions, Error, JobFilter, JobUpdate, Moved, Result, Retried, Updated};

use super::{Acted, Engine};

/// Why a job was cancelled when nobody said.
const NO_REASON: &str = "cancelled";

/// What an operation does, and to which jobs.
#[derive(Debug)]
pub(super) struct Change {
    action: BulkAction,
    options: BulkOptions,
    reason: String,
    target: Option<QueueName>,
    pub(super) filter: JobFilter,
    /// The states that are meant.
    pub(super) states: Vec<JobState>,
}

/// What came of one job.
#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    /// It is in no state any more in which this can be done.
    Skipped,
    Failed(String),
    /// Nothing was tried, or the database had no time for it: another try will tell.
    Left(Option<Error>),
}

impl Change {
    /// `None` if a later version wrote what this one cannot read.
    pub(super) fn of(operation: &BulkOperation) -> Option<Self> {
        let action = BulkAction::parse(&operation.action)?;
        let filter: JobFilter = serde_json::from_str(&operation.filter).ok()?;
        let options: BulkOptions = serde_json::from_str(&operation.options).ok()?;
        let target = options.target_queue.as_deref().map(QueueName::parse).transpose().ok()?;
        Some(Self {
            action,
            reason: operation.reason.clone().unwrap_or_else(|| NO_REASON.to_owned()),
            states: action.states(filter.states.as_deref()),
            options,
            target,
            filter,
        })
    }

    fn asker(&self) -> Asker {
        Asker::Bulk(self.states.clone())
    }

    fn spread_ms(&self, id: JobId) -> i64 {
        spread_of(id, self.options.spread_ms.unwrap_or(0))
    }
}

impl Engine {
    pub(super) async fn change(&self, id: JobId, change: &Change) -> Outcome {
        let outcome = match change.action {
            BulkAction::Retry => self.retry_one(id, change).await,
            BulkAction::Cancel => {
                self.cancel_job(id, change.reason.clone(), false, change.asker()).await.map(|acted| outcome(&acted))
            }
            BulkAction::Delete => self.delete_one(id, change).await,
            BulkAction::Move => self.move_one(id, change).await,
            BulkAction::Reprioritize => {
                let update = JobUpdate { priority: change.options.priority, ..JobUpdate::default() };
                self.update_one(id, update, change).await
            }
            BulkAction::Reschedule => {
                let spread = chrono::Duration::milliseconds(change.spread_ms(id));
                let run_after = change.options.run_after.and_then(|at| at.checked_add_signed(spread));
                self.update_one(id, JobUpdate { run_after, ..JobUpdate::default() }, change).await
            }
        };
        outcome.unwrap_or_else(|error| match error {
            Error::Statement(error) => {
                tracing::error!(%id, %error, "a job of a bulk operation could not be changed");
                Outcome::Failed("a statement failed; the log of the server says more".to_owned())
            }
            // Somebody's open transaction, or a job that is too much: the others need not wait for it.
            Error::Locked | Error::Timeout => Outcome::Failed(error.to_string()),
            error => Outcome::Left(Some(error)),
        })
    }

    async fn retry_one(&self, id: JobId, change: &Change) -> Result<Outcome> {
        let force = change.states.contains(&JobState::Completed);
        Ok(match self.retry_job(id, change.spread_ms(id), true, force, change.asker()).await? {
            Acted::Done(Retried::Held(holder)) => Outcome::Failed(format!("job {holder} holds its dedup key")),
            Acted::Done(Retried::Retired(_)) => Outcome::Failed("its queue was deleted or purged".to_owned()),
            acted => outcome(&acted),
        })
    }

    async fn update_one(&self, id: JobId, update: JobUpdate, change: &Change) -> Result<Outcome> {
        Ok(match self.update_job(id, update, None, change.asker()).await? {
            Acted::Done(Updated::PayloadTooLarge { .. }) => Outcome::Failed("its payload is too large".to_owned()),
            acted => outcome(&acted),
        })
    }

    async fn delete_one(&self, id: JobId, change: &Change) -> Result<Outcome> {
        Ok(outcome(&self.delete_job(id, true, change.asker()).await?))
    }

    async fn move_one(&self, id: JobId, change: &Change) -> Result<Outcome> {
        let Some(queue) = &change.target else { return Ok(Outcome::Failed("no queue is named".to_owned())) };
        // A purge may retire the queue between making it and using it, hence the loop.
        loop {
            let to = queue.clone();
            let moved = self
                .act(id, Action::Update, None, change.asker(), move |store, asker| {
                    let to = to.clone();
                    async move { store.move_job(id, &to, &asker).await }
                })
                .await?;
            match moved {
                Acted::Done(Moved::Done { available }) => {
                    self.wake_job(id);
                    if available {
                        self.wake_queue(queue.as_str(), 1);
                    }
                    return Ok(Outcome::Done);
                }
                Acted::Done(Moved::QueueNotFound) if self.makes_queues() => {
                    self.store.create_queues([queue], &By::default()).await?;
                }
                Acted::Done(Moved::QueueNotFound) => return Ok(Outcome::Failed(format!("there is no queue {queue}"))),
                Acted::Done(Moved::NotFromHere) => return Ok(Outcome::Skipped),
                Acted::Done(Moved::PayloadTooLarge) => {
                    return Ok(Outcome::Failed(format!("its payload is too large for the queue {queue}")));
                }
                Acted::Done(Moved::QueueFull) => return Ok(Outcome::Failed(format!("the queue {queue} is full"))),
                other => return Ok(outcome(&other)),
            }
        }
    }
}

fn outcome<T>(acted: &Acted<T>) -> Outcome {
    match acted {
        Acted::Done(_) => Outcome::Done,
        Acted::Refused(_) | Acted::NotFound => Outcome::Skipped,
        Acted::Overtaken => Outcome::Failed("others change it at the same time".to_owned()),
    }
}

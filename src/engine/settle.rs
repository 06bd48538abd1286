//! Ending and extending leases.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::domain::{JobId, JobState, Outcome, WorkerId};
use crate::store::{Error, JobStatus, LeaseKey, Result, Settle, Settled};

/// What a worker is answered for one lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettleAnswer {
    /// It ended as reported; the same report again is answered the same.
    Ended(JobStatus),
    Extended {
        lease_expires_at: DateTime<Utc>,
        cancel_requested: bool,
    },
    /// The token is not, or no longer, that of the job's lease.
    Lost {
        state: JobState,
        attempt: i32,
    },
    NotFound,
    /// The lease stands as it was.
    ResultTooLarge {
        limit: i64,
        actual: i64,
    },
}

/// How often one statement after the other ends leases of the same job, for one batch.
const SAME_JOB_MAX: usize = 8;

impl Engine {
    /// Ends or extends leases, each on its own: what became of them, in the order in which
    /// they were given. When this returns it is committed.
    pub async fn settle(&self, items: Vec<Settle>) -> Result<Vec<SettleAnswer>> {
        let items = Arc::new(items);
        if let Some(lines) = self.lines_for(items.len()) {
            let plain = items.iter().all(Settle::is_plain_completion);
            let line = if plain { &lines.complete } else { &lines.settle };
            return line.pass(items).await?;
        }
        self.finish(move |engine| {
            let items = items.clone();
            async move {
                let answers = engine.settle_once(&items.iter().collect::<Vec<_>>()).await?;
                answers.into_iter().collect()
            }
        })
        .await
    }

    /// One statement for the outcomes of many requests. Those that name a job that others of
    /// them name again and again are told to come back, so that these do not keep the rest.
    pub(super) async fn settle_together(
        &self,
        requests: &[Arc<Vec<Settle>>],
    ) -> Result<Vec<Result<Vec<SettleAnswer>>>> {
        let mut times: HashMap<JobId, usize> = HashMap::new();
        let fits = requests.iter().map(|items| {
            for item in items.iter() {
                *times.entry(item.job).or_default() += 1;
            }
            items.iter().all(|item| times[&item.job] <= SAME_JOB_MAX)
        });
        let fits: Vec<bool> = fits.collect();
        let items: Vec<&Settle> =
            requests.iter().zip(&fits).filter(|(_, fits)| **fits).flat_map(|(items, _)| items.iter()).collect();
        let mut answers = self.settle_once(&items).await?.into_iter();
        let answer = |(items, fits): (&Arc<Vec<Settle>>, bool)| {
            if fits { answers.by_ref().take(items.len()).collect() } else { Err(Error::Overloaded) }
        };
        Ok(requests.iter().zip(fits).map(answer).collect())
    }

    /// An answer for each, or why there is none: what others were told is committed.
    async fn settle_once(&self, items: &[&Settle]) -> Result<Vec<Result<SettleAnswer>>> {
        // A job that is named twice is settled twice, one after the other.
        let mut rounds: Vec<Vec<usize>> = Vec::new();
        let mut times: HashMap<JobId, usize> = HashMap::new();
        for (place, item) in items.iter().enumerate() {
            let round = times.entry(item.job).or_default();
            if rounds.len() == *round {
                rounds.push(Vec::new());
            }
            rounds[*round].push(place);
            *round += 1;
        }
        let mut answers: Vec<Option<Result<SettleAnswer>>> = vec![None; items.len()];
        for (n, mut round) in rounds.into_iter().enumerate() {
            // All writers lock leases in this order.
            round.sort_by_key(|place| (items[*place].job.queue_id(), items[*place].job));
            match self.settle_round(items, &round, &mut answers).await {
                Err(error) if n > 0 => round.iter().for_each(|place| answers[*place] = Some(Err(error.clone()))),
                outcome => outcome?,
            }
        }
        Ok(answers.into_iter().map(|answer| answer.unwrap_or(Ok(SettleAnswer::NotFound))).collect())
    }

    async fn settle_round(
        &self,
        items: &[&Settle],
        round: &[usize],
        answers: &mut [Option<Result<SettleAnswer>>],
    ) -> Result<()> {
        let batch: Vec<&Settle> = round.iter().map(|place| items[*place]).collect();
        for settled in self.store.settle(&batch).await? {
            let Some(place) = round.get(settled.place()) else { continue };
            self.wake_after(&settled, items[*place].job);
            answers[*place] = Some(Ok(answer(&settled, items[*place].job)));
        }
        let lost: Vec<usize> = round.iter().copied().filter(|place| answers[*place].is_none()).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let asked: Vec<&Settle> = lost.iter().map(|place| items[*place]).collect();
        let found = match self.store.find_settled(&asked).await {
            Ok(found) => found,
            // The others are settled.
            Err(error) => {
                for place in lost {
                    answers[place] = Some(Err(error.clone()));
                }
                return Ok(());
            }
        };
        for past in found {
            let Some(place) = lost.get(past.place()) else { continue };
            let item = items[*place];
            answers[*place] = Some(Ok(if past.reported && item.outcome != Outcome::Extended {
                SettleAnswer::Ended(JobStatus {
                    id: item.job,
                    state: past.reported_state(),
                    attempt: past.attempt,
                    run_after: past.run_after,
                    finished_at: past.finished_at,
                })
            } else {
                SettleAnswer::Lost { state: past.state(), attempt: past.attempt_now }
            }));
        }
        Ok(())
    }

    fn wake_after(&self, settled: &Settled, job: JobId) {
        self.note_end(settled.state());
        match settled.state() {
            JobState::Available => self.wake_queue(&settled.queue, 1),
            JobState::Running => return,
            _ => {}
        }
        for queue in &settled.copied_to {
            self.wake_queue(queue, 1);
        }
        self.wake_job(job);
    }

    /// Takes back up to `limit` leases whose time is over, since `back_ms` at most; answers how
    /// many there were.
    pub async fn expire_leases(&self, limit: i64, back_ms: Option<i64>) -> Result<usize> {
        let over = self.store.list_over(limit, back_ms).await?;
        let items: Vec<Settle> = over.iter().map(|lease| settle(lease, Outcome::Lost)).collect();
        let found = items.len();
        if found > 0 {
            let answers = self.settle(items).await?;
            let lost = answers.iter().filter(|answer| matches!(answer, SettleAnswer::Ended(_))).count();
            tracing::info!(lost, "leases ran out");
        }
        Ok(found)
    }

    /// Gives back every lease of a worker; in one queue if it is named.
    pub async fn release_leases(&self, worker: &WorkerId, queue: Option<&crate::domain::QueueName>) -> Result<()> {
        let held = self.store.list_leases_of_worker(worker, queue).await?;
        self.settle(held.iter().map(|lease| settle(lease, Outcome::Released)).collect()).await.map(drop)
    }
}

/// The end of a lease without more to say.
pub(super) fn settle(lease: &LeaseKey, outcome: Outcome) -> Settle {
    Settle::new(lease.job, lease.token, outcome)
}

fn answer(settled: &Settled, job: JobId) -> SettleAnswer {
    if settled.refused {
        return SettleAnswer::ResultTooLarge {
            limit: settled.result_max_bytes,
            actual: settled.result_bytes.unwrap_or(0),
        };
    }
    match settled.lease_expires_at {
        Some(lease_expires_at) => {
            SettleAnswer::Extended { lease_expires_at, cancel_requested: settled.cancel_requested }
        }
        None => SettleAnswer::Ended(JobStatus {
            id: job,
            state: settled.state(),
            attempt: settled.attempt,
            run_after: settled.run_after,
            finished_at: settled.finished_at,
        }),
    }
}

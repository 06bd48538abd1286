//! Statements that move jobs whose dependencies have ended.

use sqlx::FromRow;

use super::{Effect, Result, Store, sql};

/// What there is to do for jobs that wait for others, and for batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct LinkedWork {
    /// Jobs were linked at some time.
    pub ever: bool,
    /// Jobs have ended that others wait for.
    pub ended: bool,
    /// Jobs that others wait for may have ended before that could be seen.
    pub unsure: bool,
    /// Batches may have ended.
    pub batches: bool,
}

/// What became claimable of jobs that waited for others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// Ended jobs, or as many as asked for if there is more to do.
    pub ended: i64,
    /// Queues, and how many jobs of each.
    pub available: Vec<(String, i64)>,
}

impl Store {
    /// What there is to do for jobs that wait for others, and for batches.
    pub async fn look_for_linked_work(&self) -> Result<LinkedWork> {
        let look = self.one(Effect::Read, sqlx::query_as(sql!("dependencies/look"))).await?;
        look.ok_or_else(|| super::Error::unreadable("dependencies/look"))
    }

    /// Looks at up to `limit` dependencies whose job may have ended unseen; answers how many have, and at how many it
    /// looked.
    pub async fn confirm_dependencies(&self, limit: i64) -> Result<(i64, i64)> {
        let statement = sqlx::query_as(sql!("dependencies/confirm")).bind(limit);
        Ok(self.one(Effect::Write, statement).await?.unwrap_or_default())
    }

    /// Moves the jobs that wait for up to `limit` ended ones, and at most `edges` of them.
    pub async fn resolve_dependencies(&self, limit: i64, edges: i64) -> Result<Resolved> {
        let statement = sqlx::query_as(sql!("dependencies/resolve")).bind(limit).bind(edges);
        let rows: Vec<(Option<String>, i64)> = self.all(Effect::Write, statement).await?;
        let mut resolved = Resolved::default();
        for (queue, count) in rows {
            match queue {
                Some(queue) => resolved.available.push((queue, count)),
                None => resolved.ended = count,
            }
        }
        Ok(resolved)
    }

    /// Folds what is counted of pending jobs, if it has more than `rows_max` rows; answers how many.
    pub async fn fold_pending(&self, rows_max: i64) -> Result<i64> {
        let statement = sqlx::query_as::<_, (i64,)>(sql!("dependencies/fold")).bind(rows_max);
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(folded,)| folded))
    }
}

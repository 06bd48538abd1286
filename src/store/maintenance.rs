//! Statements of the loops, and what the server asks before it serves.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Effect, Result, Store, sql};

/// What this PostgreSQL is and promises.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of PostgreSQL, which is on or off")]
pub struct Settings {
    /// As in `server_version_num`: 150018 is 15.18.
    pub version_num: i32,
    pub version: String,
    pub encoding: String,
    pub fsync: bool,
    pub full_page_writes: bool,
    pub synchronous_commit: bool,
    /// It can be read and not written: a replica, or a primary that was demoted.
    pub standby: bool,
    /// The newest migration that was applied.
    pub schema_version: i64,
    pub now: DateTime<Utc>,
}

impl Settings {
    /// How safe an acknowledged job is: `local`, or `none` if a crash may lose it.
    pub fn durability(&self) -> &'static str {
        if self.unsafe_settings().is_empty() { "local" } else { "none" }
    }

    /// The settings that would let an acknowledged job vanish in a crash.
    pub fn unsafe_settings(&self) -> Vec<&'static str> {
        [
            (self.fsync, "fsync"),
            (self.full_page_writes, "full_page_writes"),
            (self.synchronous_commit, "synchronous_commit"),
        ]
        .into_iter()
        .filter_map(|(on, name)| (!on).then_some(name))
        .collect()
    }
}

impl Store {
    /// What this PostgreSQL is and promises; also the question whether it answers at all.
    pub async fn settings(&self) -> Result<Settings> {
        let statement = sqlx::query_as(sql!("maintenance/settings"));
        match self.one(Effect::Read, statement).await? {
            Some(settings) => Ok(settings),
            None => Err(super::Error::unavailable(sqlx::Error::RowNotFound)),
        }
    }

    /// Folds up to `limit` rows of the tally into the sums; answers how many.
    pub async fn fold_tally(&self, limit: i64) -> Result<i64> {
        self.counted(sqlx::query_as(sql!("maintenance/fold_tally")).bind(limit)).await
    }

    /// Cancels up to `limit` waiting and as many delayed jobs under a purged queue id, and
    /// sets up to `limit` of its keys free; answers how many jobs and keys that were.
    pub async fn purge_retired(&self, limit: i64) -> Result<i64> {
        let statement = sqlx::query_as::<_, (i64, i64)>(sql!("maintenance/purge_retired")).bind(limit);
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(cancelled, freed)| cancelled + freed))
    }

    /// Moves up to `limit` jobs that are due, since `back_ms` at most, to where claims look
    /// first; answers the queues they are in and how many jobs of each.
    pub async fn promote(&self, limit: i64, back_ms: Option<i64>) -> Result<Vec<(String, i64)>> {
        self.all(Effect::Write, sqlx::query_as(sql!("maintenance/promote")).bind(limit).bind(back_ms)).await
    }

    /// How long until the next delayed job or retry is due, if there is one.
    pub async fn next_due(&self) -> Result<Option<std::time::Duration>> {
        let statement = sqlx::query_as::<_, (i64,)>(sql!("maintenance/next_due"));
        let next = self.one(Effect::Read, statement).await?;
        Ok(next.map(|(ms,)| std::time::Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
    }

    /// Writes a table through which every job passes anew, if it holds at most `rows_max` rows
    /// in at least `bytes_min`: what else is there only an old snapshot can see. Not while
    /// somebody else's transaction is younger than `young_ms`. Whether it did.
    pub async fn compact(&self, table: &str, bytes_min: i64, rows_max: i32, young_ms: i64) -> Result<bool> {
        let statement = sqlx::query_as::<_, (bool,)>(sql!("maintenance/compact"));
        let statement = statement.bind(table).bind(bytes_min).bind(rows_max).bind(young_ms);
        Ok(self.one(Effect::Write, statement).await?.is_some_and(|(compacted,)| compacted))
    }

    /// Deletes up to `limit` rows of each kind that have had their time; answers how many.
    pub async fn forget(&self, limit: i64) -> Result<i64> {
        self.counted(sqlx::query_as(sql!("maintenance/forget")).bind(limit)).await
    }

    /// Folds up to `limit` failures into the errors of each hour; answers how many.
    pub async fn fold_failures(&self, limit: i64) -> Result<i64> {
        self.counted(sqlx::query_as(sql!("maintenance/fold_failures")).bind(limit)).await
    }

    /// Notes how deep the queues are that hold something; answers how many.
    pub async fn sample_depth(&self) -> Result<i64> {
        self.counted(sqlx::query_as(sql!("maintenance/sample_depth"))).await
    }

    /// Takes a chore that servers share, if none took it for `interval`. Whether it is ours.
    pub async fn begin_chore(&self, name: &str, interval: std::time::Duration) -> Result<bool> {
        let ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX);
        let statement = sqlx::query_as::<_, (DateTime<Utc>,)>(sql!("maintenance/begin_chore")).bind(name).bind(ms);
        Ok(self.one(Effect::Write, statement).await?.is_some())
    }

    /// Gives a chore back that failed.
    pub async fn give_up_chore(&self, name: &str) -> Result<()> {
        self.run(sqlx::query_as(sql!("maintenance/give_up_chore")).bind(name)).await
    }

    /// Deletes up to `limit` final jobs that their queue keeps no longer, and that do not go with
    /// their day; answers how many.
    pub async fn retain(&self, limit: i64) -> Result<i64> {
        self.counted(sqlx::query_as(sql!("maintenance/retain")).bind(limit)).await
    }

    /// Takes one day whose time is over out of its table; answers its name.
    pub async fn retire_partition(&self) -> Result<Option<String>> {
        let statement = sqlx::query_as::<_, (Option<String>,)>(sql!("maintenance/retire_partition"));
        Ok(self.chore(statement).await?.and_then(|(name,)| name))
    }

    /// Drops the days that were taken out of their tables; answers how many.
    pub async fn drop_retired(&self) -> Result<i32> {
        let statement = sqlx::query_as::<_, (i32,)>(sql!("maintenance/drop_retired"));
        Ok(self.chore(statement).await?.map_or(0, |(dropped,)| dropped))
    }

    /// Deletes what jobs left behind that outlived their day; answers how many.
    pub async fn sweep_jobs(&self) -> Result<i64> {
        let statement = sqlx::query_as::<_, (i64,)>(sql!("maintenance/sweep_jobs"));
        Ok(self.chore(statement).await?.map_or(0, |(swept,)| swept))
    }

    /// Lets the purge look again at retired queues that hold jobs which came later; answers how many.
    pub async fn reopen_retired(&self) -> Result<i64> {
        let statement = sqlx::query_as::<_, (i64,)>(sql!("maintenance/reopen_retired"));
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(reopened,)| reopened))
    }

    /// Counts values for the planner, in the tables that are partitioned.
    pub async fn analyze_history(&self) -> Result<()> {
        let statement = sqlx::query_as::<_, (String,)>(sql!("maintenance/analyze_history"));
        self.chore(statement).await.map(drop)
    }

    /// A key that all servers share.
    pub async fn secret(&self, name: &str) -> Result<Vec<u8>> {
        let statement = sqlx::query_as::<_, (Vec<u8>,)>(sql!("maintenance/secret")).bind(name);
        let row = self.one(Effect::Read, statement).await?;
        row.map(|(value,)| value).ok_or_else(|| super::Error::unreadable("maintenance/secret"))
    }

    /// What time it is.
    pub async fn now(&self) -> Result<DateTime<Utc>> {
        let row = self.one(Effect::Read, sqlx::query_as::<_, (DateTime<Utc>,)>(sql!("maintenance/now"))).await?;
        row.map(|(now,)| now).ok_or_else(|| super::Error::unreadable("maintenance/now"))
    }

    /// Makes the partitions of today and of `ahead` days after it; answers how many.
    pub async fn make_partitions(&self, ahead: i32) -> Result<i32> {
        let statement = sqlx::query_as::<_, (i32,)>(sql!("maintenance/make_partitions")).bind(ahead);
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(made,)| made))
    }

    async fn counted(
        &self,
        statement: sqlx::query::QueryAs<'_, sqlx::Postgres, (i64,), sqlx::postgres::PgArguments>,
    ) -> Result<i64> {
        Ok(self.one(Effect::Write, statement).await?.map_or(0, |(count,)| count))
    }
}

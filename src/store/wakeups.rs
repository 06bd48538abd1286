//! Telling other servers that jobs came, and hearing it from them.

use sqlx::postgres::PgListener;

use super::{Effect, Error, Result, Store, sql};

/// The channel that all servers listen on.
const CHANNEL: &str = "presque_jobs";

/// What other servers say, on a connection of its own. It connects again by itself; what was
/// said meanwhile is lost, so whoever waits also looks from time to time.
#[derive(Debug)]
pub struct Wakeups(PgListener);

impl Wakeups {
    /// The next queue that jobs came into; `None` when the connection was lost and made
    /// anew, so that something may have been missed.
    pub async fn next(&mut self) -> Result<Option<String>> {
        let heard = self.0.try_recv().await.map_err(Error::Unavailable)?;
        Ok(heard.map(|notification| notification.payload().to_owned()))
    }
}

impl Store {
    /// Begins to listen.
    pub async fn listen(&self) -> Result<Wakeups> {
        let mut listener = PgListener::connect_with(&self.listening).await.map_err(Error::Unavailable)?;
        listener.listen(CHANNEL).await.map_err(Error::Unavailable)?;
        Ok(Wakeups(listener))
    }

    /// Tells every server that jobs came into these queues.
    pub async fn notify(&self, queues: &[String]) -> Result<()> {
        let statement = sqlx::query_as::<_, Notified>(sql!("wakeups/notify")).bind(queues);
        self.all(Effect::Read, statement).await.map(drop)
    }
}

/// What `pg_notify` answers.
#[derive(sqlx::FromRow)]
struct Notified {}

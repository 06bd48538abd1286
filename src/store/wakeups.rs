//! Telling other servers that jobs came, and hearing it from them.

use sqlx::postgres::PgListener;

use super::{Effect, Error, Result, Store, sql};

/// The channel that all servers listen on.
const CHANNEL: &str = "presque_jobs";

/// What other servers say, on a connection of its own. It connects again by itself; what was
/// said meanwhile is lost, so whoever waits also looks from time to time.
#[derive(Debug)]
pub struct Wakeups {
    listener: PgListener,
    /// What its own server says begins with this.
    own: String,
}

impl Wakeups {
    /// The next queue that jobs came into; `None` when the connection was lost and made
    /// anew, so that something may have been missed.
    pub async fn next(&mut self) -> Result<Option<String>> {
        loop {
            let Some(heard) = self.listener.try_recv().await.map_err(Error::unavailable)? else { return Ok(None) };
            if let Some((server, queue)) = heard.payload().split_once(' ')
                && server != self.own
            {
                return Ok(Some(queue.to_owned()));
            }
        }
    }
}

impl Store {
    /// Begins to listen.
    pub async fn listen(&self) -> Result<Wakeups> {
        let mut listener = PgListener::connect_with(&self.listening).await.map_err(Error::unavailable)?;
        listener.listen(CHANNEL).await.map_err(Error::unavailable)?;
        Ok(Wakeups { listener, own: self.id.to_string() })
    }

    /// Tells every other server that jobs came into these queues.
    pub async fn notify(&self, queues: &[String]) -> Result<()> {
        let statement = sqlx::query_as::<_, Notified>(sql!("wakeups/notify")).bind(queues).bind(self.id.to_string());
        self.all(Effect::Read, statement).await.map(drop)
    }
}

/// What `pg_notify` answers.
#[derive(sqlx::FromRow)]
struct Notified {}

//! Statements about the audit log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Effect, Result, Store, sql};

/// Events that one statement looks at, where not all are wanted: what takes some milliseconds.
const LOOK: i64 = 5_000;

/// A place in the log: after this event. Readers keep it, and it tells them nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPlace {
    xid: String,
    id: i64,
    /// When that event was.
    #[serde(default)]
    at: Option<DateTime<Utc>>,
}

impl Default for EventPlace {
    /// Before the first one.
    fn default() -> Self {
        Self { xid: "0".to_owned(), id: 0, at: None }
    }
}

/// Something that was changed.
#[derive(Debug, Clone, FromRow)]
pub struct Event {
    xid: String,
    pub id: i64,
    pub at: DateTime<Utc>,
    /// Its type, as readers know it.
    pub kind: String,
    pub subject: String,
    /// An object, as JSON: who asked, and what else is known.
    pub data: String,
    wanted: bool,
    looked: i64,
}

/// Some events.
#[derive(Debug, Clone)]
pub struct Events {
    pub events: Vec<Event>,
    /// Where to go on from.
    pub place: EventPlace,
    /// Whether there may be more already.
    pub more: bool,
}

impl Store {
    /// Events after a place, oldest first, up to `limit` of those of these types, or of all:
    /// patterns in which `*` stands for anything. Who goes on from the place that is answered
    /// misses none.
    pub async fn list_events(&self, after: &EventPlace, types: Option<&[String]>, limit: i64) -> Result<Events> {
        let patterns: Option<Vec<String>> = types.map(|types| types.iter().map(|text| like(text)).collect());
        let look = if patterns.is_some() { LOOK } else { limit };
        let statement = sqlx::query_as::<_, Event>(sql!("events/list"))
            .bind(&after.xid)
            .bind(after.id)
            .bind(patterns)
            .bind(limit)
            .bind(look)
            .bind(after.at);
        let mut events = self.all(Effect::Read, statement).await?;
        let place = events.last().map(|last| EventPlace { xid: last.xid.clone(), id: last.id, at: Some(last.at) });
        let more = events.first().is_some_and(|first| first.looked >= look);
        events.retain(|event| event.wanted);
        Ok(Events { events, place: place.unwrap_or_else(|| after.clone()), more })
    }
}

/// A pattern of LIKE for one in which `*` stands for anything.
fn like(pattern: &str) -> String {
    pattern.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_").replace('*', "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_star_stands_for_anything() {
        assert_eq!(like("presque.job.*"), "presque.job.%");
        assert_eq!(like(r"a_b%c\*"), r"a\_b\%c\\%");
    }
}

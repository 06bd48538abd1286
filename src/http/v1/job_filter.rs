//! Which jobs: the filters of lists, exports and bulk operations, read from query parameters or from a body by the
//! same rules.

use chrono::{DateTime, Duration, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields::Fields;
use super::hint::closest;
use super::params::Params;
use crate::domain::JobState;
use crate::http::App;
use crate::http::problem::Error;
use crate::store;

/// How far back a search by payload or text goes when nobody says.
const SEARCHED_DAYS: i64 = 7;

/// The longest document that payloads are searched for.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024;

/// Which jobs: all of what is there must hold; of several values of one, any (of `tag`: all). The filters of `list_jobs`.
#[derive(Debug, ToSchema)]
#[schema(example = json!({"state": ["discarded"], "queue": ["mail"], "error_class": "TimeoutError"}))]
#[expect(dead_code, reason = "read by `job_filter`, written as it is stored")]
pub(super) struct JobFilter {
    /// These jobs: up to 500.
    id: Option<Vec<Uuid>>,
    /// In these queues.
    queue: Option<Vec<String>>,
    /// Of these kinds.
    kind: Option<Vec<String>>,
    /// In these states.
    state: Option<Vec<JobState>>,
    /// With all of these tags.
    tag: Option<Vec<String>>,
    /// Of this schedule.
    schedule_id: Option<String>,
    /// Of this batch.
    batch_id: Option<Uuid>,
    /// Held, or last worked on, by this worker.
    worker_id: Option<String>,
    /// Whose latest failure is of this class.
    error_class: Option<String>,
    /// Whose latest failure has this fingerprint.
    error_fingerprint: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    created_after: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    created_before: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_after: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_before: Option<String>,
    /// JSON that the payload contains; of the last 7 days unless `created_after` says otherwise.
    #[schema(value_type = Option<serde_json::Value>)]
    payload: Option<serde_json::Value>,
    /// Text in the error message; of the last 7 days unless `created_after` says otherwise.
    q: Option<String>,
}

/// Where filters are read from.
pub(super) trait Filters {
    fn ids(&self, name: &'static str) -> Option<Vec<Uuid>>;
    fn id_of(&self, name: &'static str) -> Option<Uuid>;
    fn states(&self, name: &'static str) -> Option<Vec<JobState>>;
    /// Each of up to `max` characters, up to 100 of them.
    fn names(&self, name: &'static str, max: usize) -> Option<Vec<String>>;
    fn name(&self, name: &'static str, max: usize) -> Option<String>;
    fn moment(&self, name: &'static str) -> Option<DateTime<Utc>>;
    /// JSON that `jsonb` has a form for.
    fn document(&self, name: &'static str) -> Option<serde_json::Value>;
}

impl Filters for Params {
    fn ids(&self, name: &'static str) -> Option<Vec<Uuid>> {
        self.uuids(name)
    }

    fn id_of(&self, name: &'static str) -> Option<Uuid> {
        self.uuid(name)
    }

    fn states(&self, name: &'static str) -> Option<Vec<JobState>> {
        let states: Vec<(&str, JobState)> = JobState::ALL.into_iter().map(|state| (state.as_str(), state)).collect();
        self.choices(name, &states)
    }

    fn names(&self, name: &'static str, max: usize) -> Option<Vec<String>> {
        self.texts(name, max)
    }

    fn name(&self, name: &'static str, max: usize) -> Option<String> {
        self.text(name, max)
    }

    fn moment(&self, name: &'static str) -> Option<DateTime<Utc>> {
        self.time(name)
    }

    fn document(&self, name: &'static str) -> Option<serde_json::Value> {
        self.json(name)
    }
}

impl Filters for Fields<'_> {
    fn ids(&self, name: &'static str) -> Option<Vec<Uuid>> {
        self.uuids(name, 1..=500)
    }

    fn id_of(&self, name: &'static str) -> Option<Uuid> {
        self.uuid(name)
    }

    fn states(&self, name: &'static str) -> Option<Vec<JobState>> {
        let names = JobState::ALL.map(JobState::as_str);
        let read = |(n, text): (usize, String)| {
            let state = JobState::parse(&text);
            if state.is_none() {
                let hint = closest(&text, &names).map_or(String::new(), |near| format!("; did you mean {near}?"));
                self.fault_at(name, n, "enum", format!("one of {}{hint}", names.join(", ")));
            }
            state
        };
        Some(self.texts(name, 1..=100, 64)?.into_iter().enumerate().filter_map(read).collect())
    }

    fn names(&self, name: &'static str, max: usize) -> Option<Vec<String>> {
        self.texts(name, 1..=100, max)
    }

    fn name(&self, name: &'static str, max: usize) -> Option<String> {
        self.filled(name, max)
    }

    fn moment(&self, name: &'static str) -> Option<DateTime<Utc>> {
        self.time(name)
    }

    fn document(&self, name: &'static str) -> Option<serde_json::Value> {
        let raw = self.find(name)?.get();
        if raw.len() > DOCUMENT_BYTES_MAX {
            self.fault(name, "max", format!("at most {DOCUMENT_BYTES_MAX} bytes"));
            return None;
        }
        match serde_json::from_str(raw) {
            Ok(value) if !raw.contains("\\u0000") => Some(value),
            Ok(_) => {
                self.fault(name, "encoding", "NUL cannot be searched for");
                None
            }
            // It is JSON, as all of the body: nested too deep, or a number that is too large.
            Err(error) => {
                self.fault(name, "depth", format!("it cannot be searched for: {error}"));
                None
            }
        }
    }
}

/// The filters that a request names.
pub(super) fn job_filter(from: &impl Filters) -> store::JobFilter {
    store::JobFilter {
        ids: from.ids("id"),
        queues: from.names("queue", 128),
        kinds: from.names("kind", 128),
        states: from.states("state"),
        tags: from.names("tag", 64),
        schedule: from.name("schedule_id", 128),
        batch: from.id_of("batch_id"),
        worker: from.name("worker_id", 256),
        error_class: from.name("error_class", 256),
        error_fingerprint: from.name("error_fingerprint", 64),
        created_after: from.moment("created_after"),
        created_before: from.moment("created_before"),
        finished_after: from.moment("finished_after"),
        finished_before: from.moment("finished_before"),
        payload: from.document("payload"),
        q: from.name("q", 256),
    }
}

/// Bounds a search by payload or text that says nothing of the time.
pub(super) async fn look_back(app: &App, filter: &mut store::JobFilter) -> Result<(), Error> {
    if (filter.payload.is_some() || filter.q.is_some()) && filter.created_after.is_none() {
        filter.created_after = Some(app.store.now().await? - Duration::days(SEARCHED_DAYS));
    }
    Ok(())
}

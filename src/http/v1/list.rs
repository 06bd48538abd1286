//! Listing jobs, with filters and cursors.

use axum::extract::{OriginalUri, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::job::{Answer, Job, large_json};
use super::job_filter::{job_filter, look_back};
use super::jobs::included;
use super::paging::{Wanted, linked};
use super::params::Params;
use crate::domain::JobState;
use crate::http::App;
use crate::http::problem::Problem;
use crate::store::{JobPlace, JobSort};

/// The most jobs of a page that shows payloads or results: they may be large.
const WITH_CONTENT_MAX: i64 = 50;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_jobs))
}

/// Which jobs; what is absent filters nothing.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by `job_filter`")]
pub(super) struct JobFilterParams {
    /// These jobs
    id: Option<Vec<Uuid>>,
    /// In these queues
    queue: Option<Vec<String>>,
    /// Of these kinds
    kind: Option<Vec<String>>,
    /// In these states
    state: Option<Vec<JobState>>,
    /// With all of these tags
    tag: Option<Vec<String>>,
    /// Of this schedule; a page looks at 1,000 of its jobs
    schedule_id: Option<String>,
    /// Of this batch; a page looks at 1,000 of its jobs
    batch_id: Option<Uuid>,
    /// Held, or last worked on, by this worker
    worker_id: Option<String>,
    /// Whose latest failure is of this class
    error_class: Option<String>,
    /// Whose latest failure has this fingerprint
    error_fingerprint: Option<String>,
    /// Enqueued after this moment
    created_after: Option<chrono::DateTime<chrono::Utc>>,
    /// Enqueued before this moment
    created_before: Option<chrono::DateTime<chrono::Utc>>,
    /// Finished after this moment
    finished_after: Option<chrono::DateTime<chrono::Utc>>,
    /// Finished before this moment
    finished_before: Option<chrono::DateTime<chrono::Utc>>,
    /// JSON that the payload contains; looks at the last 7 days unless `created_after` says otherwise
    payload: Option<String>,
    /// Text in the error message; looks at the last 7 days unless `created_after` says otherwise
    q: Option<String>,
}

/// Some jobs.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [], "truncated": false}))]
pub(super) struct JobPage {
    data: Vec<Job>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// A search by `payload` or `q` stopped before it had looked at everything.
    truncated: bool,
}

/// A place in a list, as a cursor carries it.
#[derive(Serialize, Deserialize)]
struct Place {
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    sort_key: Option<String>,
    #[serde(rename = "i")]
    id: Uuid,
}

/// List jobs
///
/// Filters are combined: all of them must hold; of several values of one, any (of `tag`:
/// all). Pages neither lose nor repeat a job that was there throughout, whatever is written
/// meanwhile. There are no totals: a queue's counts are in `get_queue`.
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs",
    params(
        JobFilterParams,
        ("sort" = Option<String>, Query, description = "-created_at (if absent), created_at, run_after or -finished_at (finished jobs only)"),
        ("include" = Option<Vec<String>>, Query, description = "payload, result; pages of at most 50 then"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses(
        (status = 200, description = "Some jobs", body = JobPage, headers(("Link" = String, description = "The next page"))),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_jobs(State(app): State<App>, OriginalUri(uri): OriginalUri, params: Params) -> Answer {
    let sorts: Vec<(&str, JobSort)> = JobSort::ALL.into_iter().map(|sort| (sort.as_str(), sort)).collect();
    let mut filter = job_filter(&params);
    let sort = params.choice("sort", &sorts).unwrap_or(JobSort::Newest);
    let included = included(&params);
    let mut page = Wanted::read(&params);
    params.finish()?;
    if included != (false, false) {
        page.limit = page.limit.min(WITH_CONTENT_MAX);
    }
    let (pages, place) = page.open::<Place>(&app, "list_jobs", &(&filter, sort)).await?;
    let place = place.map(|place| JobPlace { sort_key: place.sort_key, id: place.id });
    look_back(&app, &mut filter).await?;
    let mut list = app.store.list_jobs(&filter, sort, place.as_ref(), pages.ask(), included).await?;
    let next_cursor = pages
        .next(&mut list.jobs, list.as_of, |(place, _)| Place { sort_key: place.sort_key.clone(), id: place.id })?;
    let data = list.jobs.into_iter().map(|(_, job)| Job::from(job)).collect();
    let page = JobPage { data, next_cursor, truncated: list.truncated };
    Ok(linked(large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref()))
}

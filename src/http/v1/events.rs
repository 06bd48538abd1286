//! The audit log, as events that programs follow.

use axum::extract::{OriginalUri, State};
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::cursor::{Cursors, check_age};
use super::job::{Answer, RawJson, Time, large_json};
use super::paging::linked_by;
use super::params::Params;
use super::request::{Client, Patience};
use crate::http::App;
use crate::http::problem::Problem;
use crate::store;

/// The longest pattern of types, in characters.
const TYPE_MAX: usize = 128;

/// How long a place in the log is taken: as long as events are kept.
const VALID_SECONDS: i64 = 90 * 24 * 60 * 60;

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::default().routes(routes!(list_events))
}

/// Something that was changed, in the form of `CloudEvents` 1.0.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "specversion": "1.0", "id": "4711", "source": "presque", "type": "presque.queue.paused", "subject": "queue/mail",
    "time": "2026-11-23T04:52:52.123456Z", "datacontenttype": "application/json",
    "data": {"request_id": "5f0c6f2e", "ip": "192.0.2.7", "reason": "smtp is down"}
}))]
struct Event {
    #[schema(value_type = String)]
    specversion: &'static str,
    /// Unique among the events of this presque.
    id: String,
    #[schema(value_type = String)]
    source: &'static str,
    /// What was done, like `presque.queue.paused`. There may be more in later versions.
    #[serde(rename = "type")]
    kind: String,
    /// What it was done to: `queue/<name>`, `schedule/<id>`, `worker/<id>`, `job/<id>` or
    /// `bulk/<id>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    datacontenttype: Option<&'static str>,
    /// An object: `actor`, `request_id` and `ip` of who asked, those that are known, and more that
    /// the type tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    data: Option<RawJson>,
}

impl Event {
    fn of(event: store::Event) -> Self {
        Self {
            specversion: "1.0",
            id: event.id.to_string(),
            source: "presque",
            kind: event.kind,
            subject: Some(event.subject),
            time: Time(event.at),
            datacontenttype: Some("application/json"),
            data: RawJson::of(event.data),
        }
    }
}

/// Some events, oldest first.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [], "next_cursor": "eyJhdCI6MTc5NTQwOTU3Mn0"}))]
struct EventPage {
    data: Vec<Event>,
    /// What to give as `after` next; also on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List events
///
/// What people and programs changed, oldest first, kept for 90 days. Go on with `after` from
/// `next_cursor`, which is there on every page: nothing is missed. With `wait_ms` the answer comes
/// as soon as something happens. A page may be short, or empty, though more follows, if the types
/// are rare.
#[utoipa::path(
    get, path = "/v1/events", tag = "events",
    params(
        ("type" = Option<Vec<String>>, Query, description = "Only these types; `*` stands for anything: `presque.job.*`"),
        ("after" = Option<String>, Query, description = "`next_cursor` of the page before; from the oldest that is kept, if absent"),
        ("wait_ms" = Option<i64>, Query, description = "How long to wait for one, up to 30000"),
        ("limit" = Option<i64>, Query, description = "How many at most (50 if absent, up to 500)"),
    ),
    responses(
        (status = 200, description = "Some events", body = EventPage),
        (status = 400, description = "`invalid_cursor` or `invalid_request`", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn list_events(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    params: Params,
    headers: HeaderMap,
    client: Client,
) -> Answer {
    let types = params.texts("type", TYPE_MAX);
    let after = params.text("after", 1024);
    let patience = Patience::read(&params, &headers);
    let limit = params.int("limit", 1..=500).unwrap_or(50);
    params.finish()?;
    let cursors = Cursors::new(app.cursor_key().await?, "list_events", &types);
    let (place, made_at): (store::EventPlace, _) = match after {
        None => (store::EventPlace::default(), None),
        Some(cursor) => cursors.read(&cursor).map(|(place, at)| (place, Some(at)))?,
    };
    let now = app.store.now().await?;
    check_age(made_at, now, VALID_SECONDS)?;
    let (types, draining) = (types.as_deref(), app.lifecycle.draining());
    let found = tokio::select! {
        found = app.engine.wait_for_events(place.clone(), types, limit, patience.wait, &draining) => found?,
        // Nobody listens any more; whoever still does gets what there is.
        () = client.left() => app.store.list_events(&place, types, limit).await?,
    };
    let next_cursor = Some(cursors.write(found.place, now));
    let page = EventPage { data: found.events.into_iter().map(Event::of).collect(), next_cursor };
    let response = linked_by("after", large_json(&app.answers, &page)?, &uri, page.next_cursor.as_deref());
    Ok(patience.applied(response))
}

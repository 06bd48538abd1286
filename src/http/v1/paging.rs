//! The pages of a list: where one begins, where the next one does, and the `Link` to it.

use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cursor::{Cursors, VALID_SECONDS, check_age};
use super::params::Params;
use crate::http::App;
use crate::http::problem::Error;

/// What a request says of the page it wants: its parameters `limit` and `cursor`.
pub(super) struct Wanted {
    /// How many at most.
    pub(super) limit: i64,
    cursor: Option<String>,
}

impl Wanted {
    pub(super) fn read(params: &Params) -> Self {
        Self { limit: params.int("limit", 1..=500).unwrap_or(50), cursor: params.text("cursor", 1024) }
    }

    /// The list that is paged, and the place in it where this page begins.
    pub(super) async fn open<T: DeserializeOwned>(
        self,
        app: &App,
        operation: &str,
        filters: &impl std::fmt::Debug,
    ) -> Result<(Pages, Option<T>), Error> {
        let cursors = Cursors::new(app.cursor_key().await?, operation, filters);
        let (place, made_at) = match self.cursor {
            None => (None, None),
            Some(cursor) => cursors.read(&cursor).map(|(place, at)| (Some(place), Some(at)))?,
        };
        Ok((Pages { cursors, made_at, limit: self.limit }, place))
    }
}

/// A list that is being paged.
pub(super) struct Pages {
    cursors: Cursors,
    made_at: Option<i64>,
    limit: i64,
}

impl Pages {
    /// How many rows to ask for: one more than the page has tells whether there is a next one.
    pub(super) fn ask(&self) -> i64 {
        self.limit + 1
    }

    /// The same with a page of no more rows than these.
    #[must_use]
    pub(super) fn of_at_most(mut self, rows: usize) -> Self {
        self.limit = self.limit.min(i64::try_from(rows).unwrap_or(i64::MAX));
        self
    }

    /// Cuts what was found to the page, and says where the next one begins.
    pub(super) fn next<R, T: Serialize>(
        &self,
        rows: &mut Vec<R>,
        now: DateTime<Utc>,
        place: impl FnOnce(&R) -> T,
    ) -> Result<Option<String>, Error> {
        check_age(self.made_at, now, VALID_SECONDS)?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return Ok(None);
        }
        rows.truncate(limit);
        Ok(rows.last().map(|last| self.cursors.write(place(last), now)))
    }
}

/// With a `Link` to the next page, if there is one.
pub(super) fn linked(response: Response, uri: &Uri, next: Option<&str>) -> Response {
    linked_by("cursor", response, uri, next)
}

/// As [`linked`], where this parameter says where a page begins.
pub(super) fn linked_by(parameter: &str, mut response: Response, uri: &Uri, next: Option<&str>) -> Response {
    let Some(next) = next else { return response };
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    let query = uri.query().unwrap_or_default().as_bytes();
    for (name, value) in form_urlencoded::parse(query).filter(|(name, _)| name != parameter) {
        pairs.append_pair(&name, &value);
    }
    pairs.append_pair(parameter, next);
    if let Ok(link) = HeaderValue::from_str(&format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.finish())) {
        response.headers_mut().insert("link", link);
    }
    response
}

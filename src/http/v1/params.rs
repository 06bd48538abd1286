//! Reading query parameters: each by its name and its rules, unknown ones refused.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};

use super::hint::closest;
use super::texts::{AN_ID, integer, parse_time, parse_uuid};
use crate::http::problem::{Error, FieldError};

/// The parameters of a request, as they are being read.
#[derive(Debug, Default)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    asked: RefCell<Vec<&'static str>>,
    /// Wrong in form, which is 400, and wrong in value, which is 422.
    malformed: RefCell<Vec<FieldError>>,
    invalid: RefCell<Vec<FieldError>>,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if let Some((name, _)) = pairs.iter().find(|(_, value)| value.contains('\0') || value.contains('\u{FFFD}')) {
            return Err(Error::invalid(format!("the parameter {name:?} holds what is no text")));
        }
        Ok(Self { pairs, ..Self::default() })
    }
}

impl Params {
    fn malformed(&self, name: &str, code: &'static str, message: impl Into<String>) {
        self.malformed.borrow_mut().push(FieldError { pointer: format!("?{name}"), code, message: message.into() });
    }

    fn invalid(&self, name: &str, code: &'static str, message: impl Into<String>) {
        self.invalid.borrow_mut().push(FieldError { pointer: format!("?{name}"), code, message: message.into() });
    }

    /// Every value of a parameter that may be repeated.
    fn values(&self, name: &'static str) -> Vec<&str> {
        self.asked.borrow_mut().push(name);
        self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    fn one(&self, name: &'static str) -> Option<&str> {
        let values = self.values(name);
        if values.len() > 1 {
            self.malformed(name, "conflict", "it is given more than once");
        }
        values.first().copied()
    }

    pub(super) fn text(&self, name: &'static str, max: usize) -> Option<String> {
        let text = self.one(name)?;
        if text.is_empty() || text.chars().count() > max {
            self.invalid(name, if text.is_empty() { "min" } else { "max" }, format!("1 to {max} characters"));
            return None;
        }
        Some(text.to_owned())
    }

    /// All values, or `None` if there is none.
    pub(super) fn texts(&self, name: &'static str, max: usize) -> Option<Vec<String>> {
        let values = self.values(name);
        if values.iter().any(|text| text.is_empty()) {
            self.invalid(name, "min", format!("each 1 to {max} characters"));
        } else if values.iter().any(|text| text.chars().count() > max) {
            self.invalid(name, "max", format!("each 1 to {max} characters"));
        }
        if values.len() > 100 {
            self.invalid(name, "max", "at most 100 values");
        }
        (!values.is_empty()).then(|| values.into_iter().map(ToOwned::to_owned).collect())
    }

    pub(super) fn uuids(&self, name: &'static str) -> Option<Vec<uuid::Uuid>> {
        let values = self.values(name);
        let ids: Vec<_> = values.iter().filter_map(|text| parse_uuid(text)).collect();
        if ids.len() < values.len() {
            self.malformed(name, "type", AN_ID);
        }
        if values.len() > 500 {
            self.invalid(name, "max", "at most 500 values");
        }
        (!values.is_empty()).then_some(ids)
    }

    pub(super) fn uuid(&self, name: &'static str) -> Option<uuid::Uuid> {
        let id = parse_uuid(self.one(name)?);
        if id.is_none() {
            self.malformed(name, "type", AN_ID);
        }
        id
    }

    pub(super) fn int(&self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(number) = integer(self.one(name)?) else {
            self.malformed(name, "type", "a whole number is expected");
            return None;
        };
        if !range.contains(&number) {
            let code = if number < *range.start() { "min" } else { "max" };
            self.invalid(name, code, format!("from {} to {}", range.start(), range.end()));
            return None;
        }
        Some(number)
    }

    pub(super) fn bool(&self, name: &'static str) -> Option<bool> {
        let value = self.one(name)?.parse().ok();
        if value.is_none() {
            self.malformed(name, "type", "true or false is expected");
        }
        value
    }

    pub(super) fn time(&self, name: &'static str) -> Option<DateTime<Utc>> {
        let time = parse_time(self.one(name)?);
        if time.is_none() {
            self.malformed(name, "pattern", "a time like 2026-11-23T04:52:52Z, with an offset, from 1970 to 9999");
        }
        time
    }

    /// One of these texts; which one.
    pub(super) fn choice<T: Copy>(&self, name: &'static str, known: &[(&str, T)]) -> Option<T> {
        let text = self.one(name)?;
        self.known(name, text, known)
    }

    /// Some of these texts, or `None` if there is none.
    pub(super) fn choices<T: Copy>(&self, name: &'static str, known: &[(&str, T)]) -> Option<Vec<T>> {
        let values = self.values(name);
        if values.is_empty() {
            return None;
        }
        Some(values.into_iter().filter_map(|text| self.known(name, text, known)).collect())
    }

    fn known<T: Copy>(&self, name: &str, text: &str, known: &[(&str, T)]) -> Option<T> {
        let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let hint = closest(text, &names).map_or(String::new(), |near| format!("; did you mean {near}?"));
            self.invalid(name, "enum", format!("one of {}{hint}", names.join(", ")));
        }
        found
    }

    /// A JSON document that `jsonb` has a form for.
    pub(super) fn json(&self, name: &'static str) -> Option<serde_json::Value> {
        let text = self.one(name)?;
        let value = serde_json::from_str::<serde_json::Value>(text).ok();
        match value {
            Some(value) if !text.contains("\\u0000") => Some(value),
            Some(_) => {
                self.invalid(name, "encoding", "NUL cannot be searched for");
                None
            }
            None => {
                self.malformed(name, "type", "JSON is expected");
                None
            }
        }
    }

    /// Refuses parameters that nobody asked for, and what was wrong.
    pub(super) fn finish(self) -> Result<(), Error> {
        let asked = self.asked.borrow();
        for (name, _) in self.pairs.iter().filter(|(name, _)| !asked.contains(&name.as_str())) {
            let hint = closest(name, &asked).map_or(String::new(), |near| format!("; did you mean {near}?"));
            self.malformed(name, "unknown", format!("there is no such parameter{hint}"));
        }
        let (malformed, invalid) = (self.malformed.take(), self.invalid.take());
        match (malformed.is_empty(), invalid.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::ValidationFailed(invalid)),
            (false, _) => {
                let detail = malformed
                    .iter()
                    .map(|error| format!("{}: {}", error.pointer, error.message))
                    .collect::<Vec<_>>()
                    .join("; ");
                Err(Error::InvalidRequest(detail.into(), malformed))
            }
        }
    }
}

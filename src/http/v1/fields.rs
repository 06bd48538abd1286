//! Reading the members of a JSON body: each by its name and its rules, all that is wrong
//! told at once, with a pointer to it. What is to be kept byte for byte is never parsed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::hint::closest;
use super::members::{Faults, Members};
use super::texts::{AN_ID, escaped, integer, lenient, parse_time, parse_uuid, text_of};
use crate::domain::Payload;
use crate::http::problem::{Error, FieldError};

/// An object that is being read. Every name that is asked for is known; what is left over
/// at the end is not.
pub(super) struct Fields<'a> {
    pub(super) members: Vec<(Cow<'a, str>, &'a RawValue)>,
    pub(super) at: String,
    pub(super) asked: RefCell<Vec<&'static str>>,
    pub(super) faults: &'a Faults,
}

impl<'a> Fields<'a> {
    /// The document as a whole. An empty one is an object without members where `optional`.
    pub(super) fn document(text: &'a str, faults: &'a Faults, optional: bool) -> Result<Self, Error> {
        let text = if optional && text.trim().is_empty() { "{}" } else { text };
        let members: Members<'_> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        Ok(Self::of(members, String::new(), faults))
    }

    fn of(members: Members<'a>, at: String, faults: &'a Faults) -> Self {
        let mut seen: Vec<&str> = members.0.iter().map(|(name, _)| &**name).collect();
        seen.sort_unstable();
        for twice in seen.windows(2).filter(|pair| pair[0] == pair[1]) {
            let pointer = format!("{at}/{}", escaped(twice[0]));
            let message = "the member is there twice".to_owned();
            faults.twice.borrow_mut().push(FieldError { pointer, code: "conflict", message });
        }
        Self { members: members.0, at, asked: RefCell::default(), faults }
    }

    /// An object within another.
    pub(super) fn nested(&self, raw: &'a RawValue, at: String) -> Option<Self> {
        let Ok(members) = serde_json::from_str::<Members<'a>>(raw.get()) else {
            self.faults.add(at, "type", "an object is expected");
            return None;
        };
        Some(Self::of(members, at, self.faults))
    }

    /// Where a member stands.
    pub(super) fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.at, escaped(name))
    }

    pub(super) fn fault(&self, name: &str, code: &'static str, message: impl Into<String>) {
        self.faults.add(self.pointer(name), code, message);
    }

    /// For one item of an array.
    pub(super) fn fault_at(&self, name: &str, item: usize, code: &'static str, message: impl Into<String>) {
        self.faults.add(format!("{}/{item}", self.pointer(name)), code, message);
    }

    /// Whether the member is there, whatever it holds.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// The member as it came, or nothing.
    pub(super) fn find(&self, name: &'static str) -> Option<&'a RawValue> {
        self.asked.borrow_mut().push(name);
        self.members.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw)
    }

    /// The member of one of the simple types; `null` is none of them.
    pub(super) fn read<T>(&self, name: &'static str, what: &str, parse: impl Fn(&'a str) -> Option<T>) -> Option<T> {
        let raw = self.find(name)?;
        let value = parse(raw.get());
        if value.is_none() {
            let null = if raw.get() == "null" { "; leave the member out instead of null" } else { "" };
            self.fault(name, "type", format!("{what} is expected{null}"));
        }
        value
    }

    pub(super) fn required<T>(&self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.has(name) {
            self.fault(name, "required", "the member is required");
        }
        value
    }

    pub(super) fn bool(&self, name: &'static str) -> Option<bool> {
        self.read(name, "true or false", |text| text.parse().ok())
    }

    pub(super) fn int(&self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.read(name, "a whole number", integer)?;
        self.in_range(name, value, &range)
    }

    /// As [`Self::int`], for members whose range fits.
    pub(super) fn small(&self, name: &'static str, range: RangeInclusive<i32>) -> Option<i32> {
        let value = self.int(name, i64::from(*range.start())..=i64::from(*range.end()))?;
        i32::try_from(value).ok()
    }

    pub(super) fn number(&self, name: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
        let value = self.read(name, "a number", number)?;
        self.in_range(name, value, &range)
    }

    fn in_range<T: PartialOrd + fmt::Display>(&self, name: &str, value: T, range: &RangeInclusive<T>) -> Option<T> {
        if value < *range.start() {
            self.fault(name, "min", format!("at least {}", range.start()));
        } else if value > *range.end() {
            self.fault(name, "max", format!("at most {}", range.end()));
        } else {
            return Some(value);
        }
        None
    }

    /// Text of at most `max` characters that PostgreSQL can store.
    pub(super) fn text(&self, name: &'static str, max: usize) -> Option<String> {
        let raw = self.find(name)?;
        text_of(raw, max).map_err(|(code, message)| self.fault(name, code, message)).ok()
    }

    /// Text that must not be empty.
    pub(super) fn filled(&self, name: &'static str, max: usize) -> Option<String> {
        let text = self.text(name, max)?;
        if text.is_empty() {
            self.fault(name, "min", "at least 1 character");
            return None;
        }
        Some(text)
    }

    /// Text that people can read on a line: not empty, no control characters.
    pub(super) fn printable(&self, name: &'static str, max: usize) -> Option<String> {
        let text = self.filled(name, max)?;
        if text.contains(char::is_control) {
            self.fault(name, "pattern", "printable characters only");
            return None;
        }
        Some(text)
    }

    /// Text of any content, made storable: what cannot be stored is replaced, and said.
    pub(super) fn any_text(&self, name: &'static str) -> Option<(String, bool)> {
        let raw = self.find(name)?;
        let text = lenient(raw.get());
        if text.is_none() {
            self.fault(name, "type", "a string is expected");
        }
        text
    }

    /// One of these texts.
    pub(super) fn choice(&self, name: &'static str, known: &[&str]) -> Option<String> {
        let text = self.text(name, 64)?;
        if known.contains(&text.as_str()) {
            return Some(text);
        }
        let hint = closest(&text, known).map_or(String::new(), |near| format!("; did you mean {near}?"));
        self.fault(name, "enum", format!("one of {}{hint}", known.join(", ")));
        None
    }

    /// A moment with its offset, as in RFC 3339.
    pub(super) fn time(&self, name: &'static str) -> Option<DateTime<Utc>> {
        let text = self.text(name, 64)?;
        let time = parse_time(&text);
        if time.is_none() {
            self.fault(name, "pattern", "a time like 2026-11-23T04:52:52Z, with an offset, from 1970 to 9999");
        }
        time
    }

    pub(super) fn uuid(&self, name: &'static str) -> Option<uuid::Uuid> {
        let text = self.text(name, 64)?;
        let id = parse_uuid(&text);
        if id.is_none() {
            self.fault(name, "pattern", AN_ID);
        }
        id
    }

    /// Any JSON, byte for byte, nested no deeper than a payload may be.
    pub(super) fn json(&self, name: &'static str, max_bytes: usize) -> Option<Result<Payload, usize>> {
        use crate::domain::PayloadError;
        let raw = self.find(name)?;
        match Payload::of_raw(raw, max_bytes) {
            Ok(payload) => Some(Ok(payload)),
            Err(PayloadError::TooLarge) => Some(Err(raw.get().len())),
            Err(error) => {
                self.fault(name, "depth", error.to_string());
                None
            }
        }
    }

    /// An object of these members as they came.
    pub(super) fn raw_members(&self, names: &[&str]) -> String {
        let kept = self.members.iter().filter(|(name, _)| names.contains(&&**name));
        let members: Vec<String> = kept.map(|(name, raw)| format!("{name:?}:{raw}")).collect();
        format!("{{{}}}", members.join(","))
    }

    /// Refuses the members that nobody asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for (name, _) in self.members.iter().filter(|(name, _)| !asked.contains(&&**name)) {
            let hint = closest(name, &asked).map_or(String::new(), |near| format!("; did you mean {near}?"));
            self.fault(name, "unknown", format!("there is no such member{hint}"));
        }
    }
}

fn malformed(error: &serde_json::Error) -> Error {
    if error.is_data() {
        return Error::field("", "type", "an object is expected");
    }
    Error::invalid(format!("the body is no JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, read: impl Fn(&Fields<'_>)) -> Vec<(String, &'static str)> {
        let faults = Faults::default();
        match Fields::document(text, &faults, false) {
            Ok(fields) => {
                read(&fields);
                fields.finish();
            }
            Err(error) => return vec![(format!("{error:?}"), "document")],
        }
        let twice = faults.twice.into_inner().into_iter();
        twice.chain(faults.invalid.into_inner()).map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_with_a_pointer_to_it() {
        let found = faults(
            r#"{"a":"x","b":null,"c":"\u0000","d":[1,"x",900],"e":{"k":1},"f~/":1,"t":"2026-11-23"}"#,
            |fields| {
                fields.int("a", 0..=10);
                fields.bool("b");
                fields.text("c", 10);
                fields.ints("d", 0..=5, 0..=10);
                fields.map("e", 5, 10);
                fields.time("t");
                fields.required("g", fields.text("g", 5));
            },
        );
        let expected = [
            ("/a", "type"),
            ("/b", "type"),
            ("/c", "encoding"),
            ("/d/1", "type"),
            ("/d/2", "max"),
            ("/e/k", "type"),
            ("/t", "pattern"),
            ("/g", "required"),
            ("/f~0~1", "unknown"),
        ];
        assert_eq!(found, expected.map(|(pointer, code)| (pointer.to_owned(), code)));
    }

    #[test]
    fn a_document_is_one_object_whose_members_are_there_once() {
        let nothing = |_: &Fields<'_>| {};
        for (text, code) in [
            ("[]", "type"),
            ("1", "type"),
            ("", "no JSON"),
            ("{", "no JSON"),
            ("{}{}", "no JSON"),
            ("\u{feff}{}", "no JSON"),
        ] {
            let found = faults(text, nothing);
            assert!(found[0].0.contains(code), "{text}: {found:?}");
        }
        for twice in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#] {
            assert_eq!(faults(twice, nothing)[0], ("/a".to_owned(), "conflict"), "{twice}");
        }
        assert_eq!(faults("{}", nothing), []);
    }
}

//! Reading members that hold others: arrays, maps and objects.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::value::RawValue;

use super::fields::Fields;
use super::members::Faults;
use super::texts::{AN_ID, escaped, integer, parse_uuid, text_of};

impl<'a> Fields<'a> {
    /// Texts that must not be empty.
    /// None is empty, and none has control characters.
    pub(super) fn texts(&self, name: &'static str, count: RangeInclusive<usize>, max: usize) -> Option<Vec<String>> {
        let items = self.array(name, count)?;
        let mut texts = Vec::with_capacity(items.len());
        for (n, raw) in items.into_iter().enumerate() {
            match text_of(raw, max) {
                Ok(text) if text.is_empty() => {
                    self.faults.add(format!("{}/{n}", self.pointer(name)), "min", "at least 1 character");
                }
                Ok(text) if text.contains(char::is_control) => {
                    self.faults.add(format!("{}/{n}", self.pointer(name)), "pattern", "printable characters only");
                }
                Ok(text) => texts.push(text),
                Err((code, message)) => self.faults.add(format!("{}/{n}", self.pointer(name)), code, message),
            }
        }
        Some(texts)
    }

    /// Ids in their usual form.
    pub(super) fn uuids(&self, name: &'static str, count: RangeInclusive<usize>) -> Option<Vec<uuid::Uuid>> {
        let texts = self.texts(name, count, 64)?;
        let mut ids = Vec::with_capacity(texts.len());
        for (n, text) in texts.iter().enumerate() {
            match parse_uuid(text) {
                Some(id) => ids.push(id),
                None => self.fault_at(name, n, "pattern", AN_ID),
            }
        }
        Some(ids)
    }

    /// Whole numbers in this range.
    pub(super) fn ints(
        &self,
        name: &'static str,
        count: RangeInclusive<usize>,
        range: RangeInclusive<i64>,
    ) -> Option<Vec<i64>> {
        let items = self.array(name, count)?;
        let mut numbers = Vec::with_capacity(items.len());
        for (n, raw) in items.into_iter().enumerate() {
            match integer(raw.get()) {
                Some(number) if range.contains(&number) => numbers.push(number),
                found => {
                    let code = match found {
                        None => "type",
                        Some(number) if number < *range.start() => "min",
                        Some(_) => "max",
                    };
                    let message = format!("a whole number from {} to {}", range.start(), range.end());
                    self.faults.add(format!("{}/{n}", self.pointer(name)), code, message);
                }
            }
        }
        Some(numbers)
    }

    /// An object of texts.
    pub(super) fn map(&self, name: &'static str, count: usize, max: usize) -> Option<BTreeMap<String, String>> {
        let raw = self.find(name)?;
        let members = self.nested(raw, self.pointer(name))?.members;
        if members.len() > count {
            self.fault(name, "max", format!("at most {count} members"));
            return None;
        }
        let mut map = BTreeMap::new();
        for (key, raw) in members {
            let pointer = format!("{}/{}", self.pointer(name), escaped(&key));
            if key.is_empty() || key.chars().count() > max || key.contains('\0') {
                self.faults.add(pointer, "pattern", format!("a name is 1 to {max} characters without NUL"));
                continue;
            }
            match text_of(raw, max) {
                Ok(text) => drop(map.insert(key.into_owned(), text)),
                Err((code, message)) => self.faults.add(pointer, code, message),
            }
        }
        Some(map)
    }

    /// An object, read by `read`.
    pub(super) fn object<T>(&self, name: &'static str, read: impl Fn(&Fields<'a>) -> T) -> Option<T> {
        let raw = self.find(name)?;
        let fields = self.nested(raw, self.pointer(name))?;
        let value = read(&fields);
        fields.finish();
        Some(value)
    }

    /// Objects, each read by `read`.
    pub(super) fn objects<T>(
        &self,
        name: &'static str,
        count: RangeInclusive<usize>,
        read: impl Fn(&Fields<'a>) -> T,
    ) -> Option<Vec<T>> {
        let items = self.array(name, count)?;
        let mut values = Vec::with_capacity(items.len());
        for (n, raw) in items.into_iter().enumerate() {
            if let Some(fields) = self.nested(raw, format!("{}/{n}", self.pointer(name))) {
                values.push(read(&fields));
                fields.finish();
            }
        }
        Some(values)
    }

    /// Objects that stand on their own: one that is not as it should be is answered by the id
    /// in its member `id`, and does not fail the others. One without an id fails all.
    pub(super) fn objects_apart<T>(
        &self,
        name: &'static str,
        count: RangeInclusive<usize>,
        id: &'static str,
        read: impl Fn(&Fields<'_>) -> T,
    ) -> Option<Vec<Result<T, uuid::Uuid>>> {
        let items = self.array(name, count)?;
        let mut values = Vec::with_capacity(items.len());
        for (n, raw) in items.into_iter().enumerate() {
            let at = format!("{}/{n}", self.pointer(name));
            let faults = Faults::default();
            let apart = Fields { members: Vec::new(), at: String::new(), asked: RefCell::default(), faults: &faults };
            let value = apart.nested(raw, at).map(|fields| {
                let value = read(&fields);
                fields.finish();
                let id = fields.find(id).and_then(|raw| parse_uuid(raw.get().trim_matches('"')));
                (value, id)
            });
            let whole = faults.is_empty();
            match value {
                Some((value, _)) if whole => values.push(Ok(value)),
                Some((_, Some(id))) => values.push(Err(id)),
                _ => self.faults.append(faults),
            }
        }
        Some(values)
    }

    fn array(&self, name: &'static str, count: RangeInclusive<usize>) -> Option<Vec<&'a RawValue>> {
        let items: Vec<&'a RawValue> = self.read(name, "an array", |text| serde_json::from_str(text).ok())?;
        if items.len() < *count.start() {
            self.fault(name, "min", format!("at least {}", count.start()));
        } else if items.len() > *count.end() {
            self.fault(name, "max", format!("at most {}", count.end()));
        } else {
            return Some(items);
        }
        None
    }
}

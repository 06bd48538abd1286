//! The members of a JSON object as they came, and what is wrong with them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::problem::{Error, FieldError};

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) invalid: RefCell<Vec<FieldError>>,
    /// Members that are there twice: the document does not say one thing.
    pub(super) twice: RefCell<Vec<FieldError>>,
}

impl Faults {
    pub(super) fn add(&self, pointer: String, code: &'static str, message: impl Into<String>) {
        self.invalid.borrow_mut().push(FieldError { pointer, code, message: message.into() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.invalid.borrow().is_empty() && self.twice.borrow().is_empty()
    }

    /// Adds what was wrong elsewhere.
    pub(super) fn append(&self, other: Self) {
        self.invalid.borrow_mut().extend(other.invalid.into_inner());
        self.twice.borrow_mut().extend(other.twice.into_inner());
    }

    /// The value, unless something was wrong.
    pub(super) fn check<T>(self, value: T) -> Result<T, Error> {
        let (twice, invalid) = (self.twice.into_inner(), self.invalid.into_inner());
        match (twice.first(), invalid.is_empty()) {
            (Some(first), _) => {
                Err(Error::InvalidRequest(format!("the member {} is there twice", first.pointer).into(), twice))
            }
            (None, true) => Ok(value),
            (None, false) => Err(Error::ValidationFailed(invalid)),
        }
    }
}

/// The members of a JSON object, their values as they came.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((member.0.0, member.1));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

//! Names of queues and workers, and unique keys.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Invalid;

/// The name of a queue: 1 to 128 of ASCII letters, digits and `_ . : @ + -`, beginning
/// with a letter, a digit or `_`. Case matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueueName(String);

impl QueueName {
    /// The longest name, in characters (which are bytes here).
    pub const MAX: usize = 128;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let first_fits = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        let all_fit = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:@+-".contains(&b));
        if first_fits && all_fit && text.len() <= Self::MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid(
                "a queue name is 1 to 128 letters, digits and _ . : @ + -, beginning with a letter, a digit or _",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who works: any text of 1 to 256 bytes without control characters, as the worker chose it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkerId(String);

impl WorkerId {
    /// The longest id, in bytes.
    pub const MAX: usize = 256;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > Self::MAX || text.chars().any(char::is_control) {
            Err(Invalid("a worker id is 1 to 256 bytes of text without control characters"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key that at most one waiting job of a queue holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DedupKey(String);

impl DedupKey {
    /// Keys up to this many bytes are stored as they are.
    pub const MAX: usize = 256;

    /// The key that stands for these bytes, or `None` if there are none. Never refuses:
    /// what is longer than [`Self::MAX`] or no storable text is represented by its
    /// SHA-256, because a 3 KB key would exceed the row limit of a btree index.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return None;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if text.len() <= Self::MAX && !text.contains('\0') => Some(Self(text.to_owned())),
            _ => {
                use std::fmt::Write as _;
                let mut key = "sha256:".to_owned();
                for byte in Sha256::digest(bytes) {
                    let _ = write!(key, "{byte:02x}");
                }
                Some(Self(key))
            }
        }
    }

    /// A key of 1 to 256 characters, as it is: at most 1024 bytes, which fit an index.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.chars().count() > 256 || text.contains('\0') {
            Err(Invalid("a unique key is 1 to 256 characters without NUL"))
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_queue_name_is_accepted_exactly_when_the_contract_says_so(text in "\\PC{0,140}|[A-Za-z0-9_.:@+-]{0,140}") {
            let mut chars = text.chars();
            let expected = text.chars().count() <= 128
                && chars.next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
                && chars.all(|c| c.is_ascii_alphanumeric() || "_.:@+-".contains(c));
            prop_assert_eq!(QueueName::parse(&text).is_ok(), expected);
        }

        #[test]
        fn different_keys_stay_different_and_fit_an_index(a in prop::collection::vec(any::<u8>(), 1..600), b in prop::collection::vec(any::<u8>(), 1..600)) {
            let (x, y) = (DedupKey::from_bytes(&a).unwrap(), DedupKey::from_bytes(&b).unwrap());
            prop_assert_eq!(a == b, x == y);
            prop_assert!(x.as_str().len() <= DedupKey::MAX && !x.as_str().contains('\0'));
        }
    }

    #[test]
    fn a_worker_id_is_any_text_of_sane_length() {
        assert!(WorkerId::parse("host:42:mail, näh").is_ok());
        assert!(WorkerId::parse("").is_err());
        assert!(WorkerId::parse("a\0b").is_err());
        assert!(WorkerId::parse(&"x".repeat(257)).is_err());
    }
}

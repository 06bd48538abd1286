//! Where the next page of a list begins: opaque, signed, bound to the list it was made for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::http::problem::Error;

/// How long the cursor of a page is taken, in seconds of the database's clock.
pub(super) const VALID_SECONDS: i64 = 24 * 60 * 60;

/// Bytes of the signature: 128 bits are more than can be guessed.
const SIGNATURE: usize = 16;

/// What a cursor holds.
#[derive(Serialize, Deserialize)]
struct Content<T> {
    /// When it was made, in epoch seconds.
    at: i64,
    /// Of which list: operation, filters and order.
    list: [u8; 8],
    place: T,
}

/// Makes and reads the cursors of one list. Filters and order are part of what is signed,
/// so a cursor of one list does not open another.
pub(super) struct Cursors {
    key: Vec<u8>,
    list: [u8; 8],
}

impl Cursors {
    /// For the list of this operation with these filters.
    pub(super) fn new(key: Vec<u8>, operation: &str, filters: &impl std::fmt::Debug) -> Self {
        let digest = Sha256::digest(format!("{operation} {filters:?}").as_bytes());
        let mut list = [0; 8];
        list.copy_from_slice(&digest[..8]);
        Self { key, list }
    }

    fn sign(&self, content: &[u8]) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        // HMAC takes keys of any length.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(content);
            signature.copy_from_slice(&mac.finalize().into_bytes()[..SIGNATURE]);
        }
        signature
    }

    pub(super) fn write<T: Serialize>(&self, place: T, now: DateTime<Utc>) -> String {
        let content = Content { at: now.timestamp(), list: self.list, place };
        let mut bytes = serde_json::to_vec(&content).unwrap_or_default();
        let signature = self.sign(&bytes);
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place, and when the cursor was made: whether it is too old is for the database's
    /// clock to say, see [`check_age`].
    pub(super) fn read<T: DeserializeOwned>(&self, cursor: &str) -> Result<(T, i64), Error> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
        let (content, signature) = bytes.split_last_chunk::<SIGNATURE>().ok_or(Error::InvalidCursor)?;
        // A guess a request, over a network: the time a comparison takes tells nothing.
        if *signature != self.sign(content) {
            return Err(Error::InvalidCursor);
        }
        let content: Content<T> = serde_json::from_slice(content).map_err(|_| Error::InvalidCursor)?;
        if content.list != self.list {
            return Err(Error::InvalidCursor);
        }
        Ok((content.place, content.at))
    }
}

/// Refuses a cursor that was made more than so many seconds before `now`.
pub(super) fn check_age(made_at: Option<i64>, now: DateTime<Utc>, valid_seconds: i64) -> Result<(), Error> {
    if made_at.is_some_and(|at| now.timestamp() - at > valid_seconds) { Err(Error::InvalidCursor) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_the_list_it_was_made_for_and_no_other() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let cursors = Cursors::new(b"key".to_vec(), "list_jobs", &("mail", 1));
        let cursor = cursors.write("place".to_owned(), now);
        assert_eq!(cursors.read::<String>(&cursor).unwrap(), ("place".to_owned(), 1_800_000_000));
        let other_filters = Cursors::new(b"key".to_vec(), "list_jobs", &("mail", 2));
        let other_key = Cursors::new(b"another key".to_vec(), "list_jobs", &("mail", 1));
        for others in [other_filters, other_key] {
            assert_eq!(others.read::<String>(&cursor), Err(Error::InvalidCursor));
        }
        for n in 0..cursor.len() {
            let mut forged = cursor.clone().into_bytes();
            forged[n] = if forged[n] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last character may carry bits that are not used.
            assert!(n + 1 == cursor.len() || cursors.read::<String>(&forged).is_err(), "{n}");
        }
        for nonsense in ["", "x", "????", &"A".repeat(1000)] {
            assert_eq!(cursors.read::<String>(nonsense), Err(Error::InvalidCursor));
        }
    }

    #[test]
    fn a_cursor_is_taken_for_a_day() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(check_age(Some(1_800_000_000 - VALID_SECONDS), now, VALID_SECONDS), Ok(()));
        assert_eq!(check_age(Some(1_800_000_000 - VALID_SECONDS - 1), now, VALID_SECONDS), Err(Error::InvalidCursor));
    }
}

//! A job's payload: one JSON document, kept byte for byte.

use serde_json::value::RawValue;

/// A JSON document as it came, outer white space included.
///
/// It has been checked for what PostgreSQL's `json` refuses or could choke on, and for
/// nothing else: `\u0000`, lone surrogates, huge numbers and duplicate keys are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload(String);

/// Why bytes are no payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    #[error("the document is larger than the limit")]
    TooLarge,
    #[error("the document is not valid JSON in UTF-8")]
    NotJson,
    #[error("the document is nested deeper than 128 levels")]
    TooDeep,
}

impl Payload {
    /// How deep arrays and objects may be nested.
    pub const MAX_DEPTH: usize = 128;

    /// Checks `bytes` in one pass each for UTF-8, grammar and depth, in constant stack.
    pub fn parse(bytes: Vec<u8>, max_bytes: usize) -> Result<Self, PayloadError> {
        if bytes.len() > max_bytes {
            return Err(PayloadError::TooLarge);
        }
        let text = String::from_utf8(bytes).map_err(|_| PayloadError::NotJson)?;
        serde_json::from_str::<&RawValue>(&text).map_err(|_| PayloadError::NotJson)?;
        Self::of_valid_json(text, max_bytes)
    }

    /// As [`Self::parse`] for a part of a document that has been parsed.
    pub fn of_raw(raw: &RawValue, max_bytes: usize) -> Result<Self, PayloadError> {
        Self::of_valid_json(raw.get().to_owned(), max_bytes)
    }

    fn of_valid_json(text: String, max_bytes: usize) -> Result<Self, PayloadError> {
        if text.len() > max_bytes {
            Err(PayloadError::TooLarge)
        } else if depth(&text) > Self::MAX_DEPTH {
            Err(PayloadError::TooDeep)
        } else {
            Ok(Self(text))
        }
    }

    /// What a job has that was given none.
    pub fn null() -> Self {
        Self("null".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How deep a valid JSON document is nested: brackets outside of strings.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => in_string = true,
                b'[' | b'{' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Payload, PayloadError> {
        Payload::parse(bytes.to_vec(), 1 << 20)
    }

    #[test]
    fn a_payload_is_kept_byte_for_byte() {
        for odd in [
            " {\"a\" : 1 , \"a\":2}\n\t",
            r#""\u0000 \ud800""#,
            "1e400",
            "-0",
            "[1.0, 9007199254740993]",
            "null",
            r#"{"é":"\"[[[["}"#,
        ] {
            assert_eq!(parse(odd.as_bytes()).unwrap().as_str(), odd);
        }
    }

    #[test]
    fn what_is_not_one_json_document_in_utf_8_is_refused() {
        for bad in [
            &b""[..],
            b" ",
            b"{",
            b"{}{}",
            b"{} x",
            b"nul",
            b"'a'",
            b"[1,]",
            b"\xEF\xBB\xBF{}",
            b"\"\xFF\"",
            b"\"\xC0\x80\"",
            b"\"a\x00b\"",
            b"\"a\nb\"",
            b"01",
            b"NaN",
            b"\"\\ud8\"",
            b"\xFF\xFE{\x00}\x00",
        ] {
            assert_eq!(parse(bad), Err(PayloadError::NotJson), "{bad:?}");
        }
    }

    #[test]
    fn nesting_is_limited_to_128_and_costs_no_stack() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nested(128).as_bytes()).is_ok());
        assert_eq!(parse(nested(129).as_bytes()), Err(PayloadError::TooDeep));
        assert_eq!(parse(nested(400_000).as_bytes()), Err(PayloadError::TooDeep));
    }

    #[test]
    fn the_limit_is_exact() {
        assert!(Payload::parse(b"\"abc\"".to_vec(), 5).is_ok());
        assert_eq!(Payload::parse(b"\"abcd\"".to_vec(), 5), Err(PayloadError::TooLarge));
    }
}

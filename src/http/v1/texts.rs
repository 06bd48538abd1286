//! Texts, numbers and moments as JSON and parameters write them.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use serde_json::value::RawValue;

/// A whole number as JSON writes one, without fraction and exponent.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}

/// A moment with its offset, from 1970 to 9999; a leap second is none that we can keep.
pub(super) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    ((1970..=9999).contains(&time.year()) && time.nanosecond() < 1_000_000_000).then_some(time)
}

/// How refusals show an id.
pub(super) const AN_ID: &str = "an id like 01a206c8-d8c7-76c7-bfda-d9bbdb366daa";

/// An id in its usual form, with hyphens.
pub(super) fn parse_uuid(text: &str) -> Option<uuid::Uuid> {
    if text.len() == 36 { uuid::Uuid::try_parse(text).ok() } else { None }
}

/// Text of at most `max` characters that PostgreSQL can store; else the code of what is wrong,
/// and why.
pub(super) fn text_of(raw: &RawValue, max: usize) -> Result<String, (&'static str, String)> {
    if !raw.get().starts_with('"') {
        let null = if raw.get() == "null" { "; leave the member out instead of null" } else { "" };
        return Err(("type", format!("a string is expected{null}")));
    }
    let text: String =
        serde_json::from_str(raw.get()).map_err(|_| ("encoding", "half a surrogate pair is no text".to_owned()))?;
    if text.contains('\0') {
        Err(("encoding", "NUL cannot be stored".to_owned()))
    } else if text.chars().count() > max {
        Err(("max", format!("at most {max} characters")))
    } else {
        Ok(text)
    }
}

/// The text of a JSON string, with U+FFFD in place of what PostgreSQL cannot store, and
/// whether anything was replaced; `None` if it is no string.
pub(super) fn lenient(raw: &str) -> Option<(String, bool)> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if let Ok(text) = serde_json::from_str::<String>(raw) {
        let odd = text.contains('\0');
        return Some((if odd { text.replace('\0', "\u{FFFD}") } else { text }, odd));
    }
    // Some escape is half a surrogate pair: read the escapes one by one.
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(escape) = rest.find('\\') {
        text.push_str(&rest[..escape]);
        let length = if rest[escape..].starts_with("\\u") { 6 } else { 2 };
        let pair = if length == 6 { 12 } else { 2 };
        let decoded = [pair, length].into_iter().find_map(|length| {
            let part = rest.get(escape..escape + length)?;
            Some((serde_json::from_str::<String>(&format!("\"{part}\"")).ok()?, length))
        });
        let (part, length) = decoded.unwrap_or(("\u{FFFD}".to_owned(), length));
        text.push_str(&part.replace('\0', "\u{FFFD}"));
        rest = rest.get(escape + length..).unwrap_or_default();
    }
    text.push_str(rest);
    Some((text, true))
}

/// A name as a JSON Pointer writes it (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_without_fraction_and_exponent() {
        for (text, number) in [
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("1.0", None),
            ("1e2", None),
            ("9223372036854775808", None),
            ("true", None),
            ("\"1\"", None),
        ] {
            assert_eq!(integer(text), number, "{text}");
        }
    }

    #[test]
    fn times_need_an_offset_and_a_year_that_clients_can_show() {
        for good in
            ["2026-11-23T04:52:52Z", "2026-11-23T04:52:52.123456+02:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]
        {
            assert!(parse_time(good).is_some(), "{good}");
        }
        for bad in [
            "2026-11-23T04:52:52",
            "2026-11-23",
            "0000-01-01T00:00:00Z",
            "2026-12-31T23:59:60Z",
            "infinity",
            "Mon, 23 Nov 2026 04:52:52 +0000",
            "",
        ] {
            assert!(parse_time(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn text_that_cannot_be_stored_is_replaced_and_said() {
        for (raw, text, odd) in [
            (r#""plain \n é""#, "plain \n é", false),
            (r#""a\u0000b""#, "a\u{FFFD}b", true),
            (r#""a\ud800b\n\u0041""#, "a\u{FFFD}b\nA", true),
            (r#""\ud83d\ude00\udfff""#, "😀\u{FFFD}", true),
            (r#""\ud800\ud800""#, "\u{FFFD}\u{FFFD}", true),
        ] {
            assert_eq!(lenient(raw), Some((text.to_owned(), odd)), "{raw}");
        }
        assert_eq!(lenient("1"), None);
    }
}

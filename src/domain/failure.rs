//! What a worker reports of a failure.

/// A failure as it is stored: texts for reports, and the report itself where a text could
/// not keep it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    pub error_class: String,
    pub message: String,
    pub stack: Option<String>,
    /// Any JSON, as it came.
    pub data: Option<String>,
    /// The whole report as it came, if one of its texts holds what PostgreSQL's text cannot:
    /// NUL, or half a surrogate pair.
    pub raw: Option<String>,
}

impl Failure {
    /// The longest message and stack that are kept, in bytes; what is longer is cut.
    pub const TEXT_BYTES_MAX: usize = 32 * 1024;
    /// The longest class, in bytes.
    pub const CLASS_BYTES_MAX: usize = 256;

    /// The message without what differs from job to job, so that failures of one kind can be
    /// told together: words that hold a digit (numbers, ids, hashes, addresses).
    pub fn normal_message(&self) -> String {
        let mut normal = String::with_capacity(self.message.len().min(1024));
        let between = |c: char| !c.is_alphanumeric() && c != '-';
        for word in self.message.split_inclusive(between) {
            let (text, rest) = word.split_at(word.trim_end_matches(between).len());
            normal.push_str(if text.chars().any(|c| c.is_ascii_digit()) { "#" } else { text });
            normal.push_str(rest);
            if normal.len() > 1024 {
                break;
            }
        }
        normal
    }
}

/// The text without its end beyond `max` bytes, cut between characters.
pub fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_in_numbers_and_ids_only_are_the_same() {
        let normal = |message: &str| Failure { message: message.to_owned(), ..Failure::default() }.normal_message();
        assert_eq!(normal("timeout after 3000 ms"), normal("timeout after 15 ms"));
        assert_eq!(
            normal("no user 0f8fad5b-d9cb-469f-a165-70867728950e"),
            normal("no user 7c9e6679-7425-40de-944b-e07fc1f90ae7")
        );
        assert_eq!(normal("at 0xdeadbeef42: x"), normal("at 0x00c0ffee11: x"));
        assert_ne!(normal("smtp refused"), normal("smtp timed out"));
        assert_eq!(normal("naïve 12ä3, (7)"), "naïve #, (#)");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé".to_owned(), 2), "a");
        assert_eq!(cut("aé".to_owned(), 3), "aé");
        assert_eq!(cut(String::new(), 0), "");
    }
}

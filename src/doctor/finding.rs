//! Findings, and how they are printed.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::json;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Good to know.
    Info,
    /// Something is slower, larger or less safe than it need be, or will be.
    Warning,
    /// Jobs can be lost, or are not worked on, or no server can start.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at: a word that stays the same.
    pub check: &'static str,
    pub level: Level,
    /// How it stands, on one line.
    pub text: String,
    /// What helps; each warning and each error has one.
    pub cure: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, text: on_one_line(text), cure: None }
    }

    pub(super) fn info(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, level: Level::Info, text: on_one_line(text), cure: None }
    }

    pub(super) fn warning(check: &'static str, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, level: Level::Warning, text: on_one_line(text), cure: Some(on_one_line(cure)) }
    }

    pub(super) fn error(check: &'static str, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, level: Level::Error, text: on_one_line(text), cure: Some(on_one_line(cure)) }
    }

    /// The same with a cure, for what is only good to know.
    pub(super) fn with_cure(self, cure: impl Into<String>) -> Self {
        Self { cure: Some(on_one_line(cure)), ..self }
    }
}

/// Names and queries are what others called them: none may move the cursor of a terminal.
fn on_one_line(text: impl Into<String>) -> String {
    text.into().replace(char::is_control, " ")
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Table,
    /// One object
    Json,
}

/// Everything that was found.
#[derive(Debug, Clone)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    pub fn errors(&self) -> usize {
        self.count(Level::Error)
    }

    pub fn warnings(&self) -> usize {
        self.count(Level::Warning)
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    pub fn print(&self, output: Output) -> String {
        match output {
            Output::Table => self.table(),
            Output::Json => {
                let (errors, warnings) = (self.errors(), self.warnings());
                format!("{:#}\n", json!({ "findings": self.findings, "errors": errors, "warnings": warnings }))
            }
        }
    }

    fn table(&self) -> String {
        let wide = self.findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
        let mut table = String::new();
        for Finding { check, level, text, cure } in &self.findings {
            let _ = writeln!(table, "{:7}  {check:wide$}  {text}", level.word());
            if let Some(cure) = cure {
                let _ = writeln!(table, "{:7}  {:wide$}  Cure: {cure}", "", "");
            }
        }
        let _ = writeln!(table, "\n{} error(s), {} warning(s)", self.errors(), self.warnings());
        table
    }
}

/// A length of time, for people.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A size, for people.
pub(super) fn size(bytes: i64) -> String {
    const MIB: i64 = 1024 * 1024;
    const GIB: i64 = 1024 * MIB;
    if bytes < MIB {
        format!("{} KiB", bytes / 1024)
    } else if bytes < 10 * GIB {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{} GiB", bytes / GIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        Report {
            findings: vec![
                Finding::ok("version", "PostgreSQL 15.18"),
                Finding::error("durability", "fsync is off", "Turn it on."),
                Finding::warning("snapshot", "by \u{1b}[31m\"x\"\n.", "End it."),
            ],
        }
    }

    #[test]
    fn a_table_is_aligned_and_ends_with_the_counts() {
        let expected = "\
ok       version     PostgreSQL 15.18
error    durability  fsync is off
                     Cure: Turn it on.
warning  snapshot    by  [31m\"x\" .
                     Cure: End it.

1 error(s), 1 warning(s)
";
        assert_eq!(report().print(Output::Table), expected);
    }

    #[test]
    fn json_has_the_same_findings() {
        let json: serde_json::Value = serde_json::from_str(&report().print(Output::Json)).unwrap();
        assert_eq!((json["errors"].as_u64(), json["warnings"].as_u64()), (Some(1), Some(1)));
        assert_eq!(json["findings"][0]["level"], "ok");
        assert!(json["findings"][0]["cure"].is_null());
        assert_eq!(json["findings"][1]["cure"], "Turn it on.");
    }

    #[test]
    fn times_and_sizes_are_readable() {
        let spans = [(-1, "-1 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days")];
        for (seconds, text) in spans {
            assert_eq!(span(seconds), text);
        }
        let sizes = [(2_048, "2 KiB"), (5 << 20, "5 MiB"), (12 << 30, "12 GiB")];
        for (bytes, text) in sizes {
            assert_eq!(size(bytes), text);
        }
    }
}

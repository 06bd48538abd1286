//! The rules of the house that a machine can check. Needs no database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

/// Files of one kind below these folders, with their texts.
fn files(folders: &[&str], extension: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|other| other == extension) {
                let text = fs::read_to_string(&path).unwrap();
                found.insert(path, text);
            }
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn imports_point_right_and_down() {
    let forbidden: [(&str, &[&str]); 8] = [
        (
            "domain",
            &["store", "engine", "loops", "http", "serve", "cli", "config", "embedded", "lifecycle", "telemetry"],
        ),
        (
            "store",
            &["doctor", "engine", "loops", "http", "serve", "cli", "config", "embedded", "lifecycle", "telemetry"],
        ),
        (
            "doctor",
            &["engine", "loops", "http", "serve", "cli", "config", "embedded", "lifecycle", "telemetry", "domain"],
        ),
        ("engine", &["loops", "http", "serve", "cli", "config", "embedded", "lifecycle", "telemetry"]),
        ("loops", &["http", "serve", "cli", "config", "embedded", "telemetry"]),
        ("http", &["loops", "serve", "cli", "config", "embedded", "telemetry"]),
        ("bench", &["store", "engine", "loops", "http", "serve", "cli", "config", "embedded", "domain"]),
        ("embedded", &["store", "engine", "loops", "http", "serve", "cli", "domain"]),
    ];
    for (layer, others) in forbidden {
        for (path, text) in files(&[&format!("src/{layer}")], "rs") {
            for other in others {
                assert!(!text.contains(&format!("crate::{other}")), "{} imports {other}", path.display());
            }
        }
    }
}

#[test]
fn sql_is_run_by_the_store_only() {
    for (path, text) in files(&["src"], "rs") {
        let allowed = path.starts_with("src/store") || path.starts_with("src/embedded");
        assert!(allowed || !text.contains("sqlx::query"), "{} runs a statement", path.display());
        let http = path.starts_with("src/http") || path.starts_with("src/engine") || path.starts_with("src/domain");
        assert!(!http || !text.contains("sqlx"), "{} knows sqlx", path.display());
        assert!(!text.contains(".begin("), "{} opens a transaction that a disconnect can leave open", path.display());
    }
}

#[test]
fn every_statement_is_loaded_once_and_explained() {
    // Functions in the database run statements of servers, so those have two users.
    let mut code = files(&["src/store"], "rs");
    let routines = code.remove(&PathBuf::from("src/store/routines.rs")).unwrap();
    let servers: String = code.into_values().collect();
    for (path, text) in files(&["src/store"], "sql") {
        let name = path.strip_prefix("src/store").unwrap().with_extension("");
        let code = if name.starts_with("routines") { &routines } else { &servers };
        let uses = code.matches(&format!("sql!(\"{}\")", name.display())).count();
        assert_eq!(uses, 1, "{} is loaded {uses} times", path.display());
        assert!(text.starts_with("-- "), "{} has no header", path.display());
        for parameter in (1..=32).map(|n| format!("${n}")) {
            let (header, body): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("--"));
            // `$1` is not a part of `$10`.
            let names = |lines: Vec<&str>| {
                lines.join("\n").split(&parameter).skip(1).any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            };
            assert_eq!(names(header), names(body), "{parameter} of {}", path.display());
        }
        assert!(!text.to_lowercase().contains("select * from presque_internal"), "{} lists no columns", path.display());
    }
}

#[test]
fn migrations_are_numbered_without_gaps_and_explained() {
    for (n, (path, text)) in files(&["migrations"], "sql").into_iter().enumerate() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.starts_with(&format!("{:04}_", n + 1)), "{name}");
        assert!(text.starts_with("-- "), "{name} does not say what it is for");
    }
}

#[test]
fn files_are_short_begin_with_what_they_are_and_have_a_telling_name() {
    for (path, text) in files(&["src", "tests"], "rs") {
        assert!(text.starts_with("//!"), "{} does not say what lives here", path.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "common", "helpers", "types", "models", "misc"].contains(&stem.as_str()),
            "{}",
            path.display()
        );
    }
}

#[test]
fn nothing_is_left_for_later_without_an_issue() {
    for (path, text) in files(&["src"], "rs").into_iter().chain(files(&["src", "migrations"], "sql")) {
        for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("unimplemen", "ted!(")] {
            assert!(!text.contains(word), "{word} in {}", path.display());
        }
    }
}

/// A path, or the text of a test, with every `{...}` emptied.
fn without_names(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        match c {
            '{' => plain.push_str("{}"),
            '}' | '\n' => {}
            c if !inside => plain.push(c),
            _ => {}
        }
        inside = c == '{' || (inside && c != '}' && c != '\n');
    }
    plain
}

/// Whether a call whose text begins like this asks for the path.
fn is_asked_for(path: &str, call: &str) -> bool {
    let called = call.split(['"', '?']).next().unwrap_or_default();
    let (mut wanted, mut found) = (path.split('/'), called.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some("{}"), Some(any)) if !any.is_empty() => {}
            (Some(one), Some(other)) if one == other => {}
            // `format!("/v1/jobs/{}{what}")` names the rest elsewhere.
            _ => return false,
        }
    }
}

#[test]
fn every_operation_has_a_test() {
    let document = fs::read_to_string("openapi.yaml").unwrap();
    let tests: String = files(&["tests/api"], "rs").into_values().collect();
    // The job that is asked for where any would do.
    let tests = without_names(&tests).replace("01a206c8-d8c7-76c7-bfda-d9bb00000001", "{}");
    let (mut path, mut operations) = (String::new(), 0);
    for line in document.lines() {
        if let Some(found) = line.strip_prefix("  /").and_then(|rest| rest.strip_suffix(':')) {
            path = format!("/{found}");
        }
        let method = line.strip_prefix("    ").and_then(|rest| rest.strip_suffix(':'));
        let Some(method) = method.filter(|name| ["get", "post", "put", "patch", "delete"].contains(name)) else {
            continue;
        };
        operations += 1;
        // `/q/{queue}` is asked for as `/q/foo`, `/v1/jobs/{job_id}/cancel` by a formatted text.
        let path = without_names(&path);
        let verb = method.to_uppercase();
        let openers = [
            format!(".{method}(\""),
            format!(".{method}(&format!(\""),
            format!("\"{verb}\", \""),
            format!("\"{verb}\", &format!(\""),
        ];
        let asked = |opener: &String| tests.split(opener.as_str()).skip(1).any(|call| is_asked_for(&path, call));
        assert!(openers.iter().any(asked), "no test calls {method} {path}");
    }
    assert!(operations > 10, "{operations}");
}

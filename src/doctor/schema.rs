//! Judges our own tables: migrations, partitions, bloat, what loops left undone, logins for reports.

use super::ASK_AS_SERVER;
use super::finding::{Finding, size, span};
use crate::store::doctor::{DefaultRows, Loops, MissingPartition, Reader, Table};
use crate::store::{Function, MigrateError, Migration};

/// Autovacuum looks once a minute by default; at 10,000 jobs a second that is not more dead rows.
const DEAD_ROWS: i64 = 1_000_000;

/// From here on a table that holds little is large. Servers write it anew from 256 MiB on.
const HOT_BYTES: i64 = 1024 * 1024 * 1024;

/// Ten times what a row takes in there, with its places in indexes.
const HOT_ROW_BYTES: i64 = 3_000;

/// As far as `default_rows.sql` counts.
const DEFAULT_ROWS_COUNTED: i64 = 1_000;

/// The tally is folded every five seconds.
const TALLY_SECONDS: i64 = 60;

pub(super) fn schema(steps: &Result<Vec<Migration>, MigrateError>) -> Finding {
    const CURE: &str = "Run presque migrate up as the schema's owner, or start a server: it migrates.";
    match steps {
        Ok(steps) => {
            let missing = steps.iter().filter(|step| !step.applied).count();
            if missing == 0 {
                Finding::ok("schema", format!("all {} migrations are applied", steps.len()))
            } else if missing == steps.len() {
                Finding::error("schema", "there is none in this database", CURE)
            } else {
                Finding::error("schema", format!("{missing} of {} migrations are missing", steps.len()), CURE)
            }
        }
        Err(MigrateError::TooNew { found, known }) => {
            let text = format!("it has migration {found}, and this presque knows up to {known}");
            Finding::error("schema", text, "Use the presque that migrated it, or a later one.")
        }
        Err(MigrateError::Altered(version)) => {
            let text = format!("migration {version} was applied from a different file than the one in this presque");
            Finding::error("schema", text, "Use the presque that applied it, or restore the database from before.")
        }
        Err(error) => Finding::error("schema", format!("it could not be looked at: {error}"), ASK_AS_SERVER),
    }
}

/// Those behind the schema `presque`: of another version they are right all the same.
pub(super) fn functions(differing: &Result<Vec<Function>, MigrateError>) -> Finding {
    const CURE: &str = "Run presque migrate up as the schema's owner: it makes them anew.";
    let differing = match differing {
        Ok(differing) => differing,
        Err(error) => return Finding::warning("functions", error.to_string(), ASK_AS_SERVER),
    };
    let names = |there: bool| -> Vec<&str> {
        differing.iter().filter(|one| one.is_there == there).map(|one| one.name).collect()
    };
    let (missing, other) = (names(false), names(true));
    if !missing.is_empty() {
        let text =
            format!("{} of presque_internal are missing, and calls with SQL fail: {}", missing.len(), first(&missing));
        return Finding::error("functions", text, CURE);
    }
    if !other.is_empty() {
        let text = format!("{} of presque_internal are of another version: {}", other.len(), first(&other));
        return Finding::info("functions", text).with_cure(CURE);
    }
    Finding::ok("functions", "those behind the schema presque are of this version")
}

pub(super) fn partitions(missing: &[MissingPartition]) -> Vec<Finding> {
    if missing.is_empty() {
        return vec![Finding::ok("partitions", "those of today and the next three days are there")];
    }
    let names: Vec<&str> = missing.iter().map(|one| one.name.as_str()).collect();
    let now = if missing.iter().any(|one| one.today) { "; what is stored now goes to default partitions" } else { "" };
    let cure = "Start a server: it makes them at once and every hour. Or: select presque_internal.make_partitions(3)";
    vec![Finding::warning("partitions", format!("{} are missing{now}: {}", names.len(), first(&names)), cure)]
}

pub(super) fn default_rows(found: &[DefaultRows]) -> Vec<Finding> {
    if found.is_empty() {
        return vec![Finding::ok("default_partition", "the default partitions are empty")];
    }
    let count = |one: &DefaultRows| {
        let more = if one.rows < DEFAULT_ROWS_COUNTED { "" } else { " or more" };
        format!("{}{more} in {}", one.rows, one.name)
    };
    let counts: Vec<String> = found.iter().map(count).collect();
    let text = format!("rows stand in default partitions, as their day had none: {}", counts.join(", "));
    let cure = "Nothing is lost, and they leave in time. Keep a server running: it makes the days to come.";
    vec![Finding::info("default_partition", text).with_cure(cure)]
}

/// `of_servers` is how many connections of servers there are.
pub(super) fn loops(left: &Loops, of_servers: i64) -> Vec<Finding> {
    let mut texts = Vec::new();
    if left.leases > 0 {
        texts.push(format!("{} leases are over for more than 10 s and were not taken back", left.leases));
    }
    if let Some(seconds) = left.tally_seconds.filter(|seconds| *seconds > TALLY_SECONDS) {
        texts.push(format!("counts were not folded for {}", span(seconds)));
    }
    if texts.is_empty() {
        return vec![Finding::ok("loops", "they have left nothing undone")];
    }
    let text = texts.join("; ");
    vec![if of_servers > 0 {
        let cure = "See in the logs of the servers why their loops fail, and whether somebody holds a lock.";
        Finding::error("loops", format!("{text}, although a server is connected"), cure)
    } else {
        Finding::warning("loops", format!("{text}: no server is connected"), "Start a server: presque serve")
    }]
}

pub(super) fn tables(tables: &[Table]) -> Vec<Finding> {
    let troubles: Vec<Finding> = tables.iter().filter_map(table).collect();
    if !troubles.is_empty() {
        return troubles;
    }
    let (dead, bytes) = tables.iter().fold((0, 0), |(dead, bytes), one| (dead + one.dead_rows, bytes + one.bytes));
    vec![Finding::ok("bloat", format!("{} in {} tables, {dead} dead rows", size(bytes), tables.len()))]
}

/// What is wrong with a table.
fn table(table: &Table) -> Option<Finding> {
    let Table { name, hot, live_rows, dead_rows, bytes, vacuumed_seconds, unattended } = table;
    if *unattended {
        let cure = format!("alter table presque_internal.{name} reset (autovacuum_enabled)");
        return Some(Finding::warning("bloat", format!("autovacuum is off for {name}"), cure));
    }
    let vacuumed = vacuumed_seconds.map_or_else(|| "never".to_owned(), |seconds| format!("{} ago", span(seconds)));
    if *dead_rows > DEAD_ROWS && dead_rows > live_rows {
        let text = format!("{name} has {dead_rows} dead rows beside {live_rows}, and was vacuumed {vacuumed}");
        let cure = format!(
            "End what holds an old snapshot, see there; then: vacuum presque_internal.{name}. If nobody holds one, \
             autovacuum is too slow: see autovacuum_naptime and autovacuum_max_workers."
        );
        return Some(Finding::warning("bloat", text, cure));
    }
    if *hot && *bytes > HOT_BYTES && *bytes / HOT_ROW_BYTES > *live_rows {
        let text = format!("{name} takes {} for about {live_rows} rows", size(*bytes));
        let cure = format!(
            "Servers write it anew when no backup or other transaction is in the way. What is larger than 2 GiB is \
             left to you, in a quiet moment: vacuum full presque_internal.{name}"
        );
        return Some(Finding::warning("bloat", text, cure));
    }
    None
}

pub(super) fn indexes(invalid: &[String]) -> Vec<Finding> {
    if invalid.is_empty() {
        return vec![Finding::ok("indexes", "all are valid")];
    }
    let finding = |name: &String| {
        let cure = format!("Unless it is being made right now: reindex index concurrently presque_internal.{name}");
        Finding::warning("indexes", format!("{name} is not valid: no statement uses it, all keep it up"), cure)
    };
    invalid.iter().map(finding).collect()
}

pub(super) fn readers(lacking: &[Reader]) -> Vec<Finding> {
    if lacking.is_empty() {
        return vec![Finding::ok("readers", "no login for reports is without its limits")];
    }
    let finding = |reader: &Reader| {
        let Reader { name, has_timeout, read_only } = reader;
        let limits = [(has_timeout, "statement_timeout", "'30s'"), (read_only, "default_transaction_read_only", "on")];
        let lacks = || limits.iter().filter(|(has, ..)| !**has);
        let settings: Vec<&str> = lacks().map(|(_, setting, _)| *setting).collect();
        let cures: Vec<String> =
            lacks().map(|(_, setting, value)| format!("alter role {name} set {setting} = {value}")).collect();
        let text = format!("{name} may report without {}: a role's settings do not pass to it", settings.join(" and "));
        Finding::warning("readers", text, cures.join("; "))
    };
    lacking.iter().map(finding).collect()
}

/// The first of many names.
fn first(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn what_loops_left_is_an_error_while_a_server_runs() {
        let left = Loops { leases: 3, tally_seconds: Some(61) };
        assert_eq!(loops(&left, 17)[0].level, Level::Error);
        assert_eq!(loops(&left, 0)[0].level, Level::Warning);
        assert!(loops(&left, 0)[0].text.starts_with("3 leases are over for more than 10 s"));
        assert_eq!(loops(&Loops { leases: 0, tally_seconds: Some(60) }, 17)[0].level, Level::Ok);
    }

    #[test]
    fn a_table_that_is_large_for_what_it_holds_is_told() {
        let one = |live_rows, dead_rows, bytes| Table {
            name: "ready".to_owned(),
            hot: true,
            live_rows,
            dead_rows,
            bytes,
            vacuumed_seconds: None,
            unattended: false,
        };
        assert_eq!(tables(&[one(5_000_000, 1_500_000, 2 << 30)])[0].level, Level::Ok);
        let bloated = tables(&[one(10, 2_000_000, 1 << 20), one(10, 0, 3 << 30)]);
        assert_eq!(bloated.len(), 2);
        assert!(bloated[0].text.contains("2000000 dead rows beside 10, and was vacuumed never"), "{bloated:?}");
        assert!(bloated[1].text.contains("3072 MiB for about 10 rows"), "{bloated:?}");
    }

    #[test]
    fn a_login_for_reports_without_limits_is_told_what_it_lacks() {
        let reader = |has_timeout, read_only| Reader { name: "alice".to_owned(), has_timeout, read_only };
        let finding = readers(&[reader(true, false)]).remove(0);
        assert_eq!(finding.cure.as_deref(), Some("alter role alice set default_transaction_read_only = on"));
        let finding = readers(&[reader(false, false)]).remove(0);
        assert!(finding.text.contains("statement_timeout and default_transaction_read_only"), "{finding:?}");
        assert_eq!(readers(&[])[0].level, Level::Ok);
    }
}

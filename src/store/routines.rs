//! Functions in the database that run statements of ours: those that the schema `presque` offers.
//!
//! A function's text is a file of `routines/` with the statement put in, so what people call with
//! SQL and what a server runs are the same to the letter. They are no migrations: whoever migrates
//! makes those anew whose text differs; the comment of each is the SHA-256 of what it was made of. A statement is right
//! for every server of its schema version, so it does no harm if an older one puts its own back, and a server that
//! does not migrate serves with those of another version, and says so.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::sql;

/// The name of each function, its text, and the statement that it runs.
const ROUTINES: [(&str, &str, &str); 10] = [
    ("run_enqueue", sql!("routines/run_enqueue"), sql!("jobs/enqueue")),
    ("run_cancel", sql!("routines/run_cancel"), sql!("jobs/cancel")),
    ("run_retry", sql!("routines/run_retry"), sql!("jobs/retry")),
    ("run_complete", sql!("routines/run_complete"), sql!("leases/complete")),
    ("run_pause", sql!("routines/run_pause"), sql!("queues/pause")),
    ("run_resume", sql!("routines/run_resume"), sql!("queues/resume")),
    // These are several statements of one transaction, so each stands in its function.
    ("run_link", sql!("routines/run_link"), ""),
    ("run_resolve", sql!("routines/run_resolve"), ""),
    ("run_enqueue_linked", sql!("routines/run_enqueue_linked"), ""),
    ("run_finish_batches", sql!("routines/run_finish_batches"), ""),
];

/// Stands in a function's text for the statement.
const PLACE: &str = "{statement}";

/// A function as this program makes it, and another one, or none, stands in the database.
pub(super) struct Differing {
    pub(super) name: &'static str,
    pub(super) is_there: bool,
    text: String,
    mark: String,
}

/// Those functions that are not there as this program makes them.
///
/// # Errors
/// When the database does not answer, or has no schema.
pub(super) async fn differing(connection: &mut PgConnection) -> Result<Vec<Differing>, sqlx::Error> {
    let rows = connection.fetch_all(sql!("routines/list")).await?;
    let there = rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("mark")?)));
    let there: HashMap<String, Option<String>> = there.collect::<Result<_, sqlx::Error>>()?;
    let differing = ROUTINES.iter().filter_map(|(name, text, statement)| {
        let text = text.replace(PLACE, statement.trim_end());
        let mark = Sha256::digest(&text).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let found = there.get(*name);
        let differs = found.is_none_or(|there| there.as_ref() != Some(&mark));
        differs.then(|| Differing { name, is_there: found.is_some(), text, mark })
    });
    Ok(differing.collect())
}

/// Makes those functions that differ from ours, and answers how many. Several servers may do this at once.
///
/// # Errors
/// When the database refuses, as it does to whom the schema does not belong.
pub(super) async fn replace(connection: &mut PgConnection) -> Result<usize, sqlx::Error> {
    let differing = differing(connection).await?;
    let mut texts = String::new();
    for Differing { name, text, mark, .. } in &differing {
        let function = format!("presque_internal.{name}");
        // Its arguments or its answer may have changed.
        let _ = write!(
            texts,
            "drop function if exists {function};\n{text};\n\
             revoke all on function {function} from public;\ncomment on function {function} is '{mark}';\n"
        );
    }
    if !texts.is_empty() {
        // One transaction, as it is one message; the lock, because two that replace a function meet.
        let lock = "select pg_advisory_xact_lock(hashtextextended('presque.routines', 0));\n";
        sqlx::raw_sql(AssertSqlSafe(format!("{lock}{texts}"))).execute(connection).await?;
    }
    Ok(differing.len())
}

//! Judges who holds what: old snapshots, forgotten transactions, replication slots.

use super::finding::{Finding, size, span};
use crate::store::doctor::{IdleSession, Prepared, Slot, Snapshot};

/// An open transaction of this many seconds is old: every statement of ours takes less.
const OLD_SECONDS: i64 = 900;

/// So is one that began before so many others, where its age is not known.
const OLD_TRANSACTIONS: i64 = 1_000_000;

/// A prepared transaction is ended within seconds, or its manager has forgotten it.
const PREPARED_SECONDS: i64 = 60;

/// A slot that keeps more is far behind.
const SLOT_BYTES: i64 = 10 * 1024 * 1024 * 1024;

/// Who holds old snapshots; where none is old, the oldest of all.
pub(super) fn snapshots(held: &[Snapshot]) -> Vec<Finding> {
    let old = |one: &&Snapshot| match one.seconds {
        Some(seconds) => seconds > OLD_SECONDS,
        None => one.transactions > OLD_TRANSACTIONS,
    };
    let warnings: Vec<Finding> = held
        .iter()
        .filter(old)
        .map(|one| {
            let text = format!(
                "rows that are gone have stayed for {}, so tables grow and looks get slower: {}",
                age(one),
                holder(one)
            );
            Finding::warning("snapshot", text, format!("End it: select pg_terminate_backend({})", one.pid))
        })
        .collect();
    if !warnings.is_empty() {
        return warnings;
    }
    let Some(oldest) = held.first() else { return vec![Finding::ok("snapshot", "nobody holds one")] };
    vec![Finding::info("snapshot", format!("the oldest is from {} ago: {}", age(oldest), holder(oldest)))]
}

fn age(held: &Snapshot) -> String {
    held.seconds.map_or_else(|| format!("{} transactions", held.transactions), span)
}

/// Process, application, role, state and query, as far as they are known.
fn holder(held: &Snapshot) -> String {
    let mut text = session(held.pid, held.application.as_deref(), held.role.as_deref());
    for more in [&held.state, &held.query].into_iter().flatten() {
        text.push_str(", ");
        text.push_str(more);
    }
    text
}

fn session(pid: i32, application: Option<&str>, role: Option<&str>) -> String {
    format!("pid {pid} ({} of {})", application.unwrap_or("unnamed"), role.unwrap_or("nobody"))
}

pub(super) fn idle(sessions: &[IdleSession]) -> Vec<Finding> {
    if sessions.is_empty() {
        return vec![Finding::ok("idle_transaction", "nobody idles in a transaction for a minute")];
    }
    let finding = |one: &IdleSession| {
        let who = session(one.pid, one.application.as_deref(), one.role.as_deref());
        let text = format!("{who} has done nothing for {}, and keeps all its locks", span(one.seconds));
        let cure = format!(
            "End it: select pg_terminate_backend({}). Set idle_in_transaction_session_timeout for its role.",
            one.pid
        );
        Finding::warning("idle_transaction", text, cure)
    };
    sessions.iter().map(finding).collect()
}

pub(super) fn prepared(left: &[Prepared]) -> Vec<Finding> {
    let old: Vec<Finding> = left
        .iter()
        .filter(|one| one.seconds > PREPARED_SECONDS)
        .map(|one| {
            let Prepared { gid, role, seconds } = one;
            let text = format!(
                "'{gid}' of {role} has been prepared for {}: it keeps locks and rows over every restart",
                span(*seconds)
            );
            let cure = format!("commit prepared '{gid}', or rollback prepared '{gid}'");
            Finding::warning("prepared_transaction", text, cure)
        })
        .collect();
    if old.is_empty() { vec![Finding::ok("prepared_transaction", "none is left over")] } else { old }
}

pub(super) fn slots(slots: &[Slot]) -> Vec<Finding> {
    let troubles: Vec<Finding> = slots.iter().filter_map(slot).collect();
    if !troubles.is_empty() {
        return troubles;
    }
    vec![Finding::ok("replication_slot", format!("{}, none behind", slots.len()))]
}

/// What is wrong with a slot.
fn slot(slot: &Slot) -> Option<Finding> {
    let Slot { name, kind, active, lost, kept_bytes, transactions } = slot;
    let kept = kept_bytes.unwrap_or(0);
    let remove = format!("If nobody needs it any more: select pg_drop_replication_slot('{name}')");
    if *lost {
        let text = format!("{kind} slot {name} is invalid: what its reader needs is gone");
        return Some(Finding::warning("replication_slot", text, format!("{remove}. Make its reader anew.")));
    }
    if !active && (kept > 0 || transactions.is_some()) {
        let kept = size(kept);
        let text = format!("nobody reads from {kind} slot {name}, and it keeps {kept} of WAL: the disk fills up");
        let cure = format!("{remove}. Set max_slot_wal_keep_size, so that none can fill the disk.");
        return Some(Finding::warning("replication_slot", text, cure));
    }
    if kept > SLOT_BYTES || transactions.is_some_and(|transactions| transactions > OLD_TRANSACTIONS) {
        let text = format!("the reader of {kind} slot {name} is behind: {} of WAL are kept for it", size(kept));
        let cure = format!("See why its reader is slow. {remove}.");
        return Some(Finding::warning("replication_slot", text, cure));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn held(pid: i32, seconds: Option<i64>, transactions: i64) -> Snapshot {
        let known = seconds.map(|_| "idle in transaction".to_owned());
        let (application, role) = (Some("psql".to_owned()), Some("alice".to_owned()));
        Snapshot { pid, application, role, state: known, seconds, transactions, query: None }
    }

    #[test]
    fn the_oldest_snapshot_is_told_and_each_old_one_is_a_warning() {
        let findings = snapshots(&[held(7, Some(20), 5), held(8, Some(3), 1)]);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].level, Level::Info);
        assert_eq!(findings[0].text, "the oldest is from 20 s ago: pid 7 (psql of alice), idle in transaction");
        let findings = snapshots(&[held(7, Some(901), 5), held(8, None, 1_000_001), held(9, Some(3), 1)]);
        assert_eq!(findings.len(), 2);
        assert!(findings.iter().all(|finding| finding.level == Level::Warning));
        assert!(findings[1].text.contains("for 1000001 transactions"), "{findings:?}");
        assert_eq!(findings[0].cure.as_deref(), Some("End it: select pg_terminate_backend(7)"));
    }

    #[test]
    fn a_slot_that_nobody_reads_from_is_told() {
        let mut one = Slot {
            name: "old".to_owned(),
            kind: "physical".to_owned(),
            active: true,
            lost: false,
            kept_bytes: Some(20 << 20),
            transactions: None,
        };
        assert_eq!(slots(std::slice::from_ref(&one))[0].level, Level::Ok);
        one.active = false;
        let finding = slots(std::slice::from_ref(&one)).remove(0);
        assert_eq!(finding.level, Level::Warning);
        assert!(finding.text.contains("old, and it keeps 20 MiB"), "{finding:?}");
    }
}

//! Judges the way between servers and PostgreSQL: connections, poolers, notifications, clocks.

use super::finding::Finding;
use crate::store::Result;
use crate::store::doctor::Clock;

/// From here on, log lines of the two machines are hard to put in order, in milliseconds.
const CLOCKS_APART_MS: u64 = 5_000;

/// Whether a server could connect, with the settings it asks for.
pub(super) fn settings_arrive(arrived: &Result<bool>) -> Finding {
    const CHECK: &str = "server_connection";
    match arrived {
        Ok(true) => Finding::ok(CHECK, "a server can connect, and its settings arrive"),
        Ok(false) => Finding::warning(
            CHECK,
            "a server can connect, but a pooler keeps its settings back: statements have no timeout, and their plans \
             may change",
            "Name PostgreSQL itself with --database-url. Or set them for the login with alter role: \
             statement_timeout, lock_timeout, plan_cache_mode = force_generic_plan, and enable_hashjoin, \
             enable_mergejoin, enable_seqscan, enable_bitmapscan and enable_sort = off.",
        ),
        Err(error) => Finding::error(
            CHECK,
            format!("a server cannot connect as it does: {error}"),
            "Name PostgreSQL itself with --database-url, or a pooler that takes settings at the start of a session. \
             PgBouncer refuses them unless ignore_startup_parameters has extra_float_digits and options.",
        ),
    }
}

/// `told` if servers know of it.
pub(super) fn pooler(shared: bool, told: bool) -> Vec<Finding> {
    vec![if told {
        Finding::info(
            "pooler",
            "servers reckon with one in transaction mode: nothing is prepared, and what another server stores is found \
             by looking, within a second",
        )
    } else if shared {
        Finding::warning(
            "pooler",
            "a pooler in transaction mode stands between: it breaks notifications, settings of sessions, locks of \
             migrations and, before PgBouncer 1.21, prepared statements",
            "Name PostgreSQL itself with --database-url: a server is a pool already. Or serve with \
             --database-prepared-statements false, and migrate over a direct connection; see docs/operations.md.",
        )
    } else {
        Finding::ok("pooler", "none in transaction mode was noticed")
    }]
}

pub(super) fn listen(heard: bool) -> Vec<Finding> {
    vec![if heard {
        Finding::ok("listen", "what one connection notifies, another one hears")
    } else {
        Finding::warning(
            "listen",
            "notifications do not arrive: a job that is stored by one server is handed out by another up to a second \
             later",
            "Name PostgreSQL itself with --database-url, or a pool in session mode.",
        )
    }]
}

pub(super) fn clock(clock: Clock) -> Vec<Finding> {
    let Clock { ahead_ms, within_ms } = clock;
    let apart_ms = ahead_ms.unsigned_abs();
    let which = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let text = format!(
        "the database's is {apart_ms} ms {which} this machine's (give or take {within_ms} ms); only the database's \
         decides anything"
    );
    vec![if apart_ms > CLOCKS_APART_MS.saturating_add(within_ms.unsigned_abs()) {
        Finding::warning("clock", text, "Set the clocks of both machines by NTP, so that their logs can be compared.")
    } else {
        Finding::info("clock", text)
    }]
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn clocks_that_are_seconds_apart_are_told() {
        let level = |ahead_ms| clock(Clock { ahead_ms, within_ms: 3 })[0].level;
        assert_eq!((level(0), level(-4_000), level(5_003)), (Level::Info, Level::Info, Level::Info));
        assert_eq!((level(5_004), level(-60_000)), (Level::Warning, Level::Warning));
        assert!(clock(Clock { ahead_ms: -40, within_ms: 1 })[0].text.contains("40 ms behind this machine's"));
    }
}

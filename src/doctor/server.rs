//! Judges what PostgreSQL is, what it promises, and what it has left to give.

use super::finding::Finding;
use crate::store::OLDEST_POSTGRES;
use crate::store::doctor::{Connections, Server, TransactionIds};

/// What a server takes by default: `--database-connections`, and one to listen.
const CONNECTIONS_OF_A_SERVER: i64 = 18;

/// PostgreSQL stops to take writes about three million before the ids come round.
const TRANSACTION_IDS: i64 = (1 << 31) - 3_000_000;

/// Where vacuums drop everything else to free ids (`vacuum_failsafe_age`, by default).
const FAILSAFE_AGE: i64 = 1_600_000_000;

pub(super) fn server(server: &Server) -> Vec<Finding> {
    let Server { database, role, .. } = server;
    let mut findings = vec![
        Finding::ok("connection", format!("database {database}, as {role}")),
        version(server),
        encoding(server),
        writable(server),
    ];
    findings.extend(durability(server));
    findings.push(standbys(server));
    findings.push(autovacuum(server));
    if !server.sees_all {
        let text = format!("{role} does not see since when sessions of others are in a transaction, nor their queries");
        findings.push(Finding::info("visibility", text).with_cure(format!("grant pg_read_all_stats to {role}")));
    }
    findings
}

fn version(server: &Server) -> Finding {
    let version = &server.version;
    if server.version_num < OLDEST_POSTGRES {
        let text = format!("PostgreSQL {version} is too old: 15 or newer is needed");
        return Finding::error("version", text, "Upgrade PostgreSQL, or name another one with --database-url.");
    }
    Finding::ok("version", format!("PostgreSQL {version}"))
}

fn encoding(server: &Server) -> Finding {
    let encoding = &server.encoding;
    if encoding == "UTF8" {
        return Finding::ok("encoding", encoding.as_str());
    }
    let cure = "Make another database: create database presque encoding 'UTF8' template template0";
    Finding::error("encoding", format!("{encoding} cannot hold every payload: UTF8 is needed"), cure)
}

fn writable(server: &Server) -> Finding {
    if server.standby {
        let cure = "Name the primary with --database-url. If there is none any more, promote this one.";
        return Finding::error("writable", "this is a standby: it can be read and not written", cure);
    }
    if server.read_only {
        let role = &server.role;
        let text = format!("default_transaction_read_only is on for {role}: its servers cannot write");
        let cure = format!("alter role {role} reset default_transaction_read_only; or where else it is set");
        return Finding::error("writable", text, cure);
    }
    Finding::ok("writable", "it takes writes")
}

/// What must be on, so that what was acknowledged survives a crash.
fn durability(server: &Server) -> Vec<Finding> {
    let Server { fsync, full_page_writes, synchronous_commit, .. } = server;
    let settings =
        [("fsync", fsync), ("full_page_writes", full_page_writes), ("synchronous_commit", synchronous_commit)];
    let weak = settings.into_iter().filter(|(_, value)| *value == "off");
    let findings: Vec<Finding> = weak
        .map(|(name, _)| {
            Finding::error(
                "durability",
                format!("{name} is off: a crash of the database can lose acknowledged jobs"),
                format!("alter system set {name} = on; select pg_reload_conf(); or where the role or the URL sets it"),
            )
        })
        .collect();
    if findings.is_empty() {
        let text = format!(
            "fsync and full_page_writes are on, synchronous_commit is {synchronous_commit}: what was acknowledged \
             survives a crash"
        );
        return vec![Finding::ok("durability", text)];
    }
    findings
}

fn standbys(server: &Server) -> Finding {
    let Server { wal_level, synchronous_standby_names: names, synchronous_commit, .. } = server;
    let text = if names.is_empty() {
        format!("wal_level is {wal_level}; no standby is waited for: a failover can lose the last commits")
    } else if synchronous_commit == "local" {
        format!("wal_level is {wal_level}; there is a standby ({names}), but commits wait for this machine only")
    } else {
        format!("wal_level is {wal_level}; commits wait for a standby ({names})")
    };
    Finding::info("standbys", text)
}

fn autovacuum(server: &Server) -> Finding {
    if server.autovacuum {
        return Finding::ok("autovacuum", "it is on");
    }
    let text = "autovacuum or track_counts is off: tables through which every job passes will grow without end";
    let cure = "alter system set autovacuum = on; alter system set track_counts = on; select pg_reload_conf()";
    Finding::error("autovacuum", text, cure)
}

pub(super) fn connections(connections: &Connections) -> Vec<Finding> {
    let Connections { connections_max, used, of_servers, free } = connections;
    let text = format!(
        "{used} of {connections_max} are used, {of_servers} of them by servers of this database; {free} more are free \
         for this login"
    );
    vec![if *free < CONNECTIONS_OF_A_SERVER {
        let cure = format!(
            "Raise max_connections (or the limit of the role or the database), or start servers with a smaller \
             --database-connections: one takes up to {CONNECTIONS_OF_A_SERVER} by default."
        );
        Finding::warning("connections", text, cure)
    } else {
        Finding::ok("connections", text)
    }]
}

pub(super) fn transaction_ids(ids: &TransactionIds) -> Vec<Finding> {
    let TransactionIds { database, transactions, multixacts, freeze_max } = ids;
    let age = *transactions.max(multixacts);
    let percent = age * 100 / TRANSACTION_IDS;
    let forced = freeze_max * 100 / TRANSACTION_IDS;
    let text = format!(
        "{percent} % are used (in database {database}); at {forced} % a vacuum is forced, at 100 % writes are refused"
    );
    let cure = format!(
        "End what holds an old snapshot, see there; then, in database {database}: vacuum (freeze). Give autovacuum \
         more workers or a smaller autovacuum_vacuum_cost_delay."
    );
    vec![if age >= FAILSAFE_AGE {
        Finding::error("transaction_ids", text, cure)
    } else if age > freeze_max.saturating_mul(3) {
        // A forced vacuum takes its time (and multixacts have twice the age); here it does not end.
        Finding::warning("transaction_ids", text, cure)
    } else {
        Finding::ok("transaction_ids", text)
    }]
}

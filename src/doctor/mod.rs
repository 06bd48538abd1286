//! `presque doctor`: whether a database is fit for jobs, and what helps where it is not.
//!
//! `store::doctor` tells facts; the functions here judge them, each of one kind and without asking
//! anything. A fact that cannot be had is a finding, too.

mod finding;
mod reach;
mod schema;
mod server;
mod sessions;

pub use finding::{Finding, Level, Output, Report};

use crate::store::Result;
use crate::store::doctor::Probe;

/// Looks at everything, in the order in which it is told. Changes nothing.
pub async fn examine(mut probe: Probe) -> Report {
    let mut findings = looked("server", &probe.server().await, server::server);
    // Before we connect as a server does, and count as one.
    let connections = probe.connections().await;
    let of_servers = connections.as_ref().map_or(0, |connections| connections.of_servers);
    findings.extend(looked("connections", &connections, server::connections));
    findings.extend(looked("transaction_ids", &probe.transaction_ids().await, server::transaction_ids));

    findings.push(reach::settings_arrive(&probe.settings_arrive().await));
    let shared = probe.backends_are_shared().await;
    let told = probe.is_pooled();
    findings.extend(looked("pooler", &shared, |shared| reach::pooler(*shared, told)));
    // A session that listens would stay in the pool, and tell others what they did not ask for.
    if !told && !matches!(shared, Ok(true)) {
        findings.extend(looked("listen", &probe.hears().await, |heard| reach::listen(*heard)));
    }
    findings.extend(looked("clock", &probe.clock().await, |clock| reach::clock(*clock)));

    findings.extend(looked("snapshot", &probe.snapshots().await, |held| sessions::snapshots(held)));
    findings.extend(looked("idle_transaction", &probe.idle_sessions().await, |idle| sessions::idle(idle)));
    findings.extend(looked("prepared_transaction", &probe.prepared().await, |left| sessions::prepared(left)));
    findings.extend(looked("replication_slot", &probe.slots().await, |slots| sessions::slots(slots)));

    let steps = probe.migrations().await;
    findings.push(schema::schema(&steps));
    // What stands in another schema than ours, only the presque of that schema can tell.
    if steps.is_ok_and(|steps| steps.iter().all(|step| step.applied)) {
        findings.push(schema::functions(&probe.differing_functions().await));
        findings.extend(ours(&mut probe, of_servers).await);
    }
    Report { findings }
}

/// Looks at what is in our own tables, once they are there.
async fn ours(probe: &mut Probe, of_servers: i64) -> Vec<Finding> {
    let mut findings = looked("partitions", &probe.missing_partitions().await, |missing| schema::partitions(missing));
    findings.extend(looked("default_partition", &probe.default_rows().await, |rows| schema::default_rows(rows)));
    findings.extend(looked("loops", &probe.loops().await, |left| schema::loops(left, of_servers)));
    findings.extend(looked("bloat", &probe.tables().await, |tables| schema::tables(tables)));
    findings.extend(looked("indexes", &probe.invalid_indexes().await, |names| schema::indexes(names)));
    findings.extend(looked("readers", &probe.readers().await, |readers| schema::readers(readers)));
    findings
}

/// What the facts mean, or that there are none.
fn looked<T>(check: &'static str, facts: &Result<T>, judge: impl FnOnce(&T) -> Vec<Finding>) -> Vec<Finding> {
    match facts {
        Ok(facts) => judge(facts),
        Err(error) => vec![Finding::warning(check, format!("it could not be looked at: {error}"), ASK_AS_SERVER)],
    }
}

/// What helps where a question fails, for lack of a right most of the time.
const ASK_AS_SERVER: &str =
    "Run presque doctor with the login of the servers. If it was that one, see what the log of PostgreSQL says.";

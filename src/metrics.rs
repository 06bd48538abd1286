//! What this server counts of itself, for Prometheus. What is counted in the database, by all
//! servers together, is added where it is shown: `http/metrics.rs`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The target of spans that are exported to OpenTelemetry. They are of the lowest level, so that no
/// log shows them, and nobody makes them where nothing is exported.
pub const TRACE: &str = "presque::trace";

/// Upper bounds of durations, in seconds: from a look into memory to a long poll.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// Upper bounds of the number of jobs in a statement.
const JOBS: [f64; 8] = [0.0, 1.0, 5.0, 10.0, 50.0, 100.0, 250.0, 1000.0];

/// Upper bounds of how late schedules fire, in seconds.
const LATE: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 5.0, 60.0, 600.0, 3600.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Task {
    task: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Loop {
    r#loop: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoopRun {
    r#loop: &'static str,
    outcome: &'static str,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// What this server counts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_seconds: Durations<Route>,
    long_polls: Gauge,
    claim_seconds: Histogram,
    claim_jobs: Histogram,
    pool_wait_seconds: Histogram,
    schedules_fired: Counter,
    schedule_lag_seconds: Histogram,
    maintenance_seconds: Durations<Task>,
    loop_runs: Family<LoopRun, Counter>,
    loop_failing: Family<Loop, Gauge>,
    failing: Mutex<BTreeSet<&'static str>>,
}

/// Counts a request as waiting while it lives.
#[derive(Debug)]
pub struct LongPoll(Gauge);

impl Drop for LongPoll {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("presque");
        let build: Family<[(&str, &str); 1], Gauge> = Family::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("build_info", "The version of this server", build);
        let mut counted = Counted {
            registry: Registry::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            long_polls: Gauge::default(),
            claim_seconds: seconds(),
            claim_jobs: Histogram::new(JOBS),
            pool_wait_seconds: seconds(),
            schedules_fired: Counter::default(),
            schedule_lag_seconds: Histogram::new(LATE),
            maintenance_seconds: Family::new_with_constructor(seconds),
            loop_runs: Family::default(),
            loop_failing: Family::default(),
            failing: Mutex::default(),
        };
        counted.register(&mut registry);
        counted.registry = registry;
        Self(Arc::new(counted))
    }
}

impl Counted {
    fn register(&self, to: &mut Registry) {
        to.register("http_requests", "Requests, by route and answer", self.requests.clone());
        to.register(
            "http_request_duration_seconds",
            "How long answers took, waits included",
            self.request_seconds.clone(),
        );
        to.register("long_polls", "Requests that wait for something now", self.long_polls.clone());
        to.register("claim_duration_seconds", "Of one statement that claims jobs", self.claim_seconds.clone());
        to.register("claim_batch_size", "Jobs that one statement claimed", self.claim_jobs.clone());
        to.register(
            "db_pool_wait_seconds",
            "How long statements waited for a connection",
            self.pool_wait_seconds.clone(),
        );
        to.register("schedules_fired", "Due times that this server fired", self.schedules_fired.clone());
        to.register("schedule_lag_seconds", "From a due time to when it fired", self.schedule_lag_seconds.clone());
        to.register("maintenance_duration_seconds", "Of one run of a loop", self.maintenance_seconds.clone());
        to.register("loop_runs", "Runs of each loop, by outcome", self.loop_runs.clone());
        to.register("loop_failing", "1 while a loop fails and keeps trying", self.loop_failing.clone());
    }
}

impl Metrics {
    /// A request was answered. `route` is one of the routes, never a path.
    pub fn answered(&self, route: &'static str, method: &'static str, status: u16, took: Duration) {
        self.0.requests.get_or_create(&Request { route, method, status }).inc();
        self.0.request_seconds.get_or_create(&Route { route }).observe(took.as_secs_f64());
    }

    /// A request waits, until what is returned is dropped.
    pub fn long_poll(&self) -> LongPoll {
        self.0.long_polls.inc();
        LongPoll(self.0.long_polls.clone())
    }

    /// A statement claimed so many jobs.
    pub fn claimed(&self, jobs: usize, took: Duration) {
        self.0.claim_seconds.observe(took.as_secs_f64());
        self.0.claim_jobs.observe(f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)));
    }

    /// A statement waited for its connection.
    pub fn waited_for_connection(&self, took: Duration) {
        self.0.pool_wait_seconds.observe(took.as_secs_f64());
    }

    /// A schedule fired so many due times, the first of them so late.
    pub fn schedule_fired(&self, times: usize, late: chrono::Duration) {
        self.0.schedules_fired.inc_by(times as u64);
        self.0.schedule_lag_seconds.observe(late.as_seconds_f64().max(0.0));
    }

    /// A loop ran.
    pub fn loop_ran(&self, name: &'static str, ok: bool, took: Duration) {
        let outcome = if ok { "ok" } else { "failed" };
        self.0.loop_runs.get_or_create(&LoopRun { r#loop: name, outcome }).inc();
        self.0.loop_failing.get_or_create(&Loop { r#loop: name }).set(i64::from(!ok));
        let mut failing = self.0.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if ok {
            failing.remove(name)
        } else {
            failing.insert(name)
        };
        drop(failing);
        self.0.maintenance_seconds.get_or_create(&Task { task: name }).observe(took.as_secs_f64());
    }

    /// The loops whose last run failed.
    pub fn failing_loops(&self) -> Vec<&'static str> {
        self.0.failing.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// In the text format of `OpenMetrics`, without its end.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        text::encode_registry(&mut out, &self.0.registry)?;
        Ok(out)
    }
}

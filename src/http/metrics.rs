//! `GET /metrics`: what this server counts of itself, and what all servers count in the database.

use std::fmt;

use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Registry;

use super::App;
use crate::domain::Histogram;
use crate::store::{self, PoolState, QueueCounters};

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What queues without a name of their own are called.
const OTHER: &str = "_other";

/// For people, whose browsers would save the other one.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Which buckets of waits and runs are told: each upper bound is twice the one before, from 1 ms to
/// 70 minutes.
const BOUNDS: [usize; 23] = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 76, 80, 84, 88];

/// What all servers count together, read for one answer.
#[derive(Debug)]
struct Shared {
    queues: Vec<QueueCounters>,
    /// `None` if they could not be read.
    workers: Option<Vec<(String, i64)>>,
    pools: [PoolState; 2],
    /// Whether the database answered.
    up: bool,
}

/// Numbers for Prometheus
///
/// What this server counts of itself, and what is counted in the database: that is the same on
/// all servers, so one of them is enough. Without a database there is the former. The text is that of
/// `OpenMetrics`, and called so if the header `Accept` asks for it, as Prometheus does.
#[utoipa::path(
    get, path = "/metrics", tag = "ops",
    responses((
        status = 200, description = "In the text format of OpenMetrics", body = String, content_type = "text/plain"
    )),
)]
pub(super) async fn get_metrics(State(app): State<App>, headers: HeaderMap) -> Response {
    let named = i64::try_from(app.metrics_queues_max).unwrap_or(i64::MAX);
    let read = tokio::join!(app.store.list_queue_counters(named), app.store.count_workers());
    let (queues, workers, up) = match read {
        (Ok(queues), Ok(workers)) => (queues, Some(workers), true),
        (Err(error), _) | (_, Err(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "metrics without the database");
            (Vec::new(), None, !matches!(error, store::Error::Unavailable(_)))
        }
    };
    let shared = Shared { queues, workers, pools: app.store.pools(), up };
    match write(&app, shared) {
        Ok(text) => {
            let asked = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
            let of_type = if asked.contains("application/openmetrics-text") { OPENMETRICS } else { PLAIN };
            ([(CONTENT_TYPE, HeaderValue::from_static(of_type))], text).into_response()
        }
        Err(_) => super::problem::Error::Internal.into_response(),
    }
}

fn write(app: &App, shared: Shared) -> Result<String, fmt::Error> {
    let mut out = app.store.metrics().text()?;
    let mut registry = Registry::with_prefix("presque");
    registry.register_collector(Box::new(shared));
    text::encode_registry(&mut out, &registry)?;
    text::encode_eof(&mut out)?;
    Ok(out)
}

/// Labels, names before values.
type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

fn gauge(metric: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, value: i64) -> fmt::Result {
    metric.encode_family(labels)?.encode_gauge(&value)
}

fn counter(metric: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, value: i64) -> fmt::Result {
    let none: Option<&Exemplar<Labels<'_, 0>, f64>> = None;
    metric.encode_family(labels)?.encode_counter(&u64::try_from(value).unwrap_or(0), none)
}

/// A histogram of milliseconds, in seconds.
#[expect(clippy::cast_precision_loss, reason = "sums of milliseconds are far below 2^52")]
fn histogram(metric: &mut MetricEncoder<'_>, queue: &str, counts: Option<&Vec<i64>>, ms_sum: i64) -> fmt::Result {
    let measured = Histogram::of(counts.cloned());
    let mut before = 0;
    let mut buckets = Vec::with_capacity(BOUNDS.len() + 1);
    let unsigned = |count: i64| u64::try_from(count).unwrap_or(0);
    for (bound, up_to) in BOUNDS.into_iter().zip(measured.up_to(&BOUNDS)) {
        buckets.push((Histogram::upper_ms(bound) / 1000.0, unsigned(up_to - before)));
        before = up_to;
    }
    buckets.push((f64::INFINITY, unsigned(measured.count() - before)));
    metric.encode_family(&[("queue", queue)])?.encode_histogram::<Labels<'_, 0>>(
        ms_sum as f64 / 1000.0,
        unsigned(measured.count()),
        &buckets,
        None,
    )
}

impl Collector for Shared {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.server(&mut encoder)?;
        self.gauges(&mut encoder)?;
        self.counters(&mut encoder)
    }
}

impl Shared {
    fn server(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut up = encoder.encode_descriptor("database_up", "1 if the database answers", None, MetricType::Gauge)?;
        up.encode_gauge(&i64::from(self.up))?;
        let help = "Connections to the database, by what they do";
        let mut pools = encoder.encode_descriptor("db_pool_connections", help, None, MetricType::Gauge)?;
        for pool in &self.pools {
            let free = pool.max.saturating_sub(pool.used + pool.idle);
            for (state, count) in [("used", pool.used), ("idle", pool.idle), ("free", free)] {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                gauge(&mut pools, &[("pool", pool.pool), ("state", state)], count)?;
            }
        }
        let Some(known) = &self.workers else { return Ok(()) };
        let help = "Workers that beat, by status";
        let mut workers = encoder.encode_descriptor("workers", help, None, MetricType::Gauge)?;
        for status in ["running", "quiet", "stopping", "lost"] {
            let count = known.iter().find(|(known, _)| known == status).map_or(0, |(_, count)| *count);
            gauge(&mut workers, &[("status", status)], count)?;
        }
        Ok(())
    }

    fn gauges(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut jobs = encoder.encode_descriptor("jobs", "Jobs in each state", None, MetricType::Gauge)?;
        for queue in &self.queues {
            for (state, count) in [
                ("pending", queue.pending),
                ("available", queue.available),
                ("scheduled", queue.scheduled),
                ("retryable", queue.retryable),
                ("running", queue.running),
                ("completed", queue.completed_now),
                ("discarded", queue.discarded_now),
                ("cancelled", queue.cancelled_now),
            ] {
                gauge(&mut jobs, &[("queue", queue.queue.as_str()), ("state", state)], count)?;
            }
        }
        let help = "The age of the oldest job that can be claimed";
        let mut latency = encoder.encode_descriptor("queue_latency_seconds", help, None, MetricType::Gauge)?;
        for queue in &self.queues {
            latency.encode_family(&[("queue", queue.queue.as_str())])?.encode_gauge(&queue.latency_seconds)?;
        }
        let mut paused =
            encoder.encode_descriptor("queue_paused", "1 if it hands nothing out", None, MetricType::Gauge)?;
        for queue in &self.queues {
            gauge(&mut paused, &[("queue", queue.queue.as_str())], i64::from(queue.paused))?;
        }
        Ok(())
    }

    /// Of queues with a name: the sum of the others falls when one of them gets its own.
    fn counters(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let named: Vec<&QueueCounters> = self.queues.iter().filter(|queue| queue.queue != OTHER).collect();
        let mut enqueued =
            encoder.encode_descriptor("jobs_enqueued", "Jobs that were put in", None, MetricType::Counter)?;
        for queue in &named {
            counter(&mut enqueued, &[("queue", queue.queue.as_str())], queue.enqueued)?;
        }
        let mut attempts =
            encoder.encode_descriptor("attempts", "Attempts that ended, by outcome", None, MetricType::Counter)?;
        for queue in &named {
            for (outcome, count) in [
                ("completed", queue.completed),
                ("failed", queue.failed - queue.lost),
                ("lost", queue.lost),
                ("released", queue.released),
            ] {
                counter(&mut attempts, &[("queue", queue.queue.as_str()), ("outcome", outcome)], count)?;
            }
        }
        let help = "Leases that ran out, and attempts that took too long";
        let mut expired = encoder.encode_descriptor("leases_expired", help, None, MetricType::Counter)?;
        for queue in &named {
            counter(&mut expired, &[("queue", queue.queue.as_str())], queue.lost)?;
        }
        let help = "From when a job could be claimed until it was";
        let mut waits = encoder.encode_descriptor("job_wait_seconds", help, None, MetricType::Histogram)?;
        for queue in &named {
            histogram(&mut waits, &queue.queue, queue.wait_hist.as_ref(), queue.wait_ms_sum)?;
        }
        let help = "From a claim to the end of its attempt";
        let mut runs = encoder.encode_descriptor("job_run_seconds", help, None, MetricType::Histogram)?;
        for queue in &named {
            histogram(&mut runs, &queue.queue, queue.run_hist.as_ref(), queue.run_ms_sum)?;
        }
        Ok(())
    }
}

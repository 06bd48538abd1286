//! What was measured, for people and for programs.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use hdrhistogram::Histogram;
use serde_json::json;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Table,
    /// One object
    Json,
    /// A head and a line
    Csv,
}

/// Up to a minute, to three digits; what is longer counts as a minute.
const LONGEST_US: u64 = 60_000_000;

/// What one client, or all of them, did.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) jobs: u64,
    pub(super) requests: u64,
    /// Answers of 503 and 429, after which the request was sent again.
    pub(super) refused: u64,
    pub(super) latency: Histogram<u64>,
    /// From a producer's answer until a worker has the job; none if nobody measures it.
    pub(super) after_answer: Option<Histogram<u64>>,
    /// When the last job was done.
    pub(super) ended: Option<Instant>,
}

impl Default for Measured {
    fn default() -> Self {
        Self { jobs: 0, requests: 0, refused: 0, latency: histogram(), after_answer: None, ended: None }
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are constants that it takes")
}

fn us(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

impl Measured {
    pub(super) fn note(&mut self, took: Duration) {
        self.latency.saturating_record(us(took));
    }

    /// Notes how long after its producer's answer a worker had a job, when both are known.
    pub(super) fn note_after_answer(&mut self, took: Option<Duration>) {
        if let Some(took) = took {
            self.after_answer.get_or_insert_with(histogram).saturating_record(us(took));
        }
    }

    pub(super) fn complete(&mut self, jobs: u64) {
        self.jobs += jobs;
        self.ended = Some(Instant::now());
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.requests += other.requests;
        self.refused += other.refused;
        self.ended = self.ended.max(other.ended);
        // Of the same bounds, so that nothing can be out of range.
        let _ = self.latency.add(&other.latency);
        self.add_after_answer(other);
    }

    /// Adds what the other end of the same jobs noted.
    pub(super) fn add_after_answer(&mut self, other: &Self) {
        if let Some(theirs) = &other.after_answer {
            let _ = self.after_answer.get_or_insert_with(histogram).add(theirs);
        }
    }
}

/// Milliseconds, by name.
type Quantiles = [(&'static str, f64); 5];

/// What was measured of a time.
struct Latency {
    /// Before the names of its fields.
    prefix: &'static str,
    of: &'static str,
    quantiles: Quantiles,
}

/// A finished measurement.
pub(super) struct Report {
    pub(super) what: &'static str,
    /// What the latency is of.
    pub(super) latency_of: &'static str,
    pub(super) took: Duration,
    pub(super) measured: Measured,
}

impl Report {
    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of jobs is far below 2^52")]
        let jobs = self.measured.jobs as f64;
        jobs / self.took.as_secs_f64().max(1e-9)
    }

    fn latencies(&self) -> Vec<Latency> {
        let after = self.measured.after_answer.as_ref().map(|after| Latency {
            prefix: "after_answer_",
            of: "from a producer's answer until a worker has the job, 0 if it had it before",
            quantiles: quantiles(after),
        });
        let latency = Latency { prefix: "", of: self.latency_of, quantiles: quantiles(&self.measured.latency) };
        std::iter::once(latency).chain(after).collect()
    }

    /// The same as names of fields and milliseconds.
    fn fields(&self) -> Vec<(String, f64)> {
        let fields = |Latency { prefix, quantiles, .. }| {
            quantiles.map(|(name, ms)| (format!("{prefix}{}_ms", name.replace('.', "_")), ms))
        };
        self.latencies().into_iter().flat_map(fields).collect()
    }

    pub(super) fn print(&self, output: Output) -> String {
        let Measured { jobs, requests, refused, .. } = &self.measured;
        let (seconds, per_second) = (self.took.as_secs_f64(), self.per_second());
        match output {
            Output::Table => {
                let line = |(name, ms): (&str, f64)| format!("  {name:<7} {ms:>10.2} ms\n");
                let block = |latency: Latency| format!("{}:\n{}", latency.of, latency.quantiles.map(line).concat());
                let latencies: String = self.latencies().into_iter().map(block).collect();
                format!(
                    "{}: {jobs} jobs in {seconds:.2} s, {per_second:.0} jobs/s, {requests} requests, {refused} refused \
                     for now\n{latencies}",
                    self.what
                )
            }
            Output::Json => {
                let mut value = json!({
                    "what": self.what, "jobs": jobs, "seconds": seconds, "jobs_per_second": per_second,
                    "requests": requests, "refused": refused, "latency_of": self.latency_of,
                });
                for (name, ms) in self.fields() {
                    value[name] = json!(ms);
                }
                format!("{value}\n")
            }
            Output::Csv => {
                let (names, values): (Vec<_>, Vec<_>) =
                    self.fields().into_iter().map(|(name, ms)| (name, format!("{ms:.3}"))).unzip();
                format!(
                    "what,jobs,seconds,jobs_per_second,requests,refused,{}\n{},{jobs},{seconds:.3},{per_second:.1},\
                     {requests},{refused},{}\n",
                    names.join(","),
                    self.what,
                    values.join(",")
                )
            }
        }
    }
}

fn quantiles(latency: &Histogram<u64>) -> Quantiles {
    let at = |quantile: f64| {
        #[expect(clippy::cast_precision_loss, reason = "at most a minute of microseconds")]
        let us = latency.value_at_quantile(quantile) as f64;
        us / 1000.0
    };
    [("p50", at(0.5)), ("p90", at(0.9)), ("p99", at(0.99)), ("p99.9", at(0.999)), ("max", at(1.0))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_the_same_in_every_form() {
        let mut measured = Measured { jobs: 100, requests: 10, ..Measured::default() };
        for ms in 1..=100 {
            measured.note(Duration::from_millis(ms));
            measured.note_after_answer(Some(Duration::from_millis(ms * 2)));
        }
        let mut all = Measured::default();
        all.add(&measured);
        let report = Report { what: "enqueue", latency_of: "a request", took: Duration::from_secs(2), measured: all };
        let json: serde_json::Value = serde_json::from_str(&report.print(Output::Json)).unwrap();
        assert_eq!((json["jobs_per_second"].as_f64(), json["requests"].as_u64()), (Some(50.0), Some(10)));
        assert!((json["p99_ms"].as_f64().unwrap() - 99.0).abs() < 0.2, "{json}");
        assert!((json["after_answer_p50_ms"].as_f64().unwrap() - 100.0).abs() < 0.2, "{json}");
        let table = report.print(Output::Table);
        assert!(table.contains("100 jobs in 2.00 s, 50 jobs/s") && table.contains("0 if it had it before:\n"));
        let csv = report.print(Output::Csv);
        let [head, line] = csv.lines().collect::<Vec<_>>()[..] else { panic!("{csv}") };
        assert_eq!(head.split(',').count(), line.split(',').count());
    }
}

//! The settings of a queue, and the wait before another attempt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Invalid, QueueName};

/// Every setting of a queue. What a job does not say itself, its queue says.
///
/// Settings that a newer server stored and this one does not know are passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!(QueuePolicy::default()))]
pub struct QueuePolicy {
    /// For people.
    pub description: String,
    /// For programs: up to 32 of your own.
    #[schema(value_type = StringMap)]
    pub labels: BTreeMap<String, String>,
    /// Failures after which a job is discarded (1 to 1000).
    #[schema(format = Int32)]
    pub max_attempts: i32,
    /// How the wait before another attempt grows: exponential, fixed or list.
    pub backoff_strategy: String,
    /// The wait after the first failure, in milliseconds.
    pub backoff_base_ms: i64,
    /// By how much the exponential wait grows with each failure (1 to 100).
    pub backoff_factor: f64,
    /// The longest exponential wait, in milliseconds.
    pub backoff_max_ms: i64,
    /// The wait is multiplied by a random factor in [1 - jitter, 1 + jitter] (0 to 1).
    pub backoff_jitter: f64,
    /// With the strategy list: the waits, in milliseconds; the last one repeats.
    pub backoff_delays_ms: Vec<i64>,
    /// How long a worker holds a job without a heartbeat, in milliseconds (1000 to 43200000).
    pub lease_ms: i64,
    /// How long one attempt may take, heartbeats or not, in milliseconds; 0 is no limit.
    pub timeout_ms: i64,
    /// How long completed jobs are kept, in milliseconds.
    pub retention_completed_ms: i64,
    /// How long cancelled jobs are kept, in milliseconds.
    pub retention_cancelled_ms: i64,
    /// How long discarded jobs are kept, in milliseconds.
    pub retention_discarded_ms: i64,
    /// Whether results are kept.
    pub store_results: bool,
    /// The priority of jobs that name none (-100 to 100, higher first).
    #[schema(format = Int32)]
    pub default_priority: i32,
    /// Where a dedup key is unique: queue or global.
    pub dedup_scope: String,
    /// Until when a job holds its dedup key: started, finished or window.
    pub dedup_until: String,
    /// With the until window: how long, in milliseconds.
    pub dedup_window_ms: i64,
    /// What happens to a job whose dedup key is held: `return_existing`, `reject` or `replace`.
    pub dedup_on_conflict: String,
    /// The largest payload, in bytes.
    pub payload_max_bytes: i64,
    /// The largest result, in bytes.
    pub result_max_bytes: i64,
    /// The most jobs that may wait; 0 is no limit.
    pub max_depth: i64,
    /// A copy of each discarded job is enqueued there; empty is none.
    pub dead_letter_queue: String,
    /// What a fetch through the classic routes does: auto finishes the job, lease holds it
    /// for the worker that names itself.
    pub classic_ack: String,
}

/// Names and texts of your own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"tenant": "9"}))]
pub struct StringMap(pub BTreeMap<String, String>);

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The longest a setting in milliseconds may be: a hundred years.
pub const MS_MAX: i64 = 36_525 * DAY;

/// The largest payload and result that any queue may allow, in bytes.
pub const PAYLOAD_BYTES_CAP: i64 = 4 * 1024 * 1024;

/// How long a lease may be, in milliseconds.
pub const LEASE_MS: std::ops::RangeInclusive<i64> = 1000..=43_200_000;

impl Default for QueuePolicy {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            description: String::new(),
            labels: BTreeMap::new(),
            max_attempts: 10,
            backoff_strategy: text("exponential"),
            backoff_base_ms: 5000,
            backoff_factor: 2.0,
            backoff_max_ms: 3_600_000,
            backoff_jitter: 0.2,
            backoff_delays_ms: Vec::new(),
            lease_ms: 60_000,
            timeout_ms: 0,
            retention_completed_ms: 3 * DAY,
            retention_cancelled_ms: 3 * DAY,
            retention_discarded_ms: 30 * DAY,
            store_results: true,
            default_priority: 0,
            dedup_scope: text("queue"),
            dedup_until: text("finished"),
            dedup_window_ms: 0,
            dedup_on_conflict: text("return_existing"),
            payload_max_bytes: 262_144,
            result_max_bytes: 65_536,
            max_depth: 0,
            dead_letter_queue: String::new(),
            classic_ack: text("auto"),
        }
    }
}

impl QueuePolicy {
    /// What is stored of it: the settings that differ from the defaults.
    pub fn differences(&self) -> Map<String, Value> {
        let members = |policy: &Self| match serde_json::to_value(policy) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let defaults = members(&Self::default());
        members(self).into_iter().filter(|(name, value)| defaults.get(name) != Some(value)).collect()
    }

    /// What no single setting can tell: settings that contradict each other. Answers the
    /// name of the setting to change.
    pub fn check(&self, queue: &QueueName) -> Result<(), (&'static str, Invalid)> {
        if self.backoff_strategy == "list" && self.backoff_delays_ms.is_empty() {
            return Err(("backoff_delays_ms", Invalid("the strategy list needs at least one delay")));
        }
        if self.dedup_until == "window" && self.dedup_window_ms == 0 {
            return Err(("dedup_window_ms", Invalid("until window needs a window of at least 1 ms")));
        }
        if self.dead_letter_queue == queue.as_str() {
            return Err(("dead_letter_queue", Invalid("a queue cannot be its own dead letter queue")));
        }
        Ok(())
    }

    /// Milliseconds until the attempt after `failures` failures, before jitter when `chance`
    /// is one half; `chance` from 0 to 1 picks the random factor. The function
    /// `presque_internal.backoff_ms` says the same in SQL.
    pub fn backoff_ms(&self, failures: u32, chance: f64) -> i64 {
        #[expect(clippy::cast_precision_loss, reason = "settings are far below 2^52")]
        let real = |ms: i64| ms as f64;
        let wait = match self.backoff_strategy.as_str() {
            "fixed" => real(self.backoff_base_ms),
            "list" => {
                let place = (failures as usize).min(self.backoff_delays_ms.len());
                real(*self.backoff_delays_ms.get(place.wrapping_sub(1)).unwrap_or(&self.backoff_base_ms))
            }
            _ => {
                // Beyond 2^60 times the base every limit is reached, and a double could overflow.
                let growth = (f64::from(failures.saturating_sub(1)) * self.backoff_factor.ln()).min(60.0 * 2_f64.ln());
                real(self.backoff_max_ms).min(real(self.backoff_base_ms) * growth.exp())
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "at most a hundred years of milliseconds, twice")]
        let ms = (wait * (1.0 + self.backoff_jitter * (2.0 * chance - 1.0))).round().max(0.0) as i64;
        ms
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_wait_stays_within_the_jitter_and_never_beyond_the_limit(
            base in 1_i64..100_000, factor in 1.0..10.0, max in 1_i64..10_000_000, jitter in 0.0..=1.0,
            failures in 1_u32..2000, chance in 0.0..=1.0,
        ) {
            let policy = QueuePolicy {
                backoff_base_ms: base, backoff_factor: factor, backoff_max_ms: max, backoff_jitter: jitter,
                ..QueuePolicy::default()
            };
            let steady = QueuePolicy { backoff_jitter: 0.0, ..policy.clone() }.backoff_ms(failures, chance);
            prop_assert!(steady <= max);
            prop_assert!(steady >= base.min(max));
            let wait = policy.backoff_ms(failures, chance);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let (steady, wait) = (steady as f64, wait as f64);
            prop_assert!(wait >= steady * (1.0 - jitter) - 2.0 && wait <= steady * (1.0 + jitter) + 2.0);
        }
    }

    #[test]
    fn the_waits_are_those_of_the_contract() {
        let steady = QueuePolicy { backoff_jitter: 0.0, ..QueuePolicy::default() };
        let waits =
            |policy: &QueuePolicy, n| (1..=n).map(|failures| policy.backoff_ms(failures, 0.9)).collect::<Vec<_>>();
        assert_eq!(waits(&steady, 4), [5000, 10_000, 20_000, 40_000]);
        assert_eq!(steady.backoff_ms(1000, 0.5), 3_600_000);
        let fixed = QueuePolicy { backoff_strategy: "fixed".to_owned(), ..steady.clone() };
        assert_eq!(waits(&fixed, 3), [5000, 5000, 5000]);
        let list = QueuePolicy { backoff_strategy: "list".to_owned(), backoff_delays_ms: vec![1, 20, 300], ..steady };
        assert_eq!(waits(&list, 5), [1, 20, 300, 300, 300]);
    }

    #[test]
    fn only_differences_are_stored() {
        assert_eq!(QueuePolicy::default().differences(), Map::new());
        let policy = QueuePolicy { lease_ms: 5000, ..QueuePolicy::default() };
        assert_eq!(Value::Object(policy.differences()), serde_json::json!({"lease_ms": 5000}));
    }

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let queue = QueueName::parse("mail").unwrap();
        let named = |policy: QueuePolicy| policy.check(&queue).err().map(|(name, _)| name);
        let text = str::to_owned;
        assert_eq!(named(QueuePolicy::default()), None);
        assert_eq!(
            named(QueuePolicy { backoff_strategy: text("list"), ..QueuePolicy::default() }),
            Some("backoff_delays_ms")
        );
        assert_eq!(
            named(QueuePolicy { dedup_until: text("window"), ..QueuePolicy::default() }),
            Some("dedup_window_ms")
        );
        assert_eq!(
            named(QueuePolicy { dead_letter_queue: text("mail"), ..QueuePolicy::default() }),
            Some("dead_letter_queue")
        );
    }
}

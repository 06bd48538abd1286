//! Reading the settings of a queue.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::fields::Fields;
use crate::domain::{LEASE_MS, MS_MAX, PAYLOAD_BYTES_CAP, QueueName, QueuePolicy, StringMap};

/// Settings of a queue; what is absent stays as it is. `QueuePolicy` says what each means.
#[derive(ToSchema)]
#[schema(example = json!({"max_attempts": 5, "lease_ms": 30000, "dead_letter_queue": "mail-dead"}))]
#[expect(dead_code, reason = "read by `read_policy`")]
pub(super) struct UpsertQueueRequest {
    description: Option<String>,
    #[schema(value_type = Option<StringMap>)]
    labels: Option<BTreeMap<String, String>>,
    max_attempts: Option<i32>,
    backoff_strategy: Option<String>,
    backoff_base_ms: Option<i64>,
    backoff_factor: Option<f64>,
    backoff_max_ms: Option<i64>,
    backoff_jitter: Option<f64>,
    backoff_delays_ms: Option<Vec<i64>>,
    lease_ms: Option<i64>,
    timeout_ms: Option<i64>,
    retention_completed_ms: Option<i64>,
    retention_cancelled_ms: Option<i64>,
    retention_discarded_ms: Option<i64>,
    store_results: Option<bool>,
    default_priority: Option<i32>,
    dedup_scope: Option<String>,
    dedup_until: Option<String>,
    dedup_window_ms: Option<i64>,
    dedup_on_conflict: Option<String>,
    payload_max_bytes: Option<i64>,
    result_max_bytes: Option<i64>,
    max_depth: Option<i64>,
    dead_letter_queue: Option<String>,
    classic_ack: Option<String>,
}

/// Replaces a setting where the body has it.
macro_rules! take {
    ($policy:ident, $fields:ident, $($name:ident: $read:ident($($rule:expr),*)),* $(,)?) => {
        $(if let Some(value) = $fields.$read(stringify!($name), $($rule),*) {
            $policy.$name = value;
        })*
    };
}

/// The settings after an [`UpsertQueueRequest`].
pub(super) fn read_policy(fields: &Fields<'_>, mut policy: QueuePolicy) -> QueuePolicy {
    take!(policy, fields,
        description: text(4096),
        labels: map(32, 255),
        max_attempts: small(1..=1000),
        backoff_strategy: choice(&["exponential", "fixed", "list"]),
        backoff_base_ms: int(0..=MS_MAX),
        backoff_factor: number(1.0..=100.0),
        backoff_max_ms: int(0..=MS_MAX),
        backoff_jitter: number(0.0..=1.0),
        backoff_delays_ms: ints(0..=100, 0..=MS_MAX),
        lease_ms: int(LEASE_MS),
        timeout_ms: int(0..=MS_MAX),
        retention_completed_ms: int(0..=MS_MAX),
        retention_cancelled_ms: int(0..=MS_MAX),
        retention_discarded_ms: int(0..=MS_MAX),
        store_results: bool(),
        default_priority: small(-100..=100),
        dedup_scope: choice(&["queue", "global"]),
        dedup_until: choice(&["finished", "started", "window"]),
        dedup_window_ms: int(0..=MS_MAX),
        dedup_on_conflict: choice(&["return_existing", "reject", "replace"]),
        payload_max_bytes: int(0..=PAYLOAD_BYTES_CAP),
        result_max_bytes: int(0..=PAYLOAD_BYTES_CAP),
        max_depth: int(0..=1_000_000_000_000),
        dead_letter_queue: text(QueueName::MAX),
        classic_ack: choice(&["auto", "lease"]),
    );
    if !policy.dead_letter_queue.is_empty() && QueueName::parse(&policy.dead_letter_queue).is_err() {
        fields.fault("dead_letter_queue", "pattern", "a queue's name, or empty for none");
    }
    policy
}

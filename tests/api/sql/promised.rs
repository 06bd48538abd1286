//! What the contract promises, written down apart from what is there: the columns of each view in their order, the
//! signature of each function, and what each role may.

use super::{ask, start, value};

/// Of all views of jobs.
const JOBS: &str = "id uuid, queue text, kind text, state text, priority integer, tags text[], group_key text, dedup_key text, \
    attempt integer, failed_attempts integer, max_attempts integer, created_at timestamptz, run_after timestamptz, \
    started_at timestamptz, finished_at timestamptz, wait_ms bigint, run_ms bigint, worker_id text, batch_id uuid, \
    schedule_id text, origin_job_id uuid, error_class text, error_message text, error_fingerprint text, created_by text, \
    payload_bytes integer";

/// Of all sums of queues.
const STATS: &str = "bucket timestamptz, queue text, kind text, enqueued bigint, started bigint, completed bigint, failed bigint, \
    lost bigint, released bigint, discarded bigint, cancelled bigint, wait_ms_sum bigint, wait_ms_max bigint, \
    wait_hist bigint[], run_ms_sum bigint, run_ms_max bigint, run_hist bigint[], wait_p50_ms float8, wait_p95_ms float8, \
    wait_p99_ms float8, run_p50_ms float8, run_p95_ms float8, run_p99_ms float8";

/// Columns that come later stand behind these.
const VIEWS: [(&str, &str); 21] = [
    ("jobs", JOBS),
    ("jobs_live", JOBS),
    ("job_history", JOBS),
    ("dead_letters", JOBS),
    ("job_payloads", "id uuid, payload json, payload_jsonb jsonb, result json, result_jsonb jsonb, headers jsonb"),
    (
        "job_attempts",
        "job_id uuid, attempt integer, queue text, kind text, worker_id text, outcome text, started_at timestamptz, \
         finished_at timestamptz, wait_ms bigint, run_ms bigint, error_class text, error_message text, error_stack text, \
         error_fingerprint text",
    ),
    (
        "failures",
        "fingerprint text, queue text, kind text, error_class text, message_sample text, occurrences bigint, \
         jobs_affected bigint, first_seen_at timestamptz, last_seen_at timestamptz",
    ),
    (
        "queues",
        "name text, paused boolean, paused_at timestamptz, paused_by text, pause_reason text, resume_at timestamptz, \
         policy jsonb, created_at timestamptz, updated_at timestamptz",
    ),
    (
        "queue_counts",
        "queue text, pending bigint, scheduled bigint, available bigint, running bigint, retryable bigint, \
         completed bigint, discarded bigint, cancelled bigint, oldest_available_at timestamptz, latency_ms bigint, \
         as_of timestamptz",
    ),
    ("queue_stats_minute", STATS),
    ("queue_stats_hour", STATS),
    ("queue_stats_day", STATS),
    (
        "queue_depth_minute",
        "bucket timestamptz, queue text, available_max bigint, running_max bigint, latency_ms_max bigint",
    ),
    (
        "workers",
        "id text, status text, hostname text, pid bigint, version text, queues text[], concurrency integer, \
         running bigint, labels jsonb, started_at timestamptz, last_heartbeat_at timestamptz",
    ),
    (
        "worker_stats_minute",
        "bucket timestamptz, worker_id text, queue text, started bigint, completed bigint, failed bigint, busy_ms bigint",
    ),
    ("job_tags", "id uuid, queue text, tag text"),
    (
        "schedules",
        "id text, queue text, cron text, timezone text, kind text, priority integer, tags text[], max_attempts integer, \
         paused boolean, catch_up text, overlap text, jitter_ms bigint, starts_at timestamptz, ends_at timestamptz, \
         description text, next_run_at timestamptz, last_run_at timestamptz, last_job_id uuid, created_at timestamptz, \
         updated_at timestamptz",
    ),
    ("schedule_runs", "schedule_id text, due_at timestamptz, fired_at timestamptz, job_id uuid"),
    (
        "batches",
        "id uuid, name text, state text, total bigint, pending bigint, scheduled bigint, available bigint, running bigint, \
         retryable bigint, completed bigint, discarded bigint, cancelled bigint, progress float8, tags text[], \
         callback_job_ids uuid[], created_at timestamptz, finished_at timestamptz",
    ),
    (
        "audit_log",
        "id bigint, at timestamptz, actor text, action text, subject_type text, subject_id text, detail jsonb, \
         request_id text, ip inet",
    ),
    (
        "bulk_operations",
        "id uuid, action text, state text, filter jsonb, dry_run boolean, matched bigint, processed bigint, \
         skipped bigint, failed bigint, sample_job_ids uuid[], reason text, last_error text, created_by text, \
         created_at timestamptz, finished_at timestamptz",
    ),
];

/// Arguments and answer, as `pg_get_function_arguments` writes them but for defaults; and who may call it.
const FUNCTIONS: [(&str, &str, &[&str]); 17] = [
    ("enqueue(text, jsonb, text, timestamptz, jsonb)", "uuid", &["producer"]),
    ("enqueue_many(text, jsonb[], text, timestamptz, jsonb)", "uuid", &["producer"]),
    ("enqueue_row()", "trigger", &["producer"]),
    ("job_state(uuid)", "text", &["producer"]),
    ("job_result(uuid)", "jsonb", &["producer"]),
    ("complete(uuid, text, jsonb)", "boolean", &["worker"]),
    ("cancel(uuid, text)", "text", &["operator"]),
    ("retry(uuid, interval)", "text", &["operator"]),
    ("pause(text, text, timestamptz)", "void", &["operator"]),
    ("resume(text)", "void", &["operator"]),
    ("uuid7_time(uuid)", "timestamptz", &["reader", "operator"]),
    ("uuid7_floor(timestamptz)", "uuid", &["reader", "operator"]),
    ("hist_bucket(bigint)", "integer", &["reader", "operator"]),
    ("hist_add(bigint[], bigint[])", "bigint[]", &["reader", "operator"]),
    ("hist_sum(bigint[])", "bigint[]", &["reader", "operator"]),
    ("hist_quantile(bigint[], float8)", "float8", &["reader", "operator"]),
    ("contract_version()", "integer", &["reader", "payload_reader", "producer", "operator", "worker"]),
];

const PURPOSES: [&str; 5] = ["reader", "payload_reader", "producer", "operator", "worker"];

#[tokio::test]
async fn views_and_functions_are_what_is_promised() {
    let (_app, mut user) = start().await;
    let roles = PURPOSES.map(|purpose| (purpose, format!("promised_{}", uuid::Uuid::now_v7().simple())));
    for (purpose, role) in &roles {
        let statement = format!("create role {role}; select presque_internal.grant_surface('{purpose}', '{role}')");
        ask(&mut user, &statement).await.unwrap();
    }
    let mut known = Vec::new();
    for (names, columns) in VIEWS {
        for view in names.split(", ") {
            let described = format!(
                "select attname, atttypid::regtype::text from pg_attribute
                 where attrelid = to_regclass('presque.{view}') order by attnum"
            );
            let there = ask(&mut user, &described).await.unwrap();
            let there: Vec<String> = there.iter().map(|column| column.join(" ")).collect();
            let there = there
                .join(", ")
                .replace("timestamp with time zone", "timestamptz")
                .replace("double precision", "float8");
            assert!(if columns.is_empty() { there.is_empty() } else { there.starts_with(columns) }, "{view}: {there}");
            if columns.is_empty() {
                continue;
            }
            known.push(view.to_owned());
            for (purpose, role) in &roles {
                let may = format!("select has_table_privilege('{role}', 'presque.{view}', 'select')");
                let wanted = if view == "job_payloads" { &["payload_reader"][..] } else { &["reader", "operator"] };
                assert_eq!(value(&mut user, &may).await == "t", wanted.contains(purpose), "{view} for {purpose}");
            }
        }
    }
    for (function, answer, callers) in FUNCTIONS {
        let found = format!(
            "select prorettype::regtype = '{answer}'::regtype from pg_proc where oid = 'presque.{function}'::regprocedure"
        );
        assert_eq!(value(&mut user, &found).await, "t", "{function}");
        for (purpose, role) in &roles {
            let may = format!("select has_function_privilege('{role}', 'presque.{function}', 'execute')");
            assert_eq!(value(&mut user, &may).await == "t", callers.contains(purpose), "{function} for {purpose}");
        }
    }
    // And nothing that nobody wrote down.
    known.sort();
    let views =
        "select relname from pg_class where relnamespace = 'presque'::regnamespace order by relname collate \"C\"";
    assert_eq!(ask(&mut user, views).await.unwrap().concat(), known);
    let count = "select count(*) from pg_proc where pronamespace = 'presque'::regnamespace";
    assert_eq!(value(&mut user, count).await, FUNCTIONS.len().to_string());
    for (_, role) in roles {
        ask(&mut user, &format!("drop owned by {role}; drop role {role}")).await.unwrap();
    }
}

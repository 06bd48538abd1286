-- Jobs: the state of a job is the table its row is in.
--
--   job        what was asked for; wide, written once
--   ready      claimable now          scheduled  not before run_after
--   lease      running                done       final
--   attempt    ended attempts that were not the last
--   dedup      unique keys that are held
--
-- The hot path moves narrow rows between ready, scheduled, lease and done and updates
-- none, so that no statement waits for a row that another one rewrites. Every key
-- begins with queue_id and no table refers to another: a queue can live on one shard.

-- The order of jobs: drawn anew each time a job becomes claimable.
create sequence presque_internal.job_seq as bigint;

-- The smallest job id of a moment: where a day's partition of `job` begins.
create function presque_internal.job_id_floor(at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
    select (lpad(to_hex(trunc(extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- A job id: UUIDv7 (RFC 9562, 5.7) with 48 bits of the transaction's time in
-- milliseconds, 42 bits of the sequence in place of random ones, and the queue's id in
-- the last 32. Ids are unique without a check, ascend within a queue, and tell where
-- the job lives. They are no secret: the lease token is what proves a right.
create function presque_internal.new_job_id(queue_id integer, seq bigint) returns uuid
language sql stable strict parallel safe
as $$
    select (
        lpad(to_hex(trunc(extract(epoch from now()) * 1000)::bigint), 12, '0')
        || to_hex((7 << 12) | ((seq >> 30) & 4095)::integer)
        || lpad(to_hex((2::bigint << 30) | (seq & 1073741823)), 8, '0')
        || lpad(to_hex(queue_id), 8, '0')
    )::uuid
$$;

create table presque_internal.job (
    queue_id integer not null,
    id uuid not null,
    created_at timestamptz not null default now(),
    -- Not before this moment, as it was asked for.
    run_after timestamptz not null,
    expires_at timestamptz,
    lease_ms bigint,
    timeout_ms bigint,
    max_attempts integer,
    priority smallint not null default 0
        constraint job_priority check (priority between -100 and 100),
    kind text not null,
    -- `json`, never `jsonb`: the text is kept byte for byte, outer white space too.
    payload json not null,
    tags text[],
    headers json,
    dedup_key text,
    group_key text,
    traceparent text,
    origin_job_id uuid,
    created_by text,
    constraint job_by_id primary key (queue_id, id)
) partition by range (id);
comment on table presque_internal.job is 'What was asked for; ids are time-ordered, so a day is a range of them';

create table presque_internal.ready (
    -- Wide columns first, so that no row is padded.
    seq bigint not null,
    -- Since when it has been claimable: a claim's wait is counted from here.
    eligible_at timestamptz not null,
    job_id uuid not null,
    queue_id integer not null,
    attempt integer not null default 0,
    failed_attempts integer not null default 0,
    releases integer not null default 0,
    -- Ascending is first: -2 * priority for due delayed jobs and retries, one more for others.
    lane smallint not null,
    kind text not null,
    -- Serves store/jobs/fetch.sql and store/jobs/list_waiting.sql: the head of a queue.
    constraint ready_in_order primary key (queue_id, lane, seq)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
comment on table presque_internal.ready is 'Claimable jobs; a row is never updated';

create table presque_internal.scheduled (
    seq bigint not null,
    run_after timestamptz not null,
    job_id uuid not null,
    queue_id integer not null,
    attempt integer not null default 0,
    failed_attempts integer not null default 0,
    releases integer not null default 0,
    lane smallint not null,
    -- In backoff after a failure; a job that was delayed from the start is not.
    retryable boolean not null default false,
    kind text not null,
    -- Serves store/jobs/fetch.sql and store/queues/counts.sql: what is due, oldest first.
    constraint scheduled_in_order primary key (queue_id, lane, run_after, seq)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
comment on table presque_internal.scheduled is 'Jobs that wait for their time; claimable from run_after on';

create table presque_internal.lease (
    eligible_at timestamptz not null,
    claimed_at timestamptz not null default now(),
    expires_at timestamptz not null,
    timeout_at timestamptz,
    job_id uuid not null,
    -- 128 random bits, new at every claim: the one fence that every finish passes.
    token uuid not null,
    lease_ms bigint not null,
    queue_id integer not null,
    attempt integer not null,
    failed_attempts integer not null,
    releases integer not null,
    max_attempts integer not null,
    lane smallint not null,
    progress real,
    kind text not null,
    worker text,
    progress_message text,
    cancel_requested_at timestamptz,
    cancel_reason text,
    constraint lease_of_job primary key (queue_id, job_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
comment on table presque_internal.lease is 'Running jobs: the right of one worker to one attempt';

create table presque_internal.attempt (
    finished_at timestamptz not null default now(),
    started_at timestamptz not null,
    eligible_at timestamptz not null,
    job_id uuid not null,
    token uuid not null,
    queue_id integer not null,
    attempt integer not null,
    outcome text not null,
    kind text not null,
    worker text,
    error_class text,
    error_message text,
    error_stack text,
    error_data json,
    error_fingerprint text,
    constraint attempt_of_job primary key (queue_id, job_id, attempt, finished_at)
) partition by range (finished_at);
comment on table presque_internal.attempt is 'Ended attempts that were not the last; the last one stands in done';

create table presque_internal.done (
    finished_at timestamptz not null default now(),
    started_at timestamptz,
    eligible_at timestamptz,
    job_id uuid not null,
    -- The token of the last attempt, so that the same outcome reported twice is recognised.
    token uuid,
    queue_id integer not null,
    attempt integer not null,
    failed_attempts integer not null,
    state text not null
        constraint done_is_final check (state in ('completed', 'cancelled', 'discarded')),
    -- How the last attempt ended; null for a job that never started.
    outcome text,
    kind text not null,
    worker text,
    cancel_reason text,
    result json,
    error_class text,
    error_message text,
    error_stack text,
    error_data json,
    error_fingerprint text,
    constraint done_job primary key (queue_id, job_id, state, finished_at)
) partition by list (state);
comment on table presque_internal.done is 'Final jobs, by state and day, because the states are kept for different times';

create table presque_internal.done_completed
    partition of presque_internal.done for values in ('completed') partition by range (finished_at);
create table presque_internal.done_cancelled
    partition of presque_internal.done for values in ('cancelled') partition by range (finished_at);
create table presque_internal.done_discarded
    partition of presque_internal.done for values in ('discarded') partition by range (finished_at);

create table presque_internal.dedup (
    queue_id integer not null,
    key text not null constraint dedup_key_length check (octet_length(key) <= 1024),
    job_id uuid not null,
    -- started, finished or window: what sets the key free.
    until text not null,
    until_at timestamptz,
    constraint dedup_key_is_held_once primary key (queue_id, key)
) with (autovacuum_vacuum_scale_factor = 0.02);
comment on table presque_internal.dedup is 'Unique keys that are held, and by which job';

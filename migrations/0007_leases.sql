-- Leases: what jobs that are claimed, kept alive, retried and looked at need beyond 2010.

-- Every setting of a queue with its default. A queue stores only what differs, so that a
-- statement reads `default_policy() || queue.policy`. A test holds it against the
-- program's own table.
create function presque_internal.default_policy() returns jsonb
language sql immutable parallel safe
as $$
    select jsonb_build_object(
        'description', '', 'labels', '{}'::jsonb,
        'max_attempts', 10,
        'backoff_strategy', 'exponential', 'backoff_base_ms', 5000, 'backoff_factor', 2.0,
        'backoff_max_ms', 3600000, 'backoff_jitter', 0.2, 'backoff_delays_ms', '[]'::jsonb,
        'lease_ms', 60000, 'timeout_ms', 0,
        'retention_completed_ms', 259200000, 'retention_cancelled_ms', 259200000,
        'retention_discarded_ms', 2592000000,
        'store_results', true, 'default_priority', 0,
        'dedup_scope', 'queue', 'dedup_until', 'finished', 'dedup_window_ms', 0,
        'dedup_on_conflict', 'return_existing',
        'payload_max_bytes', 262144, 'result_max_bytes', 65536, 'max_depth', 0,
        'dead_letter_queue', '', 'classic_ack', 'auto')
$$;

-- Milliseconds to wait after the n-th failure, before the random factor of the jitter:
-- exponential min(max, base * factor^(n-1)), fixed base, list delays[min(n, length)-1].
-- `chance` from 0 to 1 picks the factor in [1 - jitter, 1 + jitter]. The program has the
-- same function, and a test compares the two.
create function presque_internal.backoff_ms(policy jsonb, failures integer, chance double precision) returns bigint
language sql immutable parallel safe
as $$
    select greatest(0, round(
        case policy ->> 'backoff_strategy'
            when 'fixed' then (policy ->> 'backoff_base_ms')::double precision
            when 'list' then coalesce(
                (policy -> 'backoff_delays_ms'
                    ->> (least(failures, jsonb_array_length(policy -> 'backoff_delays_ms')) - 1))::double precision,
                (policy ->> 'backoff_base_ms')::double precision)
            -- Beyond 2^60 times the base every limit is reached, and a double could overflow.
            else least(
                (policy ->> 'backoff_max_ms')::double precision,
                (policy ->> 'backoff_base_ms')::double precision
                    * exp(least(60 * ln(2), (failures - 1) * ln((policy ->> 'backoff_factor')::double precision))))
        end
        * (1 + (policy ->> 'backoff_jitter')::double precision * (2 * chance - 1))
    ))::bigint
$$;

-- Undoes the statement that calls it: somebody else was faster, and another try will see
-- what they did.
create function presque_internal.try_again() returns boolean
language plpgsql volatile
as $$
begin
    raise serialization_failure using message = 'another statement was faster';
end
$$;

-- The queue and the sequence number that a job id carries.
create function presque_internal.job_id_queue(id uuid) returns integer
language sql immutable strict parallel safe
as $$
    select ('x' || right(id::text, 8))::bit(32)::integer
$$;
create function presque_internal.job_id_seq(id uuid) returns bigint
language sql immutable strict parallel safe
as $$
    select (('x' || lpad(substr(id::text, 16, 3), 8, '0'))::bit(32)::bigint << 30)
        | (('x' || substr(id::text, 20, 4) || substr(id::text, 25, 4))::bit(32)::bigint & 1073741823)
$$;

-- Why the jobs under a retired id are cancelled: purged, or queue_deleted.
alter table presque_internal.queue add column retired_as text not null default 'purged';

-- Grows with every update of the job: part of its ETag.
alter table presque_internal.job add column version integer not null default 1;
alter table presque_internal.job add column dedup_until text;
-- Where its key is held: its queue, or 0 for all queues together.
alter table presque_internal.job add column dedup_queue_id integer;

-- A row of `ready` that was claimed, delayed or moved before stands in an even lane; a
-- fresh one in the odd lane of its job's priority, under the number that its id carries,
-- and is found by the primary key. So the path that every job takes pays for no index.
-- Serves store/jobs/find.sql, cancel.sql and update.sql.
create unique index ready_again on presque_internal.ready (queue_id, job_id) where lane % 2 = 0;

-- Serves store/jobs/find.sql, cancel.sql, update.sql and retry.sql.
create unique index scheduled_of_job on presque_internal.scheduled (queue_id, job_id);
-- Serves store/maintenance/promote.sql: what is due in any queue.
create index scheduled_due on presque_internal.scheduled (run_after);

-- The claim that took it, where that had an idempotency key: the same claim again is
-- answered with the same jobs.
alter table presque_internal.lease add column claim_id uuid;
-- Serves store/leases/find_claim.sql.
create index lease_of_claim on presque_internal.lease (claim_id) where claim_id is not null;
-- Serves store/leases/list_over.sql: leases and attempts whose time is over.
create index lease_over on presque_internal.lease (least(expires_at, timeout_at));

-- When the job became claimable again after this attempt; null where it did not.
alter table presque_internal.attempt add column next_run_after timestamptz;
-- The failure as it was reported, where its texts hold what PostgreSQL's text cannot.
alter table presque_internal.attempt add column error_raw json;
alter table presque_internal.done add column error_raw json;

-- Jobs that are to be cancelled if they have not started by then; few have such a moment,
-- so it costs the others nothing.
create table presque_internal.expiring (
    expires_at timestamptz not null,
    job_id uuid not null,
    queue_id integer not null,
    constraint expiring_job primary key (queue_id, job_id)
);
-- Serves store/jobs/expire.sql.
create index expiring_in_order on presque_internal.expiring (expires_at);
comment on table presque_internal.expiring is 'Until when jobs must have started, where that was said; while one runs, when to look again';

-- What workers said while they worked.
create table presque_internal.attempt_log (
    at timestamptz not null,
    -- When it was stored: what partitions and retention go by.
    stored_at timestamptz not null default now(),
    job_id uuid not null,
    queue_id integer not null,
    attempt integer not null,
    -- Not an identity column: PostgreSQL 17 and later attach no partition that has one.
    number bigint not null default nextval('presque_internal.job_seq'),
    level text not null,
    message text not null
) partition by range (stored_at);
create index attempt_log_of_job on presque_internal.attempt_log (queue_id, job_id, attempt, number);
create table presque_internal.attempt_log_default partition of presque_internal.attempt_log default;
comment on table presque_internal.attempt_log is 'Log lines of attempts, as workers sent them';

-- Answers of requests that carried an idempotency key, written with their effect.
create table presque_internal.idempotency (
    created_at timestamptz not null default now(),
    operation text not null,
    key text not null constraint idempotency_key_length check (octet_length(key) <= 1024),
    -- SHA-256 of the request's body: the same key with another body is a mistake.
    body_hash bytea not null,
    -- The jobs of an enqueue, and which of them had been there before.
    job_ids uuid[],
    duplicates boolean[],
    claim_id uuid,
    constraint idempotency_key_is_used_once primary key (operation, key)
);
-- Serves store/maintenance/forget.sql.
create index idempotency_by_age on presque_internal.idempotency (created_at);
comment on table presque_internal.idempotency is 'Idempotency keys of the last 24 hours and what they stand for';

-- Serves store/maintenance/forget.sql: windows that are over.
create index dedup_window_over on presque_internal.dedup (until_at) where until_at is not null;

-- What all servers must share and nobody else may know.
create table presque_internal.secret (
    name text primary key,
    value bytea not null
);
-- 244 random bits, spread over 256: signs the cursors of lists.
insert into presque_internal.secret (name, value)
values ('cursor', sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));
comment on table presque_internal.secret is 'Keys that all servers share';

-- Delayed jobs and retries are counted apart, and final jobs that left `done` again, by a
-- retry, a deletion or retention: what ended stays counted, what is there can be told.
alter table presque_internal.tally
    add column retryable integer not null default 0,
    add column gone_completed integer not null default 0,
    add column gone_discarded integer not null default 0,
    add column gone_cancelled integer not null default 0;
alter table presque_internal.queue_count
    add column retryable bigint not null default 0,
    add column gone_completed bigint not null default 0,
    add column gone_discarded bigint not null default 0,
    add column gone_cancelled bigint not null default 0;

create or replace view presque_internal.queue_count_now as
select
    queue.queue_id,
    (coalesce(folded.enqueued, 0) + recent.enqueued)::bigint as enqueued,
    (coalesce(folded.started, 0) + recent.started)::bigint as started,
    (coalesce(folded.completed, 0) + recent.completed)::bigint as completed,
    (coalesce(folded.failed, 0) + recent.failed)::bigint as failed,
    (coalesce(folded.discarded, 0) + recent.discarded)::bigint as discarded,
    (coalesce(folded.cancelled, 0) + recent.cancelled)::bigint as cancelled,
    (coalesce(folded.ready, 0) + recent.ready)::bigint as ready,
    (coalesce(folded.scheduled, 0) + recent.scheduled)::bigint as scheduled,
    (coalesce(folded.running, 0) + recent.running)::bigint as running,
    (coalesce(folded.retryable, 0) + recent.retryable)::bigint as retryable,
    (coalesce(folded.gone_completed, 0) + recent.gone_completed)::bigint as gone_completed,
    (coalesce(folded.gone_discarded, 0) + recent.gone_discarded)::bigint as gone_discarded,
    (coalesce(folded.gone_cancelled, 0) + recent.gone_cancelled)::bigint as gone_cancelled
from presque_internal.queue
left join presque_internal.queue_count as folded on folded.queue_id = queue.queue_id
cross join lateral (
    select
        coalesce(sum(tally.enqueued), 0) as enqueued,
        coalesce(sum(tally.started), 0) as started,
        coalesce(sum(tally.completed), 0) as completed,
        coalesce(sum(tally.failed), 0) as failed,
        coalesce(sum(tally.discarded), 0) as discarded,
        coalesce(sum(tally.cancelled), 0) as cancelled,
        coalesce(sum(tally.ready), 0) as ready,
        coalesce(sum(tally.scheduled), 0) as scheduled,
        coalesce(sum(tally.running), 0) as running,
        coalesce(sum(tally.retryable), 0) as retryable,
        coalesce(sum(tally.gone_completed), 0) as gone_completed,
        coalesce(sum(tally.gone_discarded), 0) as gone_discarded,
        coalesce(sum(tally.gone_cancelled), 0) as gone_cancelled
    from presque_internal.tally
    where tally.xid >= (select presque_internal.tally_begin()) and tally.queue_id = queue.queue_id
) as recent;

-- Since when the oldest job of a queue has been claimable: one index probe a lane.
create function presque_internal.oldest_available(queue_id integer) returns timestamptz
language sql stable parallel safe
as $$
    with recursive lane_of as (
        select (-32768)::smallint as lane
        union all
        select
            least(
                (select r.lane from presque_internal.ready as r
                    where r.queue_id = $1 and r.lane > lane_of.lane order by r.lane limit 1),
                (select s.lane from presque_internal.scheduled as s
                    where s.queue_id = $1 and s.lane > lane_of.lane order by s.lane limit 1))
        from lane_of
        where lane_of.lane is not null
    )
    select min(first.at)
    from lane_of
    cross join lateral (
        select (select r.eligible_at from presque_internal.ready as r
            where r.queue_id = $1 and r.lane = lane_of.lane order by r.seq limit 1) as at
        union all
        select (select s.run_after from presque_internal.scheduled as s
            where s.queue_id = $1 and s.lane = lane_of.lane and s.run_after <= now() order by s.run_after limit 1)
    ) as first
$$;

-- What the folder adds up by the minute, for rates and reports.
create table presque_internal.queue_minute (
    minute timestamptz not null,
    queue_id integer not null,
    enqueued bigint not null default 0,
    started bigint not null default 0,
    completed bigint not null default 0,
    failed bigint not null default 0,
    discarded bigint not null default 0,
    cancelled bigint not null default 0,
    kind text not null,
    constraint queue_minute_once primary key (queue_id, minute, kind)
) with (fillfactor = 50);
comment on table presque_internal.queue_minute is 'Folded tally of each queue, kind and minute; written by the folder only';

create table presque_internal.worker_minute (
    minute timestamptz not null,
    completed bigint not null default 0,
    failed bigint not null default 0,
    worker text not null,
    constraint worker_minute_once primary key (worker, minute)
) with (fillfactor = 50);
comment on table presque_internal.worker_minute is 'Folded tally of each worker and minute; written by the folder only';
-- Serves store/maintenance/forget.sql.
create index queue_minute_by_age on presque_internal.queue_minute (minute);
create index worker_minute_by_age on presque_internal.worker_minute (minute);

-- Workers that beat. One that registered through a classic route never does.
alter table presque_internal.worker
    add column last_heartbeat_at timestamptz,
    -- How often it was asked to beat; three beats missed and it is lost.
    add column heartbeat_ms integer not null default 15000,
    add column status text not null default 'running',
    -- What an operator wants of it: run, quiet or stop.
    add column signal text not null default 'run',
    add column signal_reason text,
    add column queues text[] not null default '{}',
    add column kinds text[] not null default '{}',
    add column concurrency integer not null default 1,
    add column hostname text,
    add column pid bigint,
    add column version text,
    add column labels json not null default '{}';

-- The state of each job, as a reader sees it: where its row is.
create view presque_internal.job_now as
select
    job.queue_id,
    job.id,
    case
        when done.job_id is not null then done.state
        when lease.job_id is not null then 'running'
        when scheduled.run_after <= now() then 'available'
        when scheduled.retryable then 'retryable'
        when scheduled.job_id is not null then 'scheduled'
        else 'available'
    end as state,
    coalesce(done.attempt, lease.attempt, scheduled.attempt, again.attempt, 0) as attempt,
    coalesce(done.failed_attempts, lease.failed_attempts, scheduled.failed_attempts, again.failed_attempts, 0)
        as failed_attempts,
    coalesce(done.eligible_at, lease.eligible_at, scheduled.run_after, again.eligible_at, job.run_after) as run_after,
    -- Of the latest attempt, also while the job waits for its next one.
    coalesce(done.started_at, lease.claimed_at, latest.started_at) as started_at,
    case
        when done.started_at is not null then done.eligible_at
        when lease.job_id is not null then lease.eligible_at
        else latest.eligible_at
    end as attempt_eligible_at,
    case when done.started_at is not null then done.finished_at else latest.finished_at end as attempt_finished_at,
    done.finished_at,
    coalesce(done.worker, lease.worker, latest.worker) as worker,
    lease.expires_at as lease_expires_at,
    lease.progress,
    lease.progress_message,
    lease.cancel_requested_at,
    coalesce(done.cancel_reason, lease.cancel_reason) as cancel_reason,
    done.result,
    done.outcome,
    done.error_class,
    done.error_message,
    done.error_stack,
    done.error_data,
    done.error_raw,
    done.error_fingerprint
from presque_internal.job
left join lateral (
    select *
    from presque_internal.lease
    where lease.queue_id = job.queue_id and lease.job_id = job.id
    limit 1
) as lease on true
left join lateral (
    select *
    from presque_internal.scheduled
    where scheduled.queue_id = job.queue_id and scheduled.job_id = job.id
    limit 1
) as scheduled on true
left join lateral (
    select attempt, failed_attempts, eligible_at
    from presque_internal.ready
    where ready.queue_id = job.queue_id and ready.job_id = job.id and ready.lane % 2 = 0
    limit 1
) as again on true
left join lateral (
    select *
    from presque_internal.done
    where done.queue_id = job.queue_id and done.job_id = job.id
    limit 1
) as done on true
left join lateral (
    select started_at, eligible_at, finished_at, worker
    from presque_internal.attempt
    where
        lease.job_id is null
        and done.outcome is null
        and coalesce(done.attempt, scheduled.attempt, again.attempt, 0) > 0
        and attempt.queue_id = job.queue_id
        and attempt.job_id = job.id
    order by attempt.attempt desc
    limit 1
) as latest on true;

-- A job with what was asked for and its latest failure: one row of a list.
create view presque_internal.job_detail as
select
    job.queue_id, job.id as job_id, queue.name as queue, job.kind, now_.state, job.priority::integer as priority,
    now_.attempt, now_.failed_attempts,
    coalesce(job.max_attempts, ((presque_internal.default_policy() || queue.policy) ->> 'max_attempts')::integer)
        as max_attempts,
    coalesce(job.tags, '{}') as tags, job.created_at, now_.run_after, now_.started_at, now_.finished_at,
    now_.lease_expires_at, now_.worker, now_.progress::double precision as progress, now_.progress_message,
    now_.cancel_requested_at, now_.cancel_reason, job.expires_at, job.dedup_key, job.origin_job_id,
    job.headers::text as headers, job.traceparent, job.created_by,
    -- Changes with every update, attempt and state.
    job.version::bigint * 100000000 + now_.attempt * 10
        + array_position(array['pending', 'scheduled', 'available', 'running', 'retryable', 'completed', 'discarded',
            'cancelled'], now_.state) as version,
    case
        when now_.started_at is not null
        then (extract(epoch from now_.started_at - now_.attempt_eligible_at) * 1000)::bigint
    end as wait_ms,
    case
        when now_.started_at is not null and now_.attempt_finished_at is not null
        then (extract(epoch from now_.attempt_finished_at - now_.started_at) * 1000)::bigint
    end as run_ms,
    job.payload, now_.result,
    failure.error_class, failure.error_message, failure.error_stack, failure.error_data::text as error_data,
    failure.error_raw::text as error_raw, failure.error_fingerprint, failure.error_attempt, failure.error_at
from presque_internal.job
join presque_internal.queue on queue.queue_id = job.queue_id
join presque_internal.job_now as now_ on now_.queue_id = job.queue_id and now_.id = job.id
left join lateral (
    select
        now_.error_class, now_.error_message, now_.error_stack, now_.error_data, now_.error_raw,
        now_.error_fingerprint, now_.attempt as error_attempt, now_.finished_at as error_at
    where now_.error_class is not null
    union all
    select *
    from (
        select
            error_class, error_message, error_stack, error_data, error_raw, error_fingerprint, attempt, finished_at
        from presque_internal.attempt
        where
            now_.attempt > 0
            and attempt.queue_id = job.queue_id
            and attempt.job_id = job.id
            and attempt.error_class is not null
        order by attempt.attempt desc
        limit 1
    ) as earlier
    limit 1
) as failure on true;

-- A document as jsonb, or null where it has no such form (\u0000, numbers out of range), so
-- that one odd document breaks no search and no report.
create function presque_internal.as_jsonb(document json) returns jsonb
language plpgsql immutable strict parallel unsafe -- a subtransaction cannot be begun in a parallel query
as $$
begin
    return document::jsonb;
exception
    when others then return null;
end
$$;

-- As in migration 5, with the logs of attempts among what is made.
create or replace function presque_internal.make_partitions(ahead integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
as $$
declare
    made integer := 0;
    parent text;
    part text;
    day date;
    lower_bound text;
    upper_bound text;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('presque.make_partitions', 0)) then
        return 0;
    end if;
    for offset_days in 0 .. ahead loop
        day := (now() at time zone 'UTC')::date + offset_days;
        foreach parent in array array[
            'job', 'attempt', 'attempt_log', 'tally', 'done_completed', 'done_cancelled', 'done_discarded'
        ] loop
            part := parent || to_char(day, '_YYYYMMDD');
            continue when to_regclass('presque_internal.' || part) is not null;
            if parent = 'job' then
                lower_bound := presque_internal.job_id_floor(day::timestamp at time zone 'UTC');
                upper_bound := presque_internal.job_id_floor((day + 1)::timestamp at time zone 'UTC');
            else
                lower_bound := day || ' 00:00:00+00';
                upper_bound := (day + 1) || ' 00:00:00+00';
            end if;
            begin
                execute format('create table presque_internal.%I (like presque_internal.%I including all)',
                    part, parent);
                execute format('alter table presque_internal.%I attach partition presque_internal.%I '
                    'for values from (%L) to (%L)', parent, part, lower_bound, upper_bound);
                made := made + 1;
            exception
                when check_violation then
                    raise warning 'partition % not made: %', part, sqlerrm;
                when lock_not_available then
                    -- A backup reads the default partition: everything that waits for us
                    -- would wait for it. There are days to try again.
                    return made;
            end;
        end loop;
    end loop;
    return made;
end
$$;

-- As before, but does nothing where there is nobody: a worker whose registration is under
-- way comes after us, and must not lose the queue it is about to be put on.
create or replace function presque_internal.unregister_worker(who text, from_queue text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    perform from presque_internal.worker where id = who for update;
    if not found then
        return;
    end if;
    delete from presque_internal.worker_queue where worker_id = who and queue = from_queue;
    if not exists (select from presque_internal.worker_queue where worker_id = who) then
        delete from presque_internal.worker where id = who;
    end if;
end
$$;

select presque_internal.make_partitions(3);

-- Changes a job that waits; null leaves a member as it is.
--
-- $1 queue id    $2 job id    $3 priority    $4 run_after    $5 max_attempts
-- $6 tags    $7 payload    $8 expires_at    $9 version it must have, or null
-- $10 who asks, or null: then the audit log has no row    $11 the states in which it is meant, or null for any
--
-- Answers one row: whether the payload is too large for the queue, and the queue if the job can
-- be claimed there now; none if there is no such
-- job that waits, or it has another version.
--
-- Safe under concurrency: the row in which the job waits is deleted and made anew in its
-- new place, so of a claim and an update one finds it.
--
-- `any (array[...])` where = would do: only so is each row looked up by itself, see
-- ARCHITECTURE.md.
--
-- Served by ready_in_order, ready_again, scheduled_of_job, pending_job and job_by_id.
with target as materialized (
    select
        job.queue_id, job.id, job.kind, -2 * job.priority + 1 as own_lane, presque_internal.job_id_seq(job.id) as own_seq,
        coalesce($3, job.priority) as priority,
        policy.queue, octet_length($7::text) > (policy.of_queue ->> 'payload_max_bytes')::bigint as too_large,
        (policy.of_queue ->> 'payload_max_bytes')::bigint as payload_max_bytes
    from presque_internal.job
    cross join lateral (
        select queue.name as queue, presque_internal.default_policy() || queue.policy as of_queue
        from presque_internal.queue
        where queue.queue_id = job.queue_id
        limit 1
    ) as policy
    cross join lateral (
        select version
        from presque_internal.job_detail
        where job_detail.queue_id = job.queue_id and job_detail.job_id = job.id
        limit 1
    ) as seen
    where
        job.queue_id = $1 and job.id = $2 and ($9::bigint is null or seen.version = $9)
        and (
            $11::text[] is null
            or (
                select state
                from presque_internal.job_now
                where job_now.queue_id = $1 and job_now.id = $2
                limit 1
            ) = any ($11)
        )
),
left_own_place as (
    delete from presque_internal.ready
    using target
    where
        target.too_large is not true
        and ready.queue_id = any (array[target.queue_id]) and ready.lane = target.own_lane and ready.seq = target.own_seq
        and ready.job_id = target.id
    returning
        ready.seq, ready.kind, ready.attempt, ready.failed_attempts, ready.releases, ready.eligible_at as run_after,
        'ready' as was, true as fresh
),
left_ready as (
    delete from presque_internal.ready
    using target
    where
        target.too_large is not true
        and ready.queue_id = any (array[target.queue_id]) and ready.job_id = target.id and ready.lane % 2 = 0
    returning
        ready.seq, ready.kind, ready.attempt, ready.failed_attempts, ready.releases, ready.eligible_at, 'ready', false
),
left_scheduled as (
    delete from presque_internal.scheduled
    using target
    where target.too_large is not true and scheduled.queue_id = any (array[target.queue_id]) and scheduled.job_id = target.id
    returning
        scheduled.seq, scheduled.kind, scheduled.attempt, scheduled.failed_attempts, scheduled.releases,
        scheduled.run_after, case when scheduled.retryable then 'retryable' else 'scheduled' end, false
),
-- A job that waits for others stays where it is; what moves it takes from there how.
stays_pending as (
    update presque_internal.pending
    set
        priority = target.priority,
        run_after = case when $4::timestamptz is null then pending.run_after else greatest($4, now()) end,
        payload_bytes = case when $7::text is null then pending.payload_bytes else octet_length($7::text) end
    from target
    where
        target.too_large is not true
        and pending.queue_id = any (array[target.queue_id]) and pending.job_id = target.id
    returning target.queue_id, target.id, pending.priority, pending.run_after
),
-- A place that a job leaves is never taken again; see ARCHITECTURE.md, claims.
moved as materialized (
    select
        placed.*, -2 * placed.priority + placed.stays::integer as lane,
        case when placed.stays then placed.old_seq else presque_internal.next_seq() end as seq
    from (
        select
            found.*, found.fresh and found.own_lane = -2 * found.priority + 1 and found.run_after <= now() as stays
        from (
            select
                target.queue_id, target.id, target.queue, target.priority, target.own_lane, old.seq as old_seq,
                old.kind, old.attempt, old.failed_attempts, old.releases, old.was, old.fresh,
                case when $4::timestamptz is null then old.run_after else greatest($4, now()) end as run_after
            from (
                select * from left_own_place
                union all
                select * from left_ready
                union all
                select * from left_scheduled
            ) as old
            cross join target
        ) as found
    ) as placed
),
made_ready as (
    insert into presque_internal.ready
        (queue_id, lane, seq, job_id, kind, eligible_at, attempt, failed_attempts, releases)
    select queue_id, lane, seq, id, kind, run_after, attempt, failed_attempts, releases
    from moved
    where run_after <= now()
),
made_scheduled as (
    insert into presque_internal.scheduled
        (queue_id, lane, run_after, seq, job_id, kind, attempt, failed_attempts, releases, retryable)
    select
        queue_id, lane, run_after, seq, id, kind, attempt, failed_attempts, releases, was = 'retryable'
    from moved
    where run_after > now()
),
changed as materialized (
    select queue_id, id, priority, run_after
    from moved
    union all
    select queue_id, id, priority, run_after
    from stays_pending
),
rewritten as (
    update presque_internal.job
    set
        priority = changed.priority,
        run_after = case when $4::timestamptz is null then job.run_after else changed.run_after end,
        max_attempts = coalesce($5, job.max_attempts),
        tags = coalesce($6, job.tags),
        payload = coalesce($7::text::json, job.payload),
        payload_bytes = coalesce(octet_length($7::text), job.payload_bytes),
        expires_at = coalesce($8, job.expires_at),
        version = job.version + 1
    from changed
    where job.queue_id = any (array[changed.queue_id]) and job.id = changed.id
),
expiring as (
    insert into presque_internal.expiring (queue_id, job_id, expires_at)
    select queue_id, id, greatest($8, now())
    from changed
    where $8::timestamptz is not null
    on conflict (queue_id, job_id) do update
    set expires_at = excluded.expires_at
),
counted as (
    insert into presque_internal.tally (queue_id, kind, ready, scheduled, retryable)
    select
        queue_id, kind, (run_after <= now())::integer - (was = 'ready')::integer,
        (run_after > now() and was <> 'retryable')::integer - (was = 'scheduled')::integer,
        (run_after > now() and was = 'retryable')::integer - (was = 'retryable')::integer
    from moved
),
noted as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
    select
        'job.updated', 'job', changed.id::text,
        jsonb_strip_nulls(jsonb_build_object(
            'queue', target.queue, 'kind', target.kind, 'priority', $3::integer, 'run_after', $4::timestamptz,
            'max_attempts', $5::integer, 'tags', $6::text[], 'payload_bytes', octet_length($7::text),
            'expires_at', $8::timestamptz)),
        by.*
    from changed
    cross join target
    cross join json_to_record($10::text::json) as by (actor text, request_id text, ip inet)
    where $10::text is not null
)
select
    coalesce(too_large, false) as too_large, payload_max_bytes,
    (select queue from moved where run_after <= now()) as available_in
from target
where too_large or exists (select from changed)

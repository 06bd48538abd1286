-- Moves a job that waits to another queue: there is a new one with the same content, and this one is cancelled.
--
-- $1 queue id    $2 job id    $3 the other queue's name    $4 the states in which it is meant
--
-- Answers one row: the new job and whether it can be claimed, or why it may not go there: retired (its own queue was
-- purged or deleted, and so is what waits there), same_queue, queue_not_found, payload_too_large or queue_full. None if
-- there is no such job that waits. The new job keeps no unique key. It waits for the jobs that the old one waited for,
-- takes its place in its batch, and who waited for the old one waits for it.
--
-- Safe under concurrency: the row in which the job waits is deleted, so of a claim and a move one finds it. A purge of
-- the other queue that commits meanwhile leaves the new job under the retired id, as if it had come before. What it waits
-- for may end at the same time, and be resolved for the old job only: so that is looked at once more, see
-- dependencies/confirm.sql. Of two jobs that are moved at the same time, one of which waits for the other, the second sees
-- what the first left, by another try if need be.
--
-- `any (array[...])` where = would do: only so is each row looked up by itself, see
-- ARCHITECTURE.md.
--
-- Served by queue_in_service, the primary key of queue, ready_in_order, ready_again, scheduled_of_job, pending_job,
-- dependency_once, dependency_on_job, batch_job_once and job_by_id.
with target as materialized (
    select queue_id, presque_internal.default_policy() || policy as policy
    from presque_internal.queue
    where name = $3 and deleted_at is null
),
-- Nobody adds up what waits there where there is no limit.
limited as materialized (
    select queue_id, (policy ->> 'max_depth')::bigint as max_depth
    from target
    where (policy ->> 'max_depth')::bigint > 0
),
old as materialized (
    select
        queue_id, id, kind, payload, coalesce(payload_bytes, octet_length(payload::text)) as payload_bytes, priority,
        expires_at, max_attempts, lease_ms, timeout_ms, tags, headers, group_key, traceparent, created_by, dedup_key,
        batch_id, depends_on,
        -2 * priority + 1 as own_lane, presque_internal.job_id_seq(id) as own_seq
    from presque_internal.job
    where
        queue_id = $1 and id = $2
        and (
            (
                select state
                from presque_internal.job_now
                where job_now.queue_id = $1 and job_now.id = $2
                limit 1
            ) = any ($4::text[])
        )
),
refused as materialized (
    select 'retired' as code
    from presque_internal.queue
    where queue_id = $1 and deleted_at is not null
    union all
    select 'same_queue'
    from target
    where queue_id = $1
    union all
    select 'queue_not_found'
    where not exists (select from target)
    union all
    select 'payload_too_large'
    from old
    cross join target
    where old.payload_bytes > (target.policy ->> 'payload_max_bytes')::bigint
    union all
    select 'queue_full'
    from limited
    cross join lateral (
        select counts.pending + counts.ready + counts.scheduled + counts.retryable as waiting
        from presque_internal.queue_count_now as counts
        where counts.queue_id = limited.queue_id
        limit 1
    ) as there
    where there.waiting >= limited.max_depth
    limit 1
),
left_own_place as (
    delete from presque_internal.ready
    using old
    where
        ready.queue_id = any (array[old.queue_id]) and ready.lane = old.own_lane and ready.seq = old.own_seq
        and ready.job_id = old.id and exists (select from old) and not exists (select from refused)
    returning ready.attempt, ready.failed_attempts, ready.eligible_at, 'ready' as place
),
left_ready as (
    delete from presque_internal.ready
    where queue_id = $1 and job_id = $2 and lane % 2 = 0 and exists (select from old) and not exists (select from refused)
    returning attempt, failed_attempts, eligible_at, 'ready'
),
left_scheduled as (
    delete from presque_internal.scheduled
    where queue_id = $1 and job_id = $2 and exists (select from old) and not exists (select from refused)
    returning attempt, failed_attempts, run_after, case when retryable then 'retryable' else 'scheduled' end
),
left_pending as (
    delete from presque_internal.pending
    where queue_id = $1 and job_id = $2 and exists (select from old) and not exists (select from refused)
    returning run_after, on_failure
),
gone as materialized (
    select *, null::text as on_failure from left_own_place
    union all
    select *, null from left_ready
    union all
    select *, null from left_scheduled
    union all
    select 0, 0, run_after, 'pending', on_failure from left_pending
),
edge as (
    delete from presque_internal.dependency
    where queue_id = $1 and job_id = $2 and exists (select from gone where place = 'pending')
    returning on_queue_id, on_job_id
),
ended as (
    insert into presque_internal.done
        (queue_id, job_id, state, kind, attempt, failed_attempts, eligible_at, cancel_reason)
    select old.queue_id, old.id, 'cancelled', old.kind, gone.attempt, gone.failed_attempts, gone.eligible_at, 'moved'
    from gone
    cross join old
),
freed as (
    delete from presque_internal.dedup
    where
        queue_id in ($1, 0)
        and key = (select dedup_key from old)
        and job_id = $2
        and until in ('started', 'finished')
        and exists (select from gone)
),
fresh as materialized (
    select
        drawn.queue_id, drawn.seq, presque_internal.new_job_id(drawn.queue_id, drawn.seq) as id, drawn.run_after,
        case when drawn.waits then 'pending' when drawn.run_after > now() then 'scheduled' else 'ready' end as place,
        drawn.on_failure
    from (
        select
            target.queue_id, presque_internal.next_seq() as seq, gone.on_failure,
            gone.on_failure is not null and exists (select from edge) as waits,
            greatest(gone.eligible_at, now()) as run_after
        from gone
        cross join target
    ) as drawn
),
stored as (
    insert into presque_internal.job (
        queue_id, id, kind, payload, payload_bytes, priority, run_after, expires_at, max_attempts, lease_ms,
        timeout_ms, tags, headers, group_key, traceparent, created_by, batch_id, depends_on, origin_job_id)
    select
        fresh.queue_id, fresh.id, old.kind, old.payload, old.payload_bytes, old.priority, fresh.run_after,
        old.expires_at, old.max_attempts, old.lease_ms, old.timeout_ms, old.tags, old.headers, old.group_key,
        old.traceparent, old.created_by, old.batch_id, old.depends_on, old.id
    from fresh
    cross join old
),
expiring as (
    insert into presque_internal.expiring (queue_id, job_id, expires_at)
    select fresh.queue_id, fresh.id, greatest(old.expires_at, now())
    from fresh
    cross join old
    where old.expires_at is not null
),
made_ready as (
    insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes)
    select fresh.queue_id, old.own_lane, fresh.seq, fresh.id, old.kind, fresh.run_after, old.payload_bytes
    from fresh
    cross join old
    where fresh.place = 'ready'
),
made_scheduled as (
    insert into presque_internal.scheduled (queue_id, lane, run_after, seq, job_id, kind, payload_bytes)
    select fresh.queue_id, -2 * old.priority, fresh.run_after, fresh.seq, fresh.id, old.kind, old.payload_bytes
    from fresh
    cross join old
    where fresh.place = 'scheduled'
),
made_pending as (
    insert into presque_internal.pending (queue_id, job_id, kind, run_after, priority, payload_bytes, on_failure)
    select fresh.queue_id, fresh.id, old.kind, fresh.run_after, old.priority, old.payload_bytes, fresh.on_failure
    from fresh
    cross join old
    where fresh.place = 'pending'
),
made_edges as (
    insert into presque_internal.dependency (queue_id, job_id, on_queue_id, on_job_id, check_at)
    select fresh.queue_id, fresh.id, edge.on_queue_id, edge.on_job_id, now()
    from fresh
    cross join edge
    where fresh.place = 'pending'
),
-- So the end of the old job is none for who waits for it, see note_ended().
waited_for as (
    update presque_internal.dependency
    set on_queue_id = fresh.queue_id, on_job_id = fresh.id, made_at = now(), check_at = now()
    from fresh
    where dependency.on_queue_id = $1 and dependency.on_job_id = $2
    returning dependency.job_id
),
-- One of those that wait for it was moved meanwhile: its new edge is none of this snapshot.
overtaken as (
    select
        case
            when
                exists (select from fresh)
                and (select count(*) from waited_for) < (
                    select count(*) from presque_internal.dependency where on_queue_id = $1 and on_job_id = $2)
            then presque_internal.try_again()
            else false
        end as again
),
member as (
    update presque_internal.batch_job
    set queue_id = fresh.queue_id, job_id = fresh.id
    from fresh
    where batch_job.queue_id = $1 and batch_job.job_id = $2
),
described as (
    update presque_internal.job
    set batch_id = null
    from fresh
    where job.queue_id = $1 and job.id = $2 and job.batch_id is not null
),
counted_pending as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select $1, -1
    from gone
    where place = 'pending'
    union all
    select queue_id, 1
    from fresh
    where place = 'pending'
),
counted as (
    insert into presque_internal.tally (queue_id, kind, enqueued, cancelled, ready, scheduled, retryable)
    select
        old.queue_id, old.kind, 0, 1, -(gone.place = 'ready')::integer, -(gone.place = 'scheduled')::integer,
        -(gone.place = 'retryable')::integer
    from gone
    cross join old
    union all
    select
        fresh.queue_id, old.kind, 1, 0, (fresh.place = 'ready')::integer, (fresh.place = 'scheduled')::integer, 0
    from fresh
    cross join old
)
select id as job_id, place = 'ready' as available, null::text as refusal
from fresh
cross join overtaken
where not overtaken.again
union all
select null, null, code
from refused

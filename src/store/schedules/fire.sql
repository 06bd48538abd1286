-- Fires due times of a schedule: enqueues their jobs and moves the schedule on.
--
-- $1 id    $2 its version and    $3 the due time that were seen    $4 due times that fire, oldest first
-- $5 due times that were missed and do not    $6 the next due time, or null for none
--
-- Answers a row for each job, with its queue. No row if there is none, or somebody else was faster.
--
-- Safe under concurrency, and whatever the clocks of servers say: the schedule's row is locked and
-- must still have the version and the due time that were seen, and it is moved on in this
-- statement; schedule_fires_once stands behind it. The queue is made if it was deleted. Its limit
-- of depth is for producers, which can wait: a due time cannot.
--
-- Served by the primary key of schedule, queue_in_service, schedule_fires_once, lease_of_job,
-- scheduled_of_job, ready_again, ready_in_order and job_by_id.
with mine as materialized (
    select *
    from presque_internal.schedule
    where id = $1 and version = $2 and next_run_at = $3 and not paused
    -- Who holds it fires it, or changes it: there is another look in a moment.
    for update skip locked
),
made_queue as (
    insert into presque_internal.queue (name)
    select queue
    from mine
    where not exists (select from presque_internal.queue where name = mine.queue and deleted_at is null)
    on conflict (name) where deleted_at is null do nothing
    returning queue_id, policy, name
),
noted_queue as (
    insert into presque_internal.audit (action, subject_type, subject_id, detail)
    select 'queue.created', 'queue', name, jsonb_build_object('schedule_id', $1::text)
    from made_queue
),
target as materialized (
    select queue_id, presque_internal.default_policy() || policy as policy
    from (
        select queue_id, policy
        from presque_internal.queue
        where name = (select queue from mine) and deleted_at is null
        union all
        select queue_id, policy
        from made_queue
        limit 1
    ) as known
),
-- Somebody else made the queue just now: the next try sees it.
overtaken as materialized (
    select
        case
            when exists (select from mine) and not exists (select from target) then presque_internal.try_again()
            else false
        end as again
),
-- Whether the job of the last run is unfinished: it waits or runs.
busy as materialized (
    select
        mine.overlap = 'skip' and mine.last_job_id is not null
        and (
            exists (
                select
                from presque_internal.lease
                where queue_id = last.queue_id and job_id = mine.last_job_id
            )
            or exists (
                select
                from presque_internal.scheduled
                where queue_id = last.queue_id and job_id = mine.last_job_id
            )
            or exists (
                select
                from presque_internal.ready
                where queue_id = last.queue_id and job_id = mine.last_job_id and lane % 2 = 0
            )
            or exists (
                select
                from presque_internal.job
                join presque_internal.ready on
                    ready.queue_id = job.queue_id
                    and ready.lane = -2 * job.priority + 1
                    and ready.seq = presque_internal.job_id_seq(job.id)
                where job.queue_id = last.queue_id and job.id = mine.last_job_id
            )
        ) as still
    from mine
    cross join lateral (select presque_internal.job_id_queue(mine.last_job_id) as queue_id) as last
    cross join overtaken
    where not overtaken.again
),
due as materialized (
    select
        given.due_at, given.n,
        -- The first of several is unfinished when the second is due.
        case when mine.overlap = 'skip' and (busy.still or given.n > 1) then 'overlap' end as skipped
    from mine
    cross join busy
    cross join lateral unnest($4::timestamptz[]) with ordinality as given (due_at, n)
    -- A clock that was set back makes due times come again: they have fired.
    where not exists (
        select
        from presque_internal.schedule_run
        where schedule_id = $1 and due_at = given.due_at
    )
),
fresh as materialized (
    select
        due_at, n, queue_id, seq, presque_internal.new_job_id(queue_id, seq) as id, priority, run_after,
        run_after > now() as delayed
    from (
        select
            due.due_at, due.n, target.queue_id, presque_internal.next_seq() as seq,
            coalesce(mine.priority, (target.policy ->> 'default_priority')::integer) as priority,
            now() + floor(random() * mine.jitter_ms) * interval '1 millisecond' as run_after
        from due
        cross join target
        cross join mine
        where due.skipped is null
    ) as drawn
),
moved as (
    update presque_internal.schedule
    set
        next_run_at = $6,
        last_run_at = coalesce((select max(due_at) from fresh), last_run_at),
        last_job_id = coalesce((select id from fresh order by n desc limit 1), last_job_id)
    where id = $1 and exists (select from busy)
),
noted as (
    insert into presque_internal.schedule_run (schedule_id, due_at, job_id, skipped)
    select $1, due.due_at, fresh.id, due.skipped
    from due
    left join fresh on fresh.n = due.n
    union all
    select $1, missed.due_at, null, 'missed'
    from unnest($5::timestamptz[]) as missed (due_at)
    cross join busy
    on conflict do nothing
),
stored as (
    insert into presque_internal.job (
        queue_id, id, kind, payload, payload_bytes, priority, run_after, max_attempts, tags, headers)
    select
        fresh.queue_id, fresh.id, mine.kind, coalesce(mine.payload, 'null'),
        octet_length(coalesce(mine.payload, 'null')::text), fresh.priority, fresh.run_after, mine.max_attempts,
        nullif(mine.tags, '{}'),
        json_build_object(
            'presque-schedule-id', mine.id,
            'presque-due-at', to_char(fresh.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    from fresh
    cross join mine
),
made_ready as (
    insert into presque_internal.ready (queue_id, lane, seq, job_id, kind, eligible_at, payload_bytes)
    select
        fresh.queue_id, -2 * fresh.priority + 1, fresh.seq, fresh.id, mine.kind, fresh.run_after,
        octet_length(coalesce(mine.payload, 'null')::text)
    from fresh
    cross join mine
    where not fresh.delayed
),
made_scheduled as (
    insert into presque_internal.scheduled (queue_id, lane, run_after, seq, job_id, kind, payload_bytes)
    select
        fresh.queue_id, -2 * fresh.priority, fresh.run_after, fresh.seq, fresh.id, mine.kind,
        octet_length(coalesce(mine.payload, 'null')::text)
    from fresh
    cross join mine
    where fresh.delayed
),
counted as (
    insert into presque_internal.tally (queue_id, kind, enqueued, ready, scheduled)
    select
        fresh.queue_id, mine.kind, count(*), count(*) filter (where not fresh.delayed),
        count(*) filter (where fresh.delayed)
    from fresh
    cross join mine
    group by fresh.queue_id, mine.kind
)
select fresh.id as job_id, mine.queue, fresh.delayed
from fresh
cross join mine
order by fresh.n

-- Jobs that pass a filter, in an order of their own; for filters that few jobs pass.
--
-- Filters, null for none: $1 ids    $2 queue names    $3 kinds    $4 states    $5 tags, all of them
-- $6 worker    $7 error class    $8 error fingerprint    $9 created after    $10 created before
-- $11 finished after    $12 finished before    $13 payload contains    $14 text in the error message
-- $15 sort: created_at, run_after, -created_at, -finished_at    $16 how many
-- $17 how many jobs are looked at, at most    $18 with payload    $19 with result
-- $20 after this key    $21 and this id, of the row before; null at the beginning
--
-- Gathers the jobs that are named, or what the states say from the narrow tables, then sorts. The id ends every order,
-- so a job whose key does not change meanwhile is neither lost nor repeated. Keys are epoch
-- seconds, negated where the order descends; jobs without one are left out.
-- Served by ready_in_order, scheduled_in_order, pending_job, lease_of_job and the keys of done's
-- partitions.
with asked as materialized (
    select queue_id
    from presque_internal.queue
    where $2::text[] is null or name = any ($2)
),
candidate as materialized (
    select distinct asked.queue_id, named.job_id
    from unnest($1::uuid[]) as named (job_id)
    join asked on asked.queue_id = presque_internal.job_id_queue(named.job_id)
    union all
    (select gathered.queue_id, gathered.job_id
    from asked
    cross join lateral (
        select lease.queue_id, lease.job_id
        from presque_internal.lease
        where lease.queue_id = asked.queue_id and ($4::text[] is null or 'running' = any ($4))
        union all
        select scheduled.queue_id, scheduled.job_id
        from presque_internal.scheduled
        where
            scheduled.queue_id = asked.queue_id
            and ($4::text[] is null or $4 && array['scheduled', 'retryable', 'available'])
        union all
        select pending.queue_id, pending.job_id
        from presque_internal.pending
        where pending.queue_id = asked.queue_id and ($4::text[] is null or 'pending' = any ($4))
        union all
        select ready.queue_id, ready.job_id
        from presque_internal.ready
        where ready.queue_id = asked.queue_id and ($4::text[] is null or 'available' = any ($4))
        union all
        select done.queue_id, done.job_id
        from presque_internal.done
        where
            done.queue_id = asked.queue_id
            and ($4::text[] is null or done.state = any ($4))
            and ($11::timestamptz is null or done.finished_at > $11)
            and ($12::timestamptz is null or done.finished_at < $12)
    ) as gathered
    where $1::uuid[] is null
    limit $17)
),
keyed as materialized (
    select
        detail.queue_id, detail.job_id,
        extract(epoch from case $15
            when 'run_after' then detail.run_after
            when '-finished_at' then detail.finished_at
            else detail.created_at
        end) * case when $15 like '-%' then -1 else 1 end as sort_key
    from candidate
    cross join lateral (
        select *
        from presque_internal.job_detail
        where job_detail.queue_id = candidate.queue_id and job_detail.job_id = candidate.job_id
        limit 1
    ) as detail
    where
        ($3::text[] is null or detail.kind = any ($3))
        and ($4::text[] is null or detail.state = any ($4))
        and ($5::text[] is null or detail.tags @> $5)
        and ($6::text is null or detail.worker = $6)
        and ($7::text is null or detail.error_class = $7)
        and ($8::text is null or detail.error_fingerprint = $8)
        and ($9::timestamptz is null or detail.created_at > $9)
        and ($10::timestamptz is null or detail.created_at < $10)
        and ($11::timestamptz is null or detail.finished_at > $11)
        and ($12::timestamptz is null or detail.finished_at < $12)
        and ($13::jsonb is null or presque_internal.as_jsonb(detail.payload) @> $13)
        and ($14::text is null or strpos(lower(detail.error_message), lower($14)) > 0)
),
found as materialized (
    select queue_id, job_id, sort_key
    from keyed
    where sort_key is not null and ($20::numeric is null or (sort_key, job_id) > ($20::numeric, $21::uuid))
    order by sort_key, job_id
    limit $16
)
select
    detail.job_id, queue, kind, state, priority, attempt, failed_attempts, max_attempts, tags, created_at, run_after,
    started_at, finished_at, wait_ms, run_ms, lease_expires_at, worker, progress, progress_message,
    cancel_requested_at, cancel_reason, expires_at, dedup_key, origin_job_id, headers, traceparent, created_by,
    version, batch_id, depends_on, error_class, error_message, error_stack, error_data, error_raw, error_fingerprint,
    error_attempt, error_at,
    case when $18 then payload::text end as payload,
    case when $19 then result::text end as result,
    found.sort_key::text as sort_key,
    about.as_of, about.truncated
from (
    select
        now() as as_of,
        ($13::jsonb is not null or $14::text is not null) and (select count(*) from candidate) >= $17 as truncated
) as about
left join found on true
left join lateral (
    select *
    from presque_internal.job_detail
    where job_detail.queue_id = found.queue_id and job_detail.job_id = found.job_id
    limit 1
) as detail on true
order by found.sort_key, found.job_id

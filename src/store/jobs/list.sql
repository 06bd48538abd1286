-- Jobs that pass a filter, the newest first; for filters that most jobs could pass.
--
-- Filters, null for none: $1 ids (never: see list_sorted.sql)    $2 queue names    $3 kinds    $4 states    $5 tags, all of them
-- $6 worker    $7 error class    $8 error fingerprint    $9 created after    $10 created before
-- $11 finished after    $12 finished before    $13 payload contains    $14 text in the error message
-- $15 ids below this one    $16 how many    $17 how many jobs of a queue are looked at, at most
-- $18 with payload    $19 with result
--
-- Walks each queue's jobs by job_by_id from the newest on and stops when it has enough.
-- Ids ascend with time and end every order, so a job that existed throughout is neither
-- lost nor repeated, whatever is written meanwhile. `truncated`: there were more jobs to
-- look at in some queue.
with found as materialized (
    select job.queue_id, job.id
    from presque_internal.queue
    cross join lateral (
        select walked.queue_id, walked.id
        from (
            select job.queue_id, job.id, job.payload
            from presque_internal.job
            where
                job.queue_id = queue.queue_id
                and job.id < $15
                and job.id >= coalesce(presque_internal.job_id_floor($9), '00000000-0000-0000-0000-000000000000')
                and $1::uuid[] is null
                and ($3::text[] is null or job.kind = any ($3))
                and ($5::text[] is null or job.tags @> $5)
                and ($9::timestamptz is null or job.created_at > $9)
                and ($10::timestamptz is null or job.created_at < $10)
            order by job.id desc
            limit $17
        ) as walked
        where
            ($13::jsonb is null or presque_internal.as_jsonb(walked.payload) @> $13)
            -- Nobody looks into the other tables for what no filter asks.
            and (
                (
                    $4::text[] is null and $6::text is null and $7::text is null and $8::text is null
                    and $11::timestamptz is null and $12::timestamptz is null and $14::text is null
                )
                or exists (
                    select
                    from presque_internal.job_detail as detail
                    where
                        detail.queue_id = walked.queue_id
                        and detail.job_id = walked.id
                        and ($4::text[] is null or detail.state = any ($4))
                        and ($6::text is null or detail.worker = $6)
                        and ($7::text is null or detail.error_class = $7)
                        and ($8::text is null or detail.error_fingerprint = $8)
                        and ($11::timestamptz is null or detail.finished_at > $11)
                        and ($12::timestamptz is null or detail.finished_at < $12)
                        and ($14::text is null or strpos(lower(detail.error_message), lower($14)) > 0)
                )
            )
        order by walked.id desc
        limit $16
    ) as job
    where $2::text[] is null or queue.name = any ($2)
    order by job.id desc
    limit $16
)
select
    job_id, queue, kind, state, priority, attempt, failed_attempts, max_attempts, tags, created_at, run_after,
    started_at, finished_at, wait_ms, run_ms, lease_expires_at, worker, progress, progress_message,
    cancel_requested_at, cancel_reason, expires_at, dedup_key, origin_job_id, headers, traceparent, created_by,
    version, batch_id, depends_on, error_class, error_message, error_stack, error_data, error_raw, error_fingerprint,
    error_attempt, error_at,
    case when $18 then payload::text end as payload,
    case when $19 then result::text end as result,
    null::text as sort_key,
    about.as_of, about.truncated
from (
    select
        now() as as_of,
        ($13::jsonb is not null or $14::text is not null)
        and (select count(*) from found) < $16
        and exists (
            select
            from presque_internal.queue
            cross join lateral (
                select job.id
                from presque_internal.job
                where
                    job.queue_id = queue.queue_id
                    and job.id < $15
                    and job.id >= coalesce(presque_internal.job_id_floor($9), '00000000-0000-0000-0000-000000000000')
                order by job.id desc
                offset $17
                limit 1
            ) as beyond
            where $2::text[] is null or queue.name = any ($2)
        ) as truncated
) as about
left join found on true
left join lateral (
    select *
    from presque_internal.job_detail
    where job_detail.queue_id = found.queue_id and job_detail.job_id = found.id
    limit 1
) as detail on true
order by found.id desc

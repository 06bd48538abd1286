-- The next jobs of a queue that pass a filter, by ascending id.
--
-- $1 queue id    $2 ids after this one    $3 and below this one
-- $4 the smallest id of fresh claimable jobs; null: not known
-- Filters, null for none: $5 ids    $6 kinds    $7 states, never null    $8 tags, all of them    $9 worker
-- $10 error class    $11 error fingerprint    $12 created after    $13 created before    $14 finished after
-- $15 finished before    $16 payload contains    $17 text in the error message    $18 schedule    $21 batch
-- $19 how many jobs of each state are looked at    $20 how many are answered, at most
--
-- `walked_to`: up to this id all were looked at; null if that is all of the queue. `fresh_from`: see $4.
--
-- Reads one snapshot, in which a job is in one state: wherever it goes meanwhile, a walk meets it once. Each state is
-- read in the order of ids from the index of its table, and what lies beyond the end of the shortest is left for the
-- next look. Fresh claimable jobs are found by their ids in `job`, from the first of them on: nothing puts one among
-- them that has a smaller id.
--
-- Served by job_by_id, ready_in_order, ready_again, scheduled_of_job, pending_job, lease_of_job, batch_job_of_batch,
-- batch_job_once and the keys of done's partitions.
with fresh as materialized (
    select
        coalesce(
            $4::uuid,
            (
                select ready.job_id
                from presque_internal.ready
                where ready.queue_id = $1 and ready.lane % 2 <> 0 and 'available' = any ($7::text[])
                    and $5::uuid[] is null and $21::uuid is null
                order by ready.job_id
                limit 1
            ),
            'ffffffff-ffff-ffff-ffff-ffffffffffff') as first_id
),
elsewhere as materialized (
    (select 'ready' as place, job_id, 'available' as state, kind
    from presque_internal.ready
    where queue_id = $1 and job_id > $2 and job_id < $3 and lane % 2 = 0 and 'available' = any ($7)
        and $5 is null and $21 is null
    order by job_id
    limit $19::bigint)
    union all
    (select
        'scheduled', job_id,
        case when run_after <= now() then 'available' when retryable then 'retryable' else 'scheduled' end, kind
    from presque_internal.scheduled
    where
        queue_id = $1 and job_id > $2 and job_id < $3 and $7 && array['scheduled', 'retryable', 'available']
        and $5 is null and $21 is null
    order by job_id
    limit $19)
    union all
    (select 'pending', job_id, 'pending', kind
    from presque_internal.pending
    where
        queue_id = $1 and job_id > $2 and job_id < $3 and 'pending' = any ($7) and $5 is null and $21 is null
    order by job_id
    limit $19)
    union all
    (select 'lease', job_id, 'running', kind
    from presque_internal.lease
    where queue_id = $1 and job_id > $2 and job_id < $3 and 'running' = any ($7) and $5 is null
        and $21 is null
    order by job_id
    limit $19)
    union all
    (select 'completed', job_id, state, kind
    from presque_internal.done
    where
        queue_id = $1 and job_id > $2 and job_id < $3 and state = 'completed' and 'completed' = any ($7)
        and $5 is null and $21 is null
    order by job_id
    limit $19)
    union all
    (select 'discarded', job_id, state, kind
    from presque_internal.done
    where
        queue_id = $1 and job_id > $2 and job_id < $3 and state = 'discarded' and 'discarded' = any ($7)
        and $5 is null and $21 is null
    order by job_id
    limit $19)
    union all
    (select 'cancelled', job_id, state, kind
    from presque_internal.done
    where
        queue_id = $1 and job_id > $2 and job_id < $3 and state = 'cancelled' and 'cancelled' = any ($7)
        and $5 is null and $21 is null
    order by job_id
    limit $19)
    union all
    (select 'batch', job_id, null, null
    from presque_internal.batch_job
    where batch_id = $21 and queue_id = $1 and job_id > $2 and job_id < $3 and $5 is null
    order by job_id
    limit $19)
    union all
    select distinct 'named', named.job_id, null, null
    from unnest($5) as named (job_id)
    where named.job_id > $2 and named.job_id < $3 and presque_internal.job_id_queue(named.job_id) = $1
),
-- Where the shortest of them ends.
reach as materialized (
    select last_id
    from (
        select (array_agg(job_id order by job_id desc))[1] as last_id
        from elsewhere
        where place <> 'named'
        group by place
        having count(*) >= $19
    ) as ends
    order by last_id
    limit 1
),
walked as materialized (
    select job.id, job.priority
    from presque_internal.job
    where
        job.queue_id = $1 and job.id > $2 and job.id < $3 and job.id >= (select first_id from fresh)
        and job.id <= coalesce((select last_id from reach), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        and 'available' = any ($7)
        and $5 is null and $21 is null
    order by job.id
    -- Most that are not claimable any more cost a look into an index.
    limit 10 * $19
),
horizon as materialized (
    select
        coalesce(
            (select id from walked order by id offset 10 * $19 - 1 limit 1),
            (select last_id from reach)) as last_id
),
candidate as materialized (
    select job_id, state, kind
    from elsewhere
    where job_id <= coalesce((select last_id from horizon), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    union all
    select walked.id, 'available', place.kind
    from walked
    cross join lateral (
        select ready.kind
        from presque_internal.ready
        where
            ready.queue_id = $1 and ready.lane = -2 * walked.priority + 1
            and ready.seq = presque_internal.job_id_seq(walked.id) and ready.job_id = walked.id
        limit 1
    ) as place
),
found as materialized (
    select job_id
    from candidate
    where
        (state is null or state = any ($7))
        and ($6::text[] is null or kind is null or kind = any ($6))
        -- Nobody looks into the other tables for what no filter asks.
        and (
            (
                state is not null and $8::text[] is null and $9::text is null and $10::text is null
                and $11::text is null and $12::timestamptz is null and $13::timestamptz is null
                and $14::timestamptz is null and $15::timestamptz is null and $16::jsonb is null and $17::text is null
                and $18::text is null
            )
            or exists (
                select
                from presque_internal.job_detail as detail
                where
                    detail.queue_id = $1
                    and detail.job_id = candidate.job_id
                    and detail.state = any ($7)
                    and ($6 is null or detail.kind = any ($6))
                    and ($8 is null or detail.tags @> $8)
                    and ($9 is null or detail.worker = $9)
                    and ($10 is null or detail.error_class = $10)
                    and ($11 is null or detail.error_fingerprint = $11)
                    and ($12 is null or detail.created_at > $12)
                    and ($13 is null or detail.created_at < $13)
                    and ($14 is null or detail.finished_at > $14)
                    and ($15 is null or detail.finished_at < $15)
                    and ($16 is null or presque_internal.as_jsonb(detail.payload) @> $16)
                    and ($17 is null or strpos(lower(detail.error_message), lower($17)) > 0)
                    and ($18 is null or detail.headers::json ->> 'presque-schedule-id' = $18)
                    and (
                        $21 is null
                        or exists (
                            select
                            from presque_internal.batch_job as member
                            where
                                member.queue_id = $1 and member.job_id = candidate.job_id and member.batch_id = $21
                        )
                    )
            )
        )
    order by job_id
    limit $20
)
select found.job_id, about.walked_to, about.fresh_from
from (
    select
        coalesce(
            (select job_id from found order by job_id offset $20 - 1 limit 1),
            (select last_id from horizon)) as walked_to,
        (select first_id from fresh) as fresh_from
) as about
left join found on true
order by found.job_id

-- Errors of a range of time, most frequent first.
--
-- $1 since    $2 until    $3 this queue only, or null    $4 this kind only, or null
-- $5 and $6 after this count and fingerprint, or null    $7 how many
--
-- Counts of whole hours that are at most 5 seconds behind. `discarded` are the dead letters there
-- are now; `retryable` the jobs among the 10,000 that are due next which failed like this last.
-- Reads one snapshot and locks nothing. Served by error_hour_by_age, scheduled_due and, of dead
-- letters, the index of each day by error.
with grouped as materialized (
    select
        e.fingerprint, (array_agg(e.queue_id order by e.hour desc))[1] as queue_id, min(e.kind) as kind, min(e.error_class) as error_class,
        (array_agg(e.message order by e.hour desc))[1] as message, sum(e.occurrences)::bigint as occurrences,
        sum(e.jobs)::bigint as jobs, min(e.first_seen_at) as first_seen_at, max(e.last_seen_at) as last_seen_at,
        (array_agg(e.sample_job_id order by e.hour desc))[1] as sample_job_id
    from presque_internal.error_hour as e
    where e.hour >= date_trunc('hour', $1::timestamptz, 'UTC') and e.hour <= $2 and ($4::text is null or e.kind = $4)
    -- A queue that was purged has another id, and its name is in the fingerprint.
    group by e.fingerprint
),
paged as materialized (
    select grouped.*, queue.name as queue
    from grouped
    cross join lateral (
        select name
        from presque_internal.queue
        where queue_id = grouped.queue_id
        limit 1
    ) as queue
    where
        ($3::text is null or queue.name = $3)
        and ($5::bigint is null or grouped.occurrences < $5
            or (grouped.occurrences = $5 and grouped.fingerprint collate "C" > $6))
    order by grouped.occurrences desc, grouped.fingerprint collate "C"
    limit $7
),
retrying as materialized (
    select error_fingerprint, count(*) as jobs
    from (
        select error_fingerprint
        from presque_internal.scheduled
        order by run_after
        limit 10000
    ) as next
    where error_fingerprint is not null
    group by error_fingerprint
)
select
    paged.fingerprint, paged.queue, paged.kind, paged.error_class, coalesce(paged.message, '') as message,
    paged.occurrences, paged.jobs, paged.first_seen_at, paged.last_seen_at, paged.sample_job_id,
    coalesce((select jobs from retrying where error_fingerprint = paged.fingerprint), 0)::bigint as retryable,
    (
        select count(*)
        from presque_internal.done
        where
            done.state = 'discarded'
            and done.error_fingerprint = paged.fingerprint
            and done.finished_at >= paged.first_seen_at
    ) as discarded
from paged
order by paged.occurrences desc, paged.fingerprint collate "C"

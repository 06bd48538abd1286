-- Errors of a range of time, most frequent first.
--
-- Hours from $1 to before $2 and from $3 to before $4, days from $2 to before $3
-- $5 this queue only, or null    $6 this kind only, or null
-- $7 and $8 after this count and fingerprint, or null    $9 how many
--
-- Counts that are at most 5 seconds behind. `discarded` are the dead letters there are now; `retryable` the jobs among
-- the 10,000 that are due next which failed like this last. Reads one snapshot and locks nothing. What all errors of a
-- time are put in order by is added up; what else is told of them is looked up for those of the page. Served by
-- error_hour_by_age, error_day_by_age, error_hour_once, scheduled_due and, of dead letters, the index of each day by
-- error.
with part as (
    select fingerprint, queue_id, kind, occurrences, jobs, first_seen_at, last_seen_at
    from presque_internal.error_hour
    where hour >= $1 and hour < $2
    union all
    select fingerprint, queue_id, kind, occurrences, jobs, first_seen_at, last_seen_at
    from presque_internal.error_day
    where day >= $2 and day < $3
    union all
    select fingerprint, queue_id, kind, occurrences, jobs, first_seen_at, last_seen_at
    from presque_internal.error_hour
    where hour >= $3 and hour < $4
),
grouped as (
    select
        -- A queue that was purged has another id, and its name is in the fingerprint; as is the kind.
        fingerprint, max(queue_id) as queue_id, sum(occurrences)::bigint as occurrences, sum(jobs)::bigint as jobs,
        min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from part
    where
        ($5::text is null or queue_id = any (array(select queue_id from presque_internal.queue where name = $5)))
        and ($6::text is null or kind = $6)
    group by fingerprint
),
paged as materialized (
    select *
    from grouped
    where
        $7::bigint is null or occurrences < $7
        or (occurrences = $7 and fingerprint collate "C" > $8)
    order by occurrences desc, fingerprint collate "C"
    limit $9
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
    paged.fingerprint, queue.name as queue, latest.kind, latest.error_class, coalesce(latest.message, '') as message,
    paged.occurrences, paged.jobs, paged.first_seen_at, paged.last_seen_at, latest.sample_job_id,
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
cross join lateral (
    select kind, error_class, message, sample_job_id
    from presque_internal.error_hour
    where queue_id = paged.queue_id and fingerprint = paged.fingerprint and hour < $4
    order by hour desc
    limit 1
) as latest
cross join lateral (
    select name
    from presque_internal.queue
    where queue_id = paged.queue_id
    limit 1
) as queue
order by paged.occurrences desc, paged.fingerprint collate "C"

-- Failures of a range of time, by the class of their errors.
--
-- Hours from $1 to before $2 and from $3 to before $4, days from $2 to before $3
-- $5 this queue only, or null    $6 this kind only, or null
--
-- Reads sums that are at most 5 seconds behind, and locks nothing. Served by error_hour_by_age and error_day_by_age.
with part as (
    select error_class, queue_id, kind, occurrences, discarded
    from presque_internal.error_hour
    where hour >= $1 and hour < $2
    union all
    select error_class, queue_id, kind, occurrences, discarded
    from presque_internal.error_day
    where day >= $2 and day < $3
    union all
    select error_class, queue_id, kind, occurrences, discarded
    from presque_internal.error_hour
    where hour >= $3 and hour < $4
)
select
    error_class as key, 0::bigint as enqueued, 0::bigint as started, 0::bigint as completed,
    sum(occurrences)::bigint as failed, 0::bigint as lost, 0::bigint as released, sum(discarded)::bigint as discarded,
    0::bigint as cancelled, 0::bigint as wait_ms_sum, 0::bigint as wait_ms_max, 0::bigint as run_ms_sum,
    0::bigint as run_ms_max, null::bigint[] as wait_hist, null::bigint[] as run_hist
from part
where
    ($5::text is null or queue_id = any (array(select queue_id from presque_internal.queue where name = $5)))
    and ($6::text is null or kind = $6)
group by error_class
order by failed desc, error_class

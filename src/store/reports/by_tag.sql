-- Jobs that finished in a range of time, by tag: of each its last attempt, and how often it failed.
--
-- $1 from    $2 to before    $3 this queue only, or null    $4 this kind only, or null
--
-- Looks each job up for its tags, which stand nowhere else. Reads one snapshot and locks nothing. Reads all that
-- finished in the days of the range, in these queues; served by done_job and job_by_id.
select
    tag as key, 0::bigint as enqueued, count(*) filter (where started_at is not null) as started,
    count(*) filter (where state = 'completed') as completed, sum(failed_attempts)::bigint as failed, 0::bigint as lost,
    0::bigint as released, count(*) filter (where state = 'discarded') as discarded,
    count(*) filter (where state = 'cancelled') as cancelled, coalesce(sum(wait_ms), 0)::bigint as wait_ms_sum,
    coalesce(max(wait_ms), 0)::bigint as wait_ms_max, coalesce(sum(run_ms), 0)::bigint as run_ms_sum,
    coalesce(max(run_ms), 0)::bigint as run_ms_max,
    presque_internal.hist_of(array_agg(wait_ms) filter (where wait_ms is not null)) as wait_hist,
    presque_internal.hist_of(array_agg(run_ms) filter (where run_ms is not null)) as run_hist
from (
    select
        each.tag, done.state, done.started_at, done.failed_attempts,
        case when done.started_at is not null then presque_internal.elapsed_ms(done.eligible_at, done.started_at) end as wait_ms,
        case when done.started_at is not null then presque_internal.elapsed_ms(done.started_at, done.finished_at) end as run_ms
    from presque_internal.done
    cross join lateral (
        select tags
        from presque_internal.job
        where job.queue_id = done.queue_id and job.id = done.job_id
        limit 1
    ) as job
    cross join lateral unnest(job.tags) as each (tag)
    where
        done.finished_at >= $1
        and done.finished_at < $2
        -- Of all queues too, so that one is found by the key.
        and done.queue_id = any (array(select queue_id from presque_internal.queue where $3::text is null or name = $3))
        and ($4::text is null or done.kind = $4)
) as tagged
group by tag
order by started desc, tag

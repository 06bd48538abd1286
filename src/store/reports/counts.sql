-- How many jobs are in each state, of a queue or all together.
--
-- $1 this queue only, or null
--
-- Folded sums and what is not folded yet, in one snapshot. Served by the primary key of
-- queue_count, tally_not_folded, scheduled_due and pending_tally_of_queue.
with chosen as materialized (
    select queue_id
    from presque_internal.queue
    where deleted_at is null and ($1::text is null or name = $1)
),
part as (
    select
        0 as pending, ready, scheduled, retryable, running, completed - gone_completed as completed,
        discarded - gone_discarded as discarded, cancelled - gone_cancelled as cancelled
    from presque_internal.queue_count
    where queue_id = any (array(select queue_id from chosen))
    union all
    select
        0, ready, scheduled, retryable, running, completed - gone_completed, discarded - gone_discarded,
        cancelled - gone_cancelled
    from presque_internal.tally
    where xid >= (select presque_internal.tally_begin()) and queue_id = any (array(select queue_id from chosen))
    union all
    -- What became due and was not promoted yet.
    select
        0, count(*), -count(*) filter (where not retryable), -count(*) filter (where retryable), 0, 0, 0, 0
    from presque_internal.scheduled
    where run_after <= now() and queue_id = any (array(select queue_id from chosen))
    union all
    select jobs, 0, 0, 0, 0, 0, 0, 0
    from presque_internal.pending_tally
    where queue_id = any (array(select queue_id from chosen))
)
select
    coalesce(sum(pending), 0)::bigint as pending, coalesce(sum(ready), 0)::bigint as available, coalesce(sum(scheduled), 0)::bigint as scheduled,
    coalesce(sum(retryable), 0)::bigint as retryable, coalesce(sum(running), 0)::bigint as running,
    coalesce(sum(completed), 0)::bigint as completed, coalesce(sum(discarded), 0)::bigint as discarded,
    coalesce(sum(cancelled), 0)::bigint as cancelled
from part

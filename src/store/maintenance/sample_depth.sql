-- Notes how deep the queues are that hold something, and how old the oldest job is.
--
-- Answers how many queues that were. From folded counts, which are some seconds old: this is a
-- sample. Safe under concurrency: the largest of what servers saw in a minute stays. Served by the
-- primary key of queue_count, ready_in_order and scheduled_in_order.
with seen as (
    insert into presque_internal.queue_depth_minute as d (queue_id, minute, available_max, running_max, latency_ms_max)
    select
        counted.queue_id, date_trunc('minute', now(), 'UTC'), greatest(counted.ready, 0), greatest(counted.running, 0),
        coalesce(greatest(extract(epoch from now() - oldest.at) * 1000, 0)::bigint, 0)
    from presque_internal.queue_count as counted
    cross join lateral (select presque_internal.oldest_available(counted.queue_id) as at) as oldest
    where counted.ready > 0 or counted.scheduled > 0 or counted.retryable > 0 or counted.running > 0
    on conflict (queue_id, minute) do update
    set
        available_max = greatest(d.available_max, excluded.available_max),
        running_max = greatest(d.running_max, excluded.running_max),
        latency_ms_max = greatest(d.latency_ms_max, excluded.latency_ms_max)
    returning 1
)
select count(*) as queues
from seen

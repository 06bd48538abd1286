-- Leases whose time is over: the worker sent no heartbeat, or took longer than it may.
--
-- $1 how many    $2 since how many milliseconds at most, null for whenever: so that a look need
-- not walk over all that ended since the oldest snapshot
--
-- Reads only and promises nothing: settle.sql looks again, under the row's lock, before it
-- takes one back. In the order in which settle.sql locks them, so that two servers that
-- find the same ones follow each other. Served by lease_over.
select job_id, token
from (
    select queue_id, job_id, token
    from presque_internal.lease
    where
        least(expires_at, timeout_at) <= now()
        and least(expires_at, timeout_at) >= coalesce(now() - $2 * interval '1 millisecond', '-infinity')
    order by least(expires_at, timeout_at)
    limit $1
) as over
order by queue_id, job_id

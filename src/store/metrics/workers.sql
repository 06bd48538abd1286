-- How many workers there are that beat, by what they do.
--
-- Reads the workers, of which there are as many as processes, and locks nothing.
select
    case
        when presque_internal.is_lost(last_heartbeat_at, heartbeat_ms) then 'lost'
        when signal = 'stop' then 'stopping'
        when signal = 'quiet' then 'quiet'
        else status
    end as status,
    count(*) as workers
from presque_internal.worker
where last_heartbeat_at is not null
group by 1

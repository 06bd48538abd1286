-- In how many milliseconds the next delayed job or retry of any queue is due; no row if there is none.
--
-- Reads one row of the index scheduled_due, beyond those that are due already, and locks nothing.
select ceil(extract(epoch from run_after - now()) * 1000)::bigint as due_ms
from presque_internal.scheduled
where run_after > now()
order by run_after
limit 1

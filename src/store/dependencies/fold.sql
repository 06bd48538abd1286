-- Folds what is counted of pending jobs into one row for each queue, if there are more than $1 rows; answers how many it
-- took.
--
-- Safe under concurrency: of two that fold, the second finds the rows gone, and the first's not yet; readers see the rows
-- before or after, which are as many.
with gone as (
    delete from presque_internal.pending_tally
    where (select count(*) > $1 from (select from presque_internal.pending_tally limit $1 + 1) as few)
    returning queue_id, jobs
),
folded as (
    insert into presque_internal.pending_tally (queue_id, jobs)
    select queue_id, sum(jobs)
    from gone
    group by queue_id
    having sum(jobs) <> 0
)
select count(*) as folded
from gone

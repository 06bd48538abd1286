-- Default partitions that hold rows, and how many, up to a thousand.
--
-- Reads up to a thousand rows of each; takes no lock that others wait for.
select name, rows
from (
    select 'job_default' as name, count(*) as rows
    from (select from presque_internal.job_default limit 1000) as few
    union all
    select 'attempt_default', count(*)
    from (select from presque_internal.attempt_default limit 1000) as few
    union all
    select 'attempt_log_default', count(*)
    from (select from presque_internal.attempt_log_default limit 1000) as few
    union all
    select 'tally_default', count(*)
    from (select from presque_internal.tally_default limit 1000) as few
    union all
    select 'done_completed_default', count(*)
    from (select from presque_internal.done_completed_default limit 1000) as few
    union all
    select 'done_cancelled_default', count(*)
    from (select from presque_internal.done_cancelled_default limit 1000) as few
    union all
    select 'done_discarded_default', count(*)
    from (select from presque_internal.done_discarded_default limit 1000) as few
) as counted
where rows > 0
order by name

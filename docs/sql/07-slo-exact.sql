-- The share of attempts that began within 60 seconds, exactly.
--
-- An attempt that ended in this time may have begun before it; one that runs is not counted yet.
select
    queue, count(*) as attempts,
    round(100.0 * count(*) filter (where wait_ms <= 60000) / count(*), 3) as within_60_s_pct
from presque.job_attempts
where finished_at >= now() - interval '7 days'
group by queue
order by within_60_s_pct, queue

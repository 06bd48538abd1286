-- example: for psql; its output goes into a warehouse, day by day.
-- All that ended on a day, as CSV.
copy (
    select id, queue, kind, state, created_at, started_at, finished_at, wait_ms, run_ms, attempt, worker_id, error_class
    from presque.job_history
    where finished_at >= '2026-11-25Z' and finished_at < '2026-11-26Z'
    order by finished_at
) to stdout with (format csv, header);

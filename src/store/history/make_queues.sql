-- Makes the ten queues of a generated history, whose jobs are kept for 400 days, and counts nothing.
--
-- Safe to repeat. Served by queue_in_service.
insert into presque_internal.queue (name, policy)
select
    'history-' || n,
    '{"retention_completed_ms": 34560000000, "retention_cancelled_ms": 34560000000,
      "retention_discarded_ms": 34560000000, "max_attempts": 3}'
from generate_series(0, 9) as one (n)
on conflict (name) where deleted_at is null do nothing

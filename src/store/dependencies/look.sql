-- What there is to do for jobs that wait for others, and for batches.
--
-- Answers one row: whether jobs were ever linked, and whether ends are to be resolved, dependencies to be looked at, and
-- batches to be ended. Reads the head of each table. Served by the primary key of ended_job, dependency_to_check and
-- batch_check_due.
select
    linked.ever,
    linked.ever and exists (select from presque_internal.ended_job) as ended,
    linked.ever and exists (select from presque_internal.dependency where check_at <= now()) as unsure,
    linked.ever and exists (select from presque_internal.batch_check where due_at <= now()) as batches
from (select pg_sequence_last_value('presque_internal.link_seq') is not null as ever) as linked

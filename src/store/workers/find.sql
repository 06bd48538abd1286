-- A registered worker and what it did since it registered.
--
-- $1 worker id
--
-- Folded sums and deltas not folded yet are read in one snapshot.
-- Served by the primary keys of worker and worker_count, and tally_not_folded.
select
    worker.id,
    extract(epoch from worker.started_at)::bigint as started_at,
    (coalesce(folded.started, 0) + recent.started)::bigint as started,
    (coalesce(folded.failed, 0) + recent.failed)::bigint as failed
from presque_internal.worker
left join presque_internal.worker_count as folded on folded.registration = worker.registration
cross join lateral (
    select coalesce(sum(tally.started), 0) as started, coalesce(sum(tally.failed), 0) as failed
    from presque_internal.tally
    where tally.xid >= (select presque_internal.tally_begin()) and tally.registration = worker.registration
) as recent
where worker.id = $1

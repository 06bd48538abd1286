-- Batches with what became of their jobs, the newest first.
--
-- $1 this one only, or null    $2 ids below this one    $3 how many
--
-- Counts are of this moment: final states as they were resolved, and where each unfinished job is. Served by the primary
-- key of batch, batch_job_of_batch and the keys of lease, scheduled and pending.
select
    batch.id, batch.name, batch.state, batch.tags, batch.created_at, batch.finished_at, counts.total, counts.pending,
    counts.scheduled, counts.available, counts.running, counts.retryable, counts.completed, counts.discarded,
    counts.cancelled,
    array(
        select job_id
        from presque_internal.batch_callback
        where batch_callback.batch_id = batch.id and job_id is not null
        order by event
    ) as callback_job_ids,
    now() as as_of
from (
    select id, name, state, tags, created_at, finished_at
    from presque_internal.batch
    where ($1::uuid is null or id = $1) and id < $2
    order by id desc
    limit $3
) as batch
cross join lateral presque_internal.batch_counts(batch.id) as counts
order by batch.id desc

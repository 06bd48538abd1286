-- Says of up to $1 jobs of batches that they are gone, if they are and nobody was told, as when a server of the release
-- before deleted them; answers how many. A walk over what is unfinished, once an hour.
--
-- Safe under concurrency: said twice, it is noted once. A job is stored with its place in the batch.
-- Served by batch_job_open and job_by_id.
with gone as materialized (
    select b.queue_id, b.job_id
    from presque_internal.batch
    cross join lateral (
        select queue_id, job_id
        from presque_internal.batch_job
        where batch_job.batch_id = batch.id and batch_job.state is null
    ) as b
    where
        batch.state = 'running'
        and not exists (select from presque_internal.job where job.queue_id = b.queue_id and job.id = b.job_id)
        and not exists (
            select from presque_internal.ended_job as e where e.queue_id = b.queue_id and e.job_id = b.job_id)
    limit $1
),
said as (
    insert into presque_internal.ended_job (queue_id, job_id, state)
    select queue_id, job_id, 'cancelled'
    from gone
    returning 1
)
select count(*) as gone
from said

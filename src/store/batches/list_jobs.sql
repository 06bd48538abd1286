-- The latest jobs of a batch, newest first.
--
-- $1 batch    $2 enqueued after    $3 enqueued up to, or null    $4 how many
--
-- Ids carry the time to the millisecond, so both ends take a millisecond more: the list filters exactly.
-- Served by batch_job_of_batch.
select job_id
from presque_internal.batch_job
where
    batch_id = $1
    and job_id >= coalesce(presque_internal.job_id_floor($2), '00000000-0000-0000-0000-000000000000')
    and job_id < coalesce(
        presque_internal.job_id_floor($3::timestamptz + interval '1 millisecond'), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by job_id desc
limit $4

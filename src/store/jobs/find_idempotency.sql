-- What an earlier request with this idempotency key stands for, and how its jobs are now.
--
-- $1 operation    $2 key
--
-- Answers a row for each job, in the order of the request, with the batch that was made of them.
-- `body_hash` is that of the earlier request. Reads one snapshot.
-- Served by idempotency_key_is_used_once, job_by_id and the primary key of queue.
select
    known.body_hash, of_job.job_id, of_job.duplicate, queue.name as queue,
    coalesce(job.state, 'completed') as state,
    coalesce(job.run_after, known.created_at) as run_after, known.batch_id
from presque_internal.idempotency as known
cross join lateral unnest(known.job_ids, known.duplicates) with ordinality as of_job (job_id, duplicate, n)
left join presque_internal.queue on queue.queue_id = presque_internal.job_id_queue(of_job.job_id)
left join lateral (
    select state, run_after
    from presque_internal.job_now
    where job_now.queue_id = presque_internal.job_id_queue(of_job.job_id) and job_now.id = of_job.job_id
    limit 1
) as job on true
where known.operation = $1 and known.key = $2
order by of_job.n

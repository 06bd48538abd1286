-- The leases of one worker, oldest first; or those in one queue that hands out leases through
-- the classic routes (classic_ack), none in one that does not.
--
-- $1 worker    $2 queue name or null
--
-- Reads only: whoever ends them passes the fence of settle.sql with their tokens. Reads the
-- leases of the queue, or all, by lease_of_job: as many as there are running jobs. Served by
-- queue_in_service.
select lease.job_id, lease.token
from presque_internal.lease
where
    lease.worker = $1
    and lease.queue_id = any (
        case
            when $2::text is null then array(select queue_id from presque_internal.queue)
            else array(
                select queue_id
                from presque_internal.queue
                where name = $2 and deleted_at is null and policy ->> 'classic_ack' = 'lease'
            )
        end
    )
order by lease.claimed_at, lease.job_id

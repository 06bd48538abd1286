-- Takes up to $1 jobs off the list of those that must have started by now.
--
-- $1 how many
--
-- Answers their ids; whoever asks cancels those that wait. If it ends before that, a claim
-- cancels the job instead of handing it out.
--
-- Safe under concurrency: `skip locked` gives each to one server. Served by expiring_in_order.
with due as materialized (
    select queue_id, job_id
    from presque_internal.expiring
    where expires_at <= now()
    order by expires_at
    limit $1
    for update skip locked
)
delete from presque_internal.expiring
using due
where expiring.queue_id = due.queue_id and expiring.job_id = due.job_id
returning expiring.job_id

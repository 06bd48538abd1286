-- Whether queues of a generated history are there, and the database's time.
--
-- Served by queue_in_service.
select
    exists (select from presque_internal.queue where name like 'history-%' and deleted_at is null) as is_there,
    now() as now

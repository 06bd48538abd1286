-- Deletes what has had its time: idempotency keys after 24 hours, unique keys whose window is
-- over, statistics by the minute after 14 days, by the hour and day after 400, errors, runs of
-- schedules, batches and bulk operations that have ended and the audit log after 90, workers that have not been heard of
-- for a day.
--
-- $1 how many rows of each
--
-- Answers how many rows that were. Safe under concurrency: rows are picked by key and the
-- conditions hold for ever once they do; two servers delete each row once.
-- Served by idempotency_by_age, dedup_window_over, queue_minute_by_age, worker_minute_by_age,
-- worker_queue_minute_by_age, the indexes of queue_hour and queue_day, queue_depth_by_age, error_hour_by_age,
-- error_day_by_age, schedule_run_by_age, batch_by_end, batch_job_of_batch, batch_callback_once, audit_by_age,
-- audit_in_order, bulk_operation_by_age.
with idempotency as (
    delete from presque_internal.idempotency
    where ctid = any (array(
        select ctid
        from presque_internal.idempotency
        where created_at < now() - interval '24 hours'
        limit $1
        for update skip locked
    ))
    returning 1
),
dedup as (
    delete from presque_internal.dedup
    where ctid = any (array(
        select ctid
        from presque_internal.dedup
        where until_at <= now()
        limit $1
        for update skip locked
    ))
    returning 1
),
queue_minute as (
    delete from presque_internal.queue_minute
    where ctid = any (array(
        select ctid
        from presque_internal.queue_minute
        where minute < now() - interval '14 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
worker_minute as (
    delete from presque_internal.worker_minute
    where ctid = any (array(
        select ctid
        from presque_internal.worker_minute
        where minute < now() - interval '14 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
worker_queue_minute as (
    delete from presque_internal.worker_queue_minute
    where ctid = any (array(
        select ctid
        from presque_internal.worker_queue_minute
        where minute < now() - interval '14 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
queue_hour as (
    delete from presque_internal.queue_hour
    where ctid = any (array(
        select ctid
        from presque_internal.queue_hour
        where hour < now() - interval '400 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
queue_day as (
    delete from presque_internal.queue_day
    where ctid = any (array(
        select ctid
        from presque_internal.queue_day
        where day < now() - interval '400 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
queue_depth_minute as (
    delete from presque_internal.queue_depth_minute
    where ctid = any (array(
        select ctid
        from presque_internal.queue_depth_minute
        where minute < now() - interval '14 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
error_hour as (
    delete from presque_internal.error_hour
    where ctid = any (array(
        select ctid
        from presque_internal.error_hour
        where hour < now() - interval '90 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
error_day as (
    delete from presque_internal.error_day
    where ctid = any (array(
        select ctid
        from presque_internal.error_day
        where day < now() - interval '91 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
schedule_run as (
    delete from presque_internal.schedule_run
    where ctid = any (array(
        select ctid
        from presque_internal.schedule_run
        where due_at < now() - interval '90 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
bulk_operation as (
    delete from presque_internal.bulk_operation
    where ctid = any (array(
        select ctid
        from presque_internal.bulk_operation
        where finished_at < now() - interval '90 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
-- With its last jobs a batch goes itself.
old_batch as materialized (
    select id
    from presque_internal.batch
    where finished_at < now() - interval '90 days'
    order by finished_at
    limit 100
),
batch_job as (
    delete from presque_internal.batch_job
    where ctid = any (array(
        select ctid
        from presque_internal.batch_job
        where batch_id = any (array(select id from old_batch))
        limit $1
        for update skip locked
    ))
    returning 1
),
batch as (
    delete from presque_internal.batch
    where
        id = any (array(
            select id
            from old_batch
            where not exists (select from presque_internal.batch_job as b where b.batch_id = old_batch.id)
        ))
    returning id
),
batch_callback as (
    delete from presque_internal.batch_callback
    where batch_id = any (array(select id from batch))
),
audit as (
    delete from presque_internal.audit
    where ctid = any (array(
        select ctid
        from presque_internal.audit
        where at < now() - interval '90 days'
        limit $1
        for update skip locked
    ))
    returning 1
),
-- Above all transactions is what was restored from another cluster: it comes before everything else.
restored as (
    update presque_internal.audit
    set xid = '0'
    where ctid = any (array(
        select old.ctid
        from (
            select max(id) as id
            from presque_internal.audit
            where xid >= pg_snapshot_xmax(pg_current_snapshot())
        ) as last_restored
        cross join lateral (
            select ctid
            from presque_internal.audit
            where last_restored.id is not null and audit.id <= last_restored.id and audit.xid <> '0'
            -- Those by which the others are known come last.
            order by audit.xid
            limit $1
            for update skip locked
        ) as old
    ))
    returning 1
),
worker as (
    delete from presque_internal.worker
    where
        last_heartbeat_at < now() - interval '1 day'
        and not exists (select from presque_internal.worker_queue where worker_queue.worker_id = worker.id)
    returning 1
)
select
    (select count(*) from idempotency) + (select count(*) from dedup) + (select count(*) from queue_minute)
    + (select count(*) from worker_minute) + (select count(*) from worker_queue_minute)
    + (select count(*) from queue_hour) + (select count(*) from queue_day)
    + (select count(*) from queue_depth_minute) + (select count(*) from error_hour)
    + (select count(*) from error_day) + (select count(*) from schedule_run) + (select count(*) from batch_job)
    + (select count(*) from batch) + (select count(*) from audit) + (select count(*) from restored)
    + (select count(*) from bulk_operation) + (select count(*) from worker) as forgotten

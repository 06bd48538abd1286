-- A mark in the tally: readers and the folder begin at it, not among the dead.
--
-- Folded rows are deleted, and under an old snapshot (a forgotten transaction, a backup)
-- they stay in the table as dead rows that every count walked over. Each row now carries
-- the transaction that wrote it, and one row says below which transaction nothing is left.
--
-- (Where earlier files name store/queues/counts.sql and store/maintenance/retired_queues.sql
-- they mean store/queues/find.sql and store/maintenance/purge_retired.sql.)

-- The default is stable, so rows that are there get it without a rewrite.
alter table presque_internal.tally add column xid xid8 not null default pg_current_xact_id();

-- Serves store/maintenance/fold_tally.sql and the view queue_count_now: what is not folded yet.
create index tally_not_folded on presque_internal.tally (xid);

-- What is not folded is a few seconds' worth: it is read whole, whoever asks.
drop index presque_internal.tally_of_queue;
drop index presque_internal.tally_of_registration;

create table presque_internal.tally_mark (
    only_row boolean primary key default true constraint tally_mark_is_one_row check (only_row),
    -- Every row of a transaction before this one has been folded.
    mark xid8 not null
) with (fillfactor = 50);
insert into presque_internal.tally_mark (mark) values ('0');
comment on table presque_internal.tally_mark is 'Below which transaction the tally holds nothing any more; written by the folder only';

-- Where to begin reading the tally. Transaction numbers begin anew when the database is
-- restored into another cluster: a mark from before that is above all of them, and says nothing.
create function presque_internal.tally_begin() returns xid8
language sql stable parallel safe
as $$
    select case when mark < pg_snapshot_xmax(pg_current_snapshot()) then mark else '0'::xid8 end
    from presque_internal.tally_mark
$$;

-- The exact counts of each queue: folded sums plus what is not folded yet, in one snapshot.
create view presque_internal.queue_count_now as
select
    queue.queue_id,
    (coalesce(folded.enqueued, 0) + recent.enqueued)::bigint as enqueued,
    (coalesce(folded.started, 0) + recent.started)::bigint as started,
    (coalesce(folded.completed, 0) + recent.completed)::bigint as completed,
    (coalesce(folded.failed, 0) + recent.failed)::bigint as failed,
    (coalesce(folded.discarded, 0) + recent.discarded)::bigint as discarded,
    (coalesce(folded.cancelled, 0) + recent.cancelled)::bigint as cancelled,
    (coalesce(folded.ready, 0) + recent.ready)::bigint as ready,
    (coalesce(folded.scheduled, 0) + recent.scheduled)::bigint as scheduled,
    (coalesce(folded.running, 0) + recent.running)::bigint as running
from presque_internal.queue
left join presque_internal.queue_count as folded on folded.queue_id = queue.queue_id
cross join lateral (
    select
        coalesce(sum(tally.enqueued), 0) as enqueued,
        coalesce(sum(tally.started), 0) as started,
        coalesce(sum(tally.completed), 0) as completed,
        coalesce(sum(tally.failed), 0) as failed,
        coalesce(sum(tally.discarded), 0) as discarded,
        coalesce(sum(tally.cancelled), 0) as cancelled,
        coalesce(sum(tally.ready), 0) as ready,
        coalesce(sum(tally.scheduled), 0) as scheduled,
        coalesce(sum(tally.running), 0) as running
    from presque_internal.tally
    where tally.xid >= (select presque_internal.tally_begin()) and tally.queue_id = queue.queue_id
) as recent;

-- How many bytes the payload has as text, so that an answer can be kept to a size without
-- unpacking what will not be in it. Null for jobs from before this migration.
alter table presque_internal.job add column payload_bytes integer;

-- Takes a worker off a queue; off its last one, it is gone. A function, because each of
-- its statements must see what the one before waited for: the worker's row is locked
-- first, so a registration that runs meanwhile is either seen whole or waits.
create function presque_internal.unregister_worker(who text, from_queue text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
    perform from presque_internal.worker where id = who for update;
    delete from presque_internal.worker_queue where worker_id = who and queue = from_queue;
    if not exists (select from presque_internal.worker_queue where worker_id = who) then
        delete from presque_internal.worker where id = who;
    end if;
end
$$;

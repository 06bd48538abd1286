-- Statistics: appended deltas, and the sums they are folded into.
--
-- No row is hot: a statement that moves jobs adds one row to `tally` in the same
-- statement, and one folder at a time sums them up elsewhere. A count is the folded
-- sum plus what is not folded yet, read in one snapshot, so it is exact at once.

create table presque_internal.tally (
    at timestamptz not null default now(),
    -- The worker's registration, while it had one: what the classic counters are kept by.
    registration bigint,
    queue_id integer not null,
    enqueued integer not null default 0,
    started integer not null default 0,
    completed integer not null default 0,
    failed integer not null default 0,
    discarded integer not null default 0,
    cancelled integer not null default 0,
    -- By how much the rows of these tables became more or fewer.
    ready integer not null default 0,
    scheduled integer not null default 0,
    running integer not null default 0,
    kind text not null,
    worker text
) partition by range (at);
comment on table presque_internal.tally is 'Deltas not folded yet, one row for each queue, kind and worker of a statement';

-- Serves store/queues/counts.sql.
create index tally_of_queue on presque_internal.tally (queue_id);

-- Serves store/workers/find.sql.
create index tally_of_registration on presque_internal.tally (registration) where registration is not null;

create table presque_internal.queue_count (
    queue_id integer primary key,
    enqueued bigint not null default 0,
    started bigint not null default 0,
    completed bigint not null default 0,
    failed bigint not null default 0,
    discarded bigint not null default 0,
    cancelled bigint not null default 0,
    ready bigint not null default 0,
    scheduled bigint not null default 0,
    running bigint not null default 0
) with (fillfactor = 50);
comment on table presque_internal.queue_count is 'Folded tally of each queue; written by the folder only';

create table presque_internal.worker_count (
    registration bigint primary key,
    started bigint not null default 0,
    failed bigint not null default 0
) with (fillfactor = 50);
comment on table presque_internal.worker_count is 'Folded tally of each registration; written by the folder only';

-- Queues: a name that people use, and the id that every other row carries.
--
-- A queue is never renamed and its row is never deleted. Purging or deleting one
-- marks the row (`deleted_at`) and, for a purge, puts a new row with a new id beside
-- it: everything that waited under the old id is gone for clients in that instant,
-- whatever its size, and history keeps the name it was written under.

-- The schema itself is made before the first migration: the list of migrations is in it.
comment on schema presque_internal is
    'Private to presque: may change in any release. Reports use the schema presque.';
revoke all on schema presque_internal from public;

create table presque_internal.queue (
    -- The last 32 bits of every job id of this queue.
    queue_id integer generated always as identity primary key,

    name text not null
        constraint queue_name check (name ~ '^[A-Za-z0-9_][A-Za-z0-9_.:@+-]{0,127}$'),

    -- Only the settings that differ from the server's defaults.
    policy jsonb not null default '{}',

    -- A paused queue takes jobs and hands none out.
    paused_at timestamptz,
    paused_by text,
    pause_reason text,
    resume_at timestamptz,

    -- Grows with every change of the row: the ETag.
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),

    -- When this id left service, and when the last job under it was cancelled.
    deleted_at timestamptz,
    purged_at timestamptz,
    constraint queue_purged_after_deleted check (purged_at is null or deleted_at is not null)
);

-- Serves every statement that begins with a queue's name, and the sorted list of names.
create unique index queue_in_service on presque_internal.queue (name) where deleted_at is null;

-- Serves store/maintenance/retired_queues.sql: ids out of service that still hold jobs.
create index queue_to_purge on presque_internal.queue (deleted_at)
    where deleted_at is not null and purged_at is null;

comment on table presque_internal.queue is 'Name to id, policy and pause of each queue';

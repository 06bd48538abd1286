-- Bulk operations: one change to all jobs that pass a filter, done in steps by any server.
--
-- Older servers beside it do not know them: a newer one does them, and forgets them.

create table presque_internal.bulk_operation (
    -- Drawn as ids of jobs are, of a queue that there is not: jobs below it were there when the operation began,
    -- and no other is touched.
    id uuid primary key,
    action text not null
        constraint bulk_operation_action
        check (action in ('retry', 'cancel', 'delete', 'move', 'reprioritize', 'reschedule')),
    state text not null default 'running'
        constraint bulk_operation_state check (state in ('preview', 'running', 'completed', 'cancelled', 'failed')),
    filter jsonb not null,
    -- What the action needs beside: target_queue, priority, run_after, spread_ms.
    options jsonb not null default '{}',
    -- Only counted, then a preview.
    dry_run boolean not null default false,
    matched bigint not null default 0,
    processed bigint not null default 0,
    skipped bigint not null default 0,
    failed bigint not null default 0,
    sample_job_ids uuid[] not null default '{}',
    reason text,
    last_error text,
    created_by text,
    created_at timestamptz not null default now(),
    finished_at timestamptz,
    -- Whether `matched` is known; the walk begins again then.
    counted boolean not null default false,
    -- The walk goes by queue and, within one, by ascending id: up to here it has come.
    cursor_queue_id integer not null default 0,
    cursor uuid not null default '00000000-0000-0000-0000-000000000000',
    -- The smallest id of fresh claimable jobs of this queue, once it was looked for.
    fresh_from uuid,
    -- Found, and not done yet as far as is known: who takes over goes on with these.
    chunk uuid[] not null default '{}',
    -- Who works on it: new at every claim, the fence of all that is stored of it.
    holder uuid,
    -- Nobody else works on it before.
    held_until timestamptz not null default now(),
    constraint bulk_operation_is_over check ((state = 'running') = (finished_at is null))
);
-- Serves store/bulk_operations/claim.sql.
create index bulk_operation_to_do on presque_internal.bulk_operation (held_until) where state = 'running';
-- Serves store/maintenance/forget.sql.
create index bulk_operation_by_age on presque_internal.bulk_operation (finished_at);
comment on table presque_internal.bulk_operation is 'Changes to many jobs and how far they are, kept for 90 days';

-- A filter as everybody may see it: payloads are for those who may read them.
create function presque_internal.shown_filter(filter jsonb) returns jsonb
language sql immutable parallel safe
return case when filter ? 'payload' then filter || '{"payload": "(hidden)"}' else filter end;

create view presque.bulk_operations as
select
    id, action, state, presque_internal.shown_filter(filter) as filter, dry_run, matched, processed, skipped, failed,
    sample_job_ids, reason, last_error, created_by, created_at, finished_at
from presque_internal.bulk_operation;

comment on view presque.bulk_operations is 'Changes to all jobs that pass a filter, kept for 90 days.';
comment on column presque.bulk_operations.id is 'The operation. Jobs with ids below it are meant, and no others.';
comment on column presque.bulk_operations.action is 'retry, cancel, delete, move, reprioritize or reschedule.';
comment on column presque.bulk_operations.state is 'running; preview, completed, cancelled or failed when it is over.';
comment on column presque.bulk_operations.filter is 'Which jobs: the filters of a list of jobs; what it says of payloads is hidden.';
comment on column presque.bulk_operations.dry_run is 'Whether it was only counted.';
comment on column presque.bulk_operations.matched is 'Jobs that passed the filter when it began; of more than 1000000, that number.';
comment on column presque.bulk_operations.processed is 'Jobs that were changed.';
comment on column presque.bulk_operations.skipped is 'Jobs that could no longer be changed when they were reached.';
comment on column presque.bulk_operations.failed is 'Jobs that could not be changed for another reason, see last_error.';
comment on column presque.bulk_operations.sample_job_ids is 'Up to ten of the jobs.';
comment on column presque.bulk_operations.reason is 'What people said of it.';
comment on column presque.bulk_operations.last_error is 'Why the latest job failed, or the operation; null if none did.';
comment on column presque.bulk_operations.created_by is 'The name of the token it was made with; null without.';
comment on column presque.bulk_operations.created_at is 'When it was made.';
comment on column presque.bulk_operations.finished_at is 'When it was over; null while it runs.';

select presque_internal.grant_as_others('bulk_operations');

-- Schedules: jobs that are enqueued by the clock, the database's.

create table presque_internal.schedule (
    id text primary key
        constraint schedule_id check (id ~ '^[A-Za-z0-9_][A-Za-z0-9_.:@+-]{0,127}$'),
    -- By name: a queue that was deleted and made again is the same to a schedule.
    queue text not null,
    cron text not null,
    timezone text not null,
    kind text not null,
    -- Null: the JSON null.
    payload json,
    priority smallint,
    tags text[] not null default '{}',
    max_attempts integer,
    paused boolean not null default false,
    -- What becomes of due times that were missed: skip, one or all.
    catch_up text not null default 'one',
    -- Whether a run begins while the job of the last one is unfinished: allow or skip.
    overlap text not null default 'allow',
    jitter_ms bigint not null default 0,
    starts_at timestamptz,
    ends_at timestamptz,
    description text,
    -- The next due time. The server that fires it moves it on in the same statement: that is why
    -- each fires once. Null when there is none any more.
    next_run_at timestamptz,
    last_run_at timestamptz,
    last_job_id uuid,
    -- Grows with every change of the settings: the ETag.
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table presque_internal.schedule is 'What is enqueued when, and which due time is next';

-- Serves store/schedules/list_due.sql.
create index schedule_due on presque_internal.schedule (next_run_at) where not paused;

create table presque_internal.schedule_run (
    schedule_id text not null,
    due_at timestamptz not null,
    fired_at timestamptz not null default now(),
    -- Null where it was skipped.
    job_id uuid,
    -- Why there is no job: overlap or missed.
    skipped text,
    constraint schedule_fires_once primary key (schedule_id, due_at)
);
-- Serves store/maintenance/forget.sql.
create index schedule_run_by_age on presque_internal.schedule_run (due_at);
comment on table presque_internal.schedule_run is 'Due times and the jobs they became, kept for 90 days';

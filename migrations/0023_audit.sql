-- The audit log: what people and programs changed of queues, schedules, workers and jobs, who asked for it, and when.
--
-- The statement that changes something writes the row itself, so that neither is there without the other. An older
-- server beside this schema writes none: what was changed through it is not in the log.

create table presque_internal.audit (
    id bigint generated always as identity,
    -- Of the transaction that wrote it: who follows the log goes by it, see store/events/list.sql.
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null default now(),
    -- Null: who asked did not say who they are, or it is the time that a person set.
    actor text,
    request_id text,
    ip inet,
    -- The type of the event without `presque.`.
    action text not null,
    subject_type text not null,
    subject_id text not null,
    detail jsonb not null default '{}',
    -- Serves store/events/list.sql.
    constraint audit_in_order primary key (xid, id)
);
-- Serves store/maintenance/forget.sql, and reports on a time.
create index audit_by_age on presque_internal.audit (at);
comment on table presque_internal.audit is 'What was changed, and who asked for it; kept for 90 days';

-- When it was told that a worker is lost; one that has beaten since then is told again.
alter table presque_internal.worker add column lost_at timestamptz;

-- Takes a worker off a queue, as unregister_worker does, and tells whether it was there.
create function presque_internal.leave_queue(who text, from_queue text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    was_there boolean;
begin
    perform from presque_internal.worker where id = who for update;
    if not found then
        return false;
    end if;
    delete from presque_internal.worker_queue where worker_id = who and queue = from_queue;
    was_there := found;
    if not exists (select from presque_internal.worker_queue where worker_id = who) then
        delete from presque_internal.worker where id = who;
        was_there := true;
    end if;
    return was_there;
end
$$;

create view presque.audit_log as
select id, at, actor, action, subject_type, subject_id, detail, request_id, ip
from presque_internal.audit;

comment on view presque.audit_log is 'What people and programs changed, and who asked for it; kept for 90 days.';
comment on column presque.audit_log.id is 'The id of the event. Ids are drawn before transactions commit: to follow the log, use GET /v1/events.';
comment on column presque.audit_log.at is 'When it was changed.';
comment on column presque.audit_log.actor is 'Who asked: the login, of what was called with SQL. Null over HTTP, where nobody says who they are.';
comment on column presque.audit_log.action is 'What was done, like queue.paused: the type of the event without "presque.".';
comment on column presque.audit_log.subject_type is 'What it was done to: queue, schedule, worker, job or bulk.';
comment on column presque.audit_log.subject_id is 'The name of the queue, or the id.';
comment on column presque.audit_log.detail is 'What else is known of it; which members, the action says.';
comment on column presque.audit_log.request_id is 'The X-Request-Id of the request; null if there was none.';
comment on column presque.audit_log.ip is 'The address of the client; null if it is not known.';

select presque_internal.grant_as_others('audit_log');

-- What a claim and its end need not look up any more, and what lets a claim begin where the
-- live rows begin.

-- The size of the payload beside the job's place; null in rows that an earlier version wrote,
-- or whose payload was replaced: then the job says it.
alter table presque_internal.ready add column payload_bytes integer;
alter table presque_internal.scheduled add column payload_bytes integer;

-- Whether the job has a unique key, so that the end of its lease need not look; null in rows
-- that an earlier version wrote: then it does.
alter table presque_internal.lease add column has_key boolean;

-- The next number in the order of jobs. Its transaction has an id before it is drawn: a number
-- that is lower than one that a snapshot shows belongs to a transaction that the snapshot knows
-- of. Claims rely on it, see ARCHITECTURE.md. Inlined where it is called.
create function presque_internal.next_seq() returns bigint
language sql volatile
as $$
    select case when pg_current_xact_id() is not null then nextval('presque_internal.job_seq') end
$$;

-- A worker that beats and missed three beats is lost; null for one that never does.
create function presque_internal.is_lost(last_heartbeat_at timestamptz, heartbeat_ms integer) returns boolean
language sql stable parallel safe
as $$
    select last_heartbeat_at <= now() - 3 * heartbeat_ms * interval '1 millisecond'
$$;

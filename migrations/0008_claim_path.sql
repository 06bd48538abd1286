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

-- What hot statements rarely need of the wide, partitioned tables. In PL/pgSQL, so that their plans
-- do not hold a look into every partition that is there for what hardly ever happens.

-- The size of a job's payload, which stands in no row beside its place; as if it were the largest
-- possible, if the job does not know it either.
create function presque_internal.payload_bytes_of(of_queue integer, of_job uuid) returns integer
language plpgsql stable
as $$
begin
    return coalesce(
        (select payload_bytes from presque_internal.job where queue_id = of_queue and id = of_job limit 1), 4194304);
end
$$;

-- The unique key of a job.
create function presque_internal.dedup_key_of(of_queue integer, of_job uuid) returns text
language plpgsql stable
as $$
begin
    return (select dedup_key from presque_internal.job where queue_id = of_queue and id = of_job limit 1);
end
$$;

-- The last attempt of a job before this one that ended with an error.
create function presque_internal.last_failure(of_queue integer, of_job uuid, before integer)
returns presque_internal.attempt
language plpgsql stable
as $$
declare
    found presque_internal.attempt;
begin
    select *
    into found
    from presque_internal.attempt
    where queue_id = of_queue and job_id = of_job and attempt < before and error_class is not null
    order by attempt desc
    limit 1;
    return found;
end
$$;

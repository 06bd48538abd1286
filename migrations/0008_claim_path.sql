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

-- Writes a table through which every job passes anew, if it holds little in much space: rows that
-- are gone for us stay as long as some snapshot could see them, and no vacuum removes them.
-- `hot` is ready, scheduled or lease; `bytes_min` is what is much, `rows_max` is little. Whether it
-- did.
--
-- It shuts everybody out while it copies, so it tries before how long reading takes, and leaves what
-- takes more than 100 ms, or is far too large, to a vacuum. If somebody reads or writes the table and
-- does not end within 50 ms, it lets everybody pass and leaves it for another time.
--
-- Statements of ours never see the table empty: they take their snapshots when they have their locks.
-- A transaction with an older snapshot would. What it is told of a job that it finds nowhere is
-- what such a job is: available. But a backup would lose it, if it had its snapshot and not yet its
-- locks; so nothing is done while somebody else's transaction is younger than `young_ms`, or we may
-- not see how old it is.
create function presque_internal.compact_hot_table(hot text, bytes_min bigint, rows_max integer, young_ms bigint)
returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '50ms'
as $$
declare
    ready_rows presque_internal.ready[];
    scheduled_rows presque_internal.scheduled[];
    lease_rows presque_internal.lease[];
    bytes bigint := pg_total_relation_size('presque_internal.' || quote_ident(hot));
    rows_found integer;
    began timestamptz := clock_timestamp();
begin
    if bytes < bytes_min or bytes > greatest(8 * bytes_min, 2::bigint << 30)
        or not pg_try_advisory_xact_lock(hashtextextended('presque.compact', 0))
    then
        return false;
    end if;
    execute format('select count(*) from (select from presque_internal.%I limit %s) as few', hot, rows_max + 1)
    into rows_found;
    if rows_found > rows_max or clock_timestamp() > began + interval '100 milliseconds' then
        return false;
    end if;
    perform
    from pg_stat_activity
    where
        datname = current_database() and backend_type = 'client backend' and application_name <> 'presque'
        and (state is null or xact_start > now() - young_ms * interval '1 millisecond')
        and pid <> pg_backend_pid();
    if found then
        return false;
    end if;
    begin
        execute format('lock table presque_internal.%I in access exclusive mode', hot);
    exception
        when lock_not_available then return false;
    end;
    if hot = 'ready' then
        ready_rows := array(select r from presque_internal.ready as r);
        truncate presque_internal.ready;
        insert into presque_internal.ready select * from unnest(ready_rows);
    elsif hot = 'scheduled' then
        scheduled_rows := array(select s from presque_internal.scheduled as s);
        truncate presque_internal.scheduled;
        insert into presque_internal.scheduled select * from unnest(scheduled_rows);
    else
        lease_rows := array(select l from presque_internal.lease as l);
        truncate presque_internal.lease;
        insert into presque_internal.lease select * from unnest(lease_rows);
    end if;
    return true;
end
$$;

-- How many jobs of a queue wait, delayed ones and retries among them.
create function presque_internal.depth_of(of_queue integer) returns bigint
language plpgsql stable
as $$
begin
    return (
        select ready + scheduled + retryable from presque_internal.queue_count_now where queue_id = of_queue limit 1);
end
$$;

-- Functions for reports need no right on the schema of the tables: with `uuid7_floor` as it was, whoever is a reader
-- and nothing else was refused. A body after `return` is parsed here, and not again with the rights of the caller.
-- What people and servers both need is written once.

create or replace function presque.uuid7_time(id uuid) returns timestamptz
language sql immutable parallel safe
return presque_internal.job_id_time(id);

create or replace function presque.uuid7_floor(at timestamptz) returns uuid
language sql immutable parallel safe
return case
    when at is not null then presque_internal.job_id_floor(least(greatest(at, '1970-01-01Z'), '9999-12-31Z'))
end;

create or replace function presque.hist_bucket(ms bigint) returns integer
language sql immutable parallel safe
return presque_internal.hist_bucket(ms);

create or replace function presque.hist_quantile(hist bigint[], q double precision) returns double precision
language sql immutable parallel safe
return case when q is not null then presque_internal.hist_quantile(hist, q) end;

-- As in migration 9, without a sort: the rows of a function come in its order, unless something else is asked for.
create or replace function presque_internal.hist_add(one bigint[], other bigint[]) returns bigint[]
language sql immutable parallel safe
as $$
    select case
        when one is null then other
        when other is null then one
        else array(select coalesce(a, 0) + coalesce(b, 0) from unnest(one, other) as pair (a, b))
    end
$$;

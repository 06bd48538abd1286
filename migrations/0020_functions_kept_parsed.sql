-- Functions in SQL that are not inlined are parsed and planned by each statement that calls them, and run as a query of
-- their own each time. These stay parsed in their session instead, and do the same.

do $$
declare
    place text;
begin
    foreach place in array array['presque', 'presque_internal'] loop
        execute format($create$
            create or replace function %I.hist_add(one bigint[], other bigint[]) returns bigint[]
            language plpgsql immutable parallel safe
            as $body$
            begin
                if one is null or other is null then
                    return coalesce(one, other);
                end if;
                for i in 1 .. cardinality(other) loop
                    one[i] := coalesce(one[i], 0) + coalesce(other[i], 0);
                end loop;
                return one;
            end
            $body$
        $create$, place);
    end loop;
end
$$;

create or replace function presque_internal.hist_of(measured integer[]) returns bigint[]
language plpgsql immutable parallel safe
as $$
declare
    counts bigint[] := array_fill(0::bigint, array[128]);
    highest integer := 0;
    bucket integer;
    ms integer;
begin
    if coalesce(cardinality(measured), 0) = 0 then
        return null;
    end if;
    foreach ms in array measured loop
        continue when ms is null;
        bucket := presque_internal.hist_bucket(ms);
        counts[bucket] := counts[bucket] + 1;
        highest := greatest(highest, bucket);
    end loop;
    return counts[1:highest];
end
$$;

-- With the owner's rights, as migration 13 says.
create or replace function presque_internal.tally_begin() returns xid8
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select case when mark < pg_snapshot_xmax(pg_current_snapshot()) then mark else '0'::xid8 end
        from presque_internal.tally_mark);
end
$$;

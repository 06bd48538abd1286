-- A role for servers that own nothing: `presque serve --migrate check` needs rows, and no DDL.
--
-- What the loops need of DDL (partitions, writing tables anew, counting for the planner) goes
-- through functions of the owner.

-- Lets a role do what a server needs, here and in migrations to come. A role is named by its
-- owner, so that several databases of a cluster can have servers that do not see each other's rows.
create function presque_internal.grant_to_server(grantee name) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    statement text;
begin
    foreach statement in array array[
        'grant usage on schema presque_internal to %I',
        'grant select, insert, update, delete on all tables in schema presque_internal to %I',
        'grant usage, select on all sequences in schema presque_internal to %I',
        'grant execute on all functions in schema presque_internal to %I',
        'alter default privileges in schema presque_internal grant select, insert, update, delete on tables to %I',
        'alter default privileges in schema presque_internal grant usage, select on sequences to %I',
        'alter default privileges in schema presque_internal grant execute on functions to %I'
    ] loop
        execute format(statement, grantee);
    end loop;
    execute format('revoke execute on function presque_internal.grant_to_server(name) from %I', grantee);
    -- What was applied is for the owner to say.
    execute format('revoke insert, update, delete on presque_internal.schema_migration from %I', grantee);
end
$$;
revoke all on function presque_internal.grant_to_server(name) from public;

-- The role that most will want, where the owner may make roles, and nobody has made it: it belongs to
-- all databases of the cluster, and somebody else's servers shall not see these rows. Then, or for
-- another role: select presque_internal.grant_to_server('...').
do $$
begin
    if not exists (select from pg_roles where rolname = 'presque_server') then
        create role presque_server nologin;
        perform presque_internal.grant_to_server('presque_server');
    end if;
exception
    when insufficient_privilege or duplicate_object or unique_violation then null;
end
$$;

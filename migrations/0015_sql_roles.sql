-- Roles for people and programs that use the schema presque. They cannot log in; logins are made members.
--
-- They belong to all databases of a cluster, so they are given rights here only if they are made here.
-- Where they were there before, or may not be made, or others shall have the rights:
-- select presque_internal.grant_surface('reader', 'some_role').

-- Lets a role do what one of the roles of docs/sql.md may: reader, payload_reader, producer, operator or worker.
create function presque_internal.grant_surface(purpose text, grantee name) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    statement text;
    statements text[] := array[
        'grant usage on schema presque to %1$I', 'grant execute on function presque.contract_version() to %1$I'];
begin
    if purpose in ('reader', 'operator') then
        statements := statements || array(
            select format('grant select on presque.%I to %%1$I', relname)
            from pg_class
            where relnamespace = 'presque'::regnamespace and relkind = 'v' and relname <> 'job_payloads'
        ) || array[
            'grant execute on function presque.hist_sum(bigint[]), presque.hist_add(bigint[], bigint[]), presque.hist_bucket(bigint), '
            'presque.hist_quantile(bigint[], double precision), presque.uuid7_time(uuid), presque.uuid7_floor(timestamptz) to %1$I'];
    end if;
    case purpose
        when 'reader' then null;
        when 'payload_reader' then
            statements := statements || array['grant select on presque.job_payloads to %1$I'];
        when 'producer' then
            statements := statements || array[
                'grant execute on function presque.enqueue(text, jsonb, text, timestamptz, jsonb), '
                'presque.enqueue_many(text, jsonb[], text, timestamptz, jsonb), presque.enqueue_row(), '
                'presque.job_state(uuid), presque.job_result(uuid) to %1$I'];
        when 'operator' then
            statements := statements || array[
                'grant execute on function presque.cancel(uuid, text), presque.retry(uuid, interval), '
                'presque.pause(text, text, timestamptz), presque.resume(text) to %1$I'];
        when 'worker' then
            statements := statements || array['grant execute on function presque.complete(uuid, text, jsonb) to %1$I'];
        else
            raise exception 'there is no purpose %', quote_nullable(purpose)
                using hint = 'reader, payload_reader, producer, operator or worker';
    end case;
    foreach statement in array statements loop
        execute format(statement, grantee);
    end loop;
end
$$;
revoke all on function presque_internal.grant_surface(text, name) from public;

revoke execute on all functions in schema presque from public;
revoke all on schema presque from public;
-- What the functions call is for them alone.
revoke execute on function
    presque_internal.enqueue(text, jsonb[], text, timestamptz, jsonb),
    presque_internal.enqueued(text, text[], text, timestamptz, bigint, jsonb),
    presque_internal.do_at_commit()
from public;

do $$
declare
    purpose text;
begin
    foreach purpose in array array['reader', 'payload_reader', 'producer', 'operator', 'worker'] loop
        begin
            if not exists (select from pg_roles where rolname = 'presque_' || purpose) then
                execute format('create role %I nologin', 'presque_' || purpose);
                perform presque_internal.grant_surface(purpose, ('presque_' || purpose)::name);
            end if;
        exception
            when insufficient_privilege or duplicate_object or unique_violation then null;
        end;
    end loop;
end
$$;

-- jobs/retry.sql, for presque.retry. Who asks is whoever has logged in: the functions that call it leave that to the default,
-- so that they go with the one of an older version, too, which takes no such argument.
create or replace function presque_internal.run_retry(
    integer, uuid, bigint, boolean, boolean,
    text default json_build_object('actor', session_user, 'ip', host(inet_client_addr()))::text,
    text[] default null
)
returns table (
    state text, attempt integer, run_after timestamptz, holder uuid, again boolean, queue text, retired boolean
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off set jit = off
as $run$
#variable_conflict use_column
begin
return query
{statement};
end
$run$

-- jobs/retry.sql, for presque.retry.
create or replace function presque_internal.run_retry(integer, uuid, bigint, boolean, boolean)
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

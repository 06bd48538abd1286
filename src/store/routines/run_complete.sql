-- leases/complete.sql, for the end of transactions that called presque.complete.
create or replace function presque_internal.run_complete(integer[], uuid[], uuid[], text[], integer[], integer[])
returns table (
    n bigint, attempt integer, finished_at timestamptz, refused boolean, result_bytes bigint, result_max_bytes bigint
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

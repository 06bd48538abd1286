-- queues/pause.sql, for presque.pause.
create or replace function presque_internal.run_pause(text, text, bigint, boolean, text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
set enable_bitmapscan = off set enable_sort = off set jit = off
as $run$
#variable_conflict use_column
begin
{statement};
end
$run$

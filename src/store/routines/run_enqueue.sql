-- jobs/enqueue.sql, for the SQL functions that enqueue.
create or replace function presque_internal.run_enqueue(
    text[], text[], text[], integer[], timestamptz[], bigint[], timestamptz[], integer[], bigint[], bigint[], text[], text[],
    text[], text[], text[], text[], bigint[], text[], integer, text, text, text, bytea, text
)
returns table (
    n bigint, job_id uuid, duplicate boolean, other_queue text, state text, run_after timestamptz, refusal text,
    refused_n bigint, refused_actual bigint, refused_limit bigint, replayed boolean
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

-- Our tables: what lives in them, what is dead, the space they take, and when they were vacuumed.
--
-- Reads statistics and sizes; takes no lock that others wait for, but waits for whoever holds a table alone. The
-- numbers of rows are PostgreSQL's estimates. `hot` is what every job passes through and nothing stays in.
select
    stat.relname::text as name,
    stat.relname in ('ready', 'scheduled', 'lease') as hot,
    stat.n_live_tup as live_rows,
    stat.n_dead_tup as dead_rows,
    coalesce(pg_total_relation_size(stat.relid), 0) as bytes,
    extract(epoch from clock_timestamp() - greatest(stat.last_vacuum, stat.last_autovacuum))::bigint
        as vacuumed_seconds,
    coalesce(pg_class.reloptions && array['autovacuum_enabled=false', 'autovacuum_enabled=off'], false) as unattended
from pg_stat_user_tables as stat
join pg_class on pg_class.oid = stat.relid
where stat.schemaname = 'presque_internal'
order by stat.n_dead_tup desc, stat.relname

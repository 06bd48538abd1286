-- Partitions of today (UTC) and the next three days that are not there.
--
-- Reads the catalog; locks nothing. The tables are those of the function make_partitions, the days those of the loop.
select wanted.name, wanted.ahead = 0 as today
from (
    select
        parent,
        ahead,
        parent || to_char((now() at time zone 'UTC')::date + ahead, '_YYYYMMDD') as name
    from unnest(array[
        'job', 'attempt', 'attempt_log', 'tally', 'done_completed', 'done_cancelled', 'done_discarded'
    ]) as parent
    cross join generate_series(0, 3) as ahead
) as wanted
where not exists (
    select
    from pg_inherits
    join pg_class on pg_class.oid = pg_inherits.inhrelid
    where
        pg_inherits.inhparent = to_regclass('presque_internal.' || wanted.parent)
        and pg_class.relname = wanted.name
)
order by wanted.ahead, wanted.name

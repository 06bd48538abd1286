-- Makes the partitions of the days of a generated history; answers how many.
--
-- $1 when it begins    $2 when it ends
--
-- Takes the default partitions for a moment each: for a database on which nothing else depends.
select coalesce(sum(presque_internal.make_partitions_of(day::date)), 0)::bigint as made
from generate_series(date_trunc('day', $1 at time zone 'UTC'), $2 at time zone 'UTC', interval '1 day') as one (day)

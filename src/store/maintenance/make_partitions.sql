-- Makes the partitions of today and of the days after it; answers how many it made.
--
-- $1 days ahead
--
-- Safe under concurrency: the function admits one caller at a time, see its migration.
select presque_internal.make_partitions($1) as made

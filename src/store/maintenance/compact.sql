-- Writes tables anew that hold at most $2 rows in at least $1 bytes; answers which.
--
-- Safe under concurrency: one server at a time, and each table under a lock that lets nobody
-- else look or write meanwhile; see the function. Statements that wait for the lock see what
-- was kept: they take their snapshot after it.
select presque_internal.compact_hot_tables($1, $2) as compacted

-- Writes the table $1 anew if it holds at most $3 rows in at least $2 bytes; whether it did.
--
-- $4 not while somebody else's transaction is younger than so many milliseconds
--
-- Safe under concurrency: one server at a time, under a lock that lets nobody else look or write
-- meanwhile; see the function. Statements that wait for the lock see what was kept: they take
-- their snapshot after it.
select presque_internal.compact_hot_table($1, $2, $3, $4) as compacted

-- Takes one day whose time is over out of its table; answers its name, or null if there is none.
--
-- Safe under concurrency: one server at a time, with a short wait for its lock; see the function.
select presque_internal.retire_partition() as retired

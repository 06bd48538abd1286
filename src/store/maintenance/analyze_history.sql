-- Counts values for the planner, in the tables that are partitioned.
--
-- Takes the lock of a vacuum: nobody who reads or writes waits for it.
select presque_internal.analyze_history()::text as analyzed

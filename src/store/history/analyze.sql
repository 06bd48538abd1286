-- Counts of values for the planner, of the history that was written.
--
-- Takes minutes of a large one; see the function.
select presque_internal.analyze_history() as done

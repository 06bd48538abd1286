-- Deletes what outlived its day and is nowhere else any more; answers how many jobs.
--
-- Safe under concurrency: one snapshot, in which a job that lives is in one of the tables.
select presque_internal.sweep_jobs() as swept

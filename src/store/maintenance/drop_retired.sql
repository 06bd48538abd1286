-- Drops the days that were taken out of their tables; answers how many.
--
-- Safe under concurrency: one server at a time; nobody else can see them any more.
select presque_internal.drop_retired() as dropped

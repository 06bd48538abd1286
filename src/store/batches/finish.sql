-- Ends up to $1 batches whose jobs have all ended, and enqueues what is to follow.
--
-- Answers a row for each batch that it looked at, one with its id for each that has ended, and one with its queue for each
-- job that follows. Safe under concurrency: see routines/run_finish_batches.sql.
select batch_id, queue
from presque_internal.run_finish_batches($1)

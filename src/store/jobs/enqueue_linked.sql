-- Enqueues jobs that wait for others or are in a batch, all or none.
--
-- One element of each array for a job; those that follow at the end of a new batch stand last:
-- $1 queue names    $2 kinds    $3 payloads    $4 priorities    $5 run_after    $6 delay_ms    $7 expires_at
-- $8 max_attempts    $9 lease_ms    $10 timeout_ms    $11 tags    $12 headers    $13 traceparent    $14 unique keys
-- $15 their scope    $16 until    $17 window_ms    $18 on_conflict, all as in enqueue.sql
-- $19 their running batches, or null    $20 what becomes of them when a job they wait for fails, or null
-- One element of each array for a dependency:
-- $21 the place of the job that waits    $22 the job it waits for    $23 or its place in the same request
-- $24 a new batch of all jobs, {"name", "tags"}, or null    $25 for each job null, or on which end of the batch it follows
-- $26 operation    $27 idempotency key or null    $28 SHA-256 of the request's body    $29 who enqueues them, or null
--
-- Answers what enqueue.sql does, and the batch of each job. Safe under concurrency: see routines/run_enqueue_linked.sql.
select
    n, job_id, duplicate, other_queue, state, run_after, refusal, refused_n, refused_actual, refused_limit, replayed,
    batch_id
from presque_internal.run_enqueue_linked(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $26, $27, $28, $29, $19, $20, $21,
    $22, $23, $24, $25)
order by n

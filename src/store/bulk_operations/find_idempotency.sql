-- Which bulk operation an earlier request with this idempotency key began, and the SHA-256 of its body.
--
-- $1 operation    $2 key
--
-- Reads one snapshot. Served by idempotency_key_is_used_once.
select body_hash, job_ids[1] as id
from presque_internal.idempotency
where operation = $1 and key = $2

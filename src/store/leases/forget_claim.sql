-- Forgets the idempotency key of a claim that found nothing.
--
-- $1 idempotency key
--
-- Safe under concurrency: the row is the claim's own until it is answered; a lease under it,
-- had there been one, keeps it. Served by idempotency_key_is_used_once and lease_of_claim.
delete from presque_internal.idempotency
where
    operation = 'claim_jobs'
    and key = $1
    and not exists (select from presque_internal.lease where lease.claim_id = idempotency.claim_id)

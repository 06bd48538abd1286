-- The most frequent failures: what they say, how many there were, when the last one was.
select error_class, queue, kind, message_sample, occurrences, jobs_affected, first_seen_at, last_seen_at
from presque.failures
where last_seen_at >= now() - interval '1 day'
order by occurrences desc, fingerprint
limit 20

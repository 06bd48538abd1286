-- Jobs by what is in their payload. Needs the role presque_payload_reader beside presque_reader.
--
-- A payload that jsonb cannot hold is null here, and is not found; its bytes are in the column payload. Leaves
-- out jobs that were enqueued before twice that time: so only those days are looked at.
select id, state, finished_at, payload_jsonb ->> 'user_id' as user_id
from presque.job_history
join presque.job_payloads using (id, queue)
where
    queue = 'mail' and finished_at >= now() - interval '1 day'
    and job_payloads.id >= presque.uuid7_floor(now() - 2 * interval '1 day')
    and payload_jsonb @> '{"user_id": 2}'
order by finished_at, id

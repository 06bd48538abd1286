-- Puts queues into service, those that are not.
--
-- $1 names, repeated or not    $2 who asks
--
-- Safe under concurrency: queue_in_service admits one row of a name; of several
-- creators one inserts and the others do nothing. In order of name, so that two creators of
-- many do not wait for each other.
with made as (
    insert into presque_internal.queue (name)
    select distinct name
    from unnest($1::text[]) as given (name)
    order by name
    on conflict (name) where deleted_at is null do nothing
    returning name
)
insert into presque_internal.audit (action, subject_type, subject_id, detail, actor, request_id, ip)
select 'queue.created', 'queue', made.name, '{}', by.*
from made
cross join json_to_record($2::text::json) as by (actor text, request_id text, ip inet)

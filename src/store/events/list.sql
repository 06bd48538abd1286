-- Events after a place, in the order in which readers follow them.
--
-- $1 after this transaction    $2 and this event of it    $3 types, as patterns of LIKE, or null for all
-- $4 how many    $5 how many to look at    $6 when that event was, or null
--
-- Answers the events, and last the place up to which was looked, whether it is wanted or not; no row if nothing came.
--
-- Nobody who goes on from there misses an event, although transactions commit in another order than they draw ids:
-- events are sorted by their transactions, and shown are those whose transaction is older than every one that still
-- runs. What commits later is of one that runs now, or of one that begins later, and comes after them. So an open
-- transaction that has written keeps back what came after it.
--
-- After a restore into another cluster, forget.sql puts what was restored before everything else, in the order of its
-- ids. A place whose event is not there any more, because it was lost with a primary or is older than a restore, goes on an
-- hour before that event: what follows is told again rather than not at all.
--
-- Reads one snapshot and locks nothing. Served by audit_in_order and audit_by_age.
with place as materialized (
    select known.xid, $2::bigint as id
    from (
        select $1::text::xid8 as xid
        where $1::text::xid8 < pg_snapshot_xmax(pg_current_snapshot())
        union all
        select '0'
    ) as known
    where
        $6::timestamptz is null
        or exists (
            select
            from presque_internal.audit
            where audit.xid = known.xid and audit.id = $2 and audit.at = $6
        )
    limit 1
)
select
    seen.xid::text as xid, id, at, 'presque.' || action as kind, subject_type || '/' || subject_id as subject,
    (detail || jsonb_strip_nulls(jsonb_build_object('actor', actor, 'request_id', request_id, 'ip', host(ip))))::text as data,
    wanted, looked
from (
    select
        *, $3::text[] is null or 'presque.' || action like any ($3) as wanted,
        lead(id) over (order by xid, id) is null as is_last, count(*) over () as looked
    from (
        select following.*
        from place
        cross join lateral (
            select xid, id, at, action, subject_type, subject_id, detail, actor, request_id, ip
            from presque_internal.audit
            where
                (audit.xid, audit.id) > (place.xid, place.id)
                and audit.xid < pg_snapshot_xmin(pg_current_snapshot())
            order by xid, id
            limit $5
        ) as following
        union all
        (
            select xid, id, at, action, subject_type, subject_id, detail, actor, request_id, ip
            from presque_internal.audit
            where
                not exists (select from place)
                and at >= $6 - interval '1 hour'
                and xid < pg_snapshot_xmin(pg_current_snapshot())
            order by xid, id
            limit $5
        )
    ) as next
) as seen
where wanted or is_last
order by seen.xid, seen.id
limit $4

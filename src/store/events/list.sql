-- Events after a place, in the order in which readers follow them.
--
-- $1 after this transaction    $2 and this event of it    $3 types, as patterns of LIKE, or null for all
-- $4 how many    $5 how many to look at
--
-- Answers the events, and last the place up to which was looked, whether it is wanted or not; no row if nothing came.
--
-- Nobody who goes on from there misses an event, although transactions commit in another order than they draw ids:
-- events are sorted by their transactions, and shown are those whose transaction is older than every one that still
-- runs. What commits later is of one that runs now, or of one that begins later, and comes after them. So an open
-- transaction that has written keeps back what came after it.
--
-- A place that lies above all transactions is from before a restore into another cluster, where forget.sql puts what
-- was restored before everything else, in the order of its ids.
--
-- Reads one snapshot and locks nothing. Served by audit_in_order.
select
    seen.xid::text as xid, id, at, 'presque.' || action as kind, subject_type || '/' || subject_id as subject,
    (detail || jsonb_strip_nulls(jsonb_build_object('actor', actor, 'request_id', request_id, 'ip', host(ip))))::text as data,
    wanted, looked
from (
    select
        *, $3::text[] is null or 'presque.' || action like any ($3) as wanted,
        lead(id) over (order by xid, id) is null as is_last, count(*) over () as looked
    from (
        select xid, id, at, action, subject_type, subject_id, detail, actor, request_id, ip
        from presque_internal.audit
        where
            (xid, id) > (
                case when $1::text::xid8 < pg_snapshot_xmax(pg_current_snapshot()) then $1::text::xid8 else '0' end,
                $2::bigint)
            and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by xid, id
        limit $5
    ) as next
) as seen
where wanted or is_last
order by seen.xid, seen.id
limit $4

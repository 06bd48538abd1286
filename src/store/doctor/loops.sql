-- What the loops of servers have left undone: leases that are over for more than ten seconds, up to a thousand, and
-- the age of the oldest row of the tally that is not folded; null if there is none.
--
-- Reads the heads of two indexes; takes no lock that others wait for. Served by lease_over and tally_not_folded.
select
    (
        select count(*)
        from (
            select
            from presque_internal.lease
            where least(expires_at, timeout_at) < now() - interval '10 seconds'
            order by least(expires_at, timeout_at)
            limit 1000
        ) as over
    ) as leases,
    (
        select extract(epoch from now() - min(at))::bigint
        from presque_internal.tally
        where xid >= (select presque_internal.tally_begin())
    ) as tally_seconds

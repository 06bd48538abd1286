-- Replication slots, and how much each keeps for who reads from it: the twenty that keep most.
--
-- Reads the list of them; locks nothing. `transactions` is how far back it keeps rows that are gone.
select
    slot_name::text as name,
    slot_type as kind,
    active,
    coalesce(wal_status, '') = 'lost' as lost,
    pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn
    )::bigint as kept_bytes,
    age(xmin)::bigint as transactions
from pg_replication_slots
order by kept_bytes desc nulls last, slot_name
limit 20

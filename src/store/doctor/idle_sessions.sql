-- Sessions that began a transaction in this database and have done nothing in it for a minute: the five worst.
--
-- Reads the list of sessions; locks nothing. What this login may not see is not among them.
select
    pid,
    nullif(application_name, '') as application,
    usename::text as role,
    extract(epoch from clock_timestamp() - state_change)::bigint as seconds
from pg_stat_activity
where
    datname = current_database()
    and state in ('idle in transaction', 'idle in transaction (aborted)')
    and state_change < clock_timestamp() - interval '1 minute'
order by state_change
limit 5

-- Who keeps rows that are gone: sessions with the oldest transactions, five of them.
--
-- Reads the list of sessions; locks nothing. How long, in what state and with which query is null where this login
-- may not see it. Vacuums keep nothing, and sessions in other databases nothing of this one.
select
    activity.pid,
    nullif(activity.application_name, '') as application,
    activity.usename::text as role,
    activity.state,
    extract(epoch from clock_timestamp() - activity.xact_start)::bigint as seconds,
    greatest(age(activity.backend_xmin), age(activity.backend_xid))::bigint as transactions,
    case
        when activity.state is not null
        then nullif(left(regexp_replace(activity.query, '\s+', ' ', 'g'), 80), '')
    end as query
from pg_stat_activity as activity
where
    (activity.datname = current_database() or activity.datname is null)
    and activity.pid <> pg_backend_pid()
    and (activity.backend_xmin is not null or activity.backend_xid is not null)
    and not exists (select from pg_stat_progress_vacuum as vacuum where vacuum.pid = activity.pid)
order by transactions desc, seconds desc nulls last
limit 5

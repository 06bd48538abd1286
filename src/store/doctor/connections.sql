-- How many connections there are, how many of them servers hold, and how many more this login may make.
--
-- Reads the list of sessions, settings and limits; locks nothing. What a session is may be hidden from this
-- login; then it counts, if it has a database and a user.
with used as (
    select
        count(*) as everywhere,
        count(*) filter (where datname = current_database()) as here,
        count(*) filter (where usename = current_user) as own,
        count(*) filter (where datname = current_database() and application_name = 'presque') as of_servers
    from pg_stat_activity
    where datname is not null and usesysid is not null and coalesce(backend_type, 'client backend') = 'client backend'
),
reserved as (
    select
        current_setting('superuser_reserved_connections')::bigint
            -- PostgreSQL 16 and later.
            + coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::bigint as connections
)
select
    current_setting('max_connections')::bigint as connections_max,
    used.everywhere as used,
    used.of_servers,
    least(
        current_setting('max_connections')::bigint - reserved.connections - used.everywhere,
        case when pg_database.datconnlimit >= 0 and not pg_roles.rolsuper then pg_database.datconnlimit - used.here end,
        case when pg_roles.rolconnlimit >= 0 and not pg_roles.rolsuper then pg_roles.rolconnlimit - used.own end
    ) as free
from used
cross join reserved
join pg_database on pg_database.datname = current_database()
join pg_roles on pg_roles.rolname = current_user

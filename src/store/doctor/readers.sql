-- Logins that are members of presque_reader and lack what keeps reports from doing harm. None without that role.
--
-- Reads roles and their settings; locks nothing. A role's settings do not pass to its members, so they are looked for
-- at each login, in this database or in all. Who may also write by another role of presque, or owns the schema, is
-- left alone.
with setting as (
    select pg_db_role_setting.setrole as role_id, lower(entry) as entry
    from pg_db_role_setting
    cross join unnest(pg_db_role_setting.setconfig) as entry
    where
        pg_db_role_setting.setdatabase in (0, (select oid from pg_database where datname = current_database()))
)
select name, has_timeout, read_only
from (
    select
        login.rolname::text as name,
        exists (
            select
            from setting
            where setting.role_id in (0, login.oid) and setting.entry ~ '^statement_timeout=\s*[1-9]'
        ) as has_timeout,
        exists (
            select
            from setting
            where
                setting.role_id in (0, login.oid)
                and setting.entry ~ '^default_transaction_read_only=(on|true|yes|1)$'
        ) as read_only
    from pg_roles as reader
    join pg_roles as login on pg_has_role(login.oid, reader.oid, 'usage')
    where
        reader.rolname = 'presque_reader'
        and login.rolcanlogin
        and not login.rolsuper
        and not exists (
            select
            from pg_roles as writer
            where
                writer.rolname in ('presque_producer', 'presque_operator', 'presque_worker', 'presque_server')
                and pg_has_role(login.oid, writer.oid, 'usage')
        )
        and not exists (
            select
            from pg_namespace
            where
                pg_namespace.nspname in ('presque', 'presque_internal')
                and pg_has_role(login.oid, pg_namespace.nspowner, 'usage')
        )
) as judged
where not (has_timeout and read_only)
order by name
limit 20

-- What this PostgreSQL promises, and whether it can serve at all.
--
-- Reads settings and the newest migration; locks nothing.
select
    current_setting('server_version_num')::integer as version_num,
    split_part(current_setting('server_version'), ' ', 1) as version,
    current_setting('server_encoding') as encoding,
    current_setting('fsync') = 'on' as fsync,
    current_setting('full_page_writes') = 'on' as full_page_writes,
    current_setting('synchronous_commit') <> 'off' as synchronous_commit,
    pg_is_in_recovery() as standby,
    now() as now,
    (
        select coalesce(max(version), 0)
        from presque_internal.schema_migration
        where success
    ) as schema_version

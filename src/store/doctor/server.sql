-- What this PostgreSQL is, whether it can be written to, and what it promises.
--
-- Reads settings; locks nothing. What differs from login to login is what this one gets.
select
    current_setting('server_version_num')::integer as version_num,
    split_part(current_setting('server_version'), ' ', 1) as version,
    current_setting('server_encoding') as encoding,
    current_database()::text as database,
    current_user::text as role,
    pg_is_in_recovery() as standby,
    current_setting('default_transaction_read_only') = 'on' as read_only,
    current_setting('fsync') as fsync,
    current_setting('full_page_writes') as full_page_writes,
    current_setting('synchronous_commit') as synchronous_commit,
    current_setting('wal_level') as wal_level,
    current_setting('synchronous_standby_names') as synchronous_standby_names,
    current_setting('autovacuum') = 'on' and current_setting('track_counts') = 'on' as autovacuum,
    pg_has_role('pg_read_all_stats', 'usage') as sees_all

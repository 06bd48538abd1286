-- As begin.sql, for what reads whole tables.
begin;
set local statement_timeout = '600s';
set local lock_timeout = '3s';
set local idle_in_transaction_session_timeout = '10s';
set local jit = off;
set local timezone = 'UTC'

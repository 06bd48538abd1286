-- Begins the transaction of one statement, behind a pooler, with the settings that a session of ours
-- has elsewhere.
--
-- There, each transaction may be run by another session, and a statement is sent in two parts
-- (prepare, run), which must not be parted.
begin;
set local statement_timeout = '3300ms';
set local lock_timeout = '3s';
set local idle_in_transaction_session_timeout = '10s';
set local plan_cache_mode = force_generic_plan;
set local enable_hashjoin = off;
set local enable_mergejoin = off;
set local enable_seqscan = off;
set local enable_bitmapscan = off;
set local enable_sort = off;
set local jit = off;
set local timezone = 'UTC'

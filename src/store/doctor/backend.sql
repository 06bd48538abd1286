-- Which process of PostgreSQL serves this transaction.
--
-- Reads nothing; locks nothing. It leaves no setting behind, so that a backend that others share stays as it was.
select pg_backend_pid() as pid

-- Says something on the doctor's channel, and what it was.
--
-- Reads nothing; locks nothing, but commits with a NOTIFY, which waits for others that do.
select pg_backend_pid() as pid, pg_notify('presque_doctor', pg_backend_pid()::text)::text as notified

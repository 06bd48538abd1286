-- Begins the transaction of one statement, behind a pooler.
--
-- There, each transaction may be run by another session, and a statement is sent in two parts
-- (prepare, run), which must not be parted.
begin

-- Ends the transaction of a statement that failed, behind a pooler.
rollback

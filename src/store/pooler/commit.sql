-- Ends the transaction of one statement, behind a pooler: as the statement itself does elsewhere.
commit

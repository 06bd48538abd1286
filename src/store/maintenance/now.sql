-- What time it is: the database's clock is the only one.
select now() as now

-- Whether a table exists that the caller may see.
--
-- $1 name with its schema
select to_regclass($1) is not null as exists

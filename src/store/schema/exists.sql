-- Whether there is a list of migrations that the caller may see.
select to_regclass('presque_internal.schema_migration') is not null as exists

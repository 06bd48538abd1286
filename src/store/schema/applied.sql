-- Migrations that were applied, and the checksums of their files.
--
-- Reads the table in which sqlx keeps them, and locks nothing.
select version, checksum
from presque_internal.schema_migration
where success
order by version

-- The newest migration that was applied.
select coalesce(max(version), 0) as version
from presque_internal.schema_migration
where success

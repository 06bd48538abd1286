-- A key that all servers share.
--
-- $1 name
--
-- Served by the primary key of secret.
select value
from presque_internal.secret
where name = $1

-- Deletes a schedule; its jobs stay.
--
-- $1 id    $2 the version it must have, or null
--
-- Answers whether it was deleted, and the version it has or had; no row if it is not there.
-- One row by the primary key: a change that is faster makes the version another one.
with known as materialized (
    select version
    from presque_internal.schedule
    where id = $1
    for update
),
gone as (
    delete from presque_internal.schedule
    where id = $1 and ($2::bigint is null or version = $2)
    returning version
)
select exists (select from gone) as deleted, version
from known

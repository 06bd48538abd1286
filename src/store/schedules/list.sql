-- Schedules, sorted by id, byte by byte.
--
-- $1 this id only, or null    $2 of this queue, or null    $3 ids after this one, or null
-- $4 how many    $5 how many bytes of payloads: fewer if they are more, and one that is too many
--
-- Reads one snapshot and locks nothing. Served by the primary key of schedule.
select
    id, queue, cron, timezone, kind, payload::text as payload, priority::integer as priority, tags, max_attempts, paused,
    catch_up, overlap, jitter_ms, starts_at, ends_at, description, next_run_at, last_run_at, last_job_id, version,
    created_at, updated_at
from (
    select
        *,
        sum(octet_length(payload::text))
            over (order by id collate "C" rows between unbounded preceding and 1 preceding) as bytes_before
    from (
        select *
        from presque_internal.schedule
        where
            ($1::text is null or id = $1)
            and ($2::text is null or queue = $2)
            and ($3::text is null or id collate "C" > $3)
        order by id collate "C"
        limit $4
    ) as asked
) as sized
where coalesce(bytes_before, 0) <= $5
order by id collate "C"

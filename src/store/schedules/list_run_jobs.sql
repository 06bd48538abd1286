-- The latest jobs of a schedule: of its due times, and those that somebody asked for.
--
-- $1 the schedule    $2 jobs before this one, or null    $3 how many
--
-- Reads, and locks nothing. Ids ascend with time, as due times do. Served by schedule_fires_once.
select job_id
from presque_internal.schedule_run
where schedule_id = $1 and job_id is not null and ($2::uuid is null or job_id < $2)
order by due_at desc
limit $3

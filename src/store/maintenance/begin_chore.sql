-- Takes a chore that servers share, if nobody took it for a while.
--
-- $1 its name    $2 for how many milliseconds
--
-- Answers a row if it is the caller's. Safe under concurrency: of two upserts of one key the
-- second waits, and sees what the first one wrote. Served by the primary key of chore.
insert into presque_internal.chore as chore (name, last_at)
values ($1, now())
on conflict (name) do update
set last_at = now()
where
    chore.last_at <= now() - $2 * interval '1 millisecond'
    -- The clock was ahead for a while.
    or chore.last_at > now() + interval '1 minute'
returning last_at

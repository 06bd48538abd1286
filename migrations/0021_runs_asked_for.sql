-- Jobs that somebody asked a schedule for are noted beside those of its due times.
comment on view presque.schedule_runs is
    'Times of schedules and what became of them, kept for 90 days; also the jobs that somebody asked for.';
comment on column presque.schedule_runs.due_at is 'The time; of a job that was asked for, when it was.';

-- What people see of the views in their tools.

do $$
declare
    said record;
begin
    -- The same columns of several views.
    for said in
        select view_name, column_name, comment
        from unnest(array['jobs', 'jobs_live', 'job_history', 'dead_letters']) as view_name
        cross join (values
            ('id', 'The job: a UUIDv7 that carries when it was enqueued, see uuid7_time().'),
            ('queue', 'The name of its queue; history keeps it when the queue is gone.'),
            ('kind', 'What is to be done: default unless somebody said.'),
            ('state', 'pending, scheduled, available, running, retryable; final: completed, discarded, cancelled.'),
            ('priority', 'Higher goes first: -100 to 100.'),
            ('tags', 'What people marked it with; never null.'),
            ('group_key', 'Of jobs that are done one after the other; null for others.'),
            ('dedup_key', 'The key that only one unfinished job may hold; null without.'),
            ('attempt', 'How often it was claimed; 0 before the first time.'),
            ('failed_attempts', 'How many attempts failed or were lost, since a retry that reset them.'),
            ('max_attempts', 'Failures after which it is discarded.'),
            ('created_at', 'When it was enqueued.'),
            ('run_after', 'Since when it could be claimed, or can: what wait_ms counts from.'),
            ('started_at', 'When its latest attempt began; null before the first.'),
            ('finished_at', 'When it became final; null before. Filter history by this: a day of it is a partition.'),
            ('wait_ms', 'Milliseconds from claimable to claimed, of its latest attempt.'),
            ('run_ms', 'Milliseconds that its latest attempt took, if that has ended.'),
            ('worker_id', 'Who has it or had it last.'),
            ('batch_id', 'The batch it belongs to; null for others.'),
            ('schedule_id', 'The schedule that enqueued it; null for others.'),
            ('origin_job_id', 'The discarded job that this one is a copy of; null for others.'),
            ('error_class', 'Of its latest failure; null if it never failed.'),
            ('error_message', 'Of its latest failure; null if it never failed.'),
            ('error_fingerprint', 'The same for failures of one sort, see failures; null if it never failed.'),
            ('created_by', 'The login that enqueued it with SQL; null for others.'),
            ('payload_bytes', 'The size of its payload as text, in bytes.')
        ) as about (column_name, comment)
        union all
        select view_name, column_name, comment
        from unnest(array['queue_stats_minute', 'queue_stats_hour', 'queue_stats_day']) as view_name
        cross join (values
            ('bucket', 'When it begins (UTC).'),
            ('queue', 'The name of the queue.'),
            ('kind', 'The kind of its jobs.'),
            ('enqueued', 'Jobs enqueued.'),
            ('started', 'Attempts that began.'),
            ('completed', 'Attempts that completed their job.'),
            ('failed', 'Attempts that failed, lost ones among them.'),
            ('lost', 'Attempts whose worker fell silent or took too long.'),
            ('released', 'Attempts whose worker gave the job back.'),
            ('discarded', 'Jobs that failed for the last time.'),
            ('cancelled', 'Jobs that were cancelled.'),
            ('wait_ms_sum', 'Of those that started: milliseconds from claimable to claimed, added up.'),
            ('wait_ms_max', 'The longest such wait, in milliseconds.'),
            ('wait_hist', 'The waits as a histogram: hist_sum() adds them up, hist_quantile() reads them.'),
            ('run_ms_sum', 'Of those that ended: milliseconds they ran, added up.'),
            ('run_ms_max', 'The longest such run, in milliseconds.'),
            ('run_hist', 'The runs as a histogram: hist_sum() adds them up, hist_quantile() reads them.'),
            ('wait_p50_ms', 'Milliseconds that 50 % of the waits were below, 9 % off at most. Percentiles do not add up: use the histograms for longer times.'),
            ('wait_p95_ms', 'Milliseconds that 95 % of the waits were below, 9 % off at most. Percentiles do not add up: use the histograms for longer times.'),
            ('wait_p99_ms', 'Milliseconds that 99 % of the waits were below, 9 % off at most. Percentiles do not add up: use the histograms for longer times.'),
            ('run_p50_ms', 'Milliseconds that 50 % of the runs were below, 9 % off at most. Percentiles do not add up: use the histograms for longer times.'),
            ('run_p95_ms', 'Milliseconds that 95 % of the runs were below, 9 % off at most. Percentiles do not add up: use the histograms for longer times.'),
            ('run_p99_ms', 'Milliseconds that 99 % of the runs were below, 9 % off at most. Percentiles do not add up: use the histograms for longer times.')
        ) as about (column_name, comment)
    loop
        execute format('comment on column presque.%I.%I is %L', said.view_name, said.column_name, said.comment);
    end loop;
end
$$;

comment on view presque.jobs is 'All jobs, live and final, as long as their queue keeps them.';
comment on view presque.jobs_live is 'Jobs that are not final.';
comment on view presque.job_history is 'Final jobs. Partitioned by day of finished_at: filter by it.';
comment on view presque.dead_letters is 'Jobs that failed for the last time.';
comment on view presque.job_payloads is 'What jobs are about, and what came of them. For the role presque_payload_reader.';
comment on column presque.job_payloads.id is 'The job.';
comment on column presque.job_payloads.payload is 'The payload, byte for byte as it came.';
comment on column presque.job_payloads.payload_jsonb is 'The payload as jsonb; null where it has no such form (\u0000, huge numbers).';
comment on column presque.job_payloads.result is 'What its worker reported, byte for byte; null if nothing.';
comment on column presque.job_payloads.result_jsonb is 'The result as jsonb; null where it has no such form.';
comment on column presque.job_payloads.headers is 'Texts that go with the job to its worker; null without.';
comment on column presque.job_payloads.queue is 'The name of its queue: join by it too, as jobs are stored by queue.';

comment on view presque.job_tags is 'Every tag of every job.';
comment on column presque.job_tags.id is 'The job.';
comment on column presque.job_tags.queue is 'The name of its queue: join by it too, as jobs are stored by queue.';
comment on column presque.job_tags.tag is 'The tag.';

comment on view presque.job_attempts is 'Attempts: those that ended, and those that run. Partitioned by day of finished_at: filter by it.';
comment on column presque.job_attempts.job_id is 'The job.';
comment on column presque.job_attempts.attempt is 'Its number, from 1.';
comment on column presque.job_attempts.queue is 'The name of the queue.';
comment on column presque.job_attempts.kind is 'The kind of the job.';
comment on column presque.job_attempts.worker_id is 'Who made it.';
comment on column presque.job_attempts.outcome is 'running; completed, failed, lost, timed_out, released, cancelled; delivered for routes without leases.';
comment on column presque.job_attempts.started_at is 'When it was claimed.';
comment on column presque.job_attempts.finished_at is 'When it ended; null while it runs.';
comment on column presque.job_attempts.wait_ms is 'Milliseconds from claimable to claimed.';
comment on column presque.job_attempts.run_ms is 'Milliseconds from claimed to the end; null while it runs.';
comment on column presque.job_attempts.error_class is 'Of its failure; null without.';
comment on column presque.job_attempts.error_message is 'Of its failure; null without.';
comment on column presque.job_attempts.error_stack is 'Of its failure; null without.';
comment on column presque.job_attempts.error_fingerprint is 'The same for failures of one sort, see failures.';

comment on view presque.failures is 'Sorts of failures of the last 90 days, at most 5 seconds behind.';
comment on column presque.failures.fingerprint is 'The same for failures that differ in numbers and ids only.';
comment on column presque.failures.queue is 'The name of the queue.';
comment on column presque.failures.kind is 'The kind of the jobs.';
comment on column presque.failures.error_class is 'What the workers called it.';
comment on column presque.failures.message_sample is 'The message of one of them, of the last hour in which there were any.';
comment on column presque.failures.occurrences is 'How many attempts failed so.';
comment on column presque.failures.jobs_affected is 'How many jobs failed so, each counted at its first failure.';
comment on column presque.failures.first_seen_at is 'When it was first seen.';
comment on column presque.failures.last_seen_at is 'When it was last seen.';

comment on view presque.queues is 'Queues in service, and their settings.';
comment on column presque.queues.name is 'The name.';
comment on column presque.queues.paused is 'Whether it hands out no jobs.';
comment on column presque.queues.paused_at is 'Since when.';
comment on column presque.queues.paused_by is 'The login that paused it with SQL.';
comment on column presque.queues.pause_reason is 'Why.';
comment on column presque.queues.resume_at is 'When it resumes by itself; null for never.';
comment on column presque.queues.policy is 'Every setting, defaults too, as in the HTTP API.';
comment on column presque.queues.created_at is 'When it was made.';
comment on column presque.queues.updated_at is 'When its settings last changed.';

comment on view presque.queue_counts is 'How many jobs of each queue are in which state. Counters: cheap to poll, and exact.';
comment on column presque.queue_counts.queue is 'The name of the queue.';
comment on column presque.queue_counts.pending is 'Jobs that wait for other jobs.';
comment on column presque.queue_counts.scheduled is 'Jobs that wait for their time.';
comment on column presque.queue_counts.available is 'Jobs that can be claimed.';
comment on column presque.queue_counts.running is 'Jobs that workers have.';
comment on column presque.queue_counts.retryable is 'Jobs that failed and wait for their next attempt.';
comment on column presque.queue_counts.completed is 'Completed jobs that are kept.';
comment on column presque.queue_counts.discarded is 'Dead letters that are kept.';
comment on column presque.queue_counts.cancelled is 'Cancelled jobs that are kept.';
comment on column presque.queue_counts.oldest_available_at is 'Since when the oldest available job can be claimed; null without one.';
comment on column presque.queue_counts.latency_ms is 'How long that is, in milliseconds; 0 without one.';
comment on column presque.queue_counts.as_of is 'The moment they are of.';

comment on view presque.queue_stats_minute is 'Sums by minute, kept for 14 days, at most 5 seconds behind.';
comment on view presque.queue_stats_hour is 'Sums by hour, kept for 400 days, at most 5 seconds behind.';
comment on view presque.queue_stats_day is 'Sums by day (UTC), kept for 400 days, at most 5 seconds behind.';
comment on view presque.queue_depth_minute is 'How deep queues were, of samples 10 seconds apart; kept for 14 days. An empty queue has none.';
comment on column presque.queue_depth_minute.bucket is 'When the minute begins.';
comment on column presque.queue_depth_minute.queue is 'The name of the queue.';
comment on column presque.queue_depth_minute.available_max is 'The most jobs that waited.';
comment on column presque.queue_depth_minute.running_max is 'The most jobs that ran.';
comment on column presque.queue_depth_minute.latency_ms_max is 'The longest that the oldest one had waited, in milliseconds.';

comment on view presque.workers is 'Workers that send heartbeats.';
comment on column presque.workers.id is 'The name it gave itself.';
comment on column presque.workers.status is 'running, quiet, stopping or lost.';
comment on column presque.workers.hostname is 'Where it runs.';
comment on column presque.workers.pid is 'Its process there.';
comment on column presque.workers.version is 'Of its program.';
comment on column presque.workers.queues is 'What it works on.';
comment on column presque.workers.concurrency is 'How many jobs it takes at once.';
comment on column presque.workers.running is 'How many it has now.';
comment on column presque.workers.labels is 'What people marked it with.';
comment on column presque.workers.started_at is 'When it registered.';
comment on column presque.workers.last_heartbeat_at is 'When it was last heard of.';

comment on view presque.worker_stats_minute is 'What each worker did, by minute, kept for 14 days, at most 5 seconds behind.';
comment on column presque.worker_stats_minute.bucket is 'When the minute begins.';
comment on column presque.worker_stats_minute.worker_id is 'The worker.';
comment on column presque.worker_stats_minute.queue is 'The name of the queue; null for minutes from before this view was there.';
comment on column presque.worker_stats_minute.started is 'Attempts that began.';
comment on column presque.worker_stats_minute.completed is 'Attempts that completed their job.';
comment on column presque.worker_stats_minute.failed is 'Attempts that failed, lost ones among them.';
comment on column presque.worker_stats_minute.busy_ms is 'Milliseconds that attempts which ended in it had run.';

comment on view presque.schedules is 'What is enqueued when.';
comment on column presque.schedules.id is 'The name.';
comment on column presque.schedules.queue is 'Where its jobs go.';
comment on column presque.schedules.cron is 'When: a cron expression.';
comment on column presque.schedules.timezone is 'Whose times they are.';
comment on column presque.schedules.kind is 'The kind of its jobs.';
comment on column presque.schedules.priority is 'Of its jobs; null for that of the queue.';
comment on column presque.schedules.tags is 'Of its jobs.';
comment on column presque.schedules.max_attempts is 'Of its jobs; null for that of the queue.';
comment on column presque.schedules.paused is 'Whether it does not fire.';
comment on column presque.schedules.catch_up is 'What becomes of missed times: skip, one or all.';
comment on column presque.schedules.overlap is 'Whether a job is enqueued while the last one is unfinished: allow or skip.';
comment on column presque.schedules.jitter_ms is 'By how much at most its jobs are delayed.';
comment on column presque.schedules.starts_at is 'Not before.';
comment on column presque.schedules.ends_at is 'Not after.';
comment on column presque.schedules.description is 'What people say of it.';
comment on column presque.schedules.next_run_at is 'The next time; null if there is none.';
comment on column presque.schedules.last_run_at is 'The last time it fired.';
comment on column presque.schedules.last_job_id is 'The job of that.';
comment on column presque.schedules.created_at is 'When it was made.';
comment on column presque.schedules.updated_at is 'When it last changed.';

comment on view presque.schedule_runs is 'Times of schedules and what became of them, kept for 90 days.';
comment on column presque.schedule_runs.schedule_id is 'The schedule.';
comment on column presque.schedule_runs.due_at is 'The time.';
comment on column presque.schedule_runs.fired_at is 'When it was looked at.';
comment on column presque.schedule_runs.job_id is 'The job; null if it was skipped.';
comment on column presque.schedule_runs.skipped is 'Why there is no job: overlap or missed.';

-- When attempts fail: a heat map of the day of the week (1 is Monday) and the hour (UTC).
select
    extract(isodow from bucket at time zone 'UTC')::integer as weekday,
    extract(hour from bucket at time zone 'UTC')::integer as hour,
    sum(failed) as failed, round(100.0 * sum(failed) / nullif(sum(completed + failed), 0), 2) as error_pct
from presque.queue_stats_hour
where bucket >= now() - interval '30 days'
group by weekday, hour
order by weekday, hour

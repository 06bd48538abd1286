//! Reports from sums.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, Timelike as _};

use super::super::ask;
use super::{DAY, HOUR, Sums, bucket, decimal, past, pct, quantile, rows, utc};

#[tokio::test]
async fn queues_and_throughput_are_what_happened() {
    let (_db, mut user, past) = past().await;
    // 1
    let of_queue = past.sums(2 * DAY, 3600, |job, _| job.queue.clone());
    let mut wanted: Vec<_> = of_queue.iter().collect();
    wanted.sort_by_key(|(queue, sums)| (-sums.completed, (*queue).clone()));
    let wanted = rows(wanted.into_iter().map(|(queue, sums)| {
        let (done, failed) = (sums.completed, sums.failed);
        [
            queue.clone(),
            done.to_string(),
            failed.to_string(),
            pct(failed, done + failed, 2),
            quantile(&sums.waits, 95),
            quantile(&sums.runs, 95),
        ]
    }));
    assert_eq!(ask(&mut user, &past.recipe("01-queues", Some("2 days"))).await.unwrap(), wanted);
    // 2
    let wanted = rows(past.sums(DAY, 3600, |job, hour| (hour.timestamp(), job.queue.clone())).into_iter().map(
        |((hour, queue), sums)| {
            [utc(hour), queue, sums.enqueued.to_string(), sums.completed.to_string(), sums.failed.to_string()]
        },
    ));
    assert_eq!(ask(&mut user, &past.recipe("02-throughput", None)).await.unwrap(), wanted);
    // 13
    let wanted = rows(past.sums(30 * DAY, 86400, |job, day| (day.timestamp(), job.kind.clone())).into_iter().map(
        |((day, kind), sums)| {
            let run = decimal(sums.runs.iter().sum::<i64>().into(), HOUR.into(), 1);
            [utc(day), kind, sums.completed.to_string(), sums.failed.to_string(), sums.lost.to_string(), run]
        },
    ));
    assert_eq!(ask(&mut user, &past.recipe("13-throughput-by-kind", None)).await.unwrap(), wanted);
    // 14
    let of_queue = past.sums(30 * DAY, 86400, |job, _| job.queue.clone());
    let wanted = rows(of_queue.iter().map(|(queue, sums)| {
        [
            queue.clone(),
            sums.completed.to_string(),
            quantile(&sums.waits, 50),
            quantile(&sums.waits, 99),
            quantile(&sums.runs, 50),
            quantile(&sums.runs, 99),
        ]
    }));
    assert_eq!(ask(&mut user, &past.recipe("14-percentiles", None)).await.unwrap(), wanted);
}

#[tokio::test]
async fn shares_and_growth_are_what_happened() {
    let (_db, mut user, past) = past().await;
    let of_queue = past.sums(30 * DAY, 86400, |job, _| job.queue.clone());
    // 17
    let mut wanted: Vec<_> = of_queue
        .iter()
        .map(|(queue, sums)| {
            let within = sums.waits.iter().filter(|ms| bucket(**ms) <= bucket(60_000)).count();
            let (within, waits) = (i64::try_from(within).unwrap(), i64::try_from(sums.waits.len()).unwrap());
            (within * 100_000_000 / waits, [queue.clone(), waits.to_string(), pct(within, waits, 3)])
        })
        .collect();
    wanted.sort();
    assert_eq!(
        ask(&mut user, &past.recipe("17-slo", None)).await.unwrap(),
        rows(wanted.into_iter().map(|(_, row)| row))
    );
    // 19
    let by_hour = past.sums(30 * DAY, 3600, |_, hour| (hour.weekday().number_from_monday(), hour.hour()));
    assert_eq!(by_hour.len(), 7 * 24);
    let wanted = rows(by_hour.iter().map(|((weekday, hour), sums)| {
        [
            weekday.to_string(),
            hour.to_string(),
            sums.failed.to_string(),
            pct(sums.failed, sums.completed + sums.failed, 2),
        ]
    }));
    assert_eq!(ask(&mut user, &past.recipe("19-retries-by-hour", None)).await.unwrap(), wanted);
    // 20
    let wanted = rows(past.sums(7 * DAY, 86400, |job, day| (day.timestamp(), job.queue.clone())).into_iter().map(
        |((day, queue), sums)| {
            let out = sums.completed + sums.discarded + sums.cancelled;
            [utc(day), queue, sums.enqueued.to_string(), out.to_string(), (sums.enqueued - out).to_string()]
        },
    ));
    assert_eq!(ask(&mut user, &past.recipe("20-queue-growth", None)).await.unwrap(), wanted);
}

#[tokio::test]
async fn reports_that_compare_say_what_happened() {
    let (_db, mut user, past) = past().await;
    // 15
    let of_kind = past.sums(30 * DAY, 86400, |job, _| (job.queue.clone(), job.kind.clone()));
    let total: i64 = of_kind.values().flat_map(|sums| &sums.runs).sum();
    let mut wanted: Vec<_> = of_kind
        .iter()
        .map(|((queue, kind), sums)| {
            let run: i64 = sums.runs.iter().sum();
            let slowest = sums.runs.iter().max().unwrap();
            let hours = decimal(run.into(), HOUR.into(), 2);
            let row = [
                queue.clone(),
                kind.clone(),
                sums.runs.len().to_string(),
                hours.clone(),
                pct(run, total, 1),
                slowest.to_string(),
            ];
            (std::cmp::Reverse(hours.replace('.', "").parse::<i64>().unwrap()), row)
        })
        .collect();
    wanted.sort();
    let wanted = rows(wanted.into_iter().take(20).map(|(_, row)| row));
    assert_eq!(ask(&mut user, &past.recipe("15-slowest-kinds", None)).await.unwrap(), wanted);
    // 22: minutes of the last fourteen days are kept.
    let from = past.at(past.since(3 * DAY)).timestamp();
    let mut workers: BTreeMap<&str, (i64, i64, i64)> = BTreeMap::new();
    for (job, attempt) in past.attempts() {
        let minute = |ms| past.at(ms).timestamp() / 60 * 60;
        let worker = workers.entry(&job.worker).or_default();
        if minute(attempt.ended) >= from {
            worker.0 += i64::from(attempt.outcome == "completed");
            worker.1 += i64::from(attempt.outcome != "completed");
            worker.2 += attempt.ended - attempt.started;
        }
    }
    let mut wanted: Vec<_> = workers
        .into_iter()
        .map(|(worker, (done, failed, busy))| {
            let share = pct(busy, 3 * DAY, 2);
            let row =
                [worker.to_owned(), done.to_string(), failed.to_string(), decimal(busy.into(), 1000, 0), share.clone()];
            (std::cmp::Reverse(share.replace('.', "").parse::<i64>().unwrap()), row)
        })
        .collect();
    wanted.sort();
    let found = ask(&mut user, &past.recipe("22-worker-utilisation", Some("3 days"))).await.unwrap();
    assert_eq!(found, rows(wanted.into_iter().map(|(_, row)| row)));
    // 24
    let today = past.history.end.timestamp() / 86400;
    // Days ago, counted from the last full day: 0 is this week, 1 the one before.
    let weeks =
        past.sums(30 * DAY, 86400, |job, day| (job.queue.clone(), (today - 1 - day.timestamp() / 86400).div_euclid(7)));
    let queues: BTreeSet<&String> = weeks.keys().map(|(queue, _)| queue).collect();
    let wanted = rows(queues.into_iter().map(|queue| {
        let [new, old] = [0, 1].map(|week| &weeks[&(queue.clone(), week)]);
        let error = |sums: &Sums| pct(sums.failed, sums.completed + sums.failed, 2);
        [
            queue.clone(),
            new.completed.to_string(),
            old.completed.to_string(),
            error(new),
            error(old),
            quantile(&new.waits, 95),
            quantile(&old.waits, 95),
        ]
    }));
    assert_eq!(ask(&mut user, &past.recipe("24-compare-weeks", None)).await.unwrap(), wanted);
}

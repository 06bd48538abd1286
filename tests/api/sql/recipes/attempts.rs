//! Reports from attempts.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ask;
use super::{DAY, decimal, past, pct, percentile, rows, utc};

#[tokio::test]
async fn percentiles_and_workers_are_what_happened() {
    let (_db, mut user, past) = past().await;
    // 3
    let mut has_one_alone = false;
    for (time, over) in [(5 * DAY, "5 days"), (DAY / 24, "1 hour")] {
        let mut runs: BTreeMap<_, Vec<i64>> = BTreeMap::new();
        for (job, attempt) in past.ended(time).filter(|(_, attempt)| attempt.outcome == "completed") {
            runs.entry((job.queue.clone(), job.kind.clone())).or_default().push(attempt.ended - attempt.started);
        }
        let found = ask(&mut user, &past.recipe("03-percentiles-exact", Some(over))).await.unwrap();
        assert_eq!(found.len(), runs.len());
        for (row, ((queue, kind), runs)) in found.iter().zip(&runs) {
            assert_eq!(row[..3], [queue.clone(), kind.clone(), runs.len().to_string()]);
            let numbers: Vec<f64> =
                row[3].trim_matches(['{', '}']).split(',').map(|number| number.parse().unwrap()).collect();
            assert_eq!(numbers.len(), 3);
            for (number, percent) in numbers.iter().zip([50, 95, 99]) {
                assert!((number - percentile(runs, percent)).abs() < 1e-6, "{row:?}");
            }
            has_one_alone |= runs.len() == 1;
        }
    }
    assert!(has_one_alone, "nothing to interpolate there");
    // 7
    let mut shares: BTreeMap<&String, (i64, i64)> = BTreeMap::new();
    for (job, attempt) in past.ended(7 * DAY) {
        let share = shares.entry(&job.queue).or_default();
        share.0 += 1;
        share.1 += i64::from(attempt.started - attempt.eligible <= 60_000);
    }
    let mut wanted: Vec<_> = shares
        .into_iter()
        .map(|(queue, (all, within))| {
            let share = pct(within, all, 3);
            (share.replace('.', "").parse::<i64>().unwrap(), [queue.clone(), all.to_string(), share])
        })
        .collect();
    wanted.sort();
    assert!(wanted[0].0 < 100_000, "some waited longer");
    assert_eq!(
        ask(&mut user, &past.recipe("07-slo-exact", None)).await.unwrap(),
        rows(wanted.into_iter().map(|(_, row)| row))
    );
    // 9
    let mut workers: BTreeMap<&String, (i64, i64, i64)> = BTreeMap::new();
    for (job, attempt) in past.ended(DAY) {
        let worker = workers.entry(&job.worker).or_default();
        *worker = (
            worker.0 + 1,
            worker.1 + i64::from(attempt.outcome != "completed"),
            worker.2 + attempt.ended - attempt.started,
        );
    }
    let mut wanted: Vec<_> = workers.into_iter().collect();
    wanted.sort_by_key(|(worker, (attempts, ..))| (-attempts, (*worker).clone()));
    let wanted = rows(wanted.into_iter().map(|(worker, (attempts, failed, busy))| {
        [worker.clone(), attempts.to_string(), failed.to_string(), decimal(busy.into(), 1000, 0)]
    }));
    assert_eq!(ask(&mut user, &past.recipe("09-workers", None)).await.unwrap(), wanted);
}

#[tokio::test]
async fn failures_and_retries_are_what_happened() {
    let (_db, mut user, past) = past().await;
    // 16
    let mut classes: BTreeMap<(i64, &String), (i64, BTreeSet<i64>)> = BTreeMap::new();
    for (job, attempt) in past.ended(7 * DAY).filter(|(_, attempt)| attempt.outcome != "completed") {
        let class = classes.entry((past.hour(attempt.ended) / 86400 * 86400, &job.error_class)).or_default();
        class.0 += 1;
        class.1.insert(job.g);
    }
    let mut wanted: Vec<_> = classes.into_iter().collect();
    wanted.sort_by_key(|((day, class), (failed, _))| (*day, -failed, (*class).clone()));
    let wanted =
        rows(wanted.into_iter().map(|((day, class), (failed, jobs))| {
            [utc(day), class.clone(), failed.to_string(), jobs.len().to_string()]
        }));
    assert_eq!(ask(&mut user, &past.recipe("16-failures-by-class", None)).await.unwrap(), wanted);
    // 21
    let mut retries: BTreeMap<(&String, i64), i64> = BTreeMap::new();
    for (job, attempt) in past.ended(DAY).filter(|(_, attempt)| attempt.outcome != "completed") {
        *retries.entry((&job.queue, attempt.number)).or_default() +=
            i64::from(job.attempts.iter().any(|again| again.number == attempt.number + 1));
    }
    let wanted = rows(retries.into_iter().filter(|(_, retries)| *retries > 0).map(|((queue, number), retries)| {
        [queue.clone(), number.to_string(), retries.to_string(), "5.000".into(), "5.000".into()]
    }));
    assert_eq!(ask(&mut user, &past.recipe("21-time-between-attempts", None)).await.unwrap(), wanted);
}

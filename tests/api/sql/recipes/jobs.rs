//! Reports from jobs.

use std::collections::BTreeMap;
use std::fs;

use super::super::ask;
use super::super::history::Job;
use super::{DAY, HOUR, decimal, past, rows};

#[tokio::test]
async fn failures_and_slow_jobs_are_what_happened() {
    let (_db, mut user, past) = past().await;
    // 4
    let mut failures: BTreeMap<_, (i64, i64, i64, i64)> = BTreeMap::new();
    for (job, attempt) in past.attempts().filter(|(_, attempt)| attempt.outcome != "completed") {
        let failure = failures.entry((&job.error_class, &job.queue, &job.kind)).or_insert((0, 0, i64::MAX, 0));
        failure.0 += 1;
        failure.1 += i64::from(attempt.number == 1);
        failure.2 = failure.2.min(attempt.ended);
        failure.3 = failure.3.max(attempt.ended);
    }
    let mut occurrences: Vec<i64> =
        failures.values().filter(|failure| failure.3 >= past.since(DAY)).map(|failure| failure.0).collect();
    occurrences.sort_unstable_by(|a, b| b.cmp(a));
    occurrences.truncate(20);
    let found = ask(&mut user, &past.recipe("04-failures", None)).await.unwrap();
    assert_eq!(found.iter().map(|row| row[4].parse::<i64>().unwrap()).collect::<Vec<_>>(), occurrences);
    for row in &found {
        let (all, jobs, first, last) = failures[&(&row[0], &row[1], &row[2])];
        assert_eq!(row[4..], [all.to_string(), jobs.to_string(), past.time(first), past.time(last)]);
        assert!(row[3].starts_with("order ") && row[3].ends_with(" was refused"), "{row:?}");
    }
    // 5
    let since = past.since(DAY);
    let recent = || past.jobs.iter().filter(|job| job.finished >= since);
    let mut slowest: Vec<i64> = recent().filter_map(Job::last_run).collect();
    slowest.sort_unstable_by(|a, b| b.cmp(a));
    let found = ask(&mut user, &past.recipe("05-slowest-jobs", None)).await.unwrap();
    assert_eq!(found.iter().map(|row| row[4].parse::<i64>().unwrap()).collect::<Vec<_>>(), slowest[..20]);
    for row in &found {
        let job = recent().find(|job| past.time(job.finished) == row[8] && job.queue == row[1]).unwrap();
        let last = job.attempts.last().unwrap();
        assert_eq!(
            row[1..7],
            [
                job.queue.clone(),
                job.kind.clone(),
                job.state.into(),
                (last.ended - last.started).to_string(),
                (last.started - last.eligible).to_string(),
                job.worker.clone()
            ]
        );
        assert!(row[7].contains(&format!("{},", job.tenant)), "{row:?}");
    }
}

#[tokio::test]
async fn tenants_and_payloads_are_what_happened() {
    let (_db, mut user, past) = past().await;
    // 8 and 18
    let mut tenants: BTreeMap<&String, (i64, Vec<i64>)> = BTreeMap::new();
    for job in &past.jobs {
        let tenant = tenants.entry(&job.tenant).or_default();
        tenant.0 += 1;
        tenant.1.extend(job.last_run());
    }
    let mut wanted: Vec<_> = tenants.iter().collect();
    wanted.sort_by_key(|(tenant, (jobs, _))| (-jobs, (**tenant).clone()));
    let mean = |runs: &[i64]| decimal(runs.iter().sum::<i64>().into(), i128::try_from(runs.len()).unwrap(), 0);
    let wanted =
        rows(wanted.into_iter().map(|(tenant, (jobs, runs))| [(*tenant).clone(), jobs.to_string(), mean(runs)]));
    assert_eq!(ask(&mut user, &past.recipe("08-tenants", None)).await.unwrap(), wanted);
    let mut wanted: Vec<_> = tenants
        .iter()
        .map(|(tenant, (jobs, runs))| {
            let run: i128 = runs.iter().map(|ms| i128::from(*ms)).sum();
            let cost = decimal(4 * run, 100 * i128::from(HOUR), 4);
            (std::cmp::Reverse(cost.clone()), [(*tenant).clone(), jobs.to_string(), decimal(run, HOUR.into(), 3), cost])
        })
        .collect();
    wanted.sort();
    assert_eq!(
        ask(&mut user, &past.recipe("18-cost-per-tenant", None)).await.unwrap(),
        rows(wanted.into_iter().map(|(_, row)| row))
    );
    // 10
    let mut wanted: Vec<_> = past
        .jobs
        .iter()
        .filter(|job| job.finished >= past.since(16 * DAY) && job.queue == "history-1" && job.g % 1000 == 2)
        .collect();
    wanted.sort_by_key(|job| job.finished);
    assert!(!wanted.is_empty());
    let found =
        ask(&mut user, &past.recipe("10-payloads", Some("16 days")).replace("'mail'", "'history-1'")).await.unwrap();
    let found: Vec<_> = found.iter().map(|row| (row[1].as_str(), row[2].clone(), row[3].as_str())).collect();
    assert_eq!(found, wanted.iter().map(|job| (job.state, past.time(job.finished), "2")).collect::<Vec<_>>());
}

#[tokio::test]
async fn reports_of_what_waits_say_what_is_there() {
    let (app, mut user) = super::super::start().await;
    app.patch("/v1/queues/r", "{}").await.ok(201);
    for (queue, count) in [("q", 3), ("r", 25)] {
        for n in 0..count {
            app.put_in(queue, serde_json::json!({"payload": n, "kind": format!("k{n}")})).await;
        }
    }
    app.put_in("q", serde_json::json!({"delay_ms": 60_000})).await;
    let read = |name: &str| fs::read_to_string(format!("{}/docs/sql/{name}.sql", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let found = ask(&mut user, &read("06-backlog")).await.unwrap();
    assert_eq!(found.iter().map(|row| (&row[0][..], &row[1][..])).collect::<Vec<_>>(), [("r", "25"), ("q", "3")]);
    let found = ask(&mut user, &read("23-oldest-waiting")).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|row| (row[1].clone(), row[2].clone())).collect();
    let wanted = [("q", 3), ("r", 17)]
        .into_iter()
        .flat_map(|(queue, count)| (0..count).map(move |n| (queue.to_owned(), format!("k{n}"))));
    assert_eq!(kinds, wanted.collect::<Vec<_>>());
    // The examples that write.
    app.patch("/v1/queues/mail", "{}").await.ok(201);
    ask(&mut user, "create table orders (id integer, amount integer)").await.unwrap();
    ask(&mut user, &read("12-enqueue-from-a-trigger")).await.unwrap();
    ask(&mut user, &read("11-enqueue-in-your-transaction")).await.unwrap();
    let jobs = app.claim("mail", 5).await;
    let kinds: Vec<_> = jobs.iter().map(|job| job["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["default", "order_placed"], "the one of higher priority first");
    assert_eq!(jobs[1]["payload"]["new"], serde_json::json!({"id": 1, "amount": 10}));
}

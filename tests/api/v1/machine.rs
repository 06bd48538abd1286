//! The state machine, through HTTP, against a model: several servers, random steps, crashes
//! of workers; the invariants hold after each.

use std::collections::{HashMap, HashSet};

use presque::domain::{JobState, Outcome, Running, settle};
use serde_json::{Value, json};

use crate::support::TestApp;

/// What the model knows of a job.
struct Known {
    state: JobState,
    attempt: i64,
    failed_attempts: i32,
    releases: i32,
    max_attempts: i32,
    cancel_requested: bool,
    /// The current lease, and those that were.
    held: Option<Value>,
    stale: Vec<(Value, Outcome)>,
}

/// Numbers that are random enough, and the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Constants of Knuth's MMIX generator.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn state_of(answer: &Value) -> JobState {
    JobState::parse(answer["state"].as_str().unwrap()).unwrap()
}

async fn report(app: &TestApp, what: &str, held: &Value, members: Value) -> (u16, Value) {
    let answer = app.report(what, held, members).await;
    (answer.status.as_u16(), answer.json())
}

/// One step of one job; the model follows.
async fn step(app: &TestApp, id: &str, known: &mut Known, dice: &mut Dice) {
    let running = Running {
        failed_attempts: known.failed_attempts,
        max_attempts: known.max_attempts,
        releases: known.releases,
        cancel_requested: known.cancel_requested,
    };
    let path = |what: &str| format!("/v1/jobs/{id}/{what}");
    let (what, members, outcome, retry, delay_ms) = match dice.roll(12) {
        0 => ("complete", json!({"result": 1}), Outcome::Completed, true, 0),
        1 | 2 => ("fail", json!({"error": {"message": "m"}, "retry_in_ms": 0}), Outcome::Failed, true, 0),
        3 => ("fail", json!({"error": {}, "retry": false}), Outcome::Failed, false, 0),
        4 => ("release", json!({}), Outcome::Released, true, 0),
        5 => ("release", json!({"delay_ms": 3_600_000}), Outcome::Released, true, 3_600_000),
        6 => ("fail", json!({"error": {}, "cancelled": true}), Outcome::Cancelled, true, 0),
        7 => ("heartbeat", json!({"extend_ms": 60000}), Outcome::Extended, true, 0),
        8 => return cancel(app, &path("cancel"), known, dice.roll(2) == 0).await,
        9 => return retry_job(app, &path("retry"), known).await,
        10 => return expire(app, id, known, running).await,
        _ => return refuse_stale(app, known, dice).await,
    };
    let Some(held) = known.held.clone() else { return };
    let (status, answer) = report(app, what, &held, members.clone()).await;
    assert_eq!(status, 200, "{what} {answer}");
    if outcome == Outcome::Extended {
        assert_eq!(answer["cancel_requested"], known.cancel_requested);
        return;
    }
    assert_eq!(report(app, what, &held, members).await, (200, answer.clone()), "{what} again");
    let expected = settle(running, outcome, retry, delay_ms);
    assert_eq!(state_of(&answer), expected, "{what} of {running:?}");
    end(known, expected, outcome);
}

/// What the end of a lease does to the counters.
fn end(known: &mut Known, state: JobState, outcome: Outcome) {
    known.state = if state == JobState::Retryable { JobState::Available } else { state };
    known.failed_attempts += i32::from(matches!(outcome, Outcome::Failed | Outcome::Lost));
    known.releases += i32::from(outcome == Outcome::Released && !state.is_final());
    known.cancel_requested = false;
    known.stale.extend(known.held.take().map(|held| (held, outcome)));
}

async fn cancel(app: &TestApp, path: &str, known: &mut Known, force: bool) {
    let answer = app.post(path, json!({"force": force}).to_string()).await;
    if known.state.is_final() {
        answer.problem(409, "invalid_state");
    } else if known.state == JobState::Running && !force {
        assert_eq!(state_of(&answer.ok(200)), JobState::Running);
        known.cancel_requested = true;
    } else {
        assert_eq!(state_of(&answer.ok(200)), JobState::Cancelled);
        end(known, JobState::Cancelled, Outcome::Cancelled);
    }
}

async fn retry_job(app: &TestApp, path: &str, known: &mut Known) {
    let answer = app.post(path, r#"{"force":true}"#).await;
    if matches!(known.state, JobState::Available | JobState::Running) {
        answer.problem(409, "invalid_state");
        return;
    }
    assert_eq!(state_of(&answer.ok(200)), JobState::Available);
    let from_final = known.state.is_final();
    (known.state, known.failed_attempts) = (JobState::Available, 0);
    if from_final {
        known.releases = 0;
    }
}

async fn expire(app: &TestApp, id: &str, known: &mut Known, running: Running) {
    if known.held.is_none() {
        return;
    }
    app.sql(&format!("update presque_internal.lease set expires_at = now() - interval '1 ms' where job_id = '{id}'"))
        .await;
    app.engine.expire_leases(100).await.unwrap();
    // Its backoff is over.
    app.sql(&format!("update presque_internal.scheduled set run_after = now() where job_id = '{id}' and retryable"))
        .await;
    end(known, settle(running, Outcome::Lost, true, 0), Outcome::Lost);
}

/// A worker that comes back with a lease that was: whatever it reports is refused, unless it
/// is what was reported under it.
async fn refuse_stale(app: &TestApp, known: &Known, dice: &mut Dice) {
    if known.stale.is_empty() {
        return;
    }
    let (stale, outcome) = &known.stale[dice.roll(known.stale.len())];
    let (status, answer) = report(app, "heartbeat", stale, json!({})).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("lease_lost")), "{answer}");
    let (status, answer) = report(app, "complete", stale, json!({"result": "stale"})).await;
    let expected = if *outcome == Outcome::Completed { 200 } else { 409 };
    assert_eq!(status, expected, "after {outcome:?}: {answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_steps_on_two_servers_keep_to_the_machine() {
    let first = TestApp::start().await;
    let second = TestApp::beside(&first);
    let seed = std::env::var("PRESQUE_TEST_SEED").map_or(20_261_125, |seed| seed.parse().unwrap());
    let steps = std::env::var("PRESQUE_TEST_STEPS").map_or(1500, |steps| steps.parse().unwrap());
    eprintln!("PRESQUE_TEST_SEED={seed} PRESQUE_TEST_STEPS={steps}");
    let mut dice = Dice(seed);
    let mut jobs: HashMap<String, Known> = HashMap::new();
    let mut tokens = HashSet::new();
    for n in 0..8 {
        let max_attempts = 1 + n % 4;
        let stored = first.put_in("q", json!({"max_attempts": max_attempts})).await;
        let known = Known {
            state: JobState::Available,
            attempt: 0,
            failed_attempts: 0,
            releases: 0,
            max_attempts,
            cancel_requested: false,
            held: None,
            stale: Vec::new(),
        };
        jobs.insert(stored["id"].as_str().unwrap().to_owned(), known);
    }
    let mut ids: Vec<String> = jobs.keys().cloned().collect();
    ids.sort();
    for _ in 0..steps {
        let app = if dice.roll(2) == 0 { &first } else { &second };
        if dice.roll(3) == 0 {
            for held in app.claim("q", 1 + dice.roll(3)).await {
                let known = jobs.get_mut(held["id"].as_str().unwrap()).unwrap();
                assert_eq!(known.state, JobState::Available, "only what is available is handed out");
                assert!(tokens.insert(held["lease_token"].as_str().unwrap().to_owned()), "a token was used again");
                assert_eq!(held["attempt"], known.attempt + 1, "the attempt only grows");
                assert_eq!(held["failed_attempts"], known.failed_attempts);
                (known.state, known.attempt, known.held) = (JobState::Running, known.attempt + 1, Some(held));
            }
            continue;
        }
        let id = &ids[dice.roll(ids.len())];
        step(app, id, jobs.get_mut(id).unwrap(), &mut dice).await;
        let shown = app.job(&json!(id)).await;
        let known = &jobs[id];
        assert_eq!(
            (state_of(&shown), shown["attempt"].as_i64(), shown["failed_attempts"].as_i64()),
            (known.state, Some(known.attempt), Some(i64::from(known.failed_attempts))),
            "{shown}"
        );
    }
    history_is_whole(&first, &jobs).await;
}

/// Each claim has one attempt with one outcome, and the counters say what is there.
async fn history_is_whole(app: &TestApp, jobs: &HashMap<String, Known>) {
    let mut by_state: HashMap<&str, i64> = HashMap::new();
    for (id, known) in jobs {
        let attempts = app.get(&format!("/v1/jobs/{id}/attempts?limit=500")).await.ok(200);
        let numbers: Vec<i64> =
            attempts["data"].as_array().unwrap().iter().map(|one| one["attempt"].as_i64().unwrap()).collect();
        let newest = known.attempt - i64::try_from(numbers.len()).unwrap();
        assert_eq!(numbers, ((newest + 1)..=known.attempt).rev().collect::<Vec<_>>(), "{id}");
        assert!(newest == 0 || numbers.len() == 500);
        *by_state.entry(known.state.as_str()).or_default() += 1;
    }
    let counts = app.get("/v1/queues/q").await.json()["counts"].clone();
    for state in JobState::ALL {
        assert_eq!(
            counts[state.as_str()],
            by_state.get(state.as_str()).copied().unwrap_or(0),
            "{} in {counts}",
            state.as_str()
        );
    }
    let rows: i64 = {
        let mut connection = app.db.connect().await;
        let places =
            "select (select count(*) from presque_internal.ready) + (select count(*) from presque_internal.scheduled)
            + (select count(*) from presque_internal.lease) + (select count(*) from presque_internal.done)";
        sqlx::query_scalar(places).fetch_one(&mut connection).await.unwrap()
    };
    assert_eq!(rows, i64::try_from(jobs.len()).unwrap(), "each job is in one place");
}

//! The state machine, through HTTP, against a model: several servers, random steps, crashes
//! of workers; the invariants hold after each.

use std::collections::{HashMap, HashSet};

use presque::domain::{Action, JobState, Outcome, Running, settle};
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
    /// How each attempt ended.
    outcomes: Vec<&'static str>,
    discarded: i64,
    deleted: bool,
}

impl Known {
    fn new(max_attempts: i32) -> Self {
        Self {
            state: JobState::Available,
            attempt: 0,
            failed_attempts: 0,
            releases: 0,
            max_attempts,
            cancel_requested: false,
            held: None,
            stale: Vec::new(),
            outcomes: Vec::new(),
            discarded: 0,
            deleted: false,
        }
    }
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
    match dice.roll(16) {
        0..9 => report_something(app, known, dice).await,
        9 => cancel(app, id, known, dice.roll(2) == 0).await,
        10 => retry_job(app, id, known, dice.roll(2) == 0).await,
        11 => update(app, id, known, dice.roll(5)).await,
        12 if dice.roll(4) == 0 => delete(app, id, known, dice.roll(2) == 0).await,
        13 => run_out(app, id, known, dice.roll(2) == 0).await,
        _ => refuse_stale(app, known, dice).await,
    }
}

/// What its worker can say: each of it twice, once by itself and once in a batch, in any order.
async fn report_something(app: &TestApp, known: &mut Known, dice: &mut Dice) {
    let running = running(known);
    let (what, members, outcome, retry, delay_ms) = match dice.roll(9) {
        0 => ("complete", json!({"result": 1}), Outcome::Completed, true, 0),
        1..4 => ("fail", json!({"error": {"message": "m"}, "retry_in_ms": 0}), Outcome::Failed, true, 0),
        4 => ("fail", json!({"error": {}, "retry": false}), Outcome::Failed, false, 0),
        5 => ("release", json!({}), Outcome::Released, true, 0),
        6 => ("release", json!({"delay_ms": 3_600_000}), Outcome::Released, true, 3_600_000),
        7 => ("fail", json!({"error": {}, "cancelled": true}), Outcome::Cancelled, true, 0),
        _ => ("heartbeat", json!({"extend_ms": 60000}), Outcome::Extended, true, 0),
    };
    let Some(held) = known.held.clone() else { return };
    if outcome == Outcome::Extended {
        let (status, answer) = report(app, what, &held, members).await;
        assert_eq!((status, &answer["cancel_requested"]), (200, &json!(known.cancel_requested)), "{answer}");
        return;
    }
    let mut item = json!({"job_id": held["id"], "lease_token": held["lease_token"], "outcome": outcome.as_str()});
    item.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    item.as_object_mut().unwrap().remove("cancelled");
    let expected = settle(running, outcome, retry, delay_ms);
    let batch_first = dice.roll(2) == 0;
    for in_batch in [batch_first, !batch_first] {
        let answer = if in_batch {
            let settled = app.post("/v1/jobs/settle", json!({"items": [item]}).to_string()).await.ok(200);
            settled["results"][0].clone()
        } else {
            let (status, answer) = report(app, what, &held, members.clone()).await;
            assert_eq!(status, 200, "{what} {answer}");
            answer
        };
        assert_eq!(answer["state"], expected.as_str(), "{what} of {running:?}: {answer}");
    }
    end(known, expected, outcome, outcome.as_str());
}

fn running(known: &Known) -> Running {
    Running {
        failed_attempts: known.failed_attempts,
        max_attempts: known.max_attempts,
        releases: known.releases,
        cancel_requested: known.cancel_requested,
    }
}

/// What the end of a lease does to the counters.
fn end(known: &mut Known, state: JobState, outcome: Outcome, told: &'static str) {
    if known.held.is_some() {
        known.outcomes.push(told);
        known.discarded += i64::from(state == JobState::Discarded);
    }
    known.state = if state == JobState::Retryable { JobState::Available } else { state };
    known.failed_attempts += i32::from(matches!(outcome, Outcome::Failed | Outcome::Lost));
    known.releases += i32::from(outcome == Outcome::Released && !state.is_final());
    known.cancel_requested = false;
    known.stale.extend(known.held.take().map(|held| (held, outcome)));
}

async fn cancel(app: &TestApp, id: &str, known: &mut Known, force: bool) {
    let answer = app.post(&format!("/v1/jobs/{id}/cancel"), json!({"force": force}).to_string()).await;
    if !Action::Cancel.allows(known.state) {
        answer.problem(409, "invalid_state");
    } else if known.state == JobState::Running && !force {
        assert_eq!(state_of(&answer.ok(200)), JobState::Running);
        known.cancel_requested = true;
    } else {
        assert_eq!(state_of(&answer.ok(200)), JobState::Cancelled);
        // The token of a lease that is voided is not kept: no report is taken for its end.
        end(known, JobState::Cancelled, Outcome::Lost, "cancelled");
        known.failed_attempts -= 1;
    }
}

async fn retry_job(app: &TestApp, id: &str, known: &mut Known, force: bool) {
    let answer = app.post(&format!("/v1/jobs/{id}/retry"), json!({"force": force}).to_string()).await;
    if !(Action::Retry { force }).allows(known.state) {
        answer.problem(409, "invalid_state");
        return;
    }
    assert_eq!(state_of(&answer.ok(200)), JobState::Available);
    if known.state.is_final() {
        known.releases = 0;
    }
    (known.state, known.failed_attempts) = (JobState::Available, 0);
}

async fn update(app: &TestApp, id: &str, known: &Known, priority: usize) {
    let answer = app.patch(&format!("/v1/jobs/{id}"), json!({"priority": priority}).to_string()).await;
    if Action::Update.allows(known.state) {
        assert_eq!(answer.ok(200)["priority"], priority);
    } else {
        answer.problem(409, "invalid_state");
    }
}

async fn delete(app: &TestApp, id: &str, known: &mut Known, force: bool) {
    let answer = app.delete(&format!("/v1/jobs/{id}?force={force}")).await;
    if (Action::Delete { force }).allows(known.state) {
        answer.ok(204);
        known.deleted = true;
    } else {
        answer.problem(409, "invalid_state");
    }
}

/// Its worker is not heard of any more, or takes too long.
async fn run_out(app: &TestApp, id: &str, known: &mut Known, too_long: bool) {
    if known.held.is_none() {
        return;
    }
    let (column, told) = if too_long { ("timeout_at", "timed_out") } else { ("expires_at", "lost") };
    app.sql(&format!("update presque_internal.lease set {column} = now() - interval '1 ms' where job_id = '{id}'"))
        .await;
    app.engine.expire_leases(100, None).await.unwrap();
    // Its backoff is over.
    app.sql(&format!("update presque_internal.scheduled set run_after = now() where job_id = '{id}' and retryable"))
        .await;
    end(known, settle(running(known), Outcome::Lost, true, 0), Outcome::Lost, told);
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
    let lease = json!({"leases": [{"job_id": stale["id"], "lease_token": stale["lease_token"]}]});
    let directive = app.post("/v1/workers/w/heartbeat", lease.to_string()).await.ok(200);
    assert_eq!(directive["lost_job_ids"], json!([stale["id"]]), "{directive}");
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
    let policy = json!({"dead_letter_queue": "dead"}).to_string();
    first.patch("/v1/queues/dead", "{}").await.ok(201);
    first.patch("/v1/queues/q", policy).await.ok(201);
    let mut jobs: HashMap<String, Known> = HashMap::new();
    let (mut ids, mut tokens) = (Vec::new(), HashSet::new());
    for n in 0..steps {
        while ids.len() < 8 {
            let max_attempts = 1 + i32::try_from(n + ids.len()).unwrap() % 4;
            let stored = first.put_in("q", json!({"max_attempts": max_attempts})).await;
            ids.push(stored["id"].as_str().unwrap().to_owned());
            jobs.insert(ids.last().unwrap().clone(), Known::new(max_attempts));
        }
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
        let id = ids[dice.roll(ids.len())].clone();
        step(app, &id, jobs.get_mut(&id).unwrap(), &mut dice).await;
        let known = &jobs[&id];
        if known.deleted {
            app.get(&format!("/v1/jobs/{id}")).await.problem(404, "job_not_found");
            ids.retain(|one| *one != id);
            continue;
        }
        let shown = app.job(&json!(id)).await;
        assert_eq!(
            (state_of(&shown), shown["attempt"].as_i64(), shown["failed_attempts"].as_i64()),
            (known.state, Some(known.attempt), Some(i64::from(known.failed_attempts))),
            "{shown}"
        );
    }
    let dead = first.get("/v1/queues/dead").await.json()["counts"]["available"].clone();
    assert_eq!(dead, jobs.values().map(|known| known.discarded).sum::<i64>(), "each dead letter has its copy");
    for outcome in ["completed", "failed", "released", "cancelled", "lost", "timed_out"] {
        assert!(jobs.values().any(|known| known.outcomes.contains(&outcome)), "no attempt was {outcome}");
    }
    assert!(dead.as_i64() > Some(10) && jobs.values().any(|known| known.deleted), "the walk was too short");
    jobs.retain(|_, known| !known.deleted);
    history_is_whole(&first, &jobs).await;
}

/// Each claim has one attempt with one outcome, and the counters say what is there.
async fn history_is_whole(app: &TestApp, jobs: &HashMap<String, Known>) {
    let mut by_state: HashMap<&str, i64> = HashMap::new();
    for (id, known) in jobs {
        let attempts = app.get(&format!("/v1/jobs/{id}/attempts?limit=500")).await.ok(200);
        let told = attempts["data"].as_array().unwrap().iter().rev();
        let told: Vec<_> =
            told.map(|one| (one["attempt"].as_u64().unwrap(), one["outcome"].as_str().unwrap())).collect();
        let running = known.held.as_ref().map(|_| "running");
        let expected: Vec<_> = (1..).zip(known.outcomes.iter().copied().chain(running)).collect();
        assert_eq!(told, expected, "{id}");
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
            + (select count(*) from presque_internal.lease) + (select count(*) from presque_internal.done)
            - (select count(*) from presque_internal.ready where queue_id = (select queue_id from presque_internal.queue where name = 'dead'))";
        sqlx::query_scalar(places).fetch_one(&mut connection).await.unwrap()
    };
    assert_eq!(rows, i64::try_from(jobs.len()).unwrap(), "each job is in one place");
}

//! The short statement that makes most claims: it does what the long one does, or nothing.

use presque::domain::QueueName;
use presque::store::{Claim, ClaimReady, Claimed, KnownLane, Look};
use serde_json::json;

use crate::support::TestApp;

fn claim(max_jobs: i64) -> Claim {
    Claim {
        queues: vec![QueueName::parse("q").unwrap()],
        kinds: None,
        max_jobs,
        per_queue: max_jobs,
        lease_ms: None,
        worker: None,
        idempotency: None,
    }
}

fn known(lanes: &[i16]) -> Look {
    let lanes = lanes.iter().map(|lane| KnownLane { queue: 1, lane: *lane, floor: 0 });
    Look { quick: false, rises: true, lanes: lanes.collect() }
}

/// What it claims, or that there is more to it: then, whether jobs were locked.
async fn ask(app: &TestApp, claims: &[Claim], lanes: &[i16]) -> Result<Claimed, bool> {
    match app.store.claim_ready(claims, &known(lanes), &|| true).await.unwrap() {
        ClaimReady::Claimed(claimed) => Ok(*claimed),
        ClaimReady::More { locked } => Err(locked),
    }
}

/// The same of one claim, by the payloads of its jobs.
async fn claimed(app: &TestApp, max_jobs: i64, lanes: &[i16]) -> Result<Vec<String>, bool> {
    let claimed = ask(app, &[claim(max_jobs)], lanes).await?;
    Ok(claimed.jobs[0].iter().map(|job| job.payload.clone()).collect())
}

/// What both statements say of a job is the same, in each of its attempts.
#[tokio::test]
async fn a_job_is_answered_alike_by_both() {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", r#"{"timeout_ms":7200000}"#).await.ok(201);
    let plain = json!({"kind": "k", "payload": {"a": 1.0}});
    let rich = json!({
        "kind": "k", "payload": [1], "tags": ["a", "b"], "headers": {"h": "v"}, "max_attempts": 7, "lease_ms": 90_000,
        "timeout_ms": 60_000, "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "dedup_key": "one",
    });
    for asked in [&plain, &rich] {
        let mut told = Vec::new();
        for short in [false, true] {
            let id = app.put_in("q", asked.clone()).await["id"].clone();
            let mut attempts = Vec::new();
            for failures in 0..3 {
                let mut claimed = if short {
                    ask(&app, &[claim(1)], &[0, 1]).await.unwrap()
                } else {
                    app.store.claim(&[claim(1)], true, &Look::default(), &|| true).await.unwrap()
                };
                let mut job = claimed.jobs[0].remove(0);
                let held = json!({"id": job.job_id, "lease_token": job.token.simple().to_string()});
                let error = json!({"error_class": "E", "message": format!("{failures}"), "stack": "at x"});
                app.report("fail", &held, json!({"error": error, "retry_in_ms": 0})).await.ok(200);
                app.store.promote(100, None).await.unwrap();
                // What differs from job to job.
                assert_eq!(json!(job.job_id), id);
                (job.job_id, job.token) = (uuid::Uuid::nil(), uuid::Uuid::nil());
                let lasts = (job.lease_expires_at - job.created_at).num_seconds();
                let limit = job.timeout_at.map(|at| (at - job.lease_expires_at).num_seconds());
                assert_eq!(job.error_at.is_some(), failures > 0);
                for time in [&mut job.lease_expires_at, &mut job.created_at, &mut job.run_after] {
                    *time = chrono::DateTime::UNIX_EPOCH;
                }
                (job.timeout_at, job.error_at) = (None, None);
                attempts.push(format!("{job:?} {limit:?} {}", lasts / 10));
            }
            app.post(&format!("/v1/jobs/{}/cancel", id.as_str().unwrap()), "").await.ok(200);
            told.push(attempts);
        }
        assert_eq!(told[0], told[1]);
        assert!(told[0][2].contains("failed_attempts: 2") && told[0][2].contains("at x"), "{told:?}");
    }
}

#[tokio::test]
async fn jobs_of_known_lanes_are_claimed_in_order_each_once() {
    let app = TestApp::start().await;
    assert_eq!(claimed(&app, 1, &[1]).await, Err(false), "no such queue");
    for (n, priority) in [0, 5, 0, 5, 0].into_iter().enumerate() {
        app.put_in("q", json!({"payload": n, "priority": priority})).await;
    }
    assert_eq!(claimed(&app, 2, &[-9]).await, Err(false), "which lane is first is not known");
    assert_eq!(claimed(&app, 2, &[1]).await, Err(false));
    assert_eq!(claimed(&app, 2, &[-9]).await, Err(false));
    assert_eq!(claimed(&app, 3, &[-9, 1]).await, Ok(vec!["1".into(), "3".into(), "0".into()]));
    // Several claims in one statement: the first gets what it wants before the next.
    let claims = [claim(1), claim(3), claim(1)];
    let claimed_together = ask(&app, &claims, &[-9, 1]).await.unwrap();
    let counts: Vec<usize> = claimed_together.jobs.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 1, 0]);
    assert_eq!(claimed_together.seen.lanes_of(1).collect::<Vec<_>>(), [(-9, None), (1, Some(3))]);
    assert!(claimed_together.seen.own_xid.is_some());
    let nothing = ask(&app, &[claim(1)], &[-9, 1]).await.unwrap();
    assert_eq!(nothing.jobs[0].len(), 0);
    assert_eq!(nothing.seen.lanes_of(1).collect::<Vec<_>>(), [(-9, None), (1, None)]);
    let counts = app.get("/v1/queues/q").await.ok(200)["counts"].clone();
    assert_eq!((&counts["running"], &counts["available"]), (&json!(5), &json!(0)));
}

/// Where there is more to it, it does nothing, and the whole claim does what is to be done.
#[tokio::test]
async fn what_is_special_is_left_to_the_long_statement() {
    let app = TestApp::start().await;
    let old = "(lpad(to_hex(((extract(epoch from now()) - 172800) * 1000)::bigint), 12, '0') || \
               right(replace(%::text, '-', ''), 20))::uuid";
    let grow_old = format!(
        "update presque_internal.job set id = {}; update presque_internal.ready set job_id = {}",
        old.replace('%', "id"),
        old.replace('%', "job_id")
    );
    let pause = "update presque_internal.queue set paused_at = now()";
    let resume = "update presque_internal.queue set paused_at = null";
    let expire = "update presque_internal.job set expires_at = now()";
    let forget_sizes =
        "update presque_internal.ready set payload_bytes = null; update presque_internal.job set payload_bytes = null";
    let enlarge = "update presque_internal.ready set payload_bytes = 17000000";
    let become_due = "update presque_internal.scheduled set run_after = now()";
    let far = "2099-01-01T00:00:00Z";
    for (what, asked, before, after, count) in [
        ("nothing", json!({}), "select 1", "", 1),
        ("paused", json!({}), pause, resume, 1),
        ("expired", json!({"expires_at": far}), expire, "", 0),
        ("old", json!({}), grow_old.as_str(), "", 1),
        ("of unknown size", json!({}), forget_sizes, "", 1),
        ("too large", json!({}), enlarge, "", 1),
        ("due", json!({"run_after": far}), become_due, "", 1),
        ("a key until it starts", json!({"dedup_key": "k", "dedup_until": "started"}), "select 1", "", 1),
    ] {
        app.put_in("q", asked).await;
        app.sql(before).await;
        let seen = claimed(&app, 10, &[1]).await;
        let expected = match what {
            "nothing" => Ok(1),
            "paused" | "due" => Err(false),
            _ => Err(true),
        };
        assert_eq!(seen.map(|jobs| jobs.len()), expected, "{what}");
        if !after.is_empty() {
            app.sql(after).await;
        }
        if expected.is_err() {
            assert_eq!(app.claim("q", 10).await.len(), count, "{what}");
        }
        assert!(app.claim("q", 10).await.is_empty(), "{what}");
    }
}

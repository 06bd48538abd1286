//! Documents that jsonb cannot hold break no view and no report.

use std::fs;

use super::{ask, start, value};
use crate::support::TestApp;

/// Each is the payload of a job, the result of one and the data of a failure, of some that are done,
/// some that fail again and one that waits.
async fn end_some(app: &TestApp, odd: &[&str]) {
    for n in 0..odd.len() - 1 {
        let claimed = app.post("/v1/jobs/claim", r#"{"queues":["q"]}"#).await;
        let text = claimed.ok_text(200);
        let part = |name: &str| text.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap();
        let (id, token) = (part("id"), part("lease_token"));
        let (what, members) = match n % 3 {
            0 => ("complete", format!(r#""result":{}"#, odd[n])),
            1 => (
                "fail",
                format!(
                    r#""error":{{"message":"a\u0000b \ud800","error_class":"odd","data":{}}},"retry":false"#,
                    if n == 1 { odd[0] } else { odd[1] }
                ),
            ),
            _ => ("fail", r#""error":{"message":"again"},"retry_in_ms":3600000"#.to_owned()),
        };
        let answer =
            app.post(&format!("/v1/jobs/{id}/{what}"), format!(r#"{{"lease_token":"{token}",{members}}}"#)).await;
        answer.ok_text(200);
    }
}

#[tokio::test]
async fn odd_documents_break_no_view_and_no_report() {
    let (app, mut user) = start().await;
    let deep = format!("{}1{}", "[".repeat(127), "]".repeat(127));
    let long = "9".repeat(2_000_000);
    app.patch("/v1/queues/q", r#"{"payload_max_bytes":4194304,"result_max_bytes":4194304}"#).await.ok(200);
    let odd = [
        r#"{"a":"\u0000"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        "1e400",
        "-1E99999",
        &long,
        r#"{"a":1,"a":2,"user_id":2}"#,
        &deep,
        r#"{"\u0000":1}"#,
        " [ 1 , 2 ] ",
    ];
    for document in odd {
        let body = format!(r#"{{"payload":{document},"tags":["tenant:1"]}}"#);
        app.post("/v1/queues/q/jobs", body).await.ok_text(201);
    }
    end_some(&app, &odd).await;
    app.store.fold_tally(1000).await.unwrap();
    app.store.fold_failures(1000).await.unwrap();
    let views =
        ask(&mut user, "select relname from pg_class where relnamespace = 'presque'::regnamespace and relkind = 'v'")
            .await
            .unwrap();
    assert!(views.len() > 15, "{views:?}");
    for view in views {
        ask(&mut user, &format!("select * from presque.{}", view[0]))
            .await
            .unwrap_or_else(|error| panic!("{view:?}: {error:?}"));
    }
    let folder = format!("{}/docs/sql", env!("CARGO_MANIFEST_DIR"));
    for file in fs::read_dir(folder).unwrap() {
        let sql = fs::read_to_string(file.unwrap().path()).unwrap().replace("'mail'", "'q'");
        if !sql.starts_with("-- example") {
            ask(&mut user, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }
    // As text, all of it is there; as jsonb, what has such a form.
    let texts = ask(&mut user, "select payload::text, payload_jsonb is null from presque.job_payloads order by id")
        .await
        .unwrap();
    let wanted: Vec<_> = odd
        .iter()
        .enumerate()
        .map(|(n, document)| {
            vec![document.trim().to_owned(), ["f", "t"][usize::from([0, 1, 2, 5, 8].contains(&n))].to_owned()]
        })
        .collect();
    let found: Vec<_> = texts.into_iter().map(|row| vec![row[0].trim().to_owned(), row[1].clone()]).collect();
    for (found, wanted) in found.iter().zip(&wanted) {
        assert!(found == wanted, "{:.60} {}", found[0], found[1]);
    }
    let by_user = "select count(*) from presque.jobs join presque.job_payloads using (id) where payload_jsonb @> '{\"user_id\": 2}'";
    assert_eq!(value(&mut user, by_user).await, "1");
}

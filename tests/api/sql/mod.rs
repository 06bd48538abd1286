//! The schema `presque`: what people report on, and call in their own transactions.

mod complete;
mod contract;
mod functions;
mod history;
mod odd;
mod program;
mod promised;
mod recipes;
mod roles;
mod snippets;

use sqlx::{AssertSqlSafe, PgConnection, Row as _, ValueRef as _};

use crate::support::TestApp;

/// What a statement answers, as text, null as an empty one; or its SQLSTATE and message.
async fn ask(connection: &mut PgConnection, statement: &str) -> Result<Vec<Vec<String>>, (String, String)> {
    let rows = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).fetch_all(connection).await;
    let rows = rows.map_err(|error| {
        let error = error.into_database_error().expect("the database answers");
        (error.code().unwrap_or_default().into_owned(), error.message().to_owned())
    })?;
    let text = |row: &sqlx::postgres::PgRow, n| {
        let value = row.try_get_raw(n).unwrap();
        if value.is_null() { String::new() } else { value.as_str().unwrap().to_owned() }
    };
    Ok(rows.iter().map(|row| (0..row.len()).map(|n| text(row, n)).collect()).collect())
}

/// The only value that a statement answers.
async fn value(connection: &mut PgConnection, statement: &str) -> String {
    let mut rows = ask(connection, statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    assert_eq!((rows.len(), rows[0].len()), (1, 1), "{statement}: {rows:?}");
    rows.remove(0).remove(0)
}

/// The SQLSTATE with which a statement is refused, and the message.
async fn refusal(connection: &mut PgConnection, statement: &str) -> (String, String) {
    ask(connection, statement).await.expect_err(statement)
}

/// A server with the queue `q`, and a session of somebody who uses the schema.
async fn start() -> (TestApp, PgConnection) {
    let app = TestApp::start().await;
    app.patch("/v1/queues/q", "{}").await.ok(201);
    let mut connection = app.db.connect().await;
    // An owner called presque would find the schema of that name first.
    ask(&mut connection, "set search_path = public").await.unwrap();
    (app, connection)
}

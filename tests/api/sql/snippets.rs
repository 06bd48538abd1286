//! The programs of `docs/sql.md`, each run: an order and its job, both there.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{ask, start, value};
use crate::support::TestApp;

// The program of the page for Rust, line by line: a test compares.
use sqlx::Connection as _;

async fn place_order(url: &str) -> sqlx::Result<uuid::Uuid> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let mut transaction = connection.begin().await?;
    sqlx::query("insert into orders (id, amount) values ($1, $2)").bind(1).bind(10).execute(&mut *transaction).await?;
    let job = sqlx::query_scalar("select presque.enqueue('mail', $1, 'order_placed', options => $2)")
        .bind(serde_json::json!({"order": 1}))
        .bind(serde_json::json!({"dedup_key": "order:1"}))
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(job)
}

/// The block of the page in this language.
fn program(language: &str) -> String {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md")).unwrap();
    let (_, rest) = page.split_once(&format!("\n```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned() + "\n"
}

/// The output of a command in this folder, which must succeed.
fn output(command: &[&str], folder: &Path, app: &TestApp) -> String {
    let options = &app.db.options;
    let socket = options.get_socket().map_or(options.get_host().to_owned(), |path| path.display().to_string());
    let dsn = format!(
        "dbi:Pg:dbname={};host={socket};port={};user={}",
        options.get_database().unwrap(),
        options.get_port(),
        options.get_username()
    );
    let output = Command::new(command[0])
        .args(&command[1..])
        .current_dir(folder)
        .env("DATABASE_URL", app.db.url())
        .env("DATABASE_DSN", dsn)
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {printed}\n{told}");
    printed.trim().to_owned()
}

async fn shop() -> (TestApp, sqlx::PgConnection) {
    let (app, mut user) = start().await;
    app.patch("/v1/queues/mail", "{}").await.ok(201);
    ask(&mut user, "create table presque.orders (id integer, amount integer)").await.unwrap();
    ask(&mut user, "alter table presque.orders set schema public").await.unwrap();
    (app, user)
}

/// The order is there once, and its job, whose id was printed.
async fn ordered(app: &TestApp, user: &mut sqlx::PgConnection, id: &str) {
    assert_eq!(value(user, "select count(*) from orders where id = 1 and amount = 10").await, "1");
    let job = app.claim("mail", 2).await;
    assert_eq!(job.len(), 1, "{job:?}");
    assert_eq!(
        (&job[0]["id"], &job[0]["kind"], &job[0]["payload"]),
        (&json!(id), &json!("order_placed"), &json!({"order": 1}))
    );
    assert_eq!(app.job(&job[0]["id"]).await["dedup_key"], "order:1");
    app.report("complete", &job[0], json!({})).await.ok(200);
    ask(user, "delete from orders").await.unwrap();
}

#[tokio::test]
async fn the_program_in_rust_works_and_is_the_one_of_the_page() {
    let own = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/sql/snippets.rs")).unwrap();
    assert!(own.contains(&program("rust")), "another one than here:\n{}", program("rust"));
    let (app, mut user) = shop().await;
    let id = place_order(&app.db.url()).await.unwrap();
    ordered(&app, &mut user, &id.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs venv, npm, ruby-pg and DBD::Pg; .ci/run installs them and runs it"]
async fn the_programs_in_other_languages_work() {
    let (app, mut user) = shop().await;
    let folder = tempfile::tempdir().unwrap();
    for (language, file, command) in [
        ("python", "order.py", &["venv/bin/python", "order.py"][..]),
        ("ruby", "order.rb", &["ruby", "order.rb"]),
        ("perl", "order.pl", &["perl", "order.pl"]),
        ("ts", "order.mts", &["node", "order.mjs"]),
    ] {
        fs::write(folder.path().join(file), program(language)).unwrap();
        if language == "python" {
            output(&["python3", "-m", "venv", "venv"], folder.path(), &app);
            output(&["venv/bin/pip", "install", "--quiet", "psycopg[binary]==3.*"], folder.path(), &app);
        }
        if language == "ts" {
            let packages =
                ["npm", "install", "--no-audit", "--no-fund", "pg@8", "typescript@5", "@types/pg@8", "@types/node@22"];
            output(&packages, folder.path(), &app);
            let compile =
                ["npx", "tsc", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--strict", file];
            output(&compile, folder.path(), &app);
        }
        let id = output(command, folder.path(), &app);
        ordered(&app, &mut user, &id).await;
    }
}

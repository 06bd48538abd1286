//! `docs/sql.md` against the database: every view, column, type, function, comment and right.

use std::fmt::Write as _;

use sqlx::PgConnection;

use super::{ask, start};

const VIEWS: &str = "
    select relname, obj_description(oid, 'pg_class')
    from pg_class
    where relnamespace = 'presque'::regnamespace and relkind = 'v'
    order by relname";

const FUNCTIONS: &str = "
    select
        proname, pg_get_function_arguments(oid), pg_get_function_result(oid), obj_description(oid, 'pg_proc'),
        prosecdef, proconfig::text
    from pg_proc
    where pronamespace = 'presque'::regnamespace
    order by proname";

const PURPOSES: [&str; 5] = ["reader", "payload_reader", "producer", "operator", "worker"];

async fn columns(user: &mut PgConnection, view: &str) -> Vec<Vec<String>> {
    let statement = format!(
        "select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
        from pg_attribute where attrelid = 'presque.{view}'::regclass order by attnum"
    );
    ask(user, &statement).await.unwrap()
}

/// What stands on the page between its marks, from the database.
async fn surface(user: &mut PgConnection) -> String {
    let mut page = String::new();
    let (jobs, stats) = (columns(user, "jobs").await, columns(user, "queue_stats_minute").await);
    for view in ask(user, VIEWS).await.unwrap() {
        let own = columns(user, &view[0]).await;
        assert!(
            !view[1].is_empty() && own.iter().all(|column| !column[2].is_empty()),
            "{view:?}: a comment is missing"
        );
        writeln!(page, "#### `presque.{}`\n\n{}\n", view[0], view[1]).unwrap();
        if view[0] != "jobs" && own == jobs {
            writeln!(page, "The columns of `jobs`.\n").unwrap();
        } else if view[0] != "queue_stats_minute" && own == stats {
            writeln!(page, "The columns of `queue_stats_minute`.\n").unwrap();
        } else {
            writeln!(page, "| column | type | what it is |\n|---|---|---|").unwrap();
            for column in own {
                writeln!(page, "| `{}` | `{}` | {} |", column[0], column[1], column[2]).unwrap();
            }
            writeln!(page).unwrap();
        }
    }
    writeln!(page, "#### Functions\n\n| function | returns | what it does |\n|---|---|---|").unwrap();
    for function in ask(user, FUNCTIONS).await.unwrap() {
        writeln!(page, "| `{}({})` | `{}` | {} |", function[0], function[1], function[2], function[3]).unwrap();
        assert!(!function[3].is_empty(), "{}: a comment is missing", function[0]);
    }
    page + "\n" + &rights(user).await
}

/// A table of who may use what.
async fn rights(user: &mut PgConnection) -> String {
    let mut table =
        format!("#### Rights\n\n| | `presque_{}` |\n|---|{}\n", PURPOSES.join("` | `presque_"), "---|".repeat(5));
    let roles: Vec<String> = PURPOSES.iter().map(|_| format!("right_{}", uuid::Uuid::now_v7().simple())).collect();
    for (purpose, role) in PURPOSES.iter().zip(&roles) {
        ask(user, &format!("create role {role}; select presque_internal.grant_surface('{purpose}', '{role}')"))
            .await
            .unwrap();
    }
    let objects = "
        select 'select on ' || relname, 'has_table_privilege(%, ''presque.' || relname || ''', ''select'')'
        from pg_class where relnamespace = 'presque'::regnamespace and relkind = 'v'
        union all
        select distinct 'execute ' || proname, 'has_function_privilege(%, ' || min(oid::bigint) over (partition by proname) || '::oid, ''execute'')'
        from pg_proc where pronamespace = 'presque'::regnamespace
        order by 1";
    for object in ask(user, objects).await.unwrap() {
        let mut line = format!("| {} |", object[0]);
        for role in &roles {
            let may = ask(user, &format!("select {}", object[1].replace('%', &format!("'{role}'")))).await.unwrap();
            line += if may[0][0] == "t" { " yes |" } else { " |" };
        }
        let everybody = ask(user, &format!("select {}", object[1].replace('%', "'public'"))).await.unwrap();
        assert_eq!(everybody[0][0], "f", "{}: for everybody", object[0]);
        table += &(line + "\n");
    }
    for role in roles {
        ask(user, &format!("drop owned by {role}; drop role {role}")).await.unwrap();
    }
    table
}

#[tokio::test]
async fn the_page_says_what_is_there() {
    let (_app, mut user) = start().await;
    let wanted = surface(&mut user).await;
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sql.md")).unwrap();
    let found =
        page.split_once("<!-- surface:begin -->\n").and_then(|(_, rest)| rest.split_once("<!-- surface:end -->"));
    let found = found.map_or("", |(found, _)| found);
    if found != wanted {
        let to = concat!(env!("CARGO_TARGET_TMPDIR"), "/sql-surface.md");
        std::fs::write(to, &wanted).unwrap();
        panic!("docs/sql.md is old; what should stand between its marks is in {to}");
    }
    assert_eq!(ask(&mut user, "select presque.contract_version()").await.unwrap(), [["1"]]);
}

/// With the owner's rights, nothing may depend on the caller's search path.
#[tokio::test]
async fn what_runs_with_the_owners_rights_has_a_search_path_of_its_own() {
    let (_app, mut user) = start().await;
    let unsafe_ones = "
        select proname from pg_proc
        where pronamespace in ('presque'::regnamespace, 'presque_internal'::regnamespace) and prosecdef
            and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)";
    assert!(ask(&mut user, unsafe_ones).await.unwrap().is_empty());
    let for_all = "
        select proname from pg_proc
        where pronamespace = 'presque'::regnamespace and has_function_privilege('public', oid, 'execute')";
    assert!(ask(&mut user, for_all).await.unwrap().is_empty());
}

/// A day of history is read from that day's partitions.
#[tokio::test]
async fn history_by_time_touches_the_partitions_of_that_time() {
    let (app, mut user) = start().await;
    app.sql("select presque_internal.make_partitions_of(current_date - n) from generate_series(1, 20) as n").await;
    let days =
        ask(&mut user, "select to_char(current_date - n, '_YYYYMMDD') from generate_series(1, 20) as n").await.unwrap();
    for (view, columns) in [
        ("job_history", "count(*), max(run_ms)"),
        ("jobs", "count(*)"),
        ("dead_letters", "count(*)"),
        ("job_attempts", "count(*)"),
    ] {
        let plan = format!(
            "explain (costs off) select {columns} from presque.{view}
            where finished_at >= (current_date - 3)::timestamptz and finished_at < (current_date - 2)::timestamptz"
        );
        let plan = ask(&mut user, &plan).await.unwrap().concat().join("\n");
        let day = |n: usize| &days[n - 1][0];
        // Bounds that are known when it is planned, or begun: the others are removed or never executed.
        let named = |n| plan.lines().filter(|line| line.contains("Scan") && line.contains(day(n))).count();
        assert!(named(3) > 0 && (named(9) == 0 || plan.contains("Subplans Removed")), "{view}:\n{plan}");
        assert_eq!(named(12), 0, "{view}:\n{plan}");
    }
}

/// Every query of the dashboard over PostgreSQL runs, as Grafana would send it.
#[tokio::test]
async fn the_queries_of_the_dashboard_run() {
    let (app, mut user) = start().await;
    app.put_in("q", serde_json::json!({})).await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/observability/grafana-sql.json");
    let dashboard: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 10);
    for panel in panels {
        let mut sql = panel["targets"][0]["rawSql"].as_str().unwrap().replace("${queue:sqlstring}", "'q'");
        while let Some((before, rest)) = sql.split_once("$__timeFilter(") {
            let (column, after) = rest.split_once(')').unwrap();
            sql = format!("{before}{column} between now() - interval '6 hours' and now(){after}");
        }
        let rows = ask(&mut user, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert!(panel["title"] != "Jobs waiting now" || rows[0][0] == "1", "{rows:?}");
    }
    let variable = dashboard["templating"]["list"][1]["query"].as_str().unwrap();
    assert_eq!(ask(&mut user, variable).await.unwrap(), [["q"]]);
}

//! The schema `presque`, as people use it: their statements, under the rules for reports.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Executor as _, Row as _};

/// What a statement answers, as text. Null is `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

/// A session for reports: it cannot write, and its times are UTC.
#[derive(Debug)]
pub struct Reporter(PgConnection);

impl Reporter {
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(options: &PgConnectOptions, timeout: std::time::Duration) -> sqlx::Result<Self> {
        let timeout = timeout.as_millis().to_string();
        let options = options.clone().application_name("presque sql").options([
            ("default_transaction_read_only", "on"),
            ("statement_timeout", timeout.as_str()),
            ("timezone", "UTC"),
            // Compiling a plan of many partitions takes longer than running it, and sorts fit.
            ("jit", "off"),
            ("work_mem", "64MB"),
        ]);
        Ok(Self(options.connect().await?))
    }

    /// Runs one statement that reads.
    ///
    /// # Errors
    /// When the database refuses it, or it takes longer than the session allows.
    pub async fn run(mut self, statement: &str) -> sqlx::Result<Table> {
        // In the simple protocol, in which every value comes as text.
        let rows = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).fetch_all(&mut self.0).await?;
        let columns = match rows.first() {
            Some(row) => names(row.columns()),
            None => names(
                self.0.describe(sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(statement.to_owned()))).await?.columns(),
            ),
        };
        let rows = rows.iter().map(texts).collect::<sqlx::Result<_>>()?;
        self.0.close().await?;
        Ok(Table { columns, rows })
    }
}

fn names(columns: &[sqlx::postgres::PgColumn]) -> Vec<String> {
    columns.iter().map(|column| column.name().to_owned()).collect()
}

fn texts(row: &PgRow) -> sqlx::Result<Vec<Option<String>>> {
    let text = |n| {
        let value = row.try_get_raw(n)?;
        if sqlx::ValueRef::is_null(&value) {
            return Ok(None);
        }
        value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
    };
    (0..row.len()).map(text).collect()
}

//! What it means when the database did not do its job.

use std::borrow::Cow;
use std::sync::Arc;

/// The database did not do its job. Expected refusals are values, not errors. It can be
/// cloned, because requests that are written together fail together.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Certainly nothing was done: not reachable, shutting down, or a read was cut off.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Arc<sqlx::Error>),

    /// Certainly nothing was done: no free connection in time.
    #[error("the database is overloaded")]
    Overloaded,

    /// Certainly nothing was done: the statement took too long and was rolled back.
    #[error("the statement took too long")]
    Timeout,

    /// Certainly nothing was done: somebody else holds a lock, and held it for too long.
    #[error("another transaction is in the way")]
    Locked,

    /// The connection broke while a write was under way: it may or may not be committed.
    #[error("the outcome of a write is not known: {0}")]
    OutcomeUnknown(#[source] Arc<sqlx::Error>),

    /// The statement was rolled back for a reason that goes away by itself: a deadlock, a
    /// serialization failure, a session that was terminated. Worth another try at once.
    #[error("the statement was rolled back: {0}")]
    RolledBack(#[source] Arc<sqlx::Error>),

    /// Nothing was done, because whoever asked had left before it was begun.
    #[error("nobody waits for the answer any more")]
    Unwanted,

    /// A statement failed for what it is or was given: a bug of ours.
    #[error("a statement failed: {0}")]
    Statement(#[source] Arc<sqlx::Error>),
}

pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// For what could not be done, because there is no database to do it.
    pub(super) fn unavailable(error: sqlx::Error) -> Self {
        Self::Unavailable(Arc::new(error))
    }

    /// For a write that nobody waits for any longer.
    pub fn unanswered() -> Self {
        Self::OutcomeUnknown(Arc::new(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
    }

    /// For an answer of a statement of ours that says what it cannot say.
    pub(crate) fn unreadable(statement: &'static str) -> Self {
        Self::Statement(Arc::new(sqlx::Error::Decode(format!("{statement} answered what it cannot answer").into())))
    }

    /// Sorts what sqlx reports by what it means for the caller.
    pub(super) fn of(error: sqlx::Error, write: bool) -> Self {
        let code = match &error {
            sqlx::Error::Database(database) => database.code().map(Cow::into_owned),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::TypeNotFound { .. } => return Self::Statement(Arc::new(error)),
            _ if write => return Self::OutcomeUnknown(Arc::new(error)),
            _ => return Self::unavailable(error),
        };
        let error = Arc::new(error);
        // https://www.postgresql.org/docs/current/errcodes-appendix.html
        match code.as_deref() {
            // serialization_failure, deadlock_detected; a session that was ended before it
            // took the statement: admin_shutdown, idle_session_timeout, idle in transaction;
            // feature_not_supported: a plan from before a migration, gone with its session
            Some("40001" | "40P01" | "57P01" | "57P05" | "25P03" | "0A000") => Self::RolledBack(error),
            // query_canceled (statement_timeout)
            Some("57014") => Self::Timeout,
            // lock_not_available
            Some("55P03") => Self::Locked,
            // too_many_connections, configuration_limit_exceeded
            Some("53300" | "53400") => Self::Overloaded,
            // read_only_sql_transaction (a primary that was demoted), crash_shutdown,
            // cannot_connect_now, database_dropped, disk_full, out_of_memory, io_error
            Some("25006" | "57P02" | "57P03" | "57P04" | "53100" | "53200" | "58030") => Self::Unavailable(error),
            Some(class_08) if class_08.starts_with("08") && write => Self::OutcomeUnknown(error),
            Some(class_08) if class_08.starts_with("08") => Self::Unavailable(error),
            _ => Self::Statement(error),
        }
    }
}

/// Whether the connection must not be used again after this error.
pub(super) fn ends_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            // 25006: connected to a primary that has become a standby.
            database.code().is_some_and(|code| {
                ["25006", "25P03", "0A000"].contains(&&*code) || code.starts_with("57P") || code.starts_with("08")
            })
        }
        _ => true,
    }
}

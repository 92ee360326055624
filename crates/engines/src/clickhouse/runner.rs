//! One statement on one connection, on a thread that may block: prepare the session, check, run, count.

use std::os::fd::{AsRawFd, OwnedFd};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::{Answer, Connection};
use super::failure::{self, Failure};
use super::{guard, prepare, statement};

/// What to run, besides the text.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub(super) database: Option<String>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) format: String,
    pub(super) allow_host_access: bool,
    /// The request's method says that nothing may be changed.
    pub(super) reads_only: bool,
    /// The connection is kept, so what the request sets must be taken back.
    pub(super) is_session: bool,
}

/// A piece of an INSERT's rows.
#[derive(Debug)]
pub(super) enum Rows {
    Chunk(Bytes),
    /// The body has ended as it should: commit.
    End,
    /// The body is broken: commit nothing.
    Broken(Failure),
}

/// Runs `statement` between what the request sets and, in a named session, taking it back.
pub(super) fn in_session<T>(
    connection: &mut Connection,
    job: &Job,
    statement: impl FnOnce(&mut Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let undo = if job.is_session { prepare::undo(connection, job)? } else { Vec::new() };
    let outcome = prepare::apply(connection, job).and_then(|()| statement(connection));
    for sql in undo {
        connection.query(&sql, "Null", &[])?;
    }
    outcome.map_err(guard::explain)
}

/// Runs a statement that takes no rows. A SELECT writes its result into `pipe`; what else there is to say comes
/// back in the answer.
pub(super) fn run(
    connection: &mut Connection,
    job: &Job,
    sql: &str,
    is_select: bool,
    pipe: OwnedFd,
) -> Result<Answer, Failure> {
    check(job, sql)?;
    let class = connection.classify(sql);
    if class.statements > 1 {
        return Err(Failure::new(
            failure::SYNTAX_ERROR,
            "Syntax error (Multi-statements are not allowed): the text holds several statements",
        ));
    }
    if job.reads_only && class.statements == 1 && !class.reads_only && !statement::sets_session(sql) {
        return Err(readonly());
    }
    if is_select && class.reads_only {
        // The engine's client opens the path itself: the pipe must stay open here until it has.
        let sql = statement::redirect(sql, &format!("/dev/fd/{}", pipe.as_raw_fd()));
        return connection.query(&sql, &job.format, &job.parameters);
    }
    connection.query(sql, &job.format, &job.parameters)
}

/// Runs an INSERT whose rows come in pieces.
pub(super) fn insert(
    connection: &mut Connection,
    job: &Job,
    sql: &str,
    format: &str,
    mut rows: mpsc::Receiver<Rows>,
) -> Result<Answer, Failure> {
    check(job, sql)?;
    if job.reads_only {
        return Err(readonly());
    }
    let mut insert = connection.insert(sql, format, &job.parameters)?;
    loop {
        match rows.blocking_recv() {
            Some(Rows::Chunk(chunk)) => {
                if !insert.append(&chunk) {
                    return insert.done();
                }
            }
            Some(Rows::End) => return insert.done(),
            // Dropping the insert cancels it.
            Some(Rows::Broken(failure)) => return Err(failure),
            None => {
                return Err(Failure::new(
                    failure::UNEXPECTED_END_OF_FILE,
                    "The client closed the connection",
                ));
            }
        }
    }
}

fn check(job: &Job, sql: &str) -> Result<(), Failure> {
    if job.allow_host_access { Ok(()) } else { guard::check(sql.as_bytes()) }
}

fn readonly() -> Failure {
    Failure::new(
        failure::READONLY,
        "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use \
         method POST for modifying queries",
    )
}

//! One statement on one connection, on a thread that may block: prepare the session, run, count.

use std::os::fd::{AsRawFd, OwnedFd};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::{Answer, Connection};
use super::failure::{self, Failure};
use super::statement;

/// What to run, besides the text: the request's own session state.
#[derive(Debug, Clone, Default)]
pub(super) struct Job {
    pub(super) database: Option<String>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) format: String,
    pub(super) allow_host_access: bool,
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

/// Gives the connection the request's database and settings.
pub(super) fn prepare(connection: &mut Connection, job: &Job) -> Result<(), Failure> {
    if !job.settings.is_empty() {
        let list: Vec<String> = job
            .settings
            .iter()
            .map(|(name, value)| format!("{} = {}", quote_name(name), quote(value)))
            .collect();
        connection.query(&format!("SET {}", list.join(", ")), "Null", &[])?;
    }
    if let Some(database) = &job.database {
        connection.query(&format!("USE {}", quote_name(database)), "Null", &[])?;
    }
    Ok(())
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
    prepare(connection, job)?;
    refuse_files(job, sql)?;
    let class = connection.classify(sql);
    if class.statements > 1 {
        return Err(Failure::new(
            failure::SYNTAX_ERROR,
            "Syntax error (Multi-statements are not allowed): the text holds several statements",
        ));
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
    prepare(connection, job)?;
    refuse_files(job, sql)?;
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

fn refuse_files(job: &Job, sql: &str) -> Result<(), Failure> {
    if !job.allow_host_access && statement::names_a_file(sql.as_bytes()) {
        return Err(Failure::new(
            failure::ACCESS_DENIED,
            "INTO OUTFILE and FROM INFILE are not allowed: the embedded warehouse keeps SQL away from the machine's files",
        ));
    }
    Ok(())
}

/// A name in backticks.
fn quote_name(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// A text in quotes.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

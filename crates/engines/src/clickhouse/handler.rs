//! One request from its first header to its last byte: who, what, when it may run, how it ends.

use std::path::PathBuf;
use std::sync::Arc;

use bionicpro_model::Secret;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Method, Response};
use hyper::body::Incoming;
use tokio::net::unix::pipe;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::body::{self, ResponseBody};
use super::connection::Connection;
use super::decode::{self, Pieces};
use super::encode::Encoding;
use super::engine::{Canceller, Engine};
use super::external::ExternalTable;
use super::failure::{self, Failure};
use super::gate::Gate;
use super::pool::Pool;
use super::request::Request;
use super::response::Head;
use super::result::{self, Outcome, Run};
use super::runner::{self, Job};
use super::running::{Entry, Running};
use super::sessions::{Lease, Sessions};
use super::statement::{self, Statement};
use super::{access, auth, format, multipart, rows, threads};

/// Pieces of rows on their way to the engine.
const ROWS_IN_FLIGHT: usize = 4;

/// What requests share.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) engine: Arc<Engine>,
    pub(super) pool: Pool,
    pub(super) sessions: Sessions,
    pub(super) running: Running,
    pub(super) gate: Gate,
    pub(super) password: Secret,
    pub(super) allow_host_access: bool,
    /// Where long results are kept until their statement has ended.
    pub(super) spool_dir: PathBuf,
}

impl Handler {
    /// Answers a request; every failure has become a response.
    pub(super) async fn handle(&self, request: http::Request<Incoming>) -> Response<ResponseBody> {
        let mut head = Head::new(&self.engine.version, self.spool_dir.clone());
        match self.answer(request, &mut head).await {
            Ok(response) => response,
            Err(failure) => head.failure(&failure),
        }
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
        head: &mut Head,
    ) -> Result<Response<ResponseBody>, Failure> {
        let (parts, incoming) = request.into_parts();
        let mut asked = Request::read(&parts.uri, &parts.headers)?;
        auth::check(&parts.headers, &asked, &self.password)?;
        let pieces = decode::decoded(body::pieces(incoming).boxed(), &parts.headers, asked.decompress)?;
        let (mut pieces, tables) = read_form(pieces, &parts.headers, &mut asked).await?;
        asked.finish()?;
        head.take(&asked, encoding(&asked, &parts.headers));
        let (text, statement) = rows::read_statement(&asked.query, &mut pieces).await?;
        let (lease, kept) = match &asked.session {
            Some(session) => self.sessions.take(session).map(|(lease, kept)| (Some(lease), kept))?,
            None => (None, None),
        };
        let mark = uuid::Uuid::new_v4().to_string();
        let entry = self.running.begin(&head.query_id, &mark)?;
        let waits = asked.wait_end_of_query;
        let job = self.job(
            asked,
            &mark,
            parts.method == Method::GET || parts.method == Method::HEAD,
            lease.is_some(),
        );
        let permit = self.gate.enter().await?;
        let turn = Turn { pool: self.pool.clone(), lease, kept, tables, _entry: entry, permit };
        let canceller = Canceller::new(&self.engine, mark);
        match statement {
            Statement::InsertRows { head_end, format, rows } => {
                let sql = rows::utf8(&text[..head_end])?;
                self.insert(head, turn, job, sql, format, (text.slice(rows..), pieces), canceller).await
            }
            Statement::Other { is_insert_from_input: true, .. } => {
                canceller.disarm();
                Err(Failure::new(
                    failure::NOT_IMPLEMENTED,
                    "INSERT … SELECT … FROM input() is not supported by the embedded warehouse: insert into a table and select from it",
                ))
            }
            Statement::Other { has_format, is_select, .. } => {
                let sql = self.running.translate_kill(&rows::utf8(&text)?, access::MARK_SETTING);
                if statement::has_result(&text)? {
                    head.format = has_format.unwrap_or_else(|| job.format.clone());
                }
                let run = start(turn, job, sql, is_select, canceller)?;
                result::respond(head, run, waits).await
            }
        }
    }

    fn job(&self, asked: Request, mark: &str, reads_only: bool, is_session: bool) -> Job {
        let mut settings = asked.settings;
        settings.retain(|(name, _)| name != access::MARK_SETTING);
        if !is_session {
            self.engine.fresh.leave_out(&mut settings);
        }
        settings.push((access::MARK_SETTING.to_owned(), mark.to_owned()));
        Job {
            database: asked.database,
            settings,
            parameters: asked.parameters,
            format: asked.default_format.unwrap_or_else(|| format::DEFAULT.to_owned()),
            allow_host_access: self.allow_host_access,
            reads_only,
            is_session,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one function, split for reading")]
    async fn insert(
        &self,
        head: &Head,
        turn: Turn,
        mut job: Job,
        sql: String,
        format: Option<String>,
        (mut first, mut pieces): (Bytes, Pieces),
        canceller: Canceller,
    ) -> Result<Response<ResponseBody>, Failure> {
        let is_default = job.format == format::DEFAULT;
        let format =
            format.unwrap_or_else(|| if is_default { "Values".to_owned() } else { job.format.clone() });
        if format.eq_ignore_ascii_case("Values") && !job.allow_host_access {
            let (rows, are_checked) = rows::check_values(first, &mut pieces).await?;
            first = rows;
            if !are_checked {
                job.settings.push(("input_format_values_interpret_expressions".to_owned(), "0".to_owned()));
            }
        }
        let (rows_in, rows_out) = mpsc::channel(ROWS_IN_FLIGHT);
        let outcome =
            turn.run(job, move |connection, job| runner::insert(connection, job, &sql, &format, rows_out));
        rows::feed(first, pieces, rows_in).await;
        let outcome = outcome.await;
        canceller.disarm();
        let answer = outcome.unwrap_or_else(|_| Err(Failure::from_engine("The statement's thread ended")))?;
        head.success(&answer.progress, &[])
    }
}

/// Starts a statement whose result comes through a pipe.
fn start(turn: Turn, job: Job, sql: String, is_select: bool, canceller: Canceller) -> Result<Run, Failure> {
    let unavailable = |error: std::io::Error| Failure::from_engine(&error.to_string());
    let (sender, receiver) = pipe::pipe().map_err(unavailable)?;
    // The engine opens the writing end by its number and writes as to a file.
    let sender = sender.into_blocking_fd().map_err(unavailable)?;
    let outcome = turn.run(job, move |connection, job| runner::run(connection, job, &sql, is_select, sender));
    Ok(Run { pipe: receiver, outcome, canceller })
}

/// A form's fields become parameters of the request, its files become tables.
async fn read_form(
    pieces: Pieces,
    headers: &HeaderMap,
    asked: &mut Request,
) -> Result<(Pieces, Vec<ExternalTable>), Failure> {
    let Some(boundary) = multipart::boundary(headers) else { return Ok((pieces, Vec::new())) };
    let mut files = Vec::new();
    for part in multipart::read(pieces, &boundary).await? {
        if part.is_file {
            files.push(part);
        } else {
            asked.set(part.name, String::from_utf8_lossy(&part.data).into_owned());
        }
    }
    let tables = files.into_iter().map(|part| ExternalTable::new(part.name, part.data, &mut asked.settings));
    Ok((futures_util::stream::empty().boxed(), tables.collect::<Result<_, _>>()?))
}

fn encoding(asked: &Request, headers: &HeaderMap) -> Encoding {
    match (asked.compress, asked.enable_http_compression) {
        (true, _) => Encoding::Blocks,
        (false, true) => Encoding::accepted(headers),
        (false, false) => Encoding::Plain,
    }
}

/// A request's turn: all that it holds while its statement runs.
struct Turn {
    pool: Pool,
    lease: Option<Lease>,
    kept: Option<Connection>,
    tables: Vec<ExternalTable>,
    _entry: Entry,
    permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Runs a statement on a thread that may block. What the turn holds is given back before the outcome is told,
    /// so that the client's next request finds its session free.
    fn run(
        self,
        job: Job,
        statement: impl FnOnce(&mut Connection, &Job) -> Outcome + Send + 'static,
    ) -> oneshot::Receiver<Outcome> {
        let (done, outcome) = oneshot::channel();
        threads::spawn_blocking(move || {
            let Turn { pool, lease, kept, tables, _entry: entry, permit } = self;
            let mut connection = match kept.map_or_else(|| pool.take(), Ok) {
                Ok(connection) => connection,
                Err(failure) => return drop(done.send(Err(failure))),
            };
            let result = runner::in_session(&mut connection, &job, |connection| {
                tables.iter().try_for_each(|table| table.fill(connection))?;
                statement(connection, &job)
            });
            drop((entry, permit));
            match lease {
                Some(lease) => {
                    tables.iter().for_each(|table| table.remove(&mut connection));
                    lease.give_back(connection);
                    let _ = done.send(result);
                }
                None => {
                    let _ = done.send(result);
                    pool.replace(connection);
                }
            }
        });
        outcome
    }
}

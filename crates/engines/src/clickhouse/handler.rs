//! One request from its first header to its last byte: who, what, when it may run, how it ends.

use std::io;
use std::sync::Arc;

use bionicpro_model::Secret;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::Response;
use hyper::body::Incoming;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};

use super::body::{self, ResponseBody};
use super::connection::Answer;
use super::engine::Engine;
use super::failure::{self, Failure};
use super::gate::Gate;
use super::request::Request;
use super::response::Head;
use super::runner::{self, Job, Rows};
use super::statement::{self, Statement};
use super::{access, auth, format, marker};

/// The longest statement, without the rows of an INSERT.
const MAX_STATEMENT_BYTES: usize = 16 << 20;
/// Result bytes that are held back, so that an early error still gets a status of its own.
const HELD_BACK_BYTES: usize = 256 << 10;
/// Pieces of rows on their way to the engine.
const ROWS_IN_FLIGHT: usize = 4;
/// Bytes of a result that are read at once.
const READ_BYTES: usize = 64 << 10;

/// What requests share.
#[derive(Debug)]
pub(super) struct Handler {
    pub(super) engine: Arc<Engine>,
    pub(super) gate: Gate,
    pub(super) password: Secret,
    pub(super) allow_host_access: bool,
}

type Outcome = Result<Answer, Failure>;

impl Handler {
    /// Answers a request; every failure has become a response.
    pub(super) async fn handle(self: Arc<Self>, request: http::Request<Incoming>) -> Response<ResponseBody> {
        let mut head = Head::new(&self.engine.version);
        match self.answer(request, &mut head).await {
            Ok(response) => response,
            Err(failure) => head.failure(&failure),
        }
    }

    async fn answer(
        self: &Arc<Self>,
        request: http::Request<Incoming>,
        head: &mut Head,
    ) -> Result<Response<ResponseBody>, Failure> {
        let (parts, incoming) = request.into_parts();
        let asked = Request::read(&parts.uri, &parts.headers)?;
        auth::check(&parts.headers, &asked, &self.password)?;
        if let Some(query_id) = &asked.query_id {
            head.query_id.clone_from(query_id);
        }
        let mut pieces = body::pieces(incoming);
        let (text, statement) = read_statement(&asked.query, &mut pieces).await?;
        let mut job = Job {
            database: asked.database,
            settings: asked.settings,
            parameters: asked.parameters,
            format: asked.default_format.unwrap_or_else(|| format::DEFAULT.to_owned()),
            allow_host_access: self.allow_host_access,
        };
        let mark = uuid::Uuid::new_v4().to_string();
        job.settings.push((access::MARK_SETTING.to_owned(), mark.clone()));
        let permit = self.gate.enter().await?;
        match statement {
            Statement::InsertRows { head_end, format, rows } => {
                let sql = utf8(&text[..head_end])?;
                let format = format.unwrap_or_else(|| {
                    if job.format == format::DEFAULT { "Values".to_owned() } else { job.format.clone() }
                });
                let (rows_in, rows_out) = mpsc::channel(ROWS_IN_FLIGHT);
                let engine = Arc::clone(&self.engine);
                let run = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    runner::insert(&mut engine.connect()?, &job, &sql, &format, rows_out)
                });
                let canceller = Canceller::new(&self.engine, mark);
                feed(text.slice(rows..), pieces, rows_in).await;
                let outcome = joined(run.await);
                canceller.disarm();
                head.format = format::DEFAULT.to_owned();
                outcome.map(|answer| head.success(&answer, Bytes::new()))
            }
            Statement::Other { is_insert_from_input: true, .. } => Err(Failure::new(
                failure::NOT_IMPLEMENTED,
                "INSERT … SELECT … FROM input() is not supported by the embedded warehouse: insert into a table and select from it",
            )),
            Statement::Other { has_format, is_select, .. } => {
                let sql = utf8(&text)?;
                head.format = has_format.unwrap_or_else(|| job.format.clone());
                let (sender, receiver) = pipe::pipe().map_err(unavailable)?;
                let (sender, receiver) = (receiver_first(sender).map_err(unavailable)?, receiver);
                let engine = Arc::clone(&self.engine);
                let (done, outcome) = oneshot::channel();
                tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    let outcome = engine.connect().and_then(|mut connection| {
                        runner::run(&mut connection, &job, &sql, is_select, sender)
                    });
                    let _ = done.send(outcome);
                });
                let canceller = Canceller::new(&self.engine, mark);
                respond(head, receiver, outcome, canceller, &self.engine.version).await
            }
        }
    }
}

/// The writing end as a plain, blocking descriptor, which the engine opens by its number.
fn receiver_first(sender: pipe::Sender) -> io::Result<std::os::fd::OwnedFd> {
    sender.into_blocking_fd()
}

fn unavailable(error: io::Error) -> Failure {
    Failure::from_engine(&error.to_string())
}

fn utf8(text: &[u8]) -> Result<String, Failure> {
    String::from_utf8(text.to_vec())
        .map_err(|_| Failure::new(failure::SYNTAX_ERROR, "Syntax error: the statement is no valid UTF-8"))
}

/// Reads the statement: the URL's part, a line end, and as much of the body as it takes to know what it is.
async fn read_statement(
    in_url: &str,
    pieces: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin),
) -> Result<(Bytes, Statement), Failure> {
    let mut text = BytesMut::from(in_url.as_bytes());
    if !in_url.is_empty() {
        text.extend_from_slice(b"\n");
    }
    loop {
        if let Some(statement) = statement::read(&text, false) {
            return Ok((text.freeze(), statement));
        }
        match pieces.next().await {
            Some(Ok(piece)) => text.extend_from_slice(&piece),
            Some(Err(error)) => {
                return Err(Failure::new(
                    failure::UNEXPECTED_END_OF_FILE,
                    format!("The body is broken: {error}"),
                ));
            }
            None => break,
        }
        if text.len() > MAX_STATEMENT_BYTES {
            return Err(Failure::new(
                failure::SYNTAX_ERROR,
                format!(
                    "Syntax error: Max query size exceeded (the endpoint takes {MAX_STATEMENT_BYTES} bytes)"
                ),
            ));
        }
    }
    let statement = statement::read(&text, true).unwrap_or(Statement::Other {
        has_format: None,
        is_select: false,
        is_insert_from_input: false,
    });
    Ok((text.freeze(), statement))
}

/// Passes the rows on to the engine, waiting while it is behind. Ends early when the engine has given up.
async fn feed(
    first: Bytes,
    mut pieces: impl Stream<Item = io::Result<Bytes>> + Unpin,
    rows: mpsc::Sender<Rows>,
) {
    if !first.is_empty() && rows.send(Rows::Chunk(first)).await.is_err() {
        return;
    }
    while let Some(piece) = pieces.next().await {
        let (row, is_last) = match piece {
            Ok(piece) => (Rows::Chunk(piece), false),
            Err(error) => {
                let failure =
                    Failure::new(failure::UNEXPECTED_END_OF_FILE, format!("The body is broken: {error}"));
                (Rows::Broken(failure), true)
            }
        };
        if rows.send(row).await.is_err() || is_last {
            return;
        }
    }
    let _ = rows.send(Rows::End).await;
}

/// Sends the result as it comes. Until [`HELD_BACK_BYTES`] have come, a failure has a status of its own.
async fn respond(
    head: &mut Head,
    mut pipe: pipe::Receiver,
    outcome: oneshot::Receiver<Outcome>,
    canceller: Canceller,
    version: &str,
) -> Result<Response<ResponseBody>, Failure> {
    let mut held = BytesMut::new();
    loop {
        held.reserve(READ_BYTES);
        if pipe.read_buf(&mut held).await.map_err(unavailable)? == 0 {
            let answer =
                outcome.await.unwrap_or_else(|_| Err(Failure::from_engine("The statement's thread ended")));
            canceller.disarm();
            let answer = answer?;
            let bytes = if held.is_empty() { Bytes::from(answer.bytes.clone()) } else { held.freeze() };
            return Ok(head.success(&answer, bytes));
        }
        if held.len() >= HELD_BACK_BYTES {
            break;
        }
    }
    let (tag, version) = (head.tag.clone(), version.to_owned());
    let rest =
        futures_util::stream::unfold(Phase::Held(held.freeze(), pipe, outcome, canceller), move |phase| {
            let (tag, version) = (tag.clone(), version.clone());
            async move { phase.next(&tag, &version).await }
        });
    Ok(head.streaming(body::stream(rest)))
}

/// Where a result that is being sent stands.
enum Phase {
    Held(Bytes, pipe::Receiver, oneshot::Receiver<Outcome>, Canceller),
    Reading(pipe::Receiver, oneshot::Receiver<Outcome>, Canceller),
    /// The exception block is out; now the transfer breaks off, as a server's does.
    Broken,
    Ended,
}

impl Phase {
    async fn next(self, tag: &str, version: &str) -> Option<(io::Result<Bytes>, Phase)> {
        match self {
            Phase::Held(bytes, pipe, outcome, canceller) => {
                Some((Ok(bytes), Phase::Reading(pipe, outcome, canceller)))
            }
            Phase::Reading(mut pipe, outcome, canceller) => {
                let mut buffer = BytesMut::with_capacity(READ_BYTES);
                match pipe.read_buf(&mut buffer).await {
                    Ok(0) => {}
                    Ok(_) => return Some((Ok(buffer.freeze()), Phase::Reading(pipe, outcome, canceller))),
                    Err(error) => return Some((Err(error), Phase::Ended)),
                }
                let outcome = outcome.await;
                canceller.disarm();
                match outcome {
                    Ok(Ok(_)) => None,
                    Ok(Err(failure)) => {
                        Some((Ok(marker::block(tag, &failure.with_version(version))), Phase::Broken))
                    }
                    Err(_) => Some((Err(io::Error::other("the statement's thread ended")), Phase::Ended)),
                }
            }
            Phase::Broken => {
                // The block must be on its way before the connection is cut.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                Some((Err(io::Error::other("the statement failed")), Phase::Ended))
            }
            Phase::Ended => None,
        }
    }
}

fn joined(outcome: Result<Outcome, tokio::task::JoinError>) -> Outcome {
    outcome.unwrap_or_else(|error| Err(Failure::from_engine(&error.to_string())))
}

/// Cancels a statement when its request is dropped: the client hung up.
struct Canceller {
    engine: Arc<Engine>,
    mark: Option<String>,
}

impl Canceller {
    fn new(engine: &Arc<Engine>, mark: String) -> Self {
        Canceller { engine: Arc::clone(engine), mark: Some(mark) }
    }

    fn disarm(mut self) {
        self.mark = None;
    }
}

impl Drop for Canceller {
    fn drop(&mut self) {
        if let (Some(mark), Ok(runtime)) = (self.mark.take(), tokio::runtime::Handle::try_current()) {
            let engine = Arc::clone(&self.engine);
            runtime.spawn_blocking(move || engine.cancel(&mark));
        }
    }
}

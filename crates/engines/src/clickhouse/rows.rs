//! The text of a request: which part is the statement, and the way of an INSERT's rows to the engine.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::failure::{self, Failure};
use super::guard;
use super::runner::Rows;
use super::statement::{self, Statement};

/// The longest statement, without the rows of an INSERT.
const MAX_STATEMENT_BYTES: usize = 16 << 20;

/// Rows of `VALUES` that may hold expressions.
const CHECKED_BYTES: usize = 1 << 20;

/// Reads the statement: the URL's part, a line end, and as much of the body as it takes to know what it is.
pub(super) async fn read_statement(
    in_url: &str,
    pieces: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin),
) -> Result<(Bytes, Statement), Failure> {
    // `INSERT INTO t` without a format has its rows in the body and nowhere else.
    if let Some(Statement::InsertRows { format: None, head_end, .. }) =
        statement::read(in_url.as_bytes(), true)
    {
        let text = Bytes::copy_from_slice(in_url.as_bytes());
        return Ok((text, Statement::InsertRows { head_end, format: None, rows: in_url.len() }));
    }
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
            Some(Err(error)) => return Err(Failure::from_io(&error)),
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
    let statement = statement::read(&text, true).unwrap_or(Statement::EMPTY);
    Ok((text.freeze(), statement))
}

/// Passes the rows on to the engine, waiting while it is behind. Ends early when the engine has given up.
pub(super) async fn feed(
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
            Err(error) => (Rows::Broken(Failure::from_io(&error)), true),
        };
        if rows.send(row).await.is_err() || is_last {
            return;
        }
    }
    let _ = rows.send(Rows::End).await;
}

/// Rows of `VALUES` are expressions, which may call functions: the rows that fit into [`CHECKED_BYTES`] are looked at.
/// `false`: there are more, so the engine must take them as plain values.
pub(super) async fn check_values(
    first: Bytes,
    pieces: &mut (impl Stream<Item = io::Result<Bytes>> + Unpin),
) -> Result<(Bytes, bool), Failure> {
    let mut rows = BytesMut::from(&first[..]);
    while rows.len() <= CHECKED_BYTES {
        match pieces.next().await {
            Some(piece) => rows.extend_from_slice(&piece.map_err(|error| Failure::from_io(&error))?),
            None => {
                guard::check(&rows)?;
                return Ok((rows.freeze(), true));
            }
        }
    }
    Ok((rows.freeze(), false))
}

/// A statement as text.
pub(super) fn utf8(text: &[u8]) -> Result<String, Failure> {
    String::from_utf8(text.to_vec())
        .map_err(|_| Failure::new(failure::SYNTAX_ERROR, "Syntax error: the statement is no valid UTF-8"))
}

//! Standard output: results only, for a person as a table, for a program as one JSON line.
//!
//! A reader that goes away (`bionicpro etl runs | head -1`) is not an error.

use std::io::{self, ErrorKind, Write};

use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;

/// Writes one line.
pub(crate) fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Storage, "standard output cannot be written").source(error))
        }
        _ => Ok(()),
    }
}

/// Writes a value as one JSON line.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::new(Kind::Internal, "a result cannot be written as JSON").source(error))?;
    line(&text)
}

/// Writes rows under headings, each column as wide as its widest cell.
pub(crate) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    let mut all = vec![headings.iter().map(|&heading| heading.to_owned()).collect::<Vec<_>>()];
    all.extend(rows);
    let width =
        |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..headings.len()).map(|column| width(column).unwrap_or(0)).collect();
    for row in &all {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

//! Standard output: results only, for a person as a table, for a program as one JSON line.
//!
//! Some of it was stored or sent by others, so control characters are escaped before they reach the terminal.
//! A closed pipe (`bionicpro etl runs | head -1`) is not an error.

use std::io::{self, ErrorKind, Write};

use bionicpro_model::line::{is_harmless, one_line};
use bionicpro_model::{Error, Kind, Result};
use serde::Serialize;

/// The maximum length of a table cell, in characters.
const MAX_CELL: usize = 200;

/// Writes one line, or a page of lines.
pub(crate) fn line(text: &str) -> Result<()> {
    let escape = |character: char| character.escape_unicode().to_string();
    write(&replaced(text, |character| is_harmless(character) || character == '\n', escape))
}

fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Storage, "cannot write to standard output").source(error))
        }
        _ => Ok(()),
    }
}

/// Writes a value as one JSON line.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::new(Kind::Internal, "a result cannot be written as JSON").source(error))?;
    // serde_json leaves some characters as they are that must be escaped here; they can only occur within
    // strings.
    write(&replaced(&text, is_harmless, |character| format!("\\u{:04x}", u32::from(character))))
}

/// Replaces every character of the text for which `is_kept` is false.
fn replaced(text: &str, is_kept: impl Fn(char) -> bool, replace: impl Fn(char) -> String) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match is_kept(character) {
            true => shown.push(character),
            false => shown.push_str(&replace(character)),
        }
    }
    shown
}

/// Writes rows under headings, each column as wide as its widest cell; a long cell is cut.
pub(crate) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
    lines(headings, rows).iter().try_for_each(|row| line(row))
}

fn lines(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Vec<String> {
    let mut all = vec![headings.iter().map(|&heading| heading.to_owned()).collect::<Vec<_>>()];
    let cut = |row: Vec<String>| row.iter().map(|cell| one_line(cell, MAX_CELL).into_owned()).collect();
    all.extend(rows.into_iter().map(cut));
    let width =
        |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..headings.len()).map(|column| width(column).unwrap_or(0)).collect();
    let row = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_any_length_is_cut_and_cannot_drive_the_terminal() {
        let long = format!("value \"1{}\"", "0".repeat(130_000));
        let lines =
            lines(&["A", "B"], [vec![long, "x".to_owned()], vec!["\u{1b}[2J\na".to_owned(), "é".to_owned()]]);
        assert!(lines.iter().all(|line| line.chars().count() < 240), "{lines:?}");
        assert!(lines[1].ends_with("… (129809 more characters)  x"), "{}", lines[1]);
        assert!(lines[2].starts_with("\\u{1b}[2J a "), "{}", lines[2]);
    }

    #[test]
    fn what_is_escaped_in_json_is_the_same_text() {
        let text = "\u{9b}31m\u{202e}\u{7f}\n\"";
        let json = serde_json::to_string(text).unwrap();
        let shown = replaced(&json, is_harmless, |character| format!("\\u{:04x}", u32::from(character)));
        assert!(shown.is_ascii(), "{shown}");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}

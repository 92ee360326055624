//! Passes the engine's standard error on to the log of this program.
//!
//! A message that belongs to a statement may contain its text or a person's data, so only its level, its
//! source and the error's code are passed on.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Mutex, PoisonError};

/// The number of last lines kept for the message of a failed start.
const KEPT: usize = 8;
/// The maximum length of a line that is passed on, in characters.
const LONGEST: usize = 500;

/// The last lines of an engine outside of its log.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal(Arc<Mutex<VecDeque<String>>>);

impl Journal {
    /// Reads the pipe until it ends, on a thread.
    pub(super) fn follow(&self, pipe: PipeReader) -> std::io::Result<()> {
        let journal = self.clone();
        let follow = move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                match read(&line) {
                    Line::Logged { level, source, text, is_of_statement } => {
                        pass_on(level, source, &text, is_of_statement);
                    }
                    Line::Said(text) => journal.keep(text),
                    Line::Nothing => {}
                }
            }
        };
        std::thread::Builder::new().name("engine journal".to_owned()).spawn(follow).map(drop)
    }

    fn keep(&self, text: &str) {
        let text: String = text.chars().take(LONGEST).collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(text);
    }

    /// Returns the last lines outside of the engine's log, joined.
    pub(super) fn last_words(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// A line of standard error.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    /// A message of the log.
    Logged { level: &'a str, source: &'a str, text: String, is_of_statement: bool },
    /// The error with which the engine ends.
    Said(&'a str),
    /// A part of a stack trace, or an empty line.
    Nothing,
}

/// Parses a line: `2026.11.30 06:56:58.076841 [ 18344 ] {query id} <Level> Source: text`.
fn read(line: &str) -> Line<'_> {
    let line = line.trim_end();
    let logged = || {
        let (_, rest) = line.split_once(" ] {")?;
        let (query, rest) = rest.split_once("} <")?;
        let (level, rest) = rest.split_once("> ")?;
        let (source, text) = rest.split_once(": ")?;
        let text = match query.is_empty() {
            true => text.split(", Stack trace").next().unwrap_or(text).chars().take(LONGEST).collect(),
            false => code(text),
        };
        Some(Line::Logged { level, source, text, is_of_statement: !query.is_empty() })
    };
    let begins = |prefix: &str| line.starts_with(prefix);
    match logged() {
        Some(logged) => logged,
        None if begins("Code: ") || begins("the ") || begins("this ") || begins("error: ") => {
            Line::Said(line)
        }
        None => Line::Nothing,
    }
}

/// The code at the beginning of an error's text: `Code: 62.`
fn code(text: &str) -> String {
    let code = text.strip_prefix("Code: ").map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    match code {
        Some(digits) => text.chars().take("Code: ".len() + digits).collect(),
        None => "a message about a statement".to_owned(),
    }
}

/// Errors of statements concern their clients and go to the debug log; errors of the engine concern the
/// operator.
fn pass_on(level: &str, source: &str, text: &str, is_of_statement: bool) {
    match level {
        "Fatal" | "Critical" => tracing::error!(engine = source, "{text}"),
        "Error" if !is_of_statement => tracing::error!(engine = source, "{text}"),
        _ => tracing::debug!(engine = source, "{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_a_statement_keeps_its_code_alone() {
        let line = "2026.11.30 07:03:52.992790 [ 697 ] {0ad4508d} <Error> executeQuery: Code: 47. DB::Exception: Unknown \
             identifier `secret` in scope SELECT secret";
        let text = "Code: 47".to_owned();
        assert_eq!(
            read(line),
            Line::Logged { level: "Error", source: "executeQuery", text, is_of_statement: true }
        );
        let fatal = "2026.11.30 07:03:52.992790 [ 697 ] {0ad4508d} <Fatal> BaseDaemon: (query: SELECT 'secret') Received signal";
        let text = "a message about a statement".to_owned();
        assert_eq!(
            read(fatal),
            Line::Logged { level: "Fatal", source: "BaseDaemon", text, is_of_statement: true }
        );
    }

    #[test]
    fn a_message_of_the_engine_is_passed_on_without_its_stack() {
        let line = "2026.11.30 06:59:09.115244 [ 26168 ] {} <Warning> Merge: Code: 243. DB::Exception: no space, Stack trace \
             (when copying this message)";
        let text = "Code: 243. DB::Exception: no space".to_owned();
        assert_eq!(
            read(line),
            Line::Logged { level: "Warning", source: "Merge", text, is_of_statement: false }
        );
    }

    #[test]
    fn the_error_of_a_failed_start_is_kept_and_stacks_are_not() {
        assert_eq!(read("Code: 210. DB::Exception: in use"), Line::Said("Code: 210. DB::Exception: in use"));
        for line in ["", "0. ? @ 0x000000001c8fa4b3", "See also /etc/clickhouse-server/users.xml"] {
            assert_eq!(read(line), Line::Nothing, "{line}");
        }
        let journal = Journal::default();
        for number in 0..KEPT + 1 {
            journal.keep(&number.to_string());
        }
        assert_eq!(journal.last_words(), "1 2 3 4 5 6 7 8");
    }
}

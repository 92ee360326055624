//! One error type for the whole program: a kind, a fixed sentence, a detail, a hint and a source.
//!
//! The kind alone decides the exit status, whether a step is retried, and the HTTP status. The cause is
//! attached as a source and never copied into the sentence, so that logs can show it while responses to
//! clients do not.
//!
//! Detail, hint and causes are printed on one line each, of bounded length: a server may quote a value of any
//! size, and an error ends up in a log, a ledger or a terminal.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::line::one_line;

/// The most characters of a detail, a hint and each cause; a longer one ends with the number of characters
/// cut.
const MAX_LENGTH: usize = 1_000;
/// The most causes in a report.
const MAX_CAUSES: usize = 16;

/// Result with the program's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The category of an error, by what the caller should do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line is wrong: fix the call.
    Usage,
    /// The configuration is wrong (a key, a password, a missing secret): fix it, a retry cannot help.
    Config,
    /// A database or a server did not respond, or closed the connection: retry later.
    Unreachable,
    /// A store cannot hold the bytes (disk full, bucket unreachable): free space, then retry.
    Storage,
    /// The data, or the schema of a table or a file, break a rule: do not retry.
    Data,
    /// There is nothing new to do.
    NothingNew,
    /// A defect of this program.
    Internal,
}

impl Kind {
    /// The process exit status: the contract with any orchestrator.
    pub fn exit_status(self) -> u8 {
        match self {
            Kind::Usage | Kind::Config => 2,
            Kind::Unreachable | Kind::Storage => 3,
            Kind::Data => 4,
            Kind::NothingNew => 99,
            Kind::Internal => 1,
        }
    }

    /// Returns true if the same call may succeed later without any change to its input or configuration.
    pub fn is_retryable(self) -> bool {
        match self {
            Kind::Unreachable | Kind::Storage => true,
            Kind::Usage | Kind::Config | Kind::Data | Kind::NothingNew | Kind::Internal => false,
        }
    }

    /// The name of this kind in JSON lines, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Usage => "usage",
            Kind::Config => "config",
            Kind::Unreachable => "unreachable",
            Kind::Storage => "storage",
            Kind::Data => "data",
            Kind::NothingNew => "nothing_new",
            Kind::Internal => "internal",
        }
    }
}

/// A condition that some caller handles in code; more precise than the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Extracted or staged data no longer match what is stored. Extracting again resolves it.
    InputOutdated,
    /// The tables of a source changed while they were read. Reading again may succeed.
    SourceChanged,
    /// A value of a source makes a query fail. The other values can be read without it.
    ValueUnreadable,
    /// More of the mart would vanish than is accepted without a confirmation.
    TooMuchVanished,
    /// The CRM has changed ownership since the last load.
    OwnersChanged,
}

/// An error of the program.
///
/// `Display` prints the sentence and the detail on one line; [`Error::report`] adds the causes and the hint.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    condition: Option<Condition>,
    message: &'static str,
    detail: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Starts an error with a fixed, lower-case sentence without a full stop.
    pub fn new(kind: Kind, message: &'static str) -> Self {
        Error(Box::new(Inner { kind, condition: None, message, detail: None, hint: None, source: None }))
    }

    /// Adds the detail: the name, value or place in question. Never a secret, never personal data. A long one
    /// is cut.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(bounded(detail.into()));
        self
    }

    /// Adds the hint: what the reader should do about the error. A long one is cut.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(bounded(hint.into()));
        self
    }

    /// Attaches the cause.
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The kind, which decides retries and the status.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Marks the error as a condition that callers handle.
    pub fn condition(mut self, condition: Condition) -> Self {
        self.0.condition = Some(condition);
        self
    }

    /// Returns true if the error is this condition.
    pub fn is(&self, condition: Condition) -> bool {
        self.0.condition == Some(condition)
    }

    /// The fixed sentence.
    pub fn message(&self) -> &'static str {
        self.0.message
    }

    /// The detail, if any.
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The hint, if any.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The error for a reader on a terminal: sentence and detail, causes, hint.
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let causes = std::iter::successors(StdError::source(self), |&cause| cause.source());
        for cause in causes.take(MAX_CAUSES) {
            text.push_str("\n  caused by: ");
            text.push_str(&one_line(&cause.to_string(), MAX_LENGTH));
        }
        if let Some(hint) = &self.0.hint {
            text.push_str("\n  what to do: ");
            text.push_str(hint);
        }
        text
    }
}

fn bounded(text: String) -> String {
    match one_line(&text, MAX_LENGTH) {
        Cow::Borrowed(_) => text,
        Cow::Owned(line) => line,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message)?;
        match &self.0.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.0.kind.as_str(), self.report())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_cause_and_what_to_do() {
        let error = Error::new(Kind::Unreachable, "the CRM database cannot be reached")
            .detail("127.0.0.1:5432")
            .hint("check crm.url")
            .source(std::io::Error::other("connection refused"));
        assert_eq!(error.to_string(), "the CRM database cannot be reached: 127.0.0.1:5432");
        assert_eq!(
            error.report(),
            "the CRM database cannot be reached: 127.0.0.1:5432\n  caused by: connection refused\n  what to do: check crm.url"
        );
        assert_eq!(error.kind().exit_status(), 3);
    }
    #[test]
    fn a_message_of_any_size_is_printed_in_bounded_lines() {
        let long = format!("value \"1{}\"\n\u{1b}[2J is out of range", "0".repeat(130_000));
        let error = Error::new(Kind::Data, "the row cannot be read")
            .detail(long.clone())
            .hint(long.clone())
            .source(std::io::Error::other(long));
        for text in [error.to_string(), format!("{error:?}"), error.report()] {
            for line in text.lines() {
                assert!(line.chars().count() < 1_100 && line.ends_with("more characters)"), "{line}");
            }
        }
        assert_eq!(error.report().lines().count(), 3);
        assert!(error.hint_text().is_some_and(|hint| hint.len() < 1_100));
    }

    #[test]
    fn a_detail_cannot_look_like_a_second_line_or_drive_a_terminal() {
        let error = Error::new(Kind::Data, "no").detail("a\n  what to do: b\u{1b}[1m");
        assert_eq!(error.report(), "no: a   what to do: b\\u{1b}[1m");
    }
}

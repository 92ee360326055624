//! A refused or failed statement as a ClickHouse client sees it: a code, a text, an HTTP status.

use std::{fmt, io};

use http::StatusCode;

/// A ClickHouse error code with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(pub(super) i32, pub(super) &'static str);

pub(super) const UNEXPECTED_END_OF_FILE: Code = Code(3, "UNEXPECTED_END_OF_FILE");

pub(super) const BAD_ARGUMENTS: Code = Code(36, "BAD_ARGUMENTS");
pub(super) const CHECKSUM_DOESNT_MATCH: Code = Code(40, "CHECKSUM_DOESNT_MATCH");
pub(super) const NOT_IMPLEMENTED: Code = Code(48, "NOT_IMPLEMENTED");
pub(super) const SYNTAX_ERROR: Code = Code(62, "SYNTAX_ERROR");

pub(super) const UNKNOWN_COMPRESSION_METHOD: Code = Code(89, "UNKNOWN_COMPRESSION_METHOD");
pub(super) const READONLY: Code = Code(164, "READONLY");
pub(super) const TOO_MANY_SIMULTANEOUS_QUERIES: Code = Code(202, "TOO_MANY_SIMULTANEOUS_QUERIES");

pub(super) const QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING: Code =
    Code(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING");
pub(super) const CANNOT_DECOMPRESS: Code = Code(271, "CANNOT_DECOMPRESS");
pub(super) const TOO_LARGE_SIZE_COMPRESSED: Code = Code(354, "TOO_LARGE_SIZE_COMPRESSED");
pub(super) const SESSION_NOT_FOUND: Code = Code(372, "SESSION_NOT_FOUND");
pub(super) const SESSION_IS_LOCKED: Code = Code(373, "SESSION_IS_LOCKED");
pub(super) const INVALID_SESSION_TIMEOUT: Code = Code(374, "INVALID_SESSION_TIMEOUT");
pub(super) const ACCESS_DENIED: Code = Code(497, "ACCESS_DENIED");
pub(super) const AUTHENTICATION_FAILED: Code = Code(516, "AUTHENTICATION_FAILED");
pub(super) const USER_SESSION_LIMIT_EXCEEDED: Code = Code(700, "USER_SESSION_LIMIT_EXCEEDED");
const UNKNOWN_EXCEPTION: i32 = 1002;

/// Codes that a server answers with 400: the statement or its data are wrong.
const BAD_REQUEST: [i32; 26] = [
    6, 7, 8, 15, 16, 25, 26, 27, 36, 38, 41, 44, 53, 62, 72, 117, 127, 128, 162, 167, 168, 171, 321, 376,
    427, 441,
];
/// Codes that a server answers with 404: a name is unknown.
const NOT_FOUND: [i32; 13] = [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 187, 336, 511];

/// Why a statement did not run, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) code: i32,
    /// The whole text as the engine or a server words it, `Code: N. DB::Exception: …`, without a line end.
    pub(super) text: String,
}

impl Failure {
    /// A refusal by the endpoint itself, worded as a server words it.
    pub(super) fn new(code: Code, message: impl fmt::Display) -> Self {
        Failure { code: code.0, text: format!("Code: {}. DB::Exception: {message}. ({})", code.0, code.1) }
    }

    /// Reads the code out of the engine's text.
    pub(super) fn from_engine(text: &str) -> Self {
        let mut text = text.trim_end();
        // The client side of the engine wraps what its server side said: `Code: 452. DB::Exception: Code: 452. …`.
        while let Some((code, rest)) = split_code(text) {
            match split_code(rest) {
                Some((inner, _)) if inner == code => text = rest,
                _ => break,
            }
        }
        match split_code(text) {
            Some((code, _)) => Failure { code, text: text.to_owned() },
            None => Failure {
                code: UNKNOWN_EXCEPTION,
                text: format!("Code: {UNKNOWN_EXCEPTION}. DB::Exception: {text}. (UNKNOWN_EXCEPTION)"),
            },
        }
    }

    /// What a reader of a body says: a failure of its own, or a body that broke off or cannot be decoded.
    pub(super) fn from_io(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>()) {
            Some(failure) => failure.clone(),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                Failure::new(UNEXPECTED_END_OF_FILE, format!("The body ends too early: {error}"))
            }
            None => Failure::new(CANNOT_DECOMPRESS, format!("Cannot read the body: {error}")),
        }
    }

    /// The text with the engine's version at its end, which every server adds.
    pub(super) fn with_version(&self, version: &str) -> String {
        if self.text.contains("(version ") {
            return self.text.clone();
        }
        format!("{} (version {version} (official build))", self.text)
    }

    /// The status that a server answers with for this code.
    pub(super) fn status(&self) -> StatusCode {
        match self.code {
            194 => StatusCode::UNAUTHORIZED,
            192 | 193 | 497 | 512 | 516 => StatusCode::FORBIDDEN,
            code if BAD_REQUEST.contains(&code) => StatusCode::BAD_REQUEST,
            code if NOT_FOUND.contains(&code) => StatusCode::NOT_FOUND,
            55 => StatusCode::PAYLOAD_TOO_LARGE,
            48 => StatusCode::NOT_IMPLEMENTED,
            209 | 76 | 439 => StatusCode::SERVICE_UNAVAILABLE,
            381 => StatusCode::LENGTH_REQUIRED,
            159 => StatusCode::REQUEST_TIMEOUT,
            415 => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

/// Splits `Code: 62. DB::Exception: rest`, where the exception's class may be another, `DB::ErrnoException`.
fn split_code(text: &str) -> Option<(i32, &str)> {
    let (code, rest) = text.strip_prefix("Code: ")?.split_once(". DB::")?;
    let (class, rest) = rest.split_once("Exception: ")?;
    let is_class = class.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Some((code.parse().ok().filter(|_| is_class)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_code_is_read_and_a_doubled_prefix_is_folded() {
        let failure = Failure::from_engine(
            "Code: 452. DB::Exception: Code: 452. DB::Exception: Setting x should not be changed. (SETTING_CONSTRAINT_VIOLATION) (version 26.7.2.1)",
        );
        assert_eq!(failure.code, 452);
        assert!(failure.text.starts_with("Code: 452. DB::Exception: Setting x"), "{}", failure.text);
        assert_eq!(failure.with_version("26.7.2.1"), failure.text);
        let failure = Failure::from_engine("Code: 76. DB::ErrnoException: Cannot open file x: , errno: 13");
        assert_eq!(failure.code, 76);
    }

    #[test]
    fn a_text_without_a_code_gets_the_code_of_an_unknown_exception() {
        let failure = Failure::from_engine("No active streaming query");
        assert_eq!((failure.code, failure.status()), (1002, StatusCode::INTERNAL_SERVER_ERROR));
    }

    #[test]
    fn statuses_are_those_of_a_server() {
        for (code, status) in
            [(62, 400), (60, 404), (81, 404), (115, 404), (48, 501), (497, 403), (202, 500), (516, 403)]
        {
            assert_eq!(Failure { code, text: String::new() }.status().as_u16(), status, "{code}");
        }
    }
}

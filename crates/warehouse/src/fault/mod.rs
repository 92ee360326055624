//! Translates ClickHouse errors into the program's: a kind, a sentence, and a hint.
//!
//! ClickHouse repeats values in its messages ("cannot parse 'Ivan'"). Its text is therefore kept only for
//! codes about names, rights and load; for the others only the code and its name are kept.

use std::fmt;

use bionicpro_model::{Error, Kind};

use crate::settings;

mod limits;

const MIGRATE: &str = "run `bionicpro warehouse migrate`";
const NOT_READONLY: &str = "readonly = 0 in the settings profile of the account, or 2 if it only reads";
const RETRY: &str = "try again; if it persists, look at the warehouse's load and log";

/// Turns the client's error into the program's. `doing` names the operation that failed:
/// `reading the mart's columns`.
pub(crate) fn error(doing: &'static str, cause: clickhouse::error::Error) -> Error {
    use clickhouse::error::Error as Cause;
    match cause {
        Cause::BadResponse(text) => match Exception::parse(&text) {
            Some(exception) => exception.into_error(doing),
            None => not_clickhouse(doing, &text),
        },
        Cause::TimedOut => unreachable(doing).detail("no answer in time"),
        Cause::Network(source) => unreachable(doing).source(source),
        Cause::SchemaMismatch(text) => {
            Error::new(Kind::Data, "the warehouse returned unexpected columns").detail(text).hint(MIGRATE)
        }
        other => {
            Error::new(Kind::Internal, "the warehouse's response is not valid").detail(doing).source(other)
        }
    }
}

/// The error for a warehouse that does not respond.
pub(crate) fn unreachable(doing: &'static str) -> Error {
    Error::new(Kind::Unreachable, "the warehouse cannot be reached").detail(doing).hint(
        "check that it runs and that warehouse.url names it; `bionicpro warehouse serve` starts the embedded one",
    )
}

/// The error for a response without a ClickHouse code: from a proxy, or from another program on this port.
fn not_clickhouse(doing: &'static str, text: &str) -> Error {
    let status = text.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    match status {
        Some(429 | 502 | 503 | 504) => {
            unreachable(doing).detail(format!("{doing}: HTTP status {}", &text[..3]))
        }
        Some(401 | 403) => refused().detail(format!("HTTP status {}", &text[..3])),
        _ => Error::new(Kind::Config, "this is not a ClickHouse HTTP interface")
            .detail(doing)
            .hint("check warehouse.url: the HTTP port is 8123 (or 8443 with TLS), not the native one"),
    }
}

fn refused() -> Error {
    Error::new(Kind::Config, "the warehouse rejects the account")
        .hint("check the user and the password in warehouse.url or warehouse.password_file")
}

/// An exception as ClickHouse writes it: `Code: 60. DB::Exception: text. (UNKNOWN_TABLE) (version …)`.
#[derive(Debug, PartialEq, Eq)]
struct Exception {
    code: u32,
    text: String,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClickHouse error {}: {}", self.code, self.text)
    }
}

impl std::error::Error for Exception {}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let rest = text.get(text.find("Code: ")? + 6..)?;
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let code = rest[..digits].parse().ok()?;
        let said = rest[digits..].trim_start_matches(['.', ' ']).trim_start_matches("DB::Exception: ");
        let said = said.split(" (version ").next().unwrap_or(said).trim();
        let text = if speaks_of_no_value(code) { said } else { error_name(said) };
        Some(Exception { code, text: text.chars().take(400).collect() })
    }

    fn into_error(self, doing: &'static str) -> Error {
        let error = match self.code {
            192..=195 | 516 => refused(),
            164 | 392 | 452 => self.forbidden(doing),
            497 => Error::new(Kind::Config, "the warehouse account lacks a right")
                .detail(doing)
                .hint("grant it, or use an account that has it; docs/guides/operators.md lists the rights"),
            115 => Error::new(Kind::Config, "the warehouse does not know a setting")
                .detail(doing)
                .hint("ClickHouse 25.8 or newer is needed"),
            // A server parses an empty value as a list of names and refuses it, so no statement can reset the
            // setting.
            277 => Error::new(Kind::Config, "the profile of the warehouse account forces an index")
                .detail(doing)
                .hint("remove force_data_skipping_indices from the settings profile of the account"),
            // Unknown identifier, table, database, column: the schema is missing or different.
            10 | 16 | 47 | 60 | 81 => {
                Error::new(Kind::Data, "the warehouse has a different schema").detail(doing).hint(MIGRATE)
            }
            // Parsing, conversion, types: the bytes do not fit the columns.
            6 | 8 | 20 | 26 | 27 | 32 | 33 | 36 | 38 | 41 | 43 | 48 | 53 | 69 | 70 | 72 | 117 | 131 | 349
            | 636 => Error::new(Kind::Data, "the warehouse cannot accept these values").detail(doing),
            74 | 75 | 76 | 243 => Error::new(Kind::Storage, "the warehouse cannot store or read its files")
                .detail(doing)
                .hint("make room on its disk, then try again"),
            // Timeouts, memory, too many queries or parts, quotas, replicas or Keeper unavailable, shutting
            // down.
            159 | 201 | 202 | 203 | 209 | 210 | 225 | 236 | 241 | 242 | 252 | 279 | 285 | 289 | 319 | 394
            | 439 | 734 | 745 | 999 => {
                let hint = match limits::of(self.code, &self.text) {
                    Some(limit) => format!("{RETRY}, and at {limit} in the settings profile of its account"),
                    None => RETRY.to_owned(),
                };
                Error::new(Kind::Unreachable, "the warehouse is busy or restarting").detail(doing).hint(hint)
            }
            // A shard that does not respond, or that lacks the table.
            369 => Error::new(Kind::Unreachable, "a shard of the warehouse is unavailable").detail(doing).hint(
                "start every server of the cluster; `bionicpro warehouse migrate` creates the tables of one that came back empty",
            ),
            code => match limits::of(code, &self.text) {
                Some(limit) => Error::new(Kind::Config, "a limit of the warehouse account is too low")
                    .detail(format!("{doing}: {limit}"))
                    .hint(format!("raise {limit} in the settings profile of the account, or remove it")),
                None => Error::new(Kind::Internal, "the warehouse refused a statement").detail(doing),
            },
        };
        error.source(self)
    }

    /// The error for an account that may not change a setting, or that is read-only.
    fn forbidden(&self, doing: &'static str) -> Error {
        let error = Error::new(Kind::Config, "the profile of the warehouse account is too strict");
        let is_readonly = self.text.contains("in readonly mode");
        let (name, what) = match setting_in(&self.text) {
            _ if self.code == 392 => ("allow_ddl", "allow_ddl = 1".to_owned()),
            None if is_readonly => ("readonly", NOT_READONLY.to_owned()),
            None => ("a setting", "an account without constraints on its settings".to_owned()),
            Some(name) => {
                let change = format!("a settings profile that lets the account change {name}");
                let set = settings::wanted(name).map(|value| format!(", or sets {name} = '{value}'"));
                let change = format!("{change}{}", set.unwrap_or_default());
                (name, if is_readonly { format!("{NOT_READONLY}; or for {change}") } else { change })
            }
        };
        error
            .detail(format!("{doing}: {name}"))
            .hint(format!("ask the ClickHouse administrator for {what}; see docs/guides/operators.md"))
    }
}

/// Extracts the setting from `Cannot modify 'NAME' setting in readonly mode`, or
/// `Setting NAME should not be changed`.
fn setting_in(text: &str) -> Option<&str> {
    let after = |sign: &str| text.split_once(sign).map(|(_, rest)| rest);
    let rest = after("Cannot modify '").or_else(|| after("etting '")).or_else(|| after("etting "))?;
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    Some(&rest[..end.unwrap_or(rest.len())]).filter(|name| !name.is_empty())
}

/// Returns true for codes whose text names tables, columns, rights or resources and never repeats a value.
fn speaks_of_no_value(code: u32) -> bool {
    matches!(
        code,
        10 | 16
            | 47
            | 60
            | 81
            | 115
            | 158
            | 159
            | 160
            | 161
            | 164
            | 191
            | 201
            | 202
            | 241
            | 243
            | 252
            | 307
            | 359
            | 392
            | 396
            | 439
            | 452
            | 497
            | 516
            | 701
    )
}

/// Returns the error name at the end of a message: `(CANNOT_PARSE_TEXT)`.
fn error_name(said: &str) -> &str {
    let name = said.rsplit_once('(').and_then(|(_, name)| name.strip_suffix(')'));
    name.filter(|name| {
        name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
    })
    .unwrap_or("see its log")
}

#[cfg(test)]
mod tests {
    use clickhouse::error::Error as Cause;

    use super::*;

    fn of(text: &str) -> Error {
        error("reading", Cause::BadResponse(text.to_owned()))
    }

    #[test]
    fn the_kind_follows_the_code() {
        for (text, kind) in [
            (
                "Code: 516. DB::Exception: bionicpro: Authentication failed. (AUTHENTICATION_FAILED)",
                Kind::Config,
            ),
            ("Code: 497. DB::Exception: Not enough privileges. (ACCESS_DENIED)", Kind::Config),
            ("Code: 60. DB::Exception: Unknown table expression identifier 'x'. (UNKNOWN_TABLE)", Kind::Data),
            ("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)", Kind::Config),
            (
                "Code: 392. DB::Exception: Cannot execute query. DDL queries are prohibited (QUERY_IS_PROHIBITED)",
                Kind::Config,
            ),
            (
                "Code: 307. DB::Exception: Limit for rows or bytes to read exceeded (TOO_MANY_BYTES)",
                Kind::Config,
            ),
            ("Code: 53. DB::Exception: Type mismatch. (TYPE_MISMATCH)", Kind::Data),
            ("Code: 202. DB::Exception: Too many. (TOO_MANY_SIMULTANEOUS_QUERIES)", Kind::Unreachable),
            ("Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)", Kind::Unreachable),
            ("Code: 243. DB::Exception: no space. (NOT_ENOUGH_SPACE)", Kind::Storage),
            ("Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)", Kind::Internal),
            ("503 Service Unavailable", Kind::Unreachable),
            ("401 Unauthorized", Kind::Config),
            ("<html>hello</html>", Kind::Config),
        ] {
            assert_eq!(of(text).kind(), kind, "{text}");
        }
        assert!(
            of("Code: 60. DB::Exception: x (UNKNOWN_TABLE)")
                .hint_text()
                .unwrap()
                .contains("warehouse migrate")
        );
    }

    #[test]
    fn a_setting_that_a_profile_holds_fast_is_named_with_what_to_ask_for() {
        for (text, name, asked) in [
            (
                "Code: 164. DB::Exception: Cannot modify 'join_use_nulls' setting in readonly mode. (READONLY)",
                "join_use_nulls",
                "sets join_use_nulls = '0'",
            ),
            (
                "Code: 452. DB::Exception: Setting limit should not be changed. (SETTING_CONSTRAINT_VIOLATION)",
                "limit",
                "lets the account change limit, or sets limit = '0'",
            ),
            (
                "Code: 452. DB::Exception: Setting max_result_rows shouldn't be greater than 5. (SETTING_CONSTRAINT_VIOLATION)",
                "max_result_rows",
                "sets max_result_rows = '1000000'",
            ),
            (
                "Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)",
                "readonly",
                "readonly = 0",
            ),
            (
                "Code: 392. DB::Exception: Cannot execute query. (QUERY_IS_PROHIBITED)",
                "allow_ddl",
                "allow_ddl = 1",
            ),
            ("Code: 452. DB::Exception: (SETTING_CONSTRAINT_VIOLATION)", "a setting", "without constraints"),
        ] {
            let error = of(text);
            assert_eq!(error.kind(), Kind::Config);
            assert_eq!(error.detail_text(), Some(format!("reading: {name}").as_str()), "{text}");
            assert!(error.hint_text().unwrap().contains(asked), "{:?}", error.hint_text());
        }
    }

    #[test]
    fn a_limit_of_the_profile_is_named() {
        let of_limit = |text: &str| of(text).hint_text().unwrap().to_owned();
        let read = of_limit(
            "Code: 158. DB::Exception: Limit for rows or bytes to read exceeded, max rows: 1.00 (TOO_MANY_ROWS)",
        );
        assert!(read.contains("raise max_rows_to_read"), "{read}");
        let time = of_limit("Code: 159. DB::Exception: Timeout exceeded: elapsed 1 s (TIMEOUT_EXCEEDED)");
        assert!(time.contains("try again") && time.contains("max_execution_time"), "{time}");
    }

    #[test]
    fn a_value_in_a_message_is_not_repeated() {
        let report = of(
            "Code: 6. DB::Exception: Cannot parse string 'Ivan Petrov' as UInt32. (CANNOT_PARSE_TEXT) (version 26.7.3.1)",
        )
        .report();
        assert!(!report.contains("Ivan"), "{report}");
        assert!(report.contains("CANNOT_PARSE_TEXT"), "{report}");
        let report = of(
            "Code: 60. DB::Exception: Unknown table expression identifier 'reports.users'. (UNKNOWN_TABLE)",
        )
        .report();
        assert!(report.contains("reports.users"), "{report}");
    }
}

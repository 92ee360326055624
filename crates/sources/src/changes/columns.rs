//! Columns whose default says when, or by which transaction, a row was inserted.

use bionicpro_model::Result;
use chrono::TimeDelta;

use crate::connect::Session;

/// How far a session's statement may begin before others see that it is open, with room for slow machines.
const TOLERANCE: TimeDelta = TimeDelta::seconds(60);
/// The zone that is furthest behind UTC.
const FURTHEST_ZONE: TimeDelta = TimeDelta::hours(12);

/// A column that has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(super) name: String,
    pub(super) type_name: String,
    default: String,
    pub(super) is_indexed: bool,
    /// All parts of the table have the same default.
    is_uniform: bool,
    /// A trigger of every part of the table sets it, whatever the writer gives.
    pub(super) is_enforced: bool,
}

impl Candidate {
    /// Asks for the candidates of a table.
    pub(crate) async fn read(session: &Session, schema: &str, table: &str) -> Result<Vec<Candidate>> {
        let fail = |error| session.place.error(error);
        let rows = session.rows(include_str!("columns.sql"), &[schema, table]).await?;
        let candidates = rows.iter().map(|row| {
            let default: Option<String> = row.try_get(2)?;
            Ok(Candidate {
                name: row.try_get(0)?,
                type_name: row.try_get(1)?,
                default: default.unwrap_or_default(),
                is_indexed: row.try_get(3)?,
                is_uniform: row.try_get(4)?,
                is_enforced: row.try_get(5)?,
            })
        });
        candidates.collect::<Result<_, tokio_postgres::Error>>().map_err(fail)
    }

    /// Whether it holds the inserting transaction.
    pub(super) fn is_transaction(&self) -> bool {
        let by_default = self.is_uniform && self.default == "pg_current_xact_id()";
        self.type_name == "xid8" && (by_default || self.is_enforced)
    }

    /// Whether it holds a time of creation; then how far it may lie before the beginning of its transaction.
    pub(super) fn creation_tolerance(&self) -> Option<TimeDelta> {
        if self.name != "created_at" || !self.is_uniform {
            return None;
        }
        match (self.type_name.as_str(), clock(&self.default)?) {
            ("timestamptz", Zone::Sessions) | ("timestamp", Zone::Utc) => Some(TOLERANCE),
            // Each writer's zone makes another local time of the same instant.
            ("timestamp", Zone::Sessions) => Some(TOLERANCE + FURTHEST_ZONE),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Sessions,
    Utc,
}

/// Recognises a default that is the clock, as the server writes it back.
fn clock(default: &str) -> Option<Zone> {
    let mut text = default.to_ascii_lowercase();
    for noise in ["::timestamp without time zone", "::timestamp with time zone", "::text", "(", ")", "'", ","]
    {
        text = text.replace(noise, " ");
    }
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.parse::<u8>().is_err()).collect();
    let is_clock = |word: &str| {
        [
            "now",
            "current_timestamp",
            "transaction_timestamp",
            "statement_timestamp",
            "clock_timestamp",
            "localtimestamp",
        ]
        .contains(&word)
    };
    match words.as_slice() {
        [word] if is_clock(word) => Some(Zone::Sessions),
        [word, "at", "time", "zone", "utc"] | ["timezone", "utc", word] if is_clock(word) => Some(Zone::Utc),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_that_are_the_clock_are_recognised() {
        for text in
            ["now()", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP(3)", "LOCALTIMESTAMP", "clock_timestamp()"]
        {
            assert_eq!(clock(text), Some(Zone::Sessions), "{text}");
        }
        for text in ["(now() AT TIME ZONE 'UTC'::text)", "timezone('utc'::text, now())"] {
            assert_eq!(clock(text), Some(Zone::Utc), "{text}");
        }
        for text in
            ["", "(now() - '1 day'::interval)", "(now() AT TIME ZONE 'MSK'::text)", "'now'::text || now()"]
        {
            assert_eq!(clock(text), None, "{text}");
        }
    }
}

//! Columns whose default records when, or by which transaction, a row was inserted.
//!
//! Rows may be inserted straight into a part of the table, so each part must have the same default and the
//! same trigger.

use bionicpro_model::Result;
use chrono::TimeDelta;

use super::identity::Tree;
use crate::connect::Session;
use crate::template::fill;

/// The time by which a session's statement may begin before others see that it is open, with a margin for
/// slow machines.
const TOLERANCE: TimeDelta = TimeDelta::seconds(60);
/// The offset of the zone that is furthest behind UTC.
const FURTHEST_ZONE: TimeDelta = TimeDelta::hours(12);

/// A column that has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(super) name: String,
    pub(super) type_name: String,
    default: String,
    pub(super) is_indexed: bool,
    /// True if all parts of the table have the same default.
    is_uniform: bool,
    /// True if a trigger of every part of the table sets it, whatever value the writer gives.
    pub(super) is_enforced: bool,
}

/// The default of a column in the table or in a part of it.
struct Default {
    relation: u32,
    column: String,
    type_name: String,
    expression: Option<String>,
    is_readable: bool,
}

/// A trigger that may change a row before it is written.
struct Trigger {
    relation: u32,
    name: String,
    /// True if it fires before each insert and update of every writer, and its language is known.
    always_fires: bool,
    source: String,
}

impl Trigger {
    /// Returns whether its function equals the documented one, apart from white space and a schema's name.
    fn keeps(&self, column: &str) -> bool {
        let mut source: String = self.source.to_lowercase().split_whitespace().collect();
        source = source.replace("pg_catalog.", "");
        let column = column.to_lowercase();
        self.always_fires
            && [column.clone(), format!("\"{column}\"")].iter().any(|name| {
                source.trim_end_matches(';') == format!("beginnew.{name}:=pg_current_xact_id();returnnew;end")
            })
    }
}

impl Candidate {
    /// Reads the candidates of a table.
    pub(crate) async fn read(
        session: &Session,
        tree: &Tree,
        is_indexed: impl Fn(&str) -> bool,
    ) -> Result<Vec<Candidate>> {
        let fail = |error| session.place.error(error);
        let relations: Vec<String> = tree.names.keys().map(u32::to_string).collect();
        let relations = format!("'{{{}}}'::oid[]", relations.join(","));
        let of_tree = |file| fill(file, &[("relations", &relations)]);
        let (columns, triggers) =
            (of_tree(include_str!("columns.sql")), of_tree(include_str!("triggers.sql")));
        let (defaults, triggers) =
            tokio::try_join!(biased; session.rows(&columns, &[]), session.rows(&triggers, &[]))?;
        let defaults = defaults.iter().map(|row| {
            Ok(Default {
                relation: row.try_get(0)?,
                column: row.try_get(1)?,
                type_name: row.try_get(2)?,
                expression: row.try_get(3)?,
                is_readable: row.try_get(4)?,
            })
        });
        let triggers = triggers.iter().map(|row| {
            Ok(Trigger {
                relation: row.try_get(0)?,
                name: row.try_get(1)?,
                always_fires: row.try_get(2)?,
                source: row.try_get(3)?,
            })
        });
        let defaults: Vec<Default> = defaults.collect::<Result<_, _>>().map_err(fail)?;
        let triggers: Vec<Trigger> = triggers.collect::<Result<_, _>>().map_err(fail)?;
        let stored = tree.tables.as_slice();
        let own = defaults.iter().filter(|own| own.relation == tree.identity.table && own.is_readable);
        Ok(own
            .map(|own| Candidate {
                name: own.column.clone(),
                type_name: own.type_name.clone(),
                default: own.expression.clone().unwrap_or_default(),
                is_indexed: is_indexed(&own.column),
                is_uniform: defaults
                    .iter()
                    .filter(|other| other.column == own.column && stored.contains(&other.relation))
                    .all(|other| other.expression == own.expression),
                is_enforced: own.type_name == "xid8" && is_enforced(&own.column, stored, &triggers),
            })
            .collect())
    }

    /// Returns whether it holds the inserting transaction.
    pub(super) fn is_transaction(&self) -> bool {
        let by_default = self.is_uniform && self.default == "pg_current_xact_id()";
        self.type_name == "xid8" && (by_default || self.is_enforced)
    }

    /// The time by which the column's value may precede the beginning of its transaction; `None` if it holds
    /// no creation time.
    pub(super) fn creation_tolerance(&self) -> Option<TimeDelta> {
        if self.name != "created_at" || !self.is_uniform {
            return None;
        }
        match (self.type_name.as_str(), clock(&self.default)?) {
            ("timestamptz", Zone::Sessions) | ("timestamp", Zone::Utc) => Some(TOLERANCE),
            // The same instant has a different local time in each writer's zone.
            ("timestamp", Zone::Sessions) => Some(TOLERANCE + FURTHEST_ZONE),
            _ => None,
        }
    }
}

/// Returns whether a trigger of each table sets the column, and none that fires later can change it: triggers
/// fire in the order of their names.
fn is_enforced(column: &str, tables: &[u32], triggers: &[Trigger]) -> bool {
    let is_last_of = |table: u32| {
        let last =
            triggers.iter().filter(|trigger| trigger.relation == table).max_by_key(|trigger| &trigger.name);
        last.is_some_and(|last| last.keeps(column))
    };
    !tables.is_empty() && tables.iter().all(|table| is_last_of(*table))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Sessions,
    Utc,
}

/// Recognises a default that is the current time, as the server prints it.
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

//! The identity of the telemetry table: its relations, files, columns and policies. A table of the same name
//! may be another one.
//!
//! A row that was inserted is found by its transaction. A row that arrived otherwise is not: with an attached
//! part, or in a rewritten file. So the baseline records what a run has read, relation by relation.

use std::collections::HashMap;

use bionicpro_model::Result;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::connect::Session;
use crate::shape::Shape;

/// The columns that are read, if they exist.
const READ: [&str; 6] =
    ["chip_id", "event_time", "response_time_ms", "battery_level", "error_code", "created_at"];

/// The table as a run has read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The table's OID, which changes with DROP and CREATE.
    pub(super) table: u32,
    /// Names, types and collations of the columns that are read.
    columns: String,
    /// The policies that hide rows, with their conditions.
    policies: String,
    /// The relations that hold rows.
    parts: Vec<Part>,
}

/// A relation that holds rows: its OID, the number of its file, and how it was attached to the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Part(u32, u32, String);

/// The difference between the table and that of a baseline.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The OIDs of relations that joined it; empty if it is the same.
    Joined(Vec<u32>),
    /// Rows may have changed without a trace, for this reason.
    Other(String),
}

/// The table, with details that the baseline does not store.
pub(crate) struct Tree {
    pub(crate) identity: Identity,
    /// The names of relations as written in SQL, and whether the account may read each one directly.
    pub(crate) names: HashMap<u32, (String, bool)>,
    /// As [`Shape::kind`].
    pub(super) kind: String,
    /// The relations of the tree that are neither partitioned nor foreign: rows are inserted into these.
    pub(super) tables: Vec<u32>,
    pub(super) has_foreign_part: bool,
    pub(super) has_children: bool,
    pub(super) may_read_xmin: bool,
}

impl Tree {
    /// Queries the catalogue for the relations.
    pub(crate) async fn relations(session: &Session, schema: &str, table: &str) -> Result<Vec<Row>> {
        session.rows(include_str!("tree.sql"), &[schema, table]).await
    }

    /// Builds it from the table's shape and its relations.
    pub(crate) fn new(session: &Session, shape: &Shape, relations: &[Row]) -> Result<Tree> {
        let fail = |error| session.place.error(error);
        let (mut parts, mut tables, mut names, mut has_foreign_part) =
            (Vec::new(), Vec::new(), HashMap::new(), false);
        for row in relations {
            let (oid, kind): (u32, &str) = (row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?);
            has_foreign_part |= kind == "f";
            if kind == "r" {
                tables.push(oid);
            }
            if kind != "p" {
                parts.push(Part(oid, row.try_get(2).map_err(fail)?, row.try_get(3).map_err(fail)?));
            }
            names.insert(oid, (row.try_get(4).map_err(fail)?, row.try_get(5).map_err(fail)?));
        }
        Ok(Tree {
            identity: Identity {
                table: shape.number,
                columns: shape.signature(&READ),
                policies: shape.policies_text(),
                parts,
            },
            has_foreign_part,
            has_children: shape.kind == "r" && relations.len() > 1,
            kind: shape.kind.clone(),
            tables,
            names,
            may_read_xmin: shape.may_read_xmin,
        })
    }
}

impl Identity {
    /// Compares with what an earlier run has read.
    pub(crate) fn compare(&self, then: &Identity, name: impl Fn(u32) -> String) -> Difference {
        if self.table != then.table {
            return Difference::Other("the telemetry table was recreated".to_owned());
        }
        if self.columns != then.columns {
            return Difference::Other("the columns of the telemetry table have changed".to_owned());
        }
        if self.policies != then.policies {
            return Difference::Other("the policies that hide rows of the telemetry have changed".to_owned());
        }
        let mut joined = Vec::new();
        for part in &self.parts {
            match then.parts.iter().find(|former| former.0 == part.0) {
                Some(former) if former.2 != part.2 => joined.push(part.0),
                Some(former) if former.1 != part.1 => {
                    return Difference::Other(format!("{} was truncated or rewritten", name(part.0)));
                }
                Some(_) => {}
                None => joined.push(part.0),
            }
        }
        Difference::Joined(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(parts: &[(u32, u32, &str)]) -> Identity {
        let parts = parts.iter().map(|(oid, file, joined)| Part(*oid, *file, (*joined).to_owned()));
        Identity { table: 1, columns: "c".into(), policies: String::new(), parts: parts.collect() }
    }

    #[test]
    fn a_part_joins_when_it_is_new_or_was_away_and_is_another_when_its_file_is() {
        let then = identity(&[(2, 20, "700"), (3, 30, "700")]);
        let compare = |now: &[(u32, u32, &str)]| identity(now).compare(&then, |part| format!("part {part}"));
        assert_eq!(compare(&[(2, 20, "700"), (3, 30, "700")]), Difference::Joined(vec![]));
        assert_eq!(compare(&[(3, 30, "700")]), Difference::Joined(vec![]), "what left has no new row");
        assert_eq!(compare(&[(2, 20, "700"), (3, 30, "700"), (4, 40, "")]), Difference::Joined(vec![4]));
        assert_eq!(compare(&[(2, 20, "900"), (3, 31, "900")]), Difference::Joined(vec![2, 3]));
        let rewritten = Difference::Other("part 3 was truncated or rewritten".to_owned());
        assert_eq!(compare(&[(2, 20, "700"), (3, 31, "700")]), rewritten);
        let columns = Identity { columns: "d".into(), ..then.clone() };
        assert!(matches!(columns.compare(&then, |_| String::new()), Difference::Other(_)));
    }
}

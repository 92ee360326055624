//! The relations that the server reads for the table, according to its planner.
//!
//! A snapshot covers rows, not the tree of tables: a part may be attached or detached, or a schema renamed,
//! under a reader that holds all of its locks. So the relations are read before the first row, and each
//! session checks them after its last.

use bionicpro_model::Result;
use tokio_postgres::types::Type;

use crate::connect::Session;

/// The relations that a plan reads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Relations {
    /// The OID that the table's name resolves to.
    pub(super) table: Option<u32>,
    /// Sorted: the order and the kind of the scans depend on the settings of the planner.
    scanned: Vec<String>,
}

impl Relations {
    /// Queries the planner. A catalogue query would answer as of the snapshot.
    pub(super) async fn read(session: &Session, table: &str) -> Result<Relations> {
        let fail = |error| session.place.error(error);
        let explain = format!("EXPLAIN (VERBOSE, COSTS OFF) SELECT FROM {table}");
        let number = async {
            let sql = "SELECT to_regclass($1)::oid";
            let rows = session.client.query_typed(sql, &[(&table, Type::TEXT)]).await.map_err(fail)?;
            rows.first().map_or(Ok(None), |row| row.try_get(0).map_err(fail))
        };
        let (rows, table) = tokio::try_join!(biased; session.rows(&explain, &[]), number)?;
        let lines =
            rows.iter().map(|row| row.try_get::<_, &str>(0)).collect::<Result<Vec<_>, _>>().map_err(fail)?;
        let mut scanned: Vec<String> =
            lines.iter().filter_map(|line| scanned(line)).map(str::to_owned).collect();
        scanned.sort_unstable();
        Ok(Relations { table, scanned })
    }

    /// Checks that the relations are still the same.
    ///
    /// # Errors
    /// `Unreachable` with [`Condition::SourceChanged`](bionicpro_model::Condition::SourceChanged) when other
    /// relations are read than before.
    pub(super) async fn check(&self, session: &Session, table: &str) -> Result<()> {
        if Relations::read(session, table).await? == *self { Ok(()) } else { Err(session.place.changed()) }
    }
}

/// The relation in a line such as `->  Seq Scan on telemetry.january raw_telemetry_1`: how it is scanned may
/// change, what is scanned may not.
fn scanned(line: &str) -> Option<&str> {
    let (how, what) = line.split_once(" on ")?;
    let is_of_table = how.contains("Scan") && !how.contains("Bitmap Index") && !how.contains("Subquery");
    is_of_table.then_some(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_scanned_does_not_depend_on_how() {
        for (line, what) in [
            ("Seq Scan on telemetry.raw_telemetry", Some("telemetry.raw_telemetry")),
            (
                "  ->  Parallel Seq Scan on telemetry.january raw_telemetry_1",
                Some("telemetry.january raw_telemetry_1"),
            ),
            (
                "  ->  Index Only Scan using at on telemetry.january raw_telemetry_1",
                Some("telemetry.january raw_telemetry_1"),
            ),
            (
                "  ->  Bitmap Heap Scan on telemetry.january raw_telemetry_1",
                Some("telemetry.january raw_telemetry_1"),
            ),
            ("        ->  Bitmap Index Scan on at", None),
            ("  ->  Subquery Scan on t", None),
            ("  Filter: (t.place = 'left on right'::text)", None),
        ] {
            assert_eq!(scanned(line), what, "{line}");
        }
    }
}

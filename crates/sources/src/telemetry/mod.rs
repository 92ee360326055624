//! The telemetry table: one snapshot of it, read as cells (chip, hour) that PostgreSQL has aggregated.
//!
//! [`Telemetry::open`] checks the table's shape and takes the snapshot; [`Telemetry::since`] finds what is
//! new in it, and [`Telemetry::cells`] reads the requested cells.

mod batch;
mod cell_request;
mod cells;
mod copy;
mod crowded;
mod days;
mod outside;
mod plan;
#[cfg(test)]
mod plans;
mod query_tasks;
mod read;
mod relations;
mod siblings;
mod slices;
mod unreadable;

use std::collections::BTreeSet;

use bionicpro_model::hours::{END_OF_HOURS, FIRST_HOUR};
use bionicpro_model::{Condition, Result, Snapshot};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;

use crate::changes::{self, Baseline, Candidate, Changes, Finder, Ground, Present, Server, Since, Tree};
use crate::ident::{instant_literal, quote_table};
use crate::shape::{ColumnType as Column, Shape, Type};
use crate::snapshot::{Held, Tables};
use crate::{Database, Session, TelemetryConfig};

pub use batch::CellBatch;
pub use outside::Outside;
pub use read::ReadSummary;
pub use slices::Slicing;
pub use unreadable::{LeftOut, Unreadable};

pub use cell_request::{CellRequest, ChipScope, Cut};
pub(crate) use unreadable::{MOST_UNREADABLE, in_short};

use cells::CellQuery;
use relations::Relations;

/// The telemetry at one moment. The source keeps the snapshot's rows while this value is alive.
pub struct Telemetry {
    database: Database,
    session: Session,
    held: Held,
    shape: Shape,
    query: CellQuery,
    indexes: slices::Indexes,
    connections: u16,
    changes: Changes,
    finder: Finder,
    present: Present,
    relations: Relations,
}

impl Telemetry {
    /// Checks the table and takes a snapshot, whose version is above `floor`, the newest that the warehouse
    /// knows.
    ///
    /// # Errors
    /// `Unreachable` and `Config` from the connection, `Config` also when new rows cannot be found in the
    /// configured way; `Data` when the table or a column is missing or of another type.
    pub async fn open(database: &Database, config: &TelemetryConfig, floor: u64) -> Result<Telemetry> {
        let session = database.connect().await?;
        let (schema, table) = (config.schema.as_str(), config.table.as_str());
        let name = quote_table(schema, table);
        let tables = Tables { names: vec![name.clone()], policies_apply: !config.policies.is_empty() };
        let catalogue = || {
            let reading = async {
                tokio::try_join!(
                    biased;
                    Shape::read(&session, schema, table),
                    slices::Indexes::read(&session, schema, table),
                    Tree::relations(&session, schema, table),
                )
            };
            reading.boxed()
        };
        let (held, (shape, indexes, tree)) =
            Held::take(database, &session, &tables, floor, catalogue).await?;
        shape.policies(&config.policies)?;
        let tree = Tree::new(&session, &shape, &tree)?;
        let query = query(&session, &shape, name, &indexes)?;
        let (candidates, relations, now) = tokio::try_join!(
            biased;
            Candidate::read(&session, &tree, |column| indexes.first_columns.contains(column)),
            Relations::read(&session, &query.table),
            Server::read(&session)
        )?;
        if relations.table != Some(shape.number) {
            return Err(session.place.changed());
        }
        let ground = Ground {
            candidates: &candidates,
            tree: &tree,
            is_standby: now.is_standby,
            sees_all_transactions: now.sees_all_transactions,
            some_hide: held.others.some_hide,
        };
        let (finder, changes) = changes::detect(&ground, &held, (schema, table), config.changes)?;
        let present = Present {
            form: changes.form,
            server: now.server,
            tree,
            xids: changes::seen(&held.snapshot)?,
            is_standby: now.is_standby,
            taken_at: held.snapshot.taken_at,
            horizon: held.horizon(),
            has_prepared: held.others.prepared_at.is_some(),
        };
        let connections = config.connections.max(1);
        Ok(Telemetry {
            database: database.clone(),
            session,
            held,
            shape,
            query,
            indexes,
            connections,
            changes,
            finder,
            present,
            relations,
        })
    }

    /// Releases the snapshot; the session can be reused.
    ///
    /// # Errors
    /// Any error of the connection.
    pub async fn end(self) -> Result<Session> {
        self.session.end().await?;
        Ok(self.session)
    }

    /// The snapshot under which this reads.
    pub fn snapshot(&self) -> &Snapshot {
        &self.held.snapshot
    }

    /// The moment before which no new row can appear.
    pub fn horizon(&self) -> DateTime<Utc> {
        self.present.horizon
    }

    /// The form by which new rows are found here, and what a better form would need.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The baseline that a run stores for the next one after loading all of this snapshot, given the previous
    /// baseline.
    ///
    /// `None` if the source does not show which rows are new; by creation time also while a transaction is
    /// prepared and there is no previous baseline, because the start of that transaction is unknown.
    pub fn baseline(&self, previous: Option<&Baseline>) -> Option<Baseline> {
        self.present.baseline(previous)
    }

    /// The rows that were committed since the run that stored this baseline.
    ///
    /// Exact by transaction column. The other forms also report rows that the baseline's run has seen, if
    /// they were committed while a transaction was open that was still open at its snapshot: too many, never
    /// too few. Deletions are not found; updates only by row xmin, or by a transaction column that a trigger
    /// sets.
    ///
    /// # Errors
    /// Any error of the connection.
    pub async fn since(&self, baseline: &Baseline) -> Result<Since> {
        let joined = match self.present.compare(baseline) {
            Ok(joined) => joined,
            Err(why) => return Ok(Since::Lost(why)),
        };
        let target = changes::Target {
            table: &self.query.table,
            time_has_zone: self.query.time_has_zone,
            by_bytes: self.query.equating.is_some(),
        };
        let since = match changes::find(&self.session, &self.finder, baseline, &target).await {
            Err(error) if error.is(Condition::ValueUnreadable) => {
                self.session.recover().await?;
                changes::find_raw(&self.session, &self.finder, baseline, &target).await?
            }
            found => found?,
        };
        let hours = changes::hours_of(&self.session, &joined, &self.present.tree, &target).await?;
        Ok(since.and_hours(hours))
    }

    /// Counts the rows that no range can hold, and those that are later than what a run reads.
    pub async fn outside(&self, readable_until: DateTime<Utc>) -> Result<Outside> {
        outside::count(self, readable_until).await
    }

    /// The first hours with rows from an instant on, at most `most` of them, counted from 1970.
    pub async fn hours_from(&self, at: DateTime<Utc>, most: usize) -> Result<BTreeSet<i64>> {
        let [from, end] = [at, END_OF_HOURS].map(|at| instant_literal(at, self.query.time_has_zone));
        let hour = r#"(extract(epoch FROM date_trunc('hour', t."event_time")) / 3600)::bigint"#;
        let sql = format!(
            r#"SELECT DISTINCT {hour} FROM {} AS t WHERE t."event_time" >= {from} AND t."event_time" < {end}
               ORDER BY 1 LIMIT {most}"#,
            self.query.table
        );
        let rows = self.session.rows(&sql, &[]).await?;
        rows.iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()
            .map_err(|error| self.session.place.error(error))
    }

    /// The hour of the oldest event that the table still holds and a report can hold; `None` if there is
    /// none.
    pub async fn oldest_hour(&self) -> Result<Option<DateTime<Utc>>> {
        let [first, end] = [FIRST_HOUR, END_OF_HOURS].map(|at| instant_literal(at, self.query.time_has_zone));
        let sql = format!(
            r#"SELECT (extract(epoch FROM date_trunc('hour', min(t."event_time"))))::bigint FROM {} AS t
               WHERE t."event_time" >= {first} AND t."event_time" < {end}"#,
            self.query.table
        );
        let row = self.session.row(&sql, &[]).await?;
        let oldest: Option<i64> = row.try_get(0).map_err(|error| self.session.place.error(error))?;
        Ok(oldest.and_then(|seconds| DateTime::from_timestamp(seconds, 0)))
    }
}

fn query(session: &Session, shape: &Shape, table: String, indexes: &slices::Indexes) -> Result<CellQuery> {
    shape.require("chip_id", Column::Text)?;
    Ok(CellQuery {
        table,
        chip_type: match shape.type_name("chip_id") {
            Some("bpchar") => "bpchar",
            Some("varchar") => "varchar",
            _ => "text",
        },
        time_has_zone: shape.require("event_time", Column::Instant)? == Type::TimestampTz,
        response: shape.require("response_time_ms", Column::Number)?,
        battery: shape.require("battery_level", Column::Number)?,
        error: shape.require("error_code", Column::Any)?,
        raw_chip: session.raw_text(r#"t."chip_id""#),
        by_chip_and_time: indexes.by_chip_and_time,
        equating: shape.equating_collation("chip_id").map(str::to_owned),
    })
}

//! The telemetry table: one snapshot of it, read as cells (chip, hour) that PostgreSQL has aggregated.
//!
//! [`Telemetry::open`] checks the table's shape and takes the snapshot; [`Telemetry::since`] finds what is new in it,
//! and [`Telemetry::cells`] reads what is wanted of it.

mod batch;
mod cells;
mod copy;
mod crowded;
mod days;
mod outside;
mod plan;
#[cfg(test)]
mod plans;
mod read;
mod siblings;
mod slices;
mod wanted;
mod work;

use bionicpro_model::{HourRange, Result, Snapshot};
use chrono::{DateTime, Utc};

use crate::changes::{self, Baseline, Changes, Finder, Ground, Present, Server, Since};
use crate::ident::quote_table;
use crate::shape::{Shape, Type, Wanted as Column};
use crate::snapshot::Held;
use crate::{Database, Session, TelemetryConfig};

pub use batch::CellBatch;
pub use outside::Outside;
pub use read::ReadSummary;
pub use slices::Slicing;
pub use wanted::{ChipScope, Cut, Wanted};

use cells::CellQuery;

/// The telemetry at one moment. The source keeps the snapshot's rows while this value lives.
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
}

impl Telemetry {
    /// Checks the table and takes a snapshot, whose version is above `floor`, the newest that the warehouse knows.
    ///
    /// # Errors
    /// `Unreachable` and `Config` as the connection gives them, `Config` also when new rows cannot be found in the way
    /// that is configured; `Data` when the table or a column is missing or of another type.
    pub async fn open(database: &Database, config: &TelemetryConfig, floor: u64) -> Result<Telemetry> {
        let session = database.connect().await?;
        let (schema, table) = (config.schema.as_str(), config.table.as_str());
        let (held, shape, indexes, ground) = tokio::try_join!(
            biased;
            Held::take(&session, floor),
            Shape::read(&session, schema, table),
            slices::Indexes::read(&session, schema, table),
            Ground::read(&session, schema, table),
        )?;
        let query = query(&shape, quote_table(schema, table), &indexes)?;
        let (server, is_standby) = Server::read(&session, schema, table).await?;
        let (finder, changes) = changes::detect(ground, &held, is_standby, (schema, table), config.changes)?;
        let present = Present {
            form: changes.form,
            server,
            xids: changes::seen(&held.snapshot)?,
            is_standby,
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
        })
    }

    /// Lets the snapshot go; the session may serve for something else.
    ///
    /// # Errors
    /// As the connection gives them.
    pub async fn end(self) -> Result<Session> {
        self.session.execute("COMMIT").await?;
        Ok(self.session)
    }

    /// When and what this reads.
    pub fn snapshot(&self) -> &Snapshot {
        &self.held.snapshot
    }

    /// The moment before which no row can appear any more.
    pub fn horizon(&self) -> DateTime<Utc> {
        self.present.horizon
    }

    /// How new rows are found here, and what a better form would need.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// What a run that loads all of this snapshot leaves behind for the next one, given what the last one left.
    ///
    /// None where the source does not tell which rows are new; by creation time also while a transaction is prepared
    /// and there is no former baseline, because nothing tells when that transaction began.
    pub fn baseline(&self, previous: Option<&Baseline>) -> Option<Baseline> {
        self.present.baseline(previous)
    }

    /// The rows that were committed since the run that left this baseline behind.
    ///
    /// Exact by transaction column. The other forms also tell rows that were committed while a transaction was open
    /// that the baseline's run saw: too many, never too few. Deletions are not found, updates by row xmin only.
    ///
    /// # Errors
    /// As the connection gives them.
    pub async fn since(&self, baseline: &Baseline) -> Result<Since> {
        if let Some(why) = self.present.lost(baseline) {
            return Ok(Since::Lost(why));
        }
        let target = changes::Target { table: &self.query.table, time_has_zone: self.query.time_has_zone };
        changes::find(&self.session, &self.finder, baseline, &target).await
    }

    /// Counts the rows that no range can hold, and those that lie in the future of the snapshot and of the range.
    pub async fn outside(&self, range: &HourRange) -> Result<Outside> {
        outside::count(self, range).await
    }
}

fn query(shape: &Shape, table: String, indexes: &slices::Indexes) -> Result<CellQuery> {
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
        by_chip_and_time: indexes.by_chip_and_time,
    })
}

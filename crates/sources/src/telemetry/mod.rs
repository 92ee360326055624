//! The telemetry table: one snapshot of it, read as cells (chip, hour) that PostgreSQL has aggregated.
//!
//! [`Telemetry::open`] checks the table's shape and takes the snapshot; [`Telemetry::cells`] reads a range under it.

mod batch;
mod cells;
mod copy;
mod outside;
mod read;
mod slices;

use bionicpro_model::{HourRange, Result, Snapshot};
use chrono::{DateTime, Utc};

use crate::ident::quote_table;
use crate::shape::{Shape, Wanted};
use crate::snapshot::Held;
use crate::{Database, TelemetryConfig};

pub use batch::CellBatch;
pub use outside::Outside;
pub use read::ReadSummary;
pub use slices::Slicing;

use cells::CellQuery;

/// The telemetry at one moment. The source keeps the snapshot's rows while this value lives.
pub struct Telemetry {
    database: Database,
    held: Held,
    table: String,
    shape: Shape,
    query: CellQuery,
    indexes: slices::Indexes,
    connections: u16,
}

impl Telemetry {
    /// Checks the table and takes a snapshot.
    ///
    /// # Errors
    /// `Unreachable` and `Config` as the connection gives them; `Data` when the table or a column is missing or of
    /// another type.
    pub async fn open(database: &Database, config: &TelemetryConfig) -> Result<Telemetry> {
        let held = Held::take(database).await?;
        let shape = Shape::read(&held.session, &config.schema, &config.table).await?;
        let table = quote_table(&config.schema, &config.table);
        let indexes = slices::Indexes::read(&held.session, &config.schema, &config.table).await?;
        shape.require("chip_id", Wanted::Text)?;
        let query = CellQuery {
            table: table.clone(),
            time_has_zone: shape.require("event_time", Wanted::Instant)? == crate::shape::Type::TimestampTz,
            response: shape.require("response_time_ms", Wanted::Number)?,
            battery: shape.require("battery_level", Wanted::Number)?,
            error: shape.require("error_code", Wanted::Any)?,
            looks_up_last: indexes.by_chip_and_time,
        };
        let connections = config.connections.max(1);
        Ok(Telemetry { database: database.clone(), held, table, shape, query, indexes, connections })
    }

    /// When and what this reads.
    pub fn snapshot(&self) -> &Snapshot {
        &self.held.snapshot
    }

    /// The moment before which no row can appear any more.
    pub fn horizon(&self) -> DateTime<Utc> {
        self.held.horizon
    }

    /// Counts the rows that no range can hold, and those that lie in the future of the snapshot and of the range.
    pub async fn outside(&self, range: &HourRange) -> Result<Outside> {
        outside::count(self, range).await
    }
}

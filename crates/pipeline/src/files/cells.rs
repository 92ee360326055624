//! `telemetry.parquet`: one row per cell, or per part of a cell that is split where its owner changes.

use std::io::Write;

use bionicpro_model::Result;
use bionicpro_sources::CellBatch;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};

use super::columns::{Group, ROW_GROUP, Table};

/// `hour` and `part_from` are the beginnings of the hour and of the part; `battery_last_at` is the instant of
/// the last battery sample.
pub(crate) const SCHEMA: &str = "message telemetry {
    required binary chip_id (STRING);
    required int64 hour (TIMESTAMP(MICROS, true));
    required int64 part_from (TIMESTAMP(MICROS, true));
    required int64 movements_count;
    required int64 error_count;
    required int64 anomaly_count;
    required int64 response_count;
    required double response_sum;
    optional double response_squares;
    required int64 battery_count;
    required double battery_sum;
    optional double battery_squares;
    optional double battery_min;
    optional int64 battery_last_at (TIMESTAMP(MICROS, true));
    optional double battery_last;
}";

/// Collects batches into row groups.
pub(crate) struct CellTable<W: Write + Send> {
    table: Table<W>,
    gathered: CellBatch,
}

impl<W: Write + Send> CellTable<W> {
    pub(crate) fn new(sink: W) -> Result<Self> {
        Ok(CellTable { table: Table::new(sink, SCHEMA)?, gathered: CellBatch::default() })
    }

    pub(crate) fn add(&mut self, batch: CellBatch) -> Result<()> {
        append(&mut self.gathered, batch);
        if self.gathered.len() >= ROW_GROUP { self.flush() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.table.finish()
    }

    fn flush(&mut self) -> Result<()> {
        let cells = std::mem::take(&mut self.gathered);
        self.table.row_group(cells.len(), |columns| {
            let chips: Vec<ByteArray> = cells.chip_id.into_iter().map(ByteArray::from).collect();
            columns.put::<ByteArrayType>(&chips)?;
            columns.put::<Int64Type>(&cells.hour)?;
            columns.put::<Int64Type>(&cells.from)?;
            columns.put::<Int64Type>(&cells.movements)?;
            columns.put::<Int64Type>(&cells.errors)?;
            columns.put::<Int64Type>(&cells.anomalies)?;
            columns.put::<Int64Type>(&cells.response_count)?;
            columns.put::<DoubleType>(&cells.response_sum)?;
            columns.put_optional::<DoubleType>(&cells.response_squares)?;
            columns.put::<Int64Type>(&cells.battery_count)?;
            columns.put::<DoubleType>(&cells.battery_sum)?;
            columns.put_optional::<DoubleType>(&cells.battery_squares)?;
            columns.put_optional::<DoubleType>(&cells.battery_min)?;
            columns.put_optional::<Int64Type>(&cells.battery_last_at)?;
            columns.put_optional::<DoubleType>(&cells.battery_last)
        })
    }
}

/// Reads a row group back.
pub(crate) fn read(mut group: Group<'_>) -> Result<CellBatch> {
    Ok(CellBatch {
        chip_id: group.take::<ByteArrayType>()?.into_iter().map(|chip| chip.data().to_vec().into()).collect(),
        hour: group.take::<Int64Type>()?,
        from: group.take::<Int64Type>()?,
        movements: group.take::<Int64Type>()?,
        errors: group.take::<Int64Type>()?,
        anomalies: group.take::<Int64Type>()?,
        response_count: group.take::<Int64Type>()?,
        response_sum: group.take::<DoubleType>()?,
        response_squares: group.take_optional::<DoubleType>()?,
        battery_count: group.take::<Int64Type>()?,
        battery_sum: group.take::<DoubleType>()?,
        battery_squares: group.take_optional::<DoubleType>()?,
        battery_min: group.take_optional::<DoubleType>()?,
        battery_last_at: group.take_optional::<Int64Type>()?,
        battery_last: group.take_optional::<DoubleType>()?,
    })
}

fn append(all: &mut CellBatch, batch: CellBatch) {
    all.chip_id.extend(batch.chip_id);
    all.hour.extend(batch.hour);
    all.from.extend(batch.from);
    all.movements.extend(batch.movements);
    all.errors.extend(batch.errors);
    all.anomalies.extend(batch.anomalies);
    all.response_count.extend(batch.response_count);
    all.response_sum.extend(batch.response_sum);
    all.response_squares.extend(batch.response_squares);
    all.battery_count.extend(batch.battery_count);
    all.battery_sum.extend(batch.battery_sum);
    all.battery_squares.extend(batch.battery_squares);
    all.battery_min.extend(batch.battery_min);
    all.battery_last_at.extend(batch.battery_last_at);
    all.battery_last.extend(batch.battery_last);
}

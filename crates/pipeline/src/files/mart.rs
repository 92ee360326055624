//! `mart.parquet`: rows of the mart under the mart's own column names, so that a load just sends the file.

use std::collections::BTreeMap;
use std::io::Write;

use bionicpro_model::Result;
use bionicpro_warehouse::load::{Fingerprint, MartCell};
use chrono::{DateTime, NaiveDate};
use parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int32Type,
    Int64Type,
};

use super::columns::{ROW_GROUP, Source, Table};
use super::crm::{text_of, uuid_of, wrong};

/// The mart's columns in the mart's order. Instants are whole seconds or hours, kept as microseconds.
pub(crate) const SCHEMA: &str = "message mart {
    required fixed_len_byte_array(16) user_id (UUID);
    required binary ldap_username (STRING);
    required fixed_len_byte_array(16) prosthesis_id (UUID);
    required binary chip_id (STRING);
    required int32 date (DATE);
    required int64 hour (TIMESTAMP(MICROS, true));
    required int32 movements_count (INTEGER(32, false));
    optional float avg_response_time;
    optional float avg_battery_level;
    required int32 error_count (INTEGER(32, false));
    required float error_rate;
    required binary customer_name (STRING);
    required binary customer_email (STRING);
    required binary prosthesis_model (STRING);
    required int64 created_at (TIMESTAMP(MICROS, true));
    required int32 response_count (INTEGER(32, false));
    required double response_sum;
    optional double response_squares;
    required int32 battery_count (INTEGER(32, false));
    required double battery_sum;
    optional double battery_squares;
    optional float battery_min;
    optional float battery_last;
    required int32 anomaly_count (INTEGER(32, false));
    required int64 version (INTEGER(64, false));
    required int32 is_deleted (INTEGER(8, false));
}";

/// Rows of the mart in columns. Unsigned numbers are stored as signed ones with the same bits.
#[derive(Default)]
pub(crate) struct MartBatch {
    pub(crate) user_id: Vec<FixedLenByteArray>,
    pub(crate) ldap_username: Vec<ByteArray>,
    pub(crate) prosthesis_id: Vec<FixedLenByteArray>,
    pub(crate) chip_id: Vec<ByteArray>,
    pub(crate) date: Vec<i32>,
    pub(crate) hour: Vec<i64>,
    pub(crate) movements_count: Vec<i32>,
    pub(crate) avg_response_time: Vec<Option<f32>>,
    pub(crate) avg_battery_level: Vec<Option<f32>>,
    pub(crate) error_count: Vec<i32>,
    pub(crate) error_rate: Vec<f32>,
    pub(crate) customer_name: Vec<ByteArray>,
    pub(crate) customer_email: Vec<ByteArray>,
    pub(crate) prosthesis_model: Vec<ByteArray>,
    pub(crate) response_count: Vec<i32>,
    pub(crate) response_sum: Vec<f64>,
    pub(crate) response_squares: Vec<Option<f64>>,
    pub(crate) battery_count: Vec<i32>,
    pub(crate) battery_sum: Vec<f64>,
    pub(crate) battery_squares: Vec<Option<f64>>,
    pub(crate) battery_min: Vec<Option<f32>>,
    pub(crate) battery_last: Vec<Option<f32>>,
    pub(crate) anomaly_count: Vec<i32>,
    pub(crate) is_deleted: Vec<i32>,
}

/// Collects rows into row groups.
pub(crate) struct MartTable<W: Write + Send> {
    table: Table<W>,
    pub(crate) batch: MartBatch,
    version: u64,
    created_at: i64,
}

impl<W: Write + Send> MartTable<W> {
    /// Starts the file. Every row carries the version and the time of creation, in microseconds since 1970.
    pub(crate) fn new(sink: W, version: u64, created_at: i64) -> Result<Self> {
        Ok(MartTable { table: Table::new(sink, SCHEMA)?, batch: MartBatch::default(), version, created_at })
    }

    /// Writes a row group once enough rows are buffered.
    pub(crate) fn flush_when_full(&mut self) -> Result<()> {
        if self.batch.user_id.len() >= ROW_GROUP { self.flush() } else { Ok(()) }
    }

    /// Adds a tombstone, which hides the row with that key.
    pub(crate) fn tombstone(
        &mut self,
        user_id: FixedLenByteArray,
        prosthesis_id: FixedLenByteArray,
        date: i32,
        hour: i64,
    ) -> Result<()> {
        let rows = &mut self.batch;
        rows.user_id.push(user_id);
        rows.prosthesis_id.push(prosthesis_id);
        rows.date.push(date);
        rows.hour.push(hour);
        for text in [
            &mut rows.ldap_username,
            &mut rows.chip_id,
            &mut rows.customer_name,
            &mut rows.customer_email,
            &mut rows.prosthesis_model,
        ] {
            text.push(ByteArray::from(""));
        }
        for count in [
            &mut rows.movements_count,
            &mut rows.error_count,
            &mut rows.response_count,
            &mut rows.battery_count,
            &mut rows.anomaly_count,
        ] {
            count.push(0);
        }
        for maybe in [
            &mut rows.avg_response_time,
            &mut rows.avg_battery_level,
            &mut rows.battery_min,
            &mut rows.battery_last,
        ] {
            maybe.push(None);
        }
        rows.error_rate.push(0.0);
        rows.response_sum.push(0.0);
        rows.battery_sum.push(0.0);
        rows.response_squares.push(None);
        rows.battery_squares.push(None);
        rows.is_deleted.push(1);
        self.flush_when_full()
    }

    pub(crate) fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.table.finish()
    }

    fn flush(&mut self) -> Result<()> {
        let rows = std::mem::take(&mut self.batch);
        let count = rows.user_id.len();
        let (version, created_at) = (vec![self.version.cast_signed(); count], vec![self.created_at; count]);
        self.table.row_group(count, |columns| {
            columns.put::<FixedLenByteArrayType>(&rows.user_id)?;
            columns.put::<ByteArrayType>(&rows.ldap_username)?;
            columns.put::<FixedLenByteArrayType>(&rows.prosthesis_id)?;
            columns.put::<ByteArrayType>(&rows.chip_id)?;
            columns.put::<Int32Type>(&rows.date)?;
            columns.put::<Int64Type>(&rows.hour)?;
            columns.put::<Int32Type>(&rows.movements_count)?;
            columns.put_optional::<FloatType>(&rows.avg_response_time)?;
            columns.put_optional::<FloatType>(&rows.avg_battery_level)?;
            columns.put::<Int32Type>(&rows.error_count)?;
            columns.put::<FloatType>(&rows.error_rate)?;
            columns.put::<ByteArrayType>(&rows.customer_name)?;
            columns.put::<ByteArrayType>(&rows.customer_email)?;
            columns.put::<ByteArrayType>(&rows.prosthesis_model)?;
            columns.put::<Int64Type>(&created_at)?;
            columns.put::<Int32Type>(&rows.response_count)?;
            columns.put::<DoubleType>(&rows.response_sum)?;
            columns.put_optional::<DoubleType>(&rows.response_squares)?;
            columns.put::<Int32Type>(&rows.battery_count)?;
            columns.put::<DoubleType>(&rows.battery_sum)?;
            columns.put_optional::<DoubleType>(&rows.battery_squares)?;
            columns.put_optional::<FloatType>(&rows.battery_min)?;
            columns.put_optional::<FloatType>(&rows.battery_last)?;
            columns.put::<Int32Type>(&rows.anomaly_count)?;
            columns.put::<Int64Type>(&version)?;
            columns.put::<Int32Type>(&rows.is_deleted)
        })
    }
}

/// Returns the live rows of one UTC day, in no particular order.
pub(crate) fn cells(source: &Source, date: NaiveDate) -> Result<Vec<MartCell>> {
    let mut cells = Vec::new();
    each_cell(source, |cell| {
        if cell.hour.date_naive() == date {
            cells.push(cell);
        }
    })?;
    Ok(cells)
}

/// Returns the sums of the fingerprints of the live rows, by UTC day.
pub(crate) fn fingerprints(source: &Source) -> Result<BTreeMap<NaiveDate, Fingerprint>> {
    let mut days: BTreeMap<NaiveDate, Fingerprint> = BTreeMap::new();
    each_cell(source, |cell| days.entry(cell.hour.date_naive()).or_default().add(&cell))?;
    Ok(days)
}

fn each_cell(source: &Source, mut take: impl FnMut(MartCell)) -> Result<()> {
    for group in source.row_groups() {
        let mut group = group?;
        let users = group.take::<FixedLenByteArrayType>()?;
        group.skip(1);
        let prostheses = group.take::<FixedLenByteArrayType>()?;
        let chips = group.take::<ByteArrayType>()?;
        group.skip(1);
        let hours = group.take::<Int64Type>()?;
        let movements = group.take::<Int32Type>()?;
        group.skip(2);
        let errors = group.take::<Int32Type>()?;
        group.skip(5);
        let response_count = group.take::<Int32Type>()?;
        let response_sum = group.take::<DoubleType>()?;
        let response_squares = group.take_optional::<DoubleType>()?;
        let battery_count = group.take::<Int32Type>()?;
        let battery_sum = group.take::<DoubleType>()?;
        let battery_squares = group.take_optional::<DoubleType>()?;
        let battery_min = group.take_optional::<FloatType>()?;
        let battery_last = group.take_optional::<FloatType>()?;
        let anomalies = group.take::<Int32Type>()?;
        group.skip(1);
        let deleted = group.take::<Int32Type>()?;
        for at in 0..users.len() {
            let hour = DateTime::from_timestamp_micros(hours[at]).ok_or_else(|| wrong("an hour"))?;
            if deleted[at] != 0 {
                continue;
            }
            take(MartCell {
                user_id: uuid_of(&users[at])?,
                prosthesis_id: uuid_of(&prostheses[at])?,
                chip_id: text_of(&chips[at])?,
                hour,
                movements: movements[at].cast_unsigned(),
                errors: errors[at].cast_unsigned(),
                anomalies: anomalies[at].cast_unsigned(),
                response_count: response_count[at].cast_unsigned(),
                battery_count: battery_count[at].cast_unsigned(),
                response_sum_bits: response_sum[at].to_bits(),
                battery_sum_bits: battery_sum[at].to_bits(),
                response_squares_bits: response_squares[at].map(f64::to_bits),
                battery_squares_bits: battery_squares[at].map(f64::to_bits),
                battery_min_bits: battery_min[at].map(f32::to_bits),
                battery_last_bits: battery_last[at].map(f32::to_bits),
            });
        }
    }
    Ok(())
}

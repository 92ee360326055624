//! Rows of the mart, explicit or random, and the Parquet file that contains them.

use std::sync::Arc;

use bionicpro_model::hours;
use chrono::{DateTime, Utc};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use uuid::Uuid;

/// The staged file's schema: the mart's columns in types that any tool can read.
pub(crate) const SCHEMA: &str = "message mart {
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) user_id (UUID);
    REQUIRED BYTE_ARRAY ldap_username (STRING);
    REQUIRED FIXED_LEN_BYTE_ARRAY (16) prosthesis_id (UUID);
    REQUIRED BYTE_ARRAY chip_id (STRING);
    REQUIRED INT32 date (DATE);
    REQUIRED INT64 hour (TIMESTAMP(MILLIS,true));
    REQUIRED INT32 movements_count (INTEGER(32,false));
    OPTIONAL FLOAT avg_response_time;
    OPTIONAL FLOAT avg_battery_level;
    REQUIRED INT32 error_count (INTEGER(32,false));
    REQUIRED FLOAT error_rate;
    REQUIRED BYTE_ARRAY customer_name (STRING);
    REQUIRED BYTE_ARRAY customer_email (STRING);
    REQUIRED BYTE_ARRAY prosthesis_model (STRING);
    REQUIRED INT64 created_at (TIMESTAMP(MILLIS,true));
    REQUIRED INT32 response_count (INTEGER(32,false));
    REQUIRED DOUBLE response_sum;
    OPTIONAL DOUBLE response_squares;
    REQUIRED INT32 battery_count (INTEGER(32,false));
    REQUIRED DOUBLE battery_sum;
    OPTIONAL DOUBLE battery_squares;
    OPTIONAL FLOAT battery_min;
    OPTIONAL FLOAT battery_last;
    REQUIRED INT32 anomaly_count (INTEGER(32,false));
    REQUIRED INT64 version (INTEGER(64,false));
    REQUIRED INT32 is_deleted (INTEGER(8,false));
}";

/// A row of the mart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MartRow {
    pub(crate) user_id: Uuid,
    pub(crate) ldap_username: String,
    pub(crate) prosthesis_id: Uuid,
    pub(crate) chip_id: String,
    pub(crate) hour: DateTime<Utc>,
    pub(crate) movements: u32,
    pub(crate) errors: u32,
    pub(crate) customer_name: String,
    pub(crate) customer_email: String,
    pub(crate) prosthesis_model: String,
    pub(crate) response_count: u32,
    pub(crate) response_sum: f64,
    pub(crate) response_squares: Option<f64>,
    pub(crate) battery_count: u32,
    pub(crate) battery_sum: f64,
    pub(crate) battery_squares: Option<f64>,
    pub(crate) battery_min: Option<f32>,
    pub(crate) battery_last: Option<f32>,
    pub(crate) anomalies: u32,
    pub(crate) version: u64,
    pub(crate) is_deleted: bool,
}

impl MartRow {
    /// Returns a plain row: `user` and `prosthesis` are small numbers.
    pub(crate) fn new(user: u128, prosthesis: u128, hour: &str) -> Self {
        MartRow {
            user_id: Uuid::from_u128(user),
            ldap_username: format!("user.{user}"),
            prosthesis_id: Uuid::from_u128(prosthesis),
            chip_id: format!("chip-{prosthesis}"),
            hour: hours::parse_instant(hour).unwrap(),
            movements: 10,
            errors: 1,
            customer_name: "Имя О'Нил 🦾".to_owned(),
            customer_email: "secret@example.org".to_owned(),
            prosthesis_model: "Hand 3".to_owned(),
            response_count: 9,
            response_sum: 400.5,
            response_squares: Some(18_000.25),
            battery_count: 8,
            battery_sum: 640.25,
            battery_squares: Some(51_250.5),
            battery_min: Some(79.5),
            battery_last: Some(80.0),
            anomalies: 2,
            version: 1,
            is_deleted: false,
        }
    }

    pub(crate) fn avg_response(&self) -> Option<f32> {
        average(self.response_sum, self.response_count)
    }

    pub(crate) fn avg_battery(&self) -> Option<f32> {
        average(self.battery_sum, self.battery_count)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the mart keeps averages as Float32")]
fn average(sum: f64, count: u32) -> Option<f32> {
    (count > 0).then(|| (sum / f64::from(count)) as f32)
}

/// Returns a Parquet file of these rows in one row group.
pub(crate) fn parquet(rows: &[MartRow]) -> Vec<u8> {
    parquet_in_groups(rows, usize::MAX)
}

/// Returns a Parquet file of these rows, with at most `group` rows per row group.
pub(crate) fn parquet_in_groups(rows: &[MartRow], group: usize) -> Vec<u8> {
    written(rows, group, SCHEMA)
}

/// Returns a Parquet file in one row group without the columns of squares, as before the mart had them.
pub(crate) fn parquet_without_squares(rows: &[MartRow]) -> Vec<u8> {
    let columns = SCHEMA.lines().filter(|line| !line.contains("_squares"));
    written(rows, usize::MAX, &columns.collect::<Vec<_>>().join("\n"))
}

fn written(rows: &[MartRow], group: usize, schema: &str) -> Vec<u8> {
    let has_squares = schema.contains("_squares");
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let properties = Arc::new(WriterProperties::builder().set_compression(zstd).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for rows in rows.chunks(group.clamp(1, rows.len().max(1))) {
        let mut out = writer.next_row_group().unwrap();
        let hour = |at: DateTime<Utc>| at.timestamp_millis();
        let day = |at: DateTime<Utc>| i32::try_from(at.timestamp().div_euclid(86_400)).unwrap();
        required::<FixedLenByteArrayType>(&mut out, rows, |row| id(row.user_id));
        required::<ByteArrayType>(&mut out, rows, |row| text(&row.ldap_username));
        required::<FixedLenByteArrayType>(&mut out, rows, |row| id(row.prosthesis_id));
        required::<ByteArrayType>(&mut out, rows, |row| text(&row.chip_id));
        required::<Int32Type>(&mut out, rows, |row| day(row.hour));
        required::<Int64Type>(&mut out, rows, |row| hour(row.hour));
        required::<Int32Type>(&mut out, rows, |row| row.movements.cast_signed());
        optional::<FloatType>(&mut out, rows, MartRow::avg_response);
        optional::<FloatType>(&mut out, rows, MartRow::avg_battery);
        required::<Int32Type>(&mut out, rows, |row| row.errors.cast_signed());
        #[expect(clippy::cast_possible_truncation, reason = "the mart keeps rates as Float32")]
        required::<FloatType>(&mut out, rows, |row| {
            (f64::from(row.errors) / f64::from(row.movements)) as f32
        });
        required::<ByteArrayType>(&mut out, rows, |row| text(&row.customer_name));
        required::<ByteArrayType>(&mut out, rows, |row| text(&row.customer_email));
        required::<ByteArrayType>(&mut out, rows, |row| text(&row.prosthesis_model));
        required::<Int64Type>(&mut out, rows, |_| 1_700_000_000_000);
        required::<Int32Type>(&mut out, rows, |row| row.response_count.cast_signed());
        required::<DoubleType>(&mut out, rows, |row| row.response_sum);
        if has_squares {
            optional::<DoubleType>(&mut out, rows, |row| row.response_squares);
        }
        required::<Int32Type>(&mut out, rows, |row| row.battery_count.cast_signed());
        required::<DoubleType>(&mut out, rows, |row| row.battery_sum);
        if has_squares {
            optional::<DoubleType>(&mut out, rows, |row| row.battery_squares);
        }
        optional::<FloatType>(&mut out, rows, |row| row.battery_min);
        optional::<FloatType>(&mut out, rows, |row| row.battery_last);
        required::<Int32Type>(&mut out, rows, |row| row.anomalies.cast_signed());
        required::<Int64Type>(&mut out, rows, |row| row.version.cast_signed());
        required::<Int32Type>(&mut out, rows, |row| row.is_deleted.into());
        out.close().unwrap();
    }
    writer.into_inner().unwrap()
}

fn id(id: Uuid) -> FixedLenByteArray {
    ByteArray::from(id.as_bytes().to_vec()).into()
}

fn text(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

fn required<T: DataType>(
    out: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: &[MartRow],
    value: impl Fn(&MartRow) -> T::T,
) {
    let values: Vec<T::T> = rows.iter().map(value).collect();
    let mut column = out.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(&values, None, None).unwrap();
    column.close().unwrap();
}

fn optional<T: DataType>(
    out: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: &[MartRow],
    value: impl Fn(&MartRow) -> Option<T::T>,
) {
    let values: Vec<Option<T::T>> = rows.iter().map(value).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let present: Vec<T::T> = values.into_iter().flatten().collect();
    let mut column = out.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(&present, Some(&levels), None).unwrap();
    column.close().unwrap();
}

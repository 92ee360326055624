//! `crm.parquet`: who owned which chip when. One row for each ownership, for each prosthesis without a chip and for
//! each customer without a prosthesis.

use std::io::Write;

use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, Utc};
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use uuid::Uuid;

use super::columns::{ROW_GROUP, Source, Table};

/// `customer_name` is null for a former owner who is no customer any more; `valid_to` is null while it lasts.
pub(crate) const SCHEMA: &str = "message crm {
    required fixed_len_byte_array(16) user_id (UUID);
    optional binary ldap_username (STRING);
    optional binary customer_name (STRING);
    optional binary customer_email (STRING);
    optional fixed_len_byte_array(16) prosthesis_id (UUID);
    optional binary chip_id (STRING);
    optional binary serial_number (STRING);
    optional binary prosthesis_model (STRING);
    optional int64 valid_from (TIMESTAMP(MICROS, true));
    optional int64 valid_to (TIMESTAMP(MICROS, true));
}";

/// A row of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CrmRow {
    pub(crate) user_id: Uuid,
    pub(crate) ldap_username: Option<String>,
    pub(crate) customer_name: Option<String>,
    pub(crate) customer_email: Option<String>,
    pub(crate) prosthesis_id: Option<Uuid>,
    pub(crate) chip_id: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) prosthesis_model: Option<String>,
    pub(crate) valid_from: Option<DateTime<Utc>>,
    pub(crate) valid_to: Option<DateTime<Utc>>,
}

/// Writes the file; returns its rows.
pub(crate) fn write<W: Write + Send>(sink: W, rows: &[CrmRow]) -> Result<u64> {
    let mut table = Table::new(sink, SCHEMA)?;
    for rows in rows.chunks(ROW_GROUP) {
        let text = |of: fn(&CrmRow) -> &Option<String>| -> Vec<Option<ByteArray>> {
            rows.iter().map(|row| of(row).as_deref().map(ByteArray::from)).collect()
        };
        let instant = |of: fn(&CrmRow) -> Option<DateTime<Utc>>| -> Vec<Option<i64>> {
            rows.iter().map(|row| of(row).map(|at| at.timestamp_micros())).collect()
        };
        let users: Vec<FixedLenByteArray> = rows.iter().map(|row| uuid_bytes(row.user_id)).collect();
        let prostheses: Vec<Option<FixedLenByteArray>> =
            rows.iter().map(|row| row.prosthesis_id.map(uuid_bytes)).collect();
        table.row_group(rows.len(), |columns| {
            columns.put::<FixedLenByteArrayType>(&users)?;
            columns.put_optional::<ByteArrayType>(&text(|row| &row.ldap_username))?;
            columns.put_optional::<ByteArrayType>(&text(|row| &row.customer_name))?;
            columns.put_optional::<ByteArrayType>(&text(|row| &row.customer_email))?;
            columns.put_optional::<FixedLenByteArrayType>(&prostheses)?;
            columns.put_optional::<ByteArrayType>(&text(|row| &row.chip_id))?;
            columns.put_optional::<ByteArrayType>(&text(|row| &row.serial_number))?;
            columns.put_optional::<ByteArrayType>(&text(|row| &row.prosthesis_model))?;
            columns.put_optional::<Int64Type>(&instant(|row| row.valid_from))?;
            columns.put_optional::<Int64Type>(&instant(|row| row.valid_to))
        })?;
    }
    table.finish()
}

/// Reads the file.
pub(crate) fn read(source: &Source) -> Result<Vec<CrmRow>> {
    let mut all = Vec::new();
    for group in source.row_groups() {
        let mut group = group?;
        let users = group.take::<FixedLenByteArrayType>()?;
        let mut text = [
            group.take_optional::<ByteArrayType>()?,
            group.take_optional::<ByteArrayType>()?,
            group.take_optional::<ByteArrayType>()?,
        ];
        let prostheses = group.take_optional::<FixedLenByteArrayType>()?;
        let mut more = [
            group.take_optional::<ByteArrayType>()?,
            group.take_optional::<ByteArrayType>()?,
            group.take_optional::<ByteArrayType>()?,
        ];
        let from = group.take_optional::<Int64Type>()?;
        let to = group.take_optional::<Int64Type>()?;
        for (at, user) in users.iter().enumerate() {
            all.push(CrmRow {
                user_id: uuid_of(user)?,
                ldap_username: text_of(text[0][at].take())?,
                customer_name: text_of(text[1][at].take())?,
                customer_email: text_of(text[2][at].take())?,
                prosthesis_id: prostheses[at].as_ref().map(uuid_of).transpose()?,
                chip_id: text_of(more[0][at].take())?,
                serial_number: text_of(more[1][at].take())?,
                prosthesis_model: text_of(more[2][at].take())?,
                valid_from: from[at].and_then(DateTime::from_timestamp_micros),
                valid_to: to[at].and_then(DateTime::from_timestamp_micros),
            });
        }
    }
    Ok(all)
}

/// A UUID as Parquet holds it: its sixteen bytes, in the order in which it is written.
pub(crate) fn uuid_bytes(id: Uuid) -> FixedLenByteArray {
    FixedLenByteArray::from(id.as_bytes().to_vec())
}

fn uuid_of(bytes: &FixedLenByteArray) -> Result<Uuid> {
    Uuid::from_slice(bytes.data()).map_err(|error| wrong("user or prosthesis id").source(error))
}

fn text_of(bytes: Option<ByteArray>) -> Result<Option<String>> {
    let text = bytes.map(|bytes| String::from_utf8(bytes.data().to_vec()));
    text.transpose().map_err(|error| wrong("text").source(error.utf8_error()))
}

fn wrong(what: &str) -> Error {
    Error::new(Kind::Data, "a staged file holds a value of another form").detail(what)
}

//! `crm.parquet`: customers and their prostheses. One row for each prosthesis that a customer has, and one
//! for each customer without any.

use std::io::Write;

use bionicpro_model::{Error, Kind, Result};
use chrono::NaiveDate;
use parquet::data_type::{ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type};
use uuid::Uuid;

use super::columns::{ROW_GROUP, Source, Table};

pub(crate) const SCHEMA: &str = "message crm {
    required fixed_len_byte_array(16) user_id (UUID);
    required binary ldap_username (STRING);
    required binary customer_name (STRING);
    required binary customer_email (STRING);
    optional fixed_len_byte_array(16) prosthesis_id (UUID);
    optional binary chip_id (STRING);
    optional binary serial_number (STRING);
    optional binary prosthesis_model (STRING);
    optional int32 manufactured_on (DATE);
    optional int32 warranty_until (DATE);
}";

/// A row of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CrmRow {
    pub(crate) user_id: Uuid,
    pub(crate) ldap_username: String,
    pub(crate) customer_name: String,
    pub(crate) customer_email: String,
    pub(crate) prosthesis_id: Option<Uuid>,
    pub(crate) chip_id: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) prosthesis_model: Option<String>,
    pub(crate) manufactured_on: Option<NaiveDate>,
    pub(crate) warranty_until: Option<NaiveDate>,
}

/// Writes the file and returns its number of rows.
pub(crate) fn write<W: Write + Send>(sink: W, rows: &[CrmRow]) -> Result<u64> {
    let mut table = Table::new(sink, SCHEMA)?;
    for rows in rows.chunks(ROW_GROUP) {
        let text = |of: fn(&CrmRow) -> &String| -> Vec<ByteArray> {
            rows.iter().map(|row| ByteArray::from(of(row).as_str())).collect()
        };
        let maybe = |of: fn(&CrmRow) -> &Option<String>| -> Vec<Option<ByteArray>> {
            rows.iter().map(|row| of(row).as_deref().map(ByteArray::from)).collect()
        };
        let days = |of: fn(&CrmRow) -> Option<NaiveDate>| -> Vec<Option<i32>> {
            rows.iter().map(|row| of(row).map(|day| day.to_epoch_days())).collect()
        };
        let users: Vec<FixedLenByteArray> = rows.iter().map(|row| uuid_bytes(row.user_id)).collect();
        let prostheses: Vec<Option<FixedLenByteArray>> =
            rows.iter().map(|row| row.prosthesis_id.map(uuid_bytes)).collect();
        table.row_group(rows.len(), |columns| {
            columns.put::<FixedLenByteArrayType>(&users)?;
            columns.put::<ByteArrayType>(&text(|row| &row.ldap_username))?;
            columns.put::<ByteArrayType>(&text(|row| &row.customer_name))?;
            columns.put::<ByteArrayType>(&text(|row| &row.customer_email))?;
            columns.put_optional::<FixedLenByteArrayType>(&prostheses)?;
            columns.put_optional::<ByteArrayType>(&maybe(|row| &row.chip_id))?;
            columns.put_optional::<ByteArrayType>(&maybe(|row| &row.serial_number))?;
            columns.put_optional::<ByteArrayType>(&maybe(|row| &row.prosthesis_model))?;
            columns.put_optional::<Int32Type>(&days(|row| row.manufactured_on))?;
            columns.put_optional::<Int32Type>(&days(|row| row.warranty_until))
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
        let mut person = || group.take::<ByteArrayType>();
        let (logins, names, emails) = (person()?, person()?, person()?);
        let prostheses = group.take_optional::<FixedLenByteArrayType>()?;
        let mut maybe = || group.take_optional::<ByteArrayType>();
        let (chips, serials, models) = (maybe()?, maybe()?, maybe()?);
        let mut days = || group.take_optional::<Int32Type>();
        let (manufactured, warranties) = (days()?, days()?);
        for (at, user) in users.iter().enumerate() {
            all.push(CrmRow {
                user_id: uuid_of(user)?,
                ldap_username: text_of(&logins[at])?,
                customer_name: text_of(&names[at])?,
                customer_email: text_of(&emails[at])?,
                prosthesis_id: prostheses[at].as_ref().map(uuid_of).transpose()?,
                chip_id: chips[at].as_ref().map(text_of).transpose()?,
                serial_number: serials[at].as_ref().map(text_of).transpose()?,
                prosthesis_model: models[at].as_ref().map(text_of).transpose()?,
                manufactured_on: manufactured[at].and_then(NaiveDate::from_epoch_days),
                warranty_until: warranties[at].and_then(NaiveDate::from_epoch_days),
            });
        }
    }
    Ok(all)
}

/// Converts a UUID to its Parquet form: the sixteen bytes, in the order of the text form.
pub(crate) fn uuid_bytes(id: Uuid) -> FixedLenByteArray {
    FixedLenByteArray::from(id.as_bytes().to_vec())
}

pub(super) fn uuid_of(bytes: &FixedLenByteArray) -> Result<Uuid> {
    Uuid::from_slice(bytes.data()).map_err(|error| wrong("user or prosthesis id").source(error))
}

pub(super) fn text_of(bytes: &ByteArray) -> Result<String> {
    String::from_utf8(bytes.data().to_vec()).map_err(|error| wrong("text").source(error.utf8_error()))
}

pub(super) fn wrong(what: &str) -> Error {
    Error::new(Kind::Data, "a staged file holds an invalid value").detail(what)
}

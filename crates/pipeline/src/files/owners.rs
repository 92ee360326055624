//! `owners.parquet`: the ownership intervals by which the telemetry was split, and the changes of ownership
//! since the last load.

use std::io::Write;

use bionicpro_model::Result;
use bionicpro_warehouse::owners::Ownership;
use bionicpro_warehouse::pending::Pending;
use chrono::{DateTime, Utc};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
};

use super::columns::{ROW_GROUP, Source, Table};
use super::crm::{text_of, uuid_bytes, uuid_of, wrong};
use crate::owners::{Holding, Was};

/// `state` is `now` for an ownership interval, `applied` for a period that moves to another owner (to none if
/// the ids are null), and `was` for a possible former owner of a period. `valid_to` is null while an interval
/// is open.
pub(crate) const SCHEMA: &str = "message owners {
    required binary state (STRING);
    required binary chip_id (STRING);
    required int64 valid_from (TIMESTAMP(MICROS, true));
    optional int64 valid_to (TIMESTAMP(MICROS, true));
    optional fixed_len_byte_array(16) user_id (UUID);
    optional fixed_len_byte_array(16) prosthesis_id (UUID);
    required binary prosthesis_model (STRING);
    optional int64 updated_at (TIMESTAMP(MICROS, true));
    required boolean is_customer;
}";

const NOW: &str = "now";
const APPLIED: &str = "applied";
const WAS: &str = "was";

/// The contents of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Owners {
    /// Every interval, by chip and time, and whether its owner is still a customer.
    pub(crate) intervals: Vec<(Ownership, bool)>,
    pub(crate) applied: Vec<Pending>,
    pub(crate) was: Vec<Was>,
}

/// A row of the file.
struct Row {
    state: &'static str,
    chip_id: ByteArray,
    from: i64,
    to: Option<i64>,
    holding: Option<Holding>,
    model: ByteArray,
    updated_at: Option<i64>,
    is_customer: bool,
}

/// Writes the file and returns its number of rows.
pub(crate) fn write<W: Write + Send>(sink: W, owners: &Owners) -> Result<u64> {
    let mut table = Table::new(sink, SCHEMA)?;
    for rows in rows(owners).chunks(ROW_GROUP) {
        let text = |of: fn(&Row) -> ByteArray| -> Vec<ByteArray> { rows.iter().map(of).collect() };
        let instant = |of: fn(&Row) -> Option<i64>| -> Vec<Option<i64>> { rows.iter().map(of).collect() };
        let id = |of: fn(&Holding) -> FixedLenByteArray| -> Vec<Option<FixedLenByteArray>> {
            rows.iter().map(|row| row.holding.as_ref().map(of)).collect()
        };
        let from: Vec<i64> = rows.iter().map(|row| row.from).collect();
        let is_customer: Vec<bool> = rows.iter().map(|row| row.is_customer).collect();
        table.row_group(rows.len(), |columns| {
            columns.put::<ByteArrayType>(&text(|row| ByteArray::from(row.state)))?;
            columns.put::<ByteArrayType>(&text(|row| row.chip_id.clone()))?;
            columns.put::<Int64Type>(&from)?;
            columns.put_optional::<Int64Type>(&instant(|row| row.to))?;
            columns.put_optional::<FixedLenByteArrayType>(&id(|of| uuid_bytes(of.user_id)))?;
            columns.put_optional::<FixedLenByteArrayType>(&id(|of| uuid_bytes(of.prosthesis_id)))?;
            columns.put::<ByteArrayType>(&text(|row| row.model.clone()))?;
            columns.put_optional::<Int64Type>(&instant(|row| row.updated_at))?;
            columns.put::<BoolType>(&is_customer)
        })?;
    }
    table.finish()
}

fn rows(owners: &Owners) -> Vec<Row> {
    let part = |state, chip: &str, from: DateTime<Utc>, to: DateTime<Utc>, holding| Row {
        state,
        chip_id: ByteArray::from(chip),
        from: from.timestamp_micros(),
        to: Some(to.timestamp_micros()),
        holding,
        model: ByteArray::from(""),
        updated_at: None,
        is_customer: true,
    };
    let now = owners.intervals.iter().map(|(interval, is_customer)| Row {
        state: NOW,
        chip_id: ByteArray::from(interval.chip_id.as_str()),
        from: interval.valid_from.timestamp_micros(),
        to: interval.valid_to.map(|at| at.timestamp_micros()),
        holding: Some(Holding::of(interval)),
        model: ByteArray::from(interval.prosthesis_model.as_str()),
        updated_at: interval.updated_at.map(|at| at.timestamp_micros()),
        is_customer: *is_customer,
    });
    let applied = owners.applied.iter().map(|change| {
        part(APPLIED, &change.chip_id, change.from, change.to, change.owner.map(Holding::from))
    });
    let was = owners.was.iter().map(|was| part(WAS, &was.chip_id, was.from, was.to, Some(was.holding)));
    now.chain(applied).chain(was).collect()
}

/// Reads the file.
pub(crate) fn read(source: &Source) -> Result<Owners> {
    let mut owners = Owners::default();
    for group in source.row_groups() {
        let mut group = group?;
        let states = group.take::<ByteArrayType>()?;
        let chips = group.take::<ByteArrayType>()?;
        let (from, to) = (group.take::<Int64Type>()?, group.take_optional::<Int64Type>()?);
        let users = group.take_optional::<FixedLenByteArrayType>()?;
        let prostheses = group.take_optional::<FixedLenByteArrayType>()?;
        let models = group.take::<ByteArrayType>()?;
        let updated = group.take_optional::<Int64Type>()?;
        let customers = group.take::<BoolType>()?;
        for (at, state) in states.iter().enumerate() {
            let chip_id = text_of(&chips[at])?;
            let (from, to) = (instant(from[at])?, to[at].map(instant).transpose()?);
            let holding = match (&users[at], &prostheses[at]) {
                (Some(user), Some(prosthesis)) => Some(Holding::from((uuid_of(user)?, uuid_of(prosthesis)?))),
                _ => None,
            };
            match (text_of(state)?.as_str(), holding, to) {
                (NOW, Some(holding), valid_to) => {
                    let interval = Ownership {
                        chip_id,
                        valid_from: from,
                        valid_to,
                        user_id: holding.user_id,
                        prosthesis_id: holding.prosthesis_id,
                        prosthesis_model: text_of(&models[at])?,
                        updated_at: updated[at].map(instant).transpose()?,
                    };
                    owners.intervals.push((interval, customers[at]));
                }
                (APPLIED, holding, Some(to)) => {
                    let owner = holding.map(|holding| (holding.user_id, holding.prosthesis_id));
                    owners.applied.push(Pending { chip_id, from, to, owner });
                }
                (WAS, Some(holding), Some(to)) => owners.was.push(Was { chip_id, from, to, holding }),
                _ => return Err(wrong("a state of ownership")),
            }
        }
    }
    Ok(owners)
}

fn instant(micros: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| wrong("an instant"))
}

//! A person and the hours of some months, from which all of the person's reports are computed, in one
//! statement.

use bionicpro_model::{Error, Kind, Result, Username};
use bionicpro_reports::{Month, MonthHours, Person, Presence, Prosthesis, Row};
use chrono::{DateTime, NaiveDate, Utc};
use clickhouse::query::Query;
use serde::Deserialize;
use uuid::Uuid;

use super::MartReader;

/// The placeholder dates, after `serial_number`, of rows that have none.
const NO_DATES: &str = "CAST(NULL, 'Nullable(Date)') AS manufactured_on, CAST(NULL, 'Nullable(Date)') AS warranty_until, \
     CAST(NULL, 'Nullable(DateTime64(6))') AS owned_since, CAST(NULL, 'Nullable(DateTime64(6))') AS owned_until";

/// The placeholder numbers, after `movements_count`, of rows that are not hours.
const NO_NUMBERS: &str = "toUInt32(0), toUInt32(0), toUInt32(0), toFloat64(0), toUInt32(0), toFloat64(0), \
     CAST(NULL, 'Nullable(Float32)'), CAST(NULL, 'Nullable(Float32)'), toUInt64(0)";

/// The kinds of rows, as in `person.sql`.
const HOUR: u8 = 1;
const DAY: u8 = 2;
const PROSTHESIS: u8 = 3;
const USER: u8 = 4;
const INTERVAL: u8 = 5;

/// The maximum size of a result in bytes.
const MAX_BYTES: u64 = 64 << 20;
const SECONDS_OF_A_DAY: u32 = 86_400;

/// A row of the query; its meaning depends on its kind.
#[derive(clickhouse::Row, Deserialize)]
struct PersonRow {
    kind: u8,
    hour: u32,
    /// The prosthesis; in a row of the kind `USER`, the person.
    #[serde(with = "clickhouse::serde::uuid")]
    prosthesis_id: Uuid,
    chip_id: String,
    prosthesis_model: String,
    serial_number: String,
    #[serde(with = "clickhouse::serde::chrono::date::option")]
    manufactured_on: Option<NaiveDate>,
    #[serde(with = "clickhouse::serde::chrono::date::option")]
    warranty_until: Option<NaiveDate>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    owned_since: Option<DateTime<Utc>>,
    #[serde(with = "clickhouse::serde::chrono::datetime64::micros::option")]
    owned_until: Option<DateTime<Utc>>,
    movements_count: u32,
    error_count: u32,
    anomaly_count: u32,
    response_count: u32,
    response_sum: f64,
    battery_count: u32,
    battery_sum: f64,
    battery_min: Option<f32>,
    battery_last: Option<f32>,
    version: u64,
}

impl MartReader {
    /// Returns the person with a login name, and the hours of the months; each month is in the result, even
    /// without data.
    ///
    /// For an unknown name, the person has no id, no prostheses and no data.
    pub async fn person(&self, username: &Username, months: &[Month]) -> Result<(Person, Vec<MonthHours>)> {
        let numbers: Vec<u32> = months.iter().map(|month| month.number()).collect();
        let sql =
            include_str!("person.sql").replace("{no_dates}", NO_DATES).replace("{no_numbers}", NO_NUMBERS);
        let query = self.own(&sql, username).await?.param("months", numbers);
        let found = self.run("reading a person", found(query)).await?;
        let found = found.ok_or_else(|| {
            Error::new(Kind::Data, "a person's hours exceed the memory limit")
                .detail(format!("{MAX_BYTES} bytes in {} months", months.len()))
        })?;
        let hours = found.iter().filter(|row| row.kind == HOUR).map(PersonRow::hour);
        let hours = hours.collect::<Option<Vec<_>>>();
        let hours = hours.ok_or_else(|| Error::new(Kind::Internal, "an hour is not a valid timestamp"))?;
        Ok((person(&found), MonthHours::of_months(months, hours)))
    }
}

/// Returns the rows of the query, or `None` if they are too large. The engine applies its limits to each part
/// of a union separately, not to the whole.
async fn found(query: Query) -> clickhouse::error::Result<Option<Vec<PersonRow>>> {
    let mut cursor = query.fetch::<PersonRow>()?;
    let mut found = Vec::new();
    while let Some(row) = cursor.next().await? {
        found.push(row);
        if cursor.decoded_bytes() > MAX_BYTES {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// Builds the person without any numbers; the presence also includes the hours of the months that were read.
fn person(found: &[PersonRow]) -> Person {
    let of_kind = |kind| found.iter().filter(move |row| row.kind == kind);
    // Of several intervals, the newest, which begins last.
    let interval =
        |id| of_kind(INTERVAL).filter(|row| row.prosthesis_id == id).max_by_key(|row| row.owned_since);
    let prostheses = of_kind(PROSTHESIS).map(|row| Prosthesis {
        prosthesis_id: row.prosthesis_id,
        chip_id: row.chip_id.clone(),
        prosthesis_model: row.prosthesis_model.clone(),
        serial_number: row.serial_number.clone(),
        manufactured_on: row.manufactured_on,
        warranty_until: row.warranty_until,
        owned_since: interval(row.prosthesis_id).and_then(|row| row.owned_since),
        owned_until: interval(row.prosthesis_id).and_then(|row| row.owned_until),
    });
    let days = of_kind(DAY).map(|row| (row, row.movements_count));
    let hours = of_kind(HOUR).map(|row| (row, 1 << (row.hour % SECONDS_OF_A_DAY / 3600)));
    let day = |row: &PersonRow| u16::try_from(row.hour / SECONDS_OF_A_DAY).unwrap_or(u16::MAX);
    Person::new(
        of_kind(USER).map(|row| row.prosthesis_id).next(),
        prostheses.collect(),
        Presence::new(days.chain(hours).map(|(row, bits)| (row.prosthesis_id, day(row), bits))),
    )
}

impl PersonRow {
    fn hour(&self) -> Option<Row<'_>> {
        Some(Row {
            hour: DateTime::<Utc>::from_timestamp(i64::from(self.hour), 0)?,
            prosthesis_id: self.prosthesis_id,
            chip_id: &self.chip_id,
            prosthesis_model: &self.prosthesis_model,
            movements: self.movements_count,
            errors: self.error_count,
            anomalies: self.anomaly_count,
            response_count: self.response_count,
            response_sum: self.response_sum,
            battery_count: self.battery_count,
            battery_sum: self.battery_sum,
            battery_min: self.battery_min,
            battery_last: self.battery_last,
            version: self.version,
        })
    }
}

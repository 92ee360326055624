//! A person and the hours of some months: what every report of theirs is made from, in one statement.

use bionicpro_model::{Error, Kind, Result};
use bionicpro_reports::{Month, MonthHours, Person, Presence, Prosthesis, Row};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::Reports;

/// An id within an array or a tuple.
#[derive(Deserialize)]
struct Id(#[serde(with = "clickhouse::serde::uuid")] Uuid);

/// Whose the name is; the prostheses; of each day with data its prosthesis, the day since 1970, and its hours.
type PersonColumns = (Option<Id>, Vec<(Id, String, String, String)>, Vec<Id>, Vec<u16>, Vec<u32>);

/// The columns of hours, in the order of the query.
type HourColumns = (
    Vec<u32>,
    Vec<Id>,
    Vec<String>,
    Vec<String>,
    Vec<u32>,
    Vec<u32>,
    Vec<u32>,
    Vec<u32>,
    Vec<f64>,
    Vec<u32>,
    Vec<f64>,
    Vec<(Option<f32>,)>,
    Vec<(Option<f32>,)>,
    Vec<u64>,
);

#[derive(clickhouse::Row, Deserialize)]
struct Alone {
    person: PersonColumns,
}

#[derive(clickhouse::Row, Deserialize)]
struct WithHours {
    person: PersonColumns,
    hours: HourColumns,
}

impl Reports {
    /// The person of a login name, and the hours of the months, each of which is in the answer, with data or without.
    ///
    /// A name that is nobody's has no id, no prostheses and no data.
    pub async fn person(&self, login: &str, months: &[Month]) -> Result<(Person, Vec<MonthHours>)> {
        let sql = |columns, hours| {
            include_str!("person.sql").replace("{columns}", columns).replace("{hours}", hours)
        };
        if months.is_empty() {
            let query = self.own(&sql("", ""), login).await?;
            let Alone { person: found } = self.run("reading a person", query.fetch_one()).await?;
            return Ok((person(found), Vec::new()));
        }
        let numbers: Vec<u32> = months.iter().map(|month| month.number()).collect();
        let query =
            self.own(&sql(", hours", include_str!("hours.sql")), login).await?.param("months", numbers);
        let WithHours { person: found, hours } = self.run("reading hours", query.fetch_one()).await?;
        Ok((person(found), MonthHours::of_months(months, rows(&hours)?)))
    }
}

fn person((user_id, prostheses, ids, days, bits): PersonColumns) -> Person {
    let prosthesis = |(Id(prosthesis_id), chip_id, prosthesis_model, serial_number)| Prosthesis {
        prosthesis_id,
        chip_id,
        prosthesis_model,
        serial_number,
    };
    let days = ids.into_iter().zip(days).zip(bits).map(|((Id(id), day), bits)| (id, day, bits));
    Person {
        user_id: user_id.map(|Id(id)| id),
        prostheses: prostheses.into_iter().map(prosthesis).collect(),
        presence: Presence::new(days),
    }
}

fn rows(columns: &HourColumns) -> Result<Vec<Row<'_>>> {
    let (hours, ids, chips, models, movements, errors, anomalies, ..) = columns;
    let (.., response_count, response_sum, battery_count, battery_sum, battery_min, battery_last, version) =
        columns;
    let row = |place: usize| {
        Some(Row {
            hour: DateTime::<Utc>::from_timestamp(i64::from(*hours.get(place)?), 0)?,
            prosthesis_id: ids.get(place)?.0,
            chip_id: chips.get(place)?,
            prosthesis_model: models.get(place)?,
            movements: *movements.get(place)?,
            errors: *errors.get(place)?,
            anomalies: *anomalies.get(place)?,
            response_count: *response_count.get(place)?,
            response_sum: *response_sum.get(place)?,
            battery_count: *battery_count.get(place)?,
            battery_sum: *battery_sum.get(place)?,
            battery_min: battery_min.get(place)?.0,
            battery_last: battery_last.get(place)?.0,
            version: *version.get(place)?,
        })
    };
    let rows: Option<Vec<Row<'_>>> = (0..hours.len()).map(row).collect();
    rows.ok_or_else(|| Error::new(Kind::Internal, "the columns of a person's hours differ in length"))
}

//! The query that turns movements into cells, fitted to the column types of this table.
//!
//! The hour's last battery level has two exact forms: one look-up per cell by the index on (chip_id, event_time), at
//! about 3 µs a cell, or where there is none the greatest array [instant, level] in the hour, at 0.3 µs a row.

use bionicpro_model::HourRange;
use chrono::TimeDelta;

use crate::ident::instant_literal;
use crate::shape::Type;

/// What the query depends on.
pub(super) struct CellQuery {
    /// The quoted table.
    pub(super) table: String,
    pub(super) time_has_zone: bool,
    pub(super) response: Type,
    pub(super) battery: Type,
    pub(super) error: Type,
    /// Whether an index on (chip_id, event_time) finds a cell's last row at once.
    pub(super) looks_up_last: bool,
}

const CHIP: &str = "t.\"chip_id\"";
const TIME: &str = "t.\"event_time\"";
const RESPONSE: &str = "t.\"response_time_ms\"";
const BATTERY: &str = "t.\"battery_level\"";

impl CellQuery {
    /// The COPY statement for the cells of a range.
    pub(super) fn copy(&self, range: &HourRange) -> String {
        format!("COPY ({}) TO STDOUT (FORMAT binary)", self.select(range))
    }

    fn select(&self, range: &HourRange) -> String {
        // Within one hour every row has the same one: no need to compute and to hash it.
        let is_one_hour = range.to() - range.from() == TimeDelta::hours(1);
        let from = instant_literal(range.from(), self.time_has_zone);
        let hour = if is_one_hour { from.clone() } else { format!("date_trunc('hour', {TIME})") };
        let group = if is_one_hour { CHIP.to_owned() } else { format!("{CHIP}, {hour}") };
        let error = match self.error {
            Type::Text => "t.\"error_code\"".to_owned(),
            _ => "t.\"error_code\"::text".to_owned(),
        };
        let last = match self.looks_up_last {
            true => String::new(),
            false => format!(
                ",\n    (max(ARRAY[date_part('epoch', {TIME}), {BATTERY}::float8]) FILTER (WHERE {}))[2] AS battery_last",
                has_sample(BATTERY, self.battery)
            ),
        };
        let cells = include_str!("cells.sql");
        let cells = cells.split_once("SELECT").map_or(cells, |(_, select)| select);
        let cells = [
            ("{chip}", format!("{CHIP}::text")),
            ("{hour}", hour),
            ("{group}", group),
            ("{error}", error),
            (
                "{anomaly}",
                format!("{RESPONSE} < 0 OR {BATTERY} < 0 OR {BATTERY} > 100{}", self.infinite_response()),
            ),
            ("{response_is_sample}", is_sample(RESPONSE, self.response)),
            ("{battery_is_sample}", is_sample(BATTERY, self.battery)),
            ("{battery_has_sample}", has_sample(BATTERY, self.battery)),
            ("{response_term}", term(RESPONSE, self.response)),
            ("{battery_term}", term(BATTERY, self.battery)),
            ("{response}", RESPONSE.to_owned()),
            ("{battery}", BATTERY.to_owned()),
            ("{time}", TIME.to_owned()),
            ("{last}", last),
            ("{table}", self.table.clone()),
            ("{from}", from),
            ("{to}", instant_literal(range.to(), self.time_has_zone)),
        ]
        .iter()
        .fold(format!("SELECT{cells}"), |sql, (word, value)| sql.replace(word, value));
        if self.looks_up_last { self.with_last(&cells) } else { cells }
    }

    /// Adds the look-up of the last battery level to the cells.
    fn with_last(&self, cells: &str) -> String {
        format!(
            "SELECT c.*, (SELECT max({BATTERY})::float8 FROM {} AS t WHERE {CHIP} = c.chip \
             AND {TIME} = c.battery_last_at AND {}) AS battery_last FROM ({cells}) AS c",
            self.table,
            has_sample(BATTERY, self.battery)
        )
    }

    /// NaN is greater than every number in PostgreSQL, so that one comparison finds NaN and infinity.
    fn infinite_response(&self) -> String {
        match self.response {
            Type::Float | Type::Numeric => format!(" OR {RESPONSE} >= 'Infinity'"),
            _ => String::new(),
        }
    }
}

/// The aggregate's filter; integers are always finite and nulls are skipped anyway.
fn is_sample(column: &str, of: Type) -> String {
    match of {
        Type::Float | Type::Numeric => format!(" FILTER (WHERE {})", has_sample(column, of)),
        _ => String::new(),
    }
}

fn has_sample(column: &str, of: Type) -> String {
    match of {
        Type::Float | Type::Numeric => format!("{column} > '-Infinity' AND {column} < 'Infinity'"),
        _ => format!("{column} IS NOT NULL"),
    }
}

/// `sum(real)` is a `real`: it would lose what the rows still have.
fn term(column: &str, of: Type) -> String {
    if of == Type::Float { format!("{column}::float8") } else { column.to_owned() }
}

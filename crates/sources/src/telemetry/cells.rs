//! The queries that turn movements into cells, fitted to the column types of this table.
//!
//! The hour's last battery level is found exactly in one of two ways: by one lookup per cell in the index on
//! (chip_id, event_time), at about 3 µs a cell, or without that index by the greatest array [instant, level]
//! in the hour, at 0.3 µs a row.

use std::collections::BTreeMap;

use bionicpro_model::hex;
use chrono::{DateTime, Utc};

use super::plan::{HOUR_US, Interval};
use crate::ident::{array_literal, instant_literal};
use crate::shape::Type;
use crate::template::fill;

/// The properties of the table that the queries depend on.
pub(super) struct CellQuery {
    /// The quoted name of the table.
    pub(super) table: String,
    /// The chip column's type in SQL, so that a comparison can use its index.
    pub(super) chip_type: &'static str,
    pub(super) time_has_zone: bool,
    pub(super) response: Type,
    pub(super) battery: Type,
    pub(super) error: Type,
    /// The collation of the chip, quoted, if it treats differently spelt texts as equal: chips are then
    /// compared by their bytes.
    pub(super) equating: Option<String>,
    /// The SQL expression for the chip as the bytes that the database holds.
    pub(super) raw_chip: String,
    /// True if an index on (chip_id, event_time) finds a cell's rows directly.
    pub(super) by_chip_and_time: bool,
}

/// Cells (hour, chip) that a query over hours leaves out.
pub(super) type Cells<'a> = [(i64, &'a str)];

const CHIP: &str = "t.\"chip_id\"";
const CHIP_BY_BYTES: &str = "t.\"chip_id\" COLLATE \"C\"";
const TIME: &str = "t.\"event_time\"";
const RESPONSE: &str = "t.\"response_time_ms\"";
const BATTERY: &str = "t.\"battery_level\"";
const HOUR: &str = "date_trunc('hour', t.\"event_time\")";

impl CellQuery {
    /// The COPY statement for all cells from one hour to another, in microseconds since 1970.
    pub(super) fn hours(
        &self,
        (from, to): (i64, i64),
        cut: &Cells<'_>,
        unreadable: &BTreeMap<i64, Vec<&[u8]>>,
    ) -> String {
        // Within one hour every row has the same hour: there is no need to compute and hash it.
        let is_one_hour = to - from == HOUR_US;
        let (from, to) = (self.instant(from), self.instant(to));
        let hour = if is_one_hour { &from } else { HOUR };
        let chip = self.chip();
        let group = if is_one_hour { chip.to_owned() } else { format!("{chip}, {HOUR}") };
        let mut left_out = if cut.is_empty() { String::new() } else { self.left_out(cut, is_one_hour) };
        for (hour, chips) in unreadable {
            let (from, to) = (self.instant(*hour), self.instant(hour + HOUR_US));
            // A row without a chip is kept: it is counted.
            left_out.push_str(&format!(
                " AND ({TIME} < {from} OR {TIME} >= {to} OR ({} = ANY ({})) IS NOT TRUE)",
                self.raw_chip,
                bytes_literal(chips)
            ));
        }
        let own = [("hour", hour), ("group", &group), ("left_out", &left_out), ("from", &from), ("to", &to)];
        self.copy(include_str!("cells_of_hours.sql"), &own)
    }

    /// The COPY statement for the cells of some chips in one hour, by the bytes of their names.
    pub(super) fn hour_of(&self, hour: i64, chips: &[&[u8]]) -> String {
        let (from, to) = (self.instant(hour), self.instant(hour + HOUR_US));
        let these = format!(" AND {} = ANY ({})", self.raw_chip, bytes_literal(chips));
        let own =
            [("hour", &*from), ("group", self.chip()), ("left_out", &these), ("from", &from), ("to", &to)];
        self.copy(include_str!("cells_of_hours.sql"), &own)
    }

    /// The query for the chips of an hour by the bytes of their names, with the number of their rows.
    pub(super) fn raw_chips(&self, hour: i64) -> String {
        let (from, to) = (self.instant(hour), self.instant(hour + HOUR_US));
        let words = [
            ("raw", &*self.raw_chip),
            ("chip", CHIP),
            ("time", TIME),
            ("table", &self.table),
            ("from", &from),
            ("to", &to),
        ];
        fill(include_str!("raw_chips.sql"), &words)
    }

    /// The COPY statement for the cells of intervals; with `is_one_cell`, each of them is within one hour.
    pub(super) fn intervals(&self, intervals: &[Interval], chips: &[Box<str>], is_one_cell: bool) -> String {
        let first = intervals.iter().map(|interval| interval.from).min().unwrap_or(0);
        let last = intervals.iter().map(|interval| interval.to).max().unwrap_or(0);
        let names = array_literal(intervals.iter().map(|interval| chips[interval.chip as usize].as_ref()));
        let (query, hour, group) = match (self.by_chip_and_time, is_one_cell) {
            (true, true) => (include_str!("cells_of_chips.sql"), "date_trunc('hour', i.since)", ""),
            (true, false) => {
                (include_str!("cells_of_chips.sql"), HOUR, "GROUP BY date_trunc('hour', t.\"event_time\")")
            }
            (false, _) => (include_str!("cells_by_join.sql"), HOUR, ""),
        };
        let own = [
            ("chips", &*format!("{names}::{}[]", self.chip_type)),
            ("froms", &self.instants(intervals.iter().map(|interval| interval.from))),
            ("tos", &self.instants(intervals.iter().map(|interval| interval.to))),
            ("hour", hour),
            ("group", group),
            ("from", &self.instant(first)),
            ("to", &self.instant(last)),
            ("chip_is", &self.chip_is("i.chip")),
        ];
        self.copy(query, &own)
    }

    /// The expression for the chip by which rows are grouped.
    fn chip(&self) -> &'static str {
        if self.equating.is_some() { CHIP_BY_BYTES } else { CHIP }
    }

    /// The condition that a row belongs to this chip. The first half finds it by the index, whatever the
    /// collation treats as equal.
    fn chip_is(&self, chip: &str) -> String {
        match &self.equating {
            Some(collation) => {
                format!("{CHIP} = {chip} COLLATE {collation} AND {CHIP_BY_BYTES} = {chip} COLLATE \"C\"")
            }
            None => format!("{CHIP} = {chip}"),
        }
    }

    /// A condition that excludes the rows of these cells. Rows without a chip are kept: they are counted.
    fn left_out(&self, cells: &Cells<'_>, is_one_hour: bool) -> String {
        let chips = format!("{}::{}[]", array_literal(cells.iter().map(|(_, chip)| *chip)), self.chip_type);
        if is_one_hour {
            return format!(" AND ({} = ANY ({chips})) IS NOT TRUE", self.chip());
        }
        let hours = self.instants(cells.iter().map(|(hour, _)| *hour));
        let chip = self.chip();
        format!(" AND (({chip}, {HOUR}) IN (SELECT * FROM unnest({chips}, {hours}))) IS NOT TRUE")
    }

    fn copy(&self, query: &str, own: &[(&str, &str)]) -> String {
        let measures = self.measures();
        let common =
            [("measures", &*measures), ("chip", self.chip()), ("time", TIME), ("table", &self.table)];
        let cells = fill(query, &[own, &common].concat());
        let cells = if self.by_chip_and_time { self.with_last(&cells) } else { cells };
        format!("COPY ({cells}) TO STDOUT (FORMAT binary)")
    }

    fn measures(&self) -> String {
        let error = is_error(self.error);
        let last = match self.by_chip_and_time {
            true => String::new(),
            false => format!(
                ",\n    (max(ARRAY[date_part('epoch', {TIME}), {BATTERY}::float8]) FILTER (WHERE {}))[2] AS battery_last",
                has_sample(BATTERY, self.battery)
            ),
        };
        let anomaly =
            format!("{RESPONSE} < 0 OR {BATTERY} < 0 OR {BATTERY} > 100{}", self.infinite_response());
        let values = [
            ("error", &*error),
            ("anomaly", &*anomaly),
            ("response_is_sample", &is_sample(RESPONSE, self.response)),
            ("battery_is_sample", &is_sample(BATTERY, self.battery)),
            ("battery_has_sample", &has_sample(BATTERY, self.battery)),
            ("response_term", &term(RESPONSE, self.response)),
            ("battery_term", &term(BATTERY, self.battery)),
            ("response_squares", &squares(RESPONSE, self.response)),
            ("battery_squares", &squares(BATTERY, self.battery)),
            ("response", RESPONSE),
            ("battery", BATTERY),
            ("time", TIME),
            ("last", &last),
        ];
        fill(include_str!("measures.sql"), &values)
    }

    /// Adds the lookup of the last battery level to the cells.
    ///
    /// The instant is compared as a range: for an equality the server would prefer the index on the time
    /// alone, which finds the rows of all chips at that instant.
    fn with_last(&self, cells: &str) -> String {
        format!(
            "SELECT c.*, (SELECT max({BATTERY})::float8 FROM {} AS t WHERE {} \
             AND {TIME} BETWEEN c.battery_last_at AND c.battery_last_at AND {}) AS battery_last FROM ({cells}) AS c",
            self.table,
            self.chip_is(&format!("c.chip::{}", self.chip_type)),
            has_sample(BATTERY, self.battery)
        )
    }

    /// The condition for a NaN or infinite response time. NaN is greater than every number in PostgreSQL, so
    /// one comparison finds both.
    fn infinite_response(&self) -> String {
        match self.response {
            Type::Float | Type::Numeric => format!(" OR {RESPONSE} >= 'Infinity'"),
            _ => String::new(),
        }
    }

    fn instant(&self, micros: i64) -> String {
        instant_literal(at(micros), self.time_has_zone)
    }

    pub(super) fn instants(&self, micros: impl Iterator<Item = i64>) -> String {
        let elements: Vec<String> =
            micros.map(|micros| at(micros).format("\"%Y-%m-%d %H:%M:%S%.6f+00\"").to_string()).collect();
        let of = if self.time_has_zone { "timestamptz" } else { "timestamp" };
        format!("'{{{}}}'::{of}[]", elements.join(","))
    }
}

/// An array literal of bytes, as hexadecimal digits, which do not depend on how the server treats
/// backslashes.
fn bytes_literal(values: &[&[u8]]) -> String {
    let elements: Vec<String> =
        values.iter().map(|value| format!("decode('{}', 'hex')", hex(value))).collect();
    format!("ARRAY[{}]::bytea[]", elements.join(", "))
}

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// The aggregate's filter for samples; empty for integers, which are always finite, and whose nulls are
/// skipped anyway.
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

/// The condition for a movement that counts as an error: a number if it is greater than 0 (NaN is not), a
/// boolean if it is true, anything else if its trimmed text is neither empty nor `0`. Null never counts.
fn is_error(of: Type) -> String {
    let code = "t.\"error_code\"";
    match of {
        Type::Int | Type::BigInt => format!("{code} > 0"),
        Type::Numeric | Type::Float => format!("{code} > 0 AND {code} <> 'NaN'"),
        Type::Bool => code.to_owned(),
        _ => format!("btrim({code}::text, E' \\t\\n\\r\\f\\x0b') NOT IN ('', '0')"),
    }
}

/// The sum of the squares; null if a sample is beyond 1e134. PostgreSQL refuses a product, a sum or a cast
/// that overflows `double precision` or underflows to 0, and with it the whole cell.
///
/// Integers and numerics are summed exactly. The square of a floating-point number is rounded to a multiple
/// of 2^-20 by adding 2^32: sums of these are exact up to 2^33, and thus the same in whatever order a plan
/// reads the rows. Sums of unrounded squares would not be: the square of a `real` has twice its digits.
fn squares(column: &str, of: Type) -> String {
    let (value, is_sample) = (term(column, of), is_sample(column, of));
    let square = match of {
        Type::Int => format!("{value}::int8 * {value}"),
        Type::BigInt => format!("{value}::numeric * {value}"),
        Type::Numeric => {
            format!("CASE WHEN {value} BETWEEN -1e134 AND 1e134 THEN {value} * {value} ELSE 1e288 END")
        }
        _ => format!(
            "CASE WHEN abs({value}) BETWEEN 1e-134 AND 1e134 THEN {value} * {value} + 4294967296 - 4294967296 \
             WHEN abs({value}) < 1 THEN 0 ELSE 1e288 END"
        ),
    };
    // The sum of squares within the limit is less than 1e288, however many there are; 1e288 marks a sample
    // beyond the limit.
    let sum = format!("sum({square}){is_sample}");
    format!("(CASE WHEN {sum} >= 1e288 THEN NULL WHEN {sum} > 1e-288 THEN {sum} ELSE 0 END)::float8")
}

/// The term to be summed: `sum(real)` is a `real` and would lose precision that the rows have.
fn term(column: &str, of: Type) -> String {
    if of == Type::Float { format!("{column}::float8") } else { column.to_owned() }
}

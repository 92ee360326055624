//! Rows of the mart as lines of CSV (RFC 4180).

use std::borrow::Cow;
use std::fmt::Write as _;

use bionicpro_reports::Row;

use crate::figures::{Samples, reading};
use crate::parameters::Zone;

pub(super) const HEAD: &str = "local_date,local_hour,utc_offset,hour_utc,timezone,prosthesis_model,chip_id,prosthesis_id,\
                    movements,errors,anomalies,avg_response_time_ms,response_samples,avg_battery_level,\
                    battery_samples,lowest_battery_level,last_battery_level\r\n";

/// Returns a line for each row. An unknown number is an empty cell.
pub(super) fn lines<'a>(rows: impl Iterator<Item = Row<'a>>, zone: Zone) -> String {
    let mut lines = String::new();
    for row in rows {
        let local = row.hour.with_timezone(&zone.tz()).fixed_offset();
        let cells = [
            local.format("%Y-%m-%d").to_string().into(),
            local.format("%H:%M").to_string().into(),
            // The letters come first because spreadsheets treat an offset alone as a formula.
            local.format("UTC%:z").to_string().into(),
            row.hour.format("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
            text(zone.name()),
            text(row.prosthesis_model),
            text(row.chip_id),
            row.prosthesis_id.to_string().into(),
            row.movements.to_string().into(),
            row.errors.to_string().into(),
            row.anomalies.to_string().into(),
            number(Samples::new(row.response_sum, row.response_count.into()).average()),
            row.response_count.to_string().into(),
            number(Samples::new(row.battery_sum, row.battery_count.into()).average()),
            row.battery_count.to_string().into(),
            number(row.battery_min.and_then(reading)),
            number(row.battery_last.and_then(reading)),
        ];
        lines.push_str(&cells.join(","));
        lines.push_str("\r\n");
    }
    lines
}

/// Formats a number with one decimal, as in the reports.
fn number(value: Option<f64>) -> Cow<'static, str> {
    value.map_or(Cow::Borrowed(""), |value| format!("{value:.1}").into())
}

/// Encodes a text so that no program that opens the file treats it as a formula.
///
/// Spreadsheets treat cells that begin with one of these characters as formulas, even after a quotation mark
/// (OWASP, CSV injection). An apostrophe before them makes the cell a text.
fn text(value: &str) -> Cow<'_, str> {
    let is_formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_quoted = value.contains([',', '"', '\r', '\n', ';', '\t']);
    if !is_formula && !is_quoted {
        return Cow::Borrowed(value);
    }
    let mut cell = String::with_capacity(value.len() + 3);
    let apostrophe = if is_formula { "'" } else { "" };
    // Writing to a string cannot fail.
    let _ = write!(cell, "\"{apostrophe}{}\"", value.replace('"', "\"\""));
    Cow::Owned(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_and_formulas_are_defused() {
        for (value, cell) in [
            ("BionicHand Pro", "BionicHand Pro"),
            ("Рука 2", "Рука 2"),
            ("a,b", "\"a,b\""),
            ("the \"hand\"", "\"the \"\"hand\"\"\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r\n=1", "\"'\r\n=1\""),
            ("＝1", "\"'＝1\""),
            ("", ""),
        ] {
            assert_eq!(text(value), cell);
        }
        assert_eq!((number(None), number(Some(45.0))), ("".into(), "45.0".into()));
    }

    #[test]
    fn every_line_has_as_many_cells_as_the_head() {
        assert_eq!(HEAD.split(',').count(), 17);
        let row = Row {
            hour: "2026-10-25T00:00:00Z".parse().unwrap(),
            prosthesis_id: uuid::Uuid::from_u128(7),
            chip_id: "CHIP-1",
            prosthesis_model: "Hand",
            movements: 3,
            errors: 1,
            anomalies: 0,
            response_count: 2,
            response_sum: 91.0,
            battery_count: 0,
            battery_sum: 0.0,
            battery_min: None,
            battery_last: None,
            version: 1,
        };
        let lines = lines([row].into_iter(), Zone::parse("Europe/Berlin").unwrap());
        assert_eq!(
            lines,
            "2026-10-25,02:00,UTC+02:00,2026-10-25T00:00:00Z,Europe/Berlin,Hand,CHIP-1,\
             00000000-0000-0000-0000-000000000007,3,1,0,45.5,2,,0,,\r\n"
        );
    }
}

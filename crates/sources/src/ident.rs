//! Quotes names and values for SQL text. COPY takes no parameters, so both are quoted here and nowhere else.

use chrono::{DateTime, Utc};

/// Quotes an identifier so that PostgreSQL reads it back unchanged, whatever it contains.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"schema"."table"`.
pub(crate) fn quote_table(schema: &str, table: &str) -> String {
    format!("{}.{}", quote_identifier(schema), quote_identifier(table))
}

/// An instant as a literal of the column's own type, so that the comparison can use an index on the column.
pub(crate) fn instant_literal(instant: DateTime<Utc>, with_zone: bool) -> String {
    let text = instant.format("%Y-%m-%d %H:%M:%S%.6f");
    if with_zone { format!("timestamptz '{text}+00'") } else { format!("timestamp '{text}'") }
}

/// A text as a literal, whatever it contains and however the server reads backslashes.
pub(crate) fn text_literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// An array literal of texts.
pub(crate) fn array_literal<'a>(elements: impl Iterator<Item = &'a str>) -> String {
    let mut array = String::from("{");
    for (index, element) in elements.enumerate() {
        if index > 0 {
            array.push(',');
        }
        array.push('"');
        for letter in element.chars() {
            if matches!(letter, '"' | '\\') {
                array.push('\\');
            }
            array.push(letter);
        }
        array.push('"');
    }
    array.push('}');
    text_literal(&array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quote_identifier("raw_telemetry"), r#""raw_telemetry""#);
        assert_eq!(quote_identifier(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
        assert_eq!(quote_table("Схема", "t t"), r#""Схема"."t t""#);
    }

    #[test]
    fn a_text_cannot_end_its_literal() {
        assert_eq!(text_literal(r"a'b\"), r"E'a''b\\'");
        assert_eq!(array_literal([r#"a"b"#, r"c\", "d'e"].into_iter()), r#"E'{"a\\"b","c\\\\","d''e"}'"#);
        assert_eq!(array_literal(std::iter::empty()), "E'{}'");
    }

    #[test]
    fn instants_are_written_in_utc_to_the_microsecond() {
        let instant = DateTime::from_timestamp_micros(1_705_305_600_000_001).unwrap();
        assert_eq!(instant_literal(instant, false), "timestamp '2024-01-15 08:00:00.000001'");
        assert_eq!(instant_literal(instant, true), "timestamptz '2024-01-15 08:00:00.000001+00'");
    }
}

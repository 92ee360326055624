//! Tables that a client sends along with a statement: temporary tables of the request's session.

use bytes::Bytes;

use super::connection::Connection;
use super::failure::{self, Failure};
use super::guard;
use super::prepare::quote_name;

/// A table that came with the request.
#[derive(Debug, Clone)]
pub(super) struct ExternalTable {
    name: String,
    /// Columns as in CREATE TABLE.
    structure: String,
    format: String,
    rows: Bytes,
}

impl ExternalTable {
    /// Finds the table's columns and format among the request's parameters, `NAME_structure` or `NAME_types` and
    /// `NAME_format`, and takes them out.
    pub(super) fn new(
        name: String,
        rows: Bytes,
        parameters: &mut Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let mut take = |suffix: &str| {
            let at = parameters.iter().position(|(given, _)| *given == format!("{name}_{suffix}"))?;
            Some(parameters.remove(at).1)
        };
        let (structure, types) = (take("structure"), take("types"));
        let format = take("format").unwrap_or_else(|| "TabSeparated".to_owned());
        let structure = match (structure, types) {
            (Some(structure), _) => structure,
            (None, Some(types)) => numbered(&types),
            (None, None) => {
                return Err(Failure::new(
                    failure::BAD_ARGUMENTS,
                    format!(
                        "Neither structure nor types have not been provided for external table {name}. Use fields {name}_structure or {name}_types to do so"
                    ),
                ));
            }
        };
        Ok(ExternalTable { name, structure, format, rows })
    }

    /// Makes the table in the connection's session and fills it.
    pub(super) fn fill(&self, connection: &mut Connection) -> Result<(), Failure> {
        let name = quote_name(&self.name);
        let create = format!("CREATE TEMPORARY TABLE {name} ({})", self.structure);
        guard::check(create.as_bytes())?;
        if connection.classify(&create).statements > 1 {
            return Err(Failure::new(
                failure::BAD_ARGUMENTS,
                "The structure of an external table is a list of columns",
            ));
        }
        connection.query(&create, "Null", &[])?;
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut insert = connection.insert(&format!("INSERT INTO {name}"), &self.format, &[])?;
        insert.append(&self.rows);
        insert.done().map(drop)
    }

    /// Removes the table from a session that goes on.
    pub(super) fn remove(&self, connection: &mut Connection) {
        let sql = format!("DROP TEMPORARY TABLE IF EXISTS {}", quote_name(&self.name));
        if let Err(failure) = connection.query(&sql, "Null", &[]) {
            tracing::debug!(failure = failure.text, "an external table stays in its session");
        }
    }
}

/// `UInt8,Array(Tuple(a Int8, b Int8))` as `_1 UInt8, _2 Array(…)`.
fn numbered(types: &str) -> String {
    let mut columns = vec![String::new()];
    let mut depth = 0_usize;
    for char in types.chars() {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                columns.push(String::new());
                continue;
            }
            _ => {}
        }
        columns.last_mut().expect("never empty").push(char);
    }
    let columns = columns.iter().enumerate().map(|(at, column)| format!("_{} {}", at + 1, column.trim()));
    columns.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_without_names_get_numbers() {
        assert_eq!(numbered("UInt8, Decimal(9, 2)"), "_1 UInt8, _2 Decimal(9, 2)");
    }

    #[test]
    fn a_table_without_columns_is_refused_and_its_parameters_are_taken() {
        let mut parameters =
            vec![("t_structure".to_owned(), "a Int8".to_owned()), ("max_threads".to_owned(), "1".to_owned())];
        ExternalTable::new("t".into(), Bytes::new(), &mut parameters).unwrap();
        assert_eq!(parameters.len(), 1);
        assert_eq!(ExternalTable::new("t".into(), Bytes::new(), &mut parameters).unwrap_err().code, 36);
    }
}

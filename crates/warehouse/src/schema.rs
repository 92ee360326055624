//! The columns that this program writes and reads, and the check that a database has them.

use std::collections::HashMap;

use bionicpro_model::{Error, Kind, Result};

use crate::Warehouse;

/// A column's name and its ClickHouse type.
pub type Column = (&'static str, &'static str);

/// The mart's columns in their order; a staged `mart.parquet` has these names.
pub const MART: &[Column] = &[
    ("user_id", "UUID"),
    ("ldap_username", "String"),
    ("prosthesis_id", "UUID"),
    ("chip_id", "String"),
    ("date", "Date"),
    ("hour", "DateTime('UTC')"),
    ("movements_count", "UInt32"),
    ("avg_response_time", "Nullable(Float32)"),
    ("avg_battery_level", "Nullable(Float32)"),
    ("error_count", "UInt32"),
    ("error_rate", "Float32"),
    ("customer_name", "String"),
    ("customer_email", "String"),
    ("prosthesis_model", "String"),
    ("created_at", "DateTime('UTC')"),
    ("response_count", "UInt32"),
    ("response_sum", "Float64"),
    ("response_squares", "Nullable(Float64)"),
    ("battery_count", "UInt32"),
    ("battery_sum", "Float64"),
    ("battery_squares", "Nullable(Float64)"),
    ("battery_min", "Nullable(Float32)"),
    ("battery_last", "Nullable(Float32)"),
    ("anomaly_count", "UInt32"),
    ("version", "UInt64"),
    ("is_deleted", "UInt8"),
];

/// The columns of the mart's history: those of the mart that are not personal names and not derived from
/// other columns.
pub(crate) const HISTORY: &[Column] = &[
    ("user_id", "UUID"),
    ("prosthesis_id", "UUID"),
    ("chip_id", "String"),
    ("prosthesis_model", "String"),
    ("date", "Date"),
    ("hour", "DateTime('UTC')"),
    ("movements_count", "UInt32"),
    ("error_count", "UInt32"),
    ("response_count", "UInt32"),
    ("response_sum", "Float64"),
    ("response_squares", "Nullable(Float64)"),
    ("battery_count", "UInt32"),
    ("battery_sum", "Float64"),
    ("battery_squares", "Nullable(Float64)"),
    ("battery_min", "Nullable(Float32)"),
    ("battery_last", "Nullable(Float32)"),
    ("anomaly_count", "UInt32"),
    ("version", "UInt64"),
    ("is_deleted", "UInt8"),
];

/// The tables that the program writes and reads, with the columns that it needs.
const TABLES: &[(&str, &[Column])] = &[
    ("user_prosthesis_stats", MART),
    ("load_rows", MART),
    ("mart_history", HISTORY),
    (
        "users",
        &[
            ("user_id", "UUID"),
            ("ldap_username", "String"),
            ("customer_name", "String"),
            ("customer_email", "String"),
            ("version", "UInt64"),
            ("is_deleted", "UInt8"),
        ],
    ),
    (
        "user_prostheses",
        &[
            ("user_id", "UUID"),
            ("prosthesis_id", "UUID"),
            ("chip_id", "String"),
            ("prosthesis_model", "String"),
            ("serial_number", "String"),
            ("manufactured_on", "Nullable(Date)"),
            ("warranty_until", "Nullable(Date)"),
            ("version", "UInt64"),
            ("is_deleted", "UInt8"),
        ],
    ),
    (
        "chip_owners",
        &[
            ("chip_id", "String"),
            ("valid_from", "DateTime64(6, 'UTC')"),
            ("valid_to", "Nullable(DateTime64(6, 'UTC'))"),
            ("user_id", "UUID"),
            ("prosthesis_id", "UUID"),
            ("prosthesis_model", "String"),
            ("updated_at", "Nullable(DateTime64(6, 'UTC'))"),
            ("version", "UInt64"),
            ("is_deleted", "UInt8"),
        ],
    ),
    (
        "loaded_ranges",
        &[
            ("version", "UInt64"),
            ("range_from", "DateTime('UTC')"),
            ("range_to", "DateTime('UTC')"),
            ("run", "String"),
        ],
    ),
    (
        "pending_owners",
        &[
            ("version", "UInt64"),
            ("chip_id", "String"),
            ("valid_from", "DateTime64(6, 'UTC')"),
            ("valid_to", "DateTime64(6, 'UTC')"),
            ("owner", "Array(UUID)"),
        ],
    ),
    (
        "compared_days",
        &[
            ("date", "Date"),
            ("version", "UInt64"),
            ("differing", "UInt64"),
            ("is_mended", "UInt8"),
            ("run", "String"),
        ],
    ),
    ("report_changes", &[("number", "UInt64"), ("user_id", "UUID"), ("month", "UInt32")]),
    ("marks", &[("name", "LowCardinality(String)"), ("version", "UInt64")]),
    (
        "etl_runs",
        &[
            ("run", "String"),
            ("step", "LowCardinality(String)"),
            ("state", "LowCardinality(String)"),
            ("attempt", "UInt16"),
            ("at", "DateTime64(6, 'UTC')"),
            ("kind", "LowCardinality(Nullable(String))"),
            ("form", "LowCardinality(Nullable(String))"),
            ("range_from", "Nullable(DateTime('UTC'))"),
            ("range_to", "Nullable(DateTime('UTC'))"),
            ("version", "Nullable(UInt64)"),
            ("horizon", "Nullable(DateTime64(6, 'UTC'))"),
            ("baseline", "Nullable(String)"),
            ("unreadable", "Nullable(UInt64)"),
            ("notes", "Nullable(String)"),
            ("hint", "Nullable(String)"),
        ],
    ),
];

const OTHER_DATABASE: &str =
    "put the column back, or name another warehouse.database and run `bionicpro warehouse migrate`";

impl Warehouse {
    /// Compares the tables' columns with those that this program reads and writes; cheap enough to do in each
    /// run.
    ///
    /// # Errors
    /// `Data`, naming table, column, found and expected type, when a column is missing or has a different
    /// type.
    pub async fn check_schema(&self) -> Result<()> {
        let query = self
            .system("SELECT table, name, type FROM system.columns WHERE database = {database: String}")
            .param("database", &self.database);
        let rows = self.run("reading the columns", query.fetch_all::<(String, String, String)>()).await?;
        let mut found: HashMap<String, HashMap<String, String>> = HashMap::new();
        for (table, column, kind) in rows {
            found.entry(table).or_default().insert(column, kind);
        }
        for (table, columns) in TABLES {
            let refuse = |detail: String, hint: &str| {
                let detail = format!("{}.{table}: {detail}", self.database);
                Err(Error::new(Kind::Data, "the warehouse has a different schema").detail(detail).hint(hint))
            };
            let Some(found) = found.get(*table) else {
                return refuse("the table is missing".to_owned(), "run `bionicpro warehouse migrate`");
            };
            for (column, expected) in *columns {
                match found.get(*column) {
                    Some(kind) if kind == expected => {}
                    Some(kind) => {
                        return refuse(
                            format!("column {column} is {kind}, expected {expected}"),
                            OTHER_DATABASE,
                        );
                    }
                    None => {
                        return refuse(
                            format!("column {column} is missing, expected {expected}"),
                            OTHER_DATABASE,
                        );
                    }
                }
            }
        }
        Ok(())
    }
}

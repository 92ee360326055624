//! Statements by the owners of the source tables that change tables and not rows, or all rows at once.

use serde::{Deserialize, Serialize};

/// The layout of the telemetry table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Layout {
    /// One table.
    #[default]
    Plain,
    /// The same, with a trigger that maintains the transaction's number.
    Kept,
    /// A partition for each half of a day.
    Partitioned,
    /// One table, and another that inherits from it or does not.
    Inherited,
}

/// A change of a table that keeps every row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Ddl {
    /// The rows are rewritten into the same table.
    Reload,
    /// Another table takes over the name.
    Swap,
    /// A column gets another type, and the table is rewritten into another file.
    Retype,
    /// A column gets a type that every value fits, and another meaning: numbers that count when they are
    /// above 0.
    ErrorCodes,
    /// Chips are compared without regard to case.
    Collate,
    /// The server itself rewrites the table.
    Vacuum,
    /// The CRM is emptied and filled again.
    ReloadCrm,
}

/// All of them.
pub(super) const DDL: [Ddl; 7] =
    [Ddl::Reload, Ddl::Swap, Ddl::Retype, Ddl::ErrorCodes, Ddl::Collate, Ddl::Vacuum, Ddl::ReloadCrm];

/// A change that makes a recomputation impossible for the pipeline's account, until it is reverted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) enum Obstacle {
    Policy,
    Revoked,
    RenamedColumn,
    RenamedTable,
}

/// All of them.
pub(super) const OBSTACLES: [Obstacle; 4] =
    [Obstacle::Policy, Obstacle::Revoked, Obstacle::RenamedColumn, Obstacle::RenamedTable];

impl Ddl {
    /// Returns true if it changes the CRM.
    pub(super) fn is_of_crm(self) -> bool {
        self == Ddl::ReloadCrm
    }

    /// Returns the statements, to be run in one transaction; `number` makes names unique.
    pub(super) fn sql(self, layout: Layout, number: u32) -> Option<String> {
        let sql = match (self, layout) {
            (Ddl::ReloadCrm, _) => {
                let tables = ["customers", "prosthesis_models", "prostheses"];
                let copies: String = tables
                    .map(|of| format!("CREATE TEMP TABLE {of}_{number} ON COMMIT DROP AS TABLE crm.{of};"))
                    .concat();
                let fills: String =
                    tables.map(|of| format!("INSERT INTO crm.{of} SELECT * FROM {of}_{number};")).concat();
                format!("{copies} TRUNCATE crm.prostheses, crm.customers, crm.prosthesis_models; {fills}")
            }
            (Ddl::Reload, _) => format!(
                "CREATE TEMP TABLE kept_{number} ON COMMIT DROP AS TABLE telemetry.raw_telemetry;
                 TRUNCATE telemetry.raw_telemetry;
                 INSERT INTO telemetry.raw_telemetry SELECT * FROM kept_{number};"
            ),
            (Ddl::Swap, Layout::Plain) => format!(
                "CREATE TABLE telemetry.next (LIKE telemetry.raw_telemetry INCLUDING ALL);
                 INSERT INTO telemetry.next SELECT * FROM telemetry.raw_telemetry;
                 GRANT SELECT ON telemetry.next TO PUBLIC;
                 ALTER TABLE telemetry.raw_telemetry RENAME TO former_{number};
                 ALTER TABLE telemetry.next RENAME TO raw_telemetry;"
            ),
            (Ddl::Retype, _) => {
                let of = if number.is_multiple_of(2) { "double precision" } else { "numeric" };
                format!("ALTER TABLE telemetry.raw_telemetry ALTER battery_level TYPE {of};")
            }
            (Ddl::ErrorCodes, _) => {
                let of = if number.is_multiple_of(2) { "integer" } else { "text" };
                format!("ALTER TABLE telemetry.raw_telemetry ALTER error_code TYPE {of} USING error_code::{of};")
            }
            (Ddl::Collate, Layout::Plain | Layout::Kept) => format!(
                "CREATE COLLATION IF NOT EXISTS telemetry.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
                 ALTER TABLE telemetry.raw_telemetry ALTER chip_id TYPE text COLLATE {};",
                if number.is_multiple_of(2) { "telemetry.any_case" } else { "\"default\"" }
            ),
            (Ddl::Vacuum, _) => "
                DO $$BEGIN EXECUTE format('CLUSTER telemetry.raw_telemetry USING %I', (
                    SELECT indexname FROM pg_indexes WHERE schemaname = 'telemetry' AND tablename = 'raw_telemetry'
                    ORDER BY indexname LIMIT 1)); END$$;"
                .to_owned(),
            (Ddl::Swap | Ddl::Collate, _) => return None,
        };
        // A partitioned table and one that inherits are not clustered as a whole, in a transaction.
        (self != Ddl::Vacuum || matches!(layout, Layout::Plain | Layout::Kept)).then_some(sql)
    }
}

impl Obstacle {
    /// Returns the statements that create and remove the obstacle, for an account.
    pub(super) fn sql(self, account: &str) -> (String, String) {
        let table = "telemetry.raw_telemetry";
        let pair = |there: String, away: String| (there, away);
        match self {
            Obstacle::Policy => pair(
                format!(
                    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; CREATE POLICY others ON {table} USING (chip_id <> 'CHIP-1')"
                ),
                format!("DROP POLICY others ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
            ),
            Obstacle::Revoked => pair(
                format!("REVOKE SELECT ON {table} FROM PUBLIC, {account}"),
                format!("GRANT SELECT ON {table} TO {account}"),
            ),
            Obstacle::RenamedColumn => pair(
                format!("ALTER TABLE {table} RENAME error_code TO code"),
                format!("ALTER TABLE {table} RENAME code TO error_code"),
            ),
            Obstacle::RenamedTable => pair(
                format!("ALTER TABLE {table} RENAME TO elsewhere"),
                "ALTER TABLE telemetry.elsewhere RENAME TO raw_telemetry".to_owned(),
            ),
        }
    }
}

//! The settings and privileges of each account.

use super::{Bound, Setting};

const fn fixed(name: &'static str) -> Setting {
    Setting { name, value: None, bound: Bound::Fixed }
}

/// Allows values from 1 to `most`; 0 would mean no limit.
const fn most(name: &'static str, most: &'static str) -> Setting {
    Setting { name, value: None, bound: Bound::Between("1", most) }
}

const fn value(name: &'static str, value: &'static str) -> Setting {
    Setting { name, value: Some(value), bound: Bound::Free }
}

const fn limit(name: &'static str, value: &'static str) -> Setting {
    Setting { name, value: Some(value), bound: Bound::Between("1", value) }
}

/// Bounds for every account, including the loader.
pub(super) const LIMITS_OF_ALL: &[Setting] = &[
    // Without a limit on nesting depth the engine overflows its stack.
    most("max_parser_depth", "1000"),
    most("max_parser_backtracks", "1000000"),
    most("max_ast_depth", "1000"),
    most("max_ast_elements", "500000"),
    most("max_expanded_ast_elements", "1000000"),
    // Files read by formats, disks defined by a table itself, languages other than SQL.
    fixed("format_schema"),
    fixed("format_schema_source"),
    fixed("format_template_resultset"),
    fixed("format_template_row"),
    fixed("merge_tree_disk"),
    fixed("merge_tree_storage_policy"),
    fixed("merge_tree_table_disk"),
];

/// The loader has no limits of its own. They are set explicitly so that no other account can use its profile,
/// which would exceed that account's own bounds.
pub(super) const LIMITS_OF_LOADER: &[Setting] =
    &[value("max_execution_time", "0"), value("max_memory_usage", "0")];

/// The Reports API sends its own limits with each statement; these apply when the account is used for
/// anything else.
pub(super) const LIMITS_OF_READER: &[Setting] = &[
    Setting { name: "readonly", value: Some("2"), bound: Bound::Min("1") },
    limit("max_execution_time", "60"),
    limit("max_memory_usage", "2000000000"),
    limit("max_rows_to_read", "1000000000"),
    limit("max_query_size", "1048576"),
];

/// Drivers send settings of their own, so settings may be changed; those that protect other users of the
/// engine are bounded.
pub(super) const LIMITS_OF_ML: &[Setting] = &[
    Setting { name: "readonly", value: Some("2"), bound: Bound::Min("1") },
    limit("max_execution_time", "300"),
    limit("max_memory_usage", "4000000000"),
    limit("max_rows_to_read", "2000000000"),
    limit("max_query_size", "1048576"),
    limit("max_sessions_for_user", "64"),
    limit("max_concurrent_queries_for_user", "16"),
    // Otherwise `IS NULL` and `empty` read subcolumns, which a column grant does not include.
    value("optimize_functions_to_subcolumns", "0"),
];

/// Table and database engines that store their data in the warehouse.
const ENGINES: &[&str] = &[
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "CoalescingMergeTree",
    "GraphiteMergeTree",
    "Memory",
    "Null",
    "Set",
    "Join",
    "Buffer",
    "Merge",
    "Log",
    "TinyLog",
    "StripeLog",
    "View",
    "MaterializedView",
    "Atomic",
];

/// Table engines of the mart.
const ENGINES_OF_MART: &[&str] = &["MergeTree", "ReplacingMergeTree", "View"];

/// Additional table engines of a mart on a cluster.
const ENGINES_OF_CLUSTER: &[&str] = &["Distributed", "ReplicatedReplacingMergeTree"];

/// Grants everything inside an embedded engine and nothing outside it: no files, URLs, other servers or
/// accounts.
pub(super) fn owner() -> Vec<String> {
    let rights = "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, \
        CREATE ARBITRARY TEMPORARY TABLE, CREATE DICTIONARY, CREATE FUNCTION, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, \
        KILL QUERY, CHECK, dictGet, MOVE PARTITION BETWEEN SHARDS, SYSTEM DROP CACHE, SYSTEM MERGES, SYSTEM TTL MERGES, \
        SYSTEM MOVES, SYSTEM RELOAD DICTIONARY, SYSTEM SYNC REPLICA, SYSTEM FLUSH, SYSTEM CLEANUP, SYSTEM WAIT LOADING PARTS ON *.*";
    let engines = ENGINES.iter().map(|engine| format!("TABLE ENGINE ON {engine}"));
    std::iter::once(rights.to_owned()).chain(engines).collect()
}

/// Grants everything inside the database, and the server privileges that a load needs.
pub(super) fn loader(database: &str, is_sharded: bool) -> Vec<String> {
    let mut grants = vec![
        format!("ALL ON {database}.*"),
        "SHOW DATABASES, SHOW TABLES, SHOW COLUMNS ON *.*".to_owned(),
        "SELECT ON system.*".to_owned(),
        "CREATE TEMPORARY TABLE, KILL QUERY ON *.*".to_owned(),
    ];
    let of_cluster = if is_sharded { ENGINES_OF_CLUSTER } else { &[] };
    grants.extend(ENGINES_OF_MART.iter().chain(of_cluster).map(|engine| format!("TABLE ENGINE ON {engine}")));
    if is_sharded {
        grants.push("CLUSTER, REMOTE ON *.*".to_owned());
    }
    grants
}

/// The mart's columns except a customer's name, e-mail address and login name.
const MART_WITHOUT_PERSONS: &str = "user_id, prosthesis_id, chip_id, date, hour, movements_count, avg_response_time, \
    avg_battery_level, error_count, error_rate, prosthesis_model, created_at, response_count, response_sum, response_squares, \
    battery_count, battery_sum, battery_squares, battery_min, battery_last, anomaly_count, version, is_deleted";
/// Without the serial number, which identifies a person in any delivery list.
const PROSTHESES_WITHOUT_PERSONS: &str =
    "user_id, prosthesis_id, chip_id, prosthesis_model, manufactured_on, warranty_until, version, is_deleted";
/// The ownership intervals without `updated_at`.
const OWNERS_WITHOUT_PERSONS: &str =
    "chip_id, valid_from, valid_to, user_id, prosthesis_id, prosthesis_model, version, is_deleted";
/// The columns that `data_as_of` reads, and those that distinguish loads.
const RUNS: &str =
    "run, step, state, attempt, at, kind, range_from, range_to, version, horizon, rows_read, cells";

/// The tables without personal data that an export reads.
fn history(is_sharded: bool) -> &'static [&'static str] {
    match is_sharded {
        true => &["mart_history", "mart_history_local", "marks"],
        false => &["mart_history", "marks"],
    }
}

fn mart(is_sharded: bool) -> &'static [&'static str] {
    match is_sharded {
        true => &["user_prosthesis_stats", "user_prosthesis_stats_local"],
        false => &["user_prosthesis_stats"],
    }
}

/// Grants reading the relations used by the Reports API's statements.
pub(super) fn reader(database: &str, is_sharded: bool) -> Vec<String> {
    let tables = [
        "users",
        "user_prostheses",
        "chip_owners",
        "etl_runs",
        "data_as_of",
        "schema_migrations",
        "report_changes",
        "marks",
    ];
    tables
        .iter()
        .chain(mart(is_sharded))
        .map(|table| format!("SELECT ON {database}.{table}"))
        .chain(ACCOUNT.map(str::to_owned))
        .collect()
}

/// The settings currently in effect, which drivers read.
const ACCOUNT: [&str; 1] = ["SELECT ON system.settings"];

/// Grants the views, and the columns without personal data of the tables that they read.
pub(super) fn ml(database: &str, is_sharded: bool) -> Vec<String> {
    // Includes `schema_migrations`, which `warehouse status` reads.
    let whole = [
        "ml_hourly_stats",
        "ml_hourly_stats_as_of",
        "ml_daily_stats",
        "ml_prostheses",
        "ml_ownership",
        "daily_stats",
        "data_as_of",
        "schema_migrations",
    ];
    let mut grants: Vec<String> = whole
        .iter()
        .chain(history(is_sharded))
        .map(|relation| format!("SELECT ON {database}.{relation}"))
        .collect();
    let tables = mart(is_sharded).iter().map(|table| (*table, MART_WITHOUT_PERSONS));
    let others = [
        ("user_prostheses", PROSTHESES_WITHOUT_PERSONS),
        ("chip_owners", OWNERS_WITHOUT_PERSONS),
        ("etl_runs", RUNS),
    ];
    grants.extend(
        tables.chain(others).map(|(table, columns)| format!("SELECT({columns}) ON {database}.{table}")),
    );
    grants.extend(ACCOUNT.map(str::to_owned));
    // For external tables that a client sends with its statement.
    grants.push("CREATE TEMPORARY TABLE ON *.*".to_owned());
    grants
}

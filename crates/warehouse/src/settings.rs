//! The settings of each statement, said explicitly because their defaults differ between versions.

use clickhouse::Client;

/// Names and values.
pub(crate) type Settings = &'static [(&'static str, &'static str)];

/// Settings of every statement that reads with `FINAL`.
///
/// A row's versions lie in one partition, since the key holds its date. `FINAL` must see all of them: an index that
/// leaves the newer ones out would show an older one.
pub(crate) const FINAL: [(&str, &str); 2] =
    [("do_not_merge_across_partitions_select_final", "1"), ("use_skip_indexes_if_final", "0")];

/// Settings of every statement that loads.
///
/// `async_insert` became the default in 26.3 and answers before rows can be read; `deduplicate_insert` in 26.2. A
/// load is idempotent by its version, so nothing may be left out as a duplicate, and nothing may be late.
pub(crate) const LOAD: [(&str, &str); 6] = [
    ("async_insert", "0"),
    ("insert_deduplicate", "0"),
    ("insert_deduplication_token", ""),
    // On a cluster: answer when the shards have the rows. Without one it means nothing.
    ("distributed_foreground_insert", "1"),
    // A backfill may span more months than the default of 100.
    ("max_partitions_per_insert_block", "0"),
    // What one statement selects and writes is one block.
    ("max_insert_threads", "1"),
];

/// Says `disable` since 26.2; older servers refuse the name.
pub(crate) const DEDUPLICATE_INSERT: (&str, &str) = ("deduplicate_insert", "disable");

/// Settings of a statement that loads from a Parquet file.
///
/// A block has this many rows, or fewer where the statement bounds its bytes too.
pub(crate) const PARQUET: Settings = &[
    ("min_insert_block_size_rows", "1048576"),
    ("input_format_skip_unknown_fields", "0"),
    ("input_format_null_as_default", "0"),
    ("date_time_overflow_behavior", "throw"),
];

/// Settings of every query of the Reports API. `readonly = 2` forbids writing and lets these be set.
///
/// One person's rows are few: a second thread costs a tenth to a fifth more processor time and saves nothing.
pub(crate) const READ: [(&str, &str); 6] = [
    ("readonly", "2"),
    ("max_threads", "1"),
    ("max_execution_time", "10"),
    ("max_result_rows", "100000"),
    ("result_overflow_mode", "throw"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
];

/// The client with these settings on every request.
pub(crate) fn with(client: Client, settings: &[(&str, &str)]) -> Client {
    settings.iter().fold(client, |client, (name, value)| client.with_setting(*name, *value))
}

//! The settings sent explicitly with each statement: defaults differ between versions, and an account's
//! profile may have other values.
//!
//! ClickHouse refuses an unknown name, so each of these exists since 25.8, the oldest supported version,
//! unless a comment says otherwise.

use clickhouse::Client;

/// Names and values of settings.
pub(crate) type Settings = &'static [(&'static str, &'static str)];

/// Settings of every statement, which make the result independent of the account's profile.
///
/// The values are the defaults of every version, so that an account with `readonly = 1` may send them too:
/// sending the current value of a setting is not a change. If a profile forbids changing a setting, the
/// server's refusal names it. `tests/engine/profiles.rs` checks all other settings.
pub(crate) const ANSWERS: Settings = &[
    // A profile may set the defaults of an older version: this undoes it.
    ("compatibility", ""),
    ("dialect", "clickhouse"),
    ("allow_experimental_analyzer", "1"),
    ("implicit_transaction", "0"),
    // Some statements are meant to read a whole table, and none has a projection.
    ("force_index_by_date", "0"),
    ("force_primary_key", "0"),
    ("force_optimize_projection", "0"),
    // Rows that would be left out, added, or stale.
    ("limit", "0"),
    ("offset", "0"),
    ("final", "0"),
    ("additional_result_filter", ""),
    ("additional_table_filters", "{}"),
    ("implicit_table_at_top_level", ""),
    ("skip_unavailable_shards", "0"),
    ("distributed_group_by_no_merge", "0"),
    ("use_query_cache", "0"),
    // An index must not leave out a row that hides another.
    ("use_skip_indexes_if_final_exact_mode", "1"),
    // A limit causes an error, not a partial result.
    ("read_overflow_mode", "throw"),
    ("read_overflow_mode_leaf", "throw"),
    ("group_by_overflow_mode", "throw"),
    ("sort_overflow_mode", "throw"),
    ("result_overflow_mode", "throw"),
    ("distinct_overflow_mode", "throw"),
    ("set_overflow_mode", "throw"),
    ("join_overflow_mode", "throw"),
    ("transfer_overflow_mode", "throw"),
    ("timeout_overflow_mode", "throw"),
    ("timeout_overflow_mode_leaf", "throw"),
    // The meaning of names, functions and types.
    ("aggregate_functions_null_for_empty", "0"),
    ("empty_result_for_aggregation_by_empty_set", "0"),
    ("group_by_use_nulls", "0"),
    ("join_use_nulls", "0"),
    ("join_default_strictness", "ALL"),
    ("transform_null_in", "0"),
    ("prefer_column_name_to_alias", "0"),
    ("enable_global_with_statement", "1"),
    ("enable_named_columns_in_function_tuple", "0"),
    ("cast_keep_nullable", "0"),
    ("data_type_default_nullable", "0"),
    ("session_timezone", ""),
    ("bool_true_representation", "true"),
    ("bool_false_representation", "false"),
    ("date_time_output_format", "simple"),
    // The format of a table's definition, which is compared with the configured retention.
    ("show_create_query_identifier_quoting_rule", "when_necessary"),
    ("show_create_query_identifier_quoting_style", "Backticks"),
    // The transfer format of rows.
    ("output_format_binary_encode_types_in_binary_format", "0"),
    ("send_progress_in_http_headers", "0"),
    ("extremes", "0"),
];

/// Settings of every statement that reads with `FINAL`.
///
/// All versions of a row are in one partition, since the key contains its date. `FINAL` must see all of them:
/// an index that leaves out the newer ones would expose an older one.
pub(crate) const FINAL: [(&str, &str); 2] =
    [("do_not_merge_across_partitions_select_final", "1"), ("use_skip_indexes_if_final", "0")];

/// Settings of every statement on a cluster: every shard must respond, and a stale replica must not.
pub(crate) const CLUSTER: Settings =
    &[("prefer_localhost_replica", "1"), ("fallback_to_stale_replicas_for_distributed_queries", "0")];

/// Settings of every statement that writes: migrations and loads.
pub(crate) const WRITE: Settings = &[
    // `async_insert` became the default in 26.3 and responds before rows can be read; `deduplicate_insert` in
    // 26.2. A load is idempotent by its version, so no row may be dropped as a duplicate, and none may become
    // visible later.
    ("async_insert", "0"),
    ("insert_deduplicate", "0"),
    ("insert_deduplication_token", ""),
    // An omitted column gets its default.
    ("input_format_defaults_for_omitted_fields", "1"),
    ("input_format_force_null_for_omitted_fields", "0"),
    ("insert_null_as_default", "1"),
    // On a cluster, rows go to the shard of their key, and a response means that the servers have stored
    // them. Without a cluster these have no effect.
    ("insert_shard_id", "0"),
    ("distributed_foreground_insert", "1"),
    ("parallel_distributed_insert_select", "0"),
    ("distributed_ddl_output_mode", "throw"),
    ("distributed_ddl_task_timeout", "180"),
    ("alter_sync", "1"),
    // A reader of a view needs the rights on the tables behind it.
    ("default_normal_view_sql_security", "INVOKER"),
    // A backfill may span more months than the default of 100.
    ("max_partitions_per_insert_block", "0"),
    // The rows that one statement selects and writes are one block.
    ("max_insert_threads", "1"),
];

/// Sent to servers since 26.2; older ones refuse the name.
pub(crate) const DEDUPLICATE_INSERT: (&str, &str) = ("deduplicate_insert", "disable");

/// Settings of a statement that loads from a Parquet file.
///
/// A block has this many rows, or fewer if the statement also limits its bytes.
pub(crate) const PARQUET: Settings = &[
    ("min_insert_block_size_rows", "1048576"),
    ("input_format_skip_unknown_fields", "0"),
    ("input_format_null_as_default", "0"),
    ("input_format_parquet_case_insensitive_column_matching", "0"),
    ("date_time_overflow_behavior", "throw"),
];

/// Settings of every query of the Reports API. `readonly = 2` forbids writing but allows these to be set.
///
/// One person's rows are few: a second thread costs 10 to 20 % more processor time and saves nothing.
pub(crate) const READ: [(&str, &str); 6] = [
    ("readonly", "2"),
    ("max_threads", "1"),
    ("max_execution_time", "10"),
    // Enough for the hours of a year of several prostheses.
    ("max_result_rows", "1000000"),
    ("max_result_bytes", "67108864"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
];

/// Settings of a statement whose result is a Parquet file: the same rows produce the same bytes, regardless
/// of the table's parts, the server's processors and the account's profile.
pub(crate) const EXPORT: Settings = &[
    // Rows come in blocks of equal length, and row groups end at block boundaries.
    ("max_threads", "1"),
    ("max_block_size", "65536"),
    ("optimize_read_in_order", "0"),
    ("output_format_parquet_row_group_size", "1000000"),
    ("output_format_parquet_row_group_size_bytes", "536870912"),
    ("output_format_parquet_batch_size", "1024"),
    ("output_format_parquet_data_page_size", "1048576"),
    ("output_format_parquet_max_dictionary_size", "1048576"),
    ("output_format_parquet_parallel_encoding", "0"),
    ("output_format_parquet_compression_method", "zstd"),
    ("output_format_parquet_string_as_string", "1"),
    ("output_format_parquet_datetime_as_uint32", "0"),
    ("output_format_parquet_write_page_index", "1"),
    ("output_format_parquet_write_bloom_filter", "0"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
];

/// Returns the client with these settings on every request.
pub(crate) fn with(client: Client, settings: &[(&str, &str)]) -> Client {
    settings.iter().fold(client, |client, (name, value)| client.with_setting(*name, *value))
}

/// Returns the value that the program sets for a setting, in every statement or in those of one kind.
pub(crate) fn wanted(name: &str) -> Option<&'static str> {
    let all = [ANSWERS, &FINAL, CLUSTER, WRITE, PARQUET, &READ, EXPORT].into_iter().flatten();
    all.into_iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

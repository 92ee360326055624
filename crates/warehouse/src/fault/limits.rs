//! The profile settings behind an error: limits on rows, bytes, time and memory.

/// The settings for a code and, where one code has several, a part of the text. The first match counts.
const LIMITS: &[(u32, &str, &str)] = &[
    (158, "to GROUP BY", "max_rows_to_group_by"),
    (158, "leaf", "max_rows_to_read_leaf"),
    (158, "", "max_rows_to_read"),
    (159, "", "max_execution_time"),
    (160, "stimated", "max_estimated_execution_time"),
    (160, "", "min_execution_speed"),
    (161, "", "max_columns_to_read"),
    (162, "", "max_subquery_depth"),
    (165, "", "max_temporary_columns"),
    (166, "", "max_temporary_non_const_columns"),
    (167, "", "max_ast_depth"),
    (168, "", "max_ast_elements"),
    (191, "DISTINCT", "max_rows_in_distinct and max_bytes_in_distinct"),
    (191, "JOIN", "max_rows_in_join and max_bytes_in_join"),
    (191, "", "max_rows_in_set and max_bytes_in_set"),
    (202, "", "max_concurrent_queries_for_user"),
    (241, "User", "max_memory_usage_for_user"),
    (241, "", "max_memory_usage"),
    (290, "", "max_rows_to_transfer and max_bytes_to_transfer"),
    (306, "", "max_parser_depth"),
    (307, "leaf", "max_bytes_to_read_leaf"),
    (307, "", "max_bytes_to_read"),
    (359, "partition", "max_partition_size_to_drop and max_table_size_to_drop"),
    (359, "", "max_table_size_to_drop"),
    (572, "", "query_plan_max_optimizations_to_apply"),
    (718, "", "max_parser_backtracks"),
    // The engine also says "result" when it sorts rows.
    (396, "bytes:", "max_result_bytes or max_bytes_to_sort"),
    (396, "", "max_result_rows or max_rows_to_sort"),
];

/// Returns the names of the limits that an error is about.
pub(super) fn of(code: u32, text: &str) -> Option<&'static str> {
    let fits = |(of, part, _): &&(u32, &str, &str)| *of == code && text.contains(*part);
    LIMITS.iter().find(fits).map(|(.., settings)| *settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_by_its_code_and_its_words() {
        for (code, text, expected) in [
            (
                158,
                "Limit for rows to GROUP BY exceeded: has 2 rows, maximum: 1",
                Some("max_rows_to_group_by"),
            ),
            (158, "Limit for rows or bytes to read exceeded, max rows: 1.00", Some("max_rows_to_read")),
            (191, "Limit for JOIN exceeded, max rows: 1.00", Some("max_rows_in_join and max_bytes_in_join")),
            (
                396,
                "Limit for result exceeded, max bytes: 1.00 B",
                Some("max_result_bytes or max_bytes_to_sort"),
            ),
            (396, "Limit for result exceeded, max rows: 1.00", Some("max_result_rows or max_rows_to_sort")),
            (62, "Syntax error", None),
        ] {
            assert_eq!(of(code, text), expected, "{text}");
        }
    }
}

//! The settings that an account's profile changes, for `bionicpro doctor`.

use bionicpro_model::{Error, Kind, Result};

use crate::{MartReader, Warehouse, settings};

/// Run with the program's own settings in effect: the profile does not matter for settings that the program
/// sets itself.
const CHANGED: &str = "SELECT name, value FROM system.settings
WHERE (changed AND value != default AND NOT is_obsolete AND alias_for = '') OR name = 'readonly'
ORDER BY name";

const DOING: &str = "reading the account's settings";

/// Name prefixes of settings that change no result: a slower query returns the same result, and a query that
/// reaches a limit fails.
const HARMLESS: &[&[&str]] = &[
    // Limits and batch sizes.
    &["max_", "min_", "preferred_block_size_bytes", "preferred_max_column_", "priority", "workload"],
    // Query execution.
    &["compile_", "enable_software_prefetch_", "optimize_", "query_plan_", "group_by_two_level_"],
    // Memory, disks, caches, networks.
    &[
        "checksum_on_read",
        "connect_",
        "connection_",
        "enable_filesystem_",
        "filesystem_",
        "idle_",
        "jemalloc_",
    ],
    &[
        "load_marks_",
        "local_filesystem_",
        "memory_",
        "network_",
        "page_cache_",
        "prefetch_",
        "receive_",
        "remote_",
    ],
    &["send_timeout", "storage_file_read_method", "tcp_", "use_uncompressed_cache"],
    // Logs and measurements.
    &[
        "calculate_text_stack_trace",
        "interactive_delay",
        "log_",
        "metrics_",
        "opentelemetry_",
        "query_profiler_",
    ],
    &["send_logs_", "trace_"],
    // Formats, functions and sources that are not used, and permissions to use them.
    &[
        "allow_",
        "azure_",
        "backup_",
        "distributed_cache_",
        "hdfs_",
        "http_",
        "iceberg_",
        "kafka_",
        "restore_",
        "s3_",
    ],
    &["cancel_http_", "enable_http_compression", "implicit_select", "output_format_"],
    &["input_format_arrow_", "input_format_avro_", "input_format_csv_", "input_format_json_"],
    &["input_format_orc_", "input_format_protobuf_", "input_format_tsv_", "input_format_values_"],
];

impl Warehouse {
    /// Returns the names of settings that the account's profile changes, that the program does not set
    /// itself, and that are not known to be harmless.
    ///
    /// # Errors
    /// `Config` when the profile forbids a setting that a load needs, or is read-only.
    pub async fn strange_settings(&self) -> Result<Vec<String>> {
        let query = self.loader().await?.with_database("default").query_raw(CHANGED);
        let changed = self.run(DOING, query.fetch_all::<(String, String)>()).await?;
        match changed.iter().find(|(name, value)| name == "readonly" && value != "0") {
            None => Ok(strange(changed)),
            Some((_, value)) => Err(Error::new(Kind::Config, "the account of warehouse.url is read-only")
                .detail(format!("readonly = {value}"))
                .hint("ask the ClickHouse administrator for readonly = 0 in the settings profile of the account")),
        }
    }
}

impl MartReader {
    /// The same for the read-only account.
    ///
    /// # Errors
    /// `Config` when the profile forbids a setting that a report needs.
    pub async fn strange_settings(&self) -> Result<Vec<String>> {
        let query = self.query(CHANGED).await?;
        Ok(strange(self.run(DOING, query.fetch_all::<(String, String)>()).await?))
    }
}

fn strange(changed: Vec<(String, String)>) -> Vec<String> {
    let is_known = |name: &str| {
        settings::wanted(name).is_some()
            || name == settings::DEDUPLICATE_INSERT.0
            || HARMLESS.iter().copied().flatten().any(|beginning| name.starts_with(beginning))
    };
    changed.into_iter().map(|(name, _)| name).filter(|name| !is_known(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_program_says_itself_and_what_changes_no_answer_is_not_strange() {
        let names = [
            "join_use_nulls",
            "max_threads",
            "readonly",
            "deduplicate_insert",
            "log_comment",
            "any_new_thing",
        ];
        let changed = names.iter().map(|name| ((*name).to_owned(), "1".to_owned())).collect();
        assert_eq!(strange(changed), ["any_new_thing"]);
    }
}

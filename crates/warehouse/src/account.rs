//! What the profile of an account brings along, for `bionicpro doctor`.

use bionicpro_model::{Error, Kind, Result};

use crate::{MartReader, Warehouse, settings};

/// Asked with the program's own settings in force: what it says itself is no matter of the profile.
const CHANGED: &str = "SELECT name, value FROM system.settings
WHERE (changed AND value != default AND NOT is_obsolete AND alias_for = '') OR name = 'readonly'
ORDER BY name";

const DOING: &str = "reading the account's settings";

/// Beginnings of the names of settings that change no answer: an answer that takes longer is the same, one that
/// reaches a limit is an error.
const HARMLESS: &[&[&str]] = &[
    // Limits, and how much is done at a time.
    &["max_", "min_", "preferred_block_size_bytes", "preferred_max_column_", "priority", "workload"],
    // How an answer is found.
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
    // Formats, functions and sources that are not used, and rights to use them.
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
    /// Names of settings that the account's profile changes, that the program does not set itself, and that it does not
    /// know to change no answer.
    ///
    /// # Errors
    /// `Config` when the profile forbids what a load sets, or any writing.
    pub async fn strange_settings(&self) -> Result<Vec<String>> {
        let query = self.loader().await?.with_database("default").query_raw(CHANGED);
        let changed = self.run(DOING, query.fetch_all::<(String, String)>()).await?;
        match changed.iter().find(|(name, value)| name == "readonly" && value != "0") {
            None => Ok(strange(changed)),
            Some((_, value)) => Err(Error::new(Kind::Config, "the account of warehouse.url may only read")
                .detail(format!("readonly = {value}"))
                .hint("ask the administrator of ClickHouse for readonly = 0 in the settings profile of the account")),
        }
    }
}

impl MartReader {
    /// The same of the account that reads.
    ///
    /// # Errors
    /// `Config` when the profile forbids what a report sets.
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

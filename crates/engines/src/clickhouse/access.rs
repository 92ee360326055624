//! What SQL may do: the engine's own configuration, written before it starts.
//!
//! The engine checks grants itself, when a statement runs and however it is disguised. Its built-in user gets every
//! right on tables and none on sources: files, URLs, object stores, other databases.

/// Table engines that keep their data in the warehouse.
const TABLE_ENGINES: [&str; 29] = [
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
    "GenerateRandom",
    "View",
    "MaterializedView",
    "Alias",
    "Loop",
    "FuzzQuery",
    "Atomic",
    "Lazy",
    "Ordinary",
    "KeeperMap",
    "EmbeddedRocksDB",
    "Dictionary",
];

/// Rights on what lives inside the warehouse.
const RIGHTS: &str = "SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, \
    CREATE ARBITRARY TEMPORARY TABLE, CREATE FUNCTION, DROP, UNDROP TABLE, TRUNCATE, OPTIMIZE, KILL QUERY, CHECK, dictGet, \
    INTROSPECTION, MOVE PARTITION BETWEEN SHARDS, SYSTEM DROP CACHE, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM MOVES, \
    SYSTEM SYNC REPLICA, SYSTEM FLUSH, SYSTEM CLEANUP, SYSTEM WAIT LOADING PARTS";

/// The setting by which the endpoint marks the statements that it runs: the only free text that the engine lists.
pub(super) const MARK_SETTING: &str = "log_comment";

/// `config.xml`, which points to `users`.
pub(super) fn config_xml(users: &str) -> String {
    format!(
        "<clickhouse>
    <users_config>{}</users_config>
    <display_name>bionicpro</display_name>
    <timezone>UTC</timezone>
    <access_control_improvements>
        <table_engines_require_grant>true</table_engines_require_grant>
        <settings_constraints_replace_previous>true</settings_constraints_replace_previous>
    </access_control_improvements>
</clickhouse>
",
        escape(users)
    )
}

/// `users.xml`: the one user that the engine knows, and what it may do.
pub(super) fn users_xml(allow_host_access: bool) -> String {
    let grants = if allow_host_access {
        String::new()
    } else {
        let mut queries = vec![format!("GRANT {RIGHTS} ON *.*")];
        queries.extend(TABLE_ENGINES.iter().map(|engine| format!("GRANT TABLE ENGINE ON {engine}")));
        let lines: String =
            queries.iter().map(|query| format!("                <query>{query}</query>\n")).collect();
        format!("            <grants>\n{lines}            </grants>\n")
    };
    format!(
        "<clickhouse>
    <profiles>
        <default>
        </default>
    </profiles>
    <users>
        <default>
            <password></password>
            <networks><ip>::/0</ip></networks>
            <profile>default</profile>
            <quota>default</quota>
{grants}        </default>
    </users>
    <quotas><default></default></quotas>
</clickhouse>
"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

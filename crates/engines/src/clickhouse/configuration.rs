//! The engine's configuration, written before each start: ports, paths, accounts.

use aws_lc_rs::digest::{SHA256, digest};
use bionicpro_model::{Result, Secret, hex};
use bionicpro_warehouse::access::{Account, Bound};

use super::supervisor::Plan;

/// Settings for every account; a statement may override them.
///
/// The sizes keep the process small: decision 0028 has the peak memory with 2 GB of RowBinary. Parallel
/// formatting would cost each small response 0.3 ms.
const DEFAULTS: [(&str, &str); 12] = [
    ("max_insert_block_size", "65536"),
    ("min_insert_block_size_rows", "262144"),
    ("min_insert_block_size_bytes", "33554432"),
    ("max_block_size", "32768"),
    ("max_read_buffer_size", "262144"),
    ("output_format_parallel_formatting", "0"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
    // For the fields of a form, which contain parameters. The edge limits the size of headers.
    ("http_max_field_value_size", "16777216"),
    // Resets the defaults of the command line, which a server does not have: a word alone would be a
    // statement.
    ("implicit_select", "0"),
    ("allow_introspection_functions", "0"),
    // Explicit, so that an account with limits may not switch to this profile instead of its own.
    ("max_execution_time", "0"),
    ("max_memory_usage", "0"),
];

/// Disk space in bytes that rows may not take: definitions, temporary files and the configuration of the next
/// start need some.
const KEPT_FREE: u64 = 64 << 20;

/// Folders whose files SQL may name. They are kept empty.
const EMPTY_FOLDERS: [(&str, &str); 4] = [
    ("user_files_path", "empty/files/"),
    ("user_scripts_path", "empty/scripts/"),
    ("format_schema_path", "empty/schemas/"),
    ("top_level_domains_path", "empty/domains/"),
];

/// Loggers whose messages repeat statements or values; and one that reports a counter hidden by the fence.
const SILENT: [&str; 4] =
    ["executeQuery", "DynamicQueryHandler", "ParallelParsingBlockInputFormat", "ThreadStatus"];

/// Rights of the start-up query: it opens the ports and reads standard input.
const STARTUP_GRANTS: [&str; 3] = ["SYSTEM LISTEN ON *.*", "READ ON FILE", "CREATE TEMPORARY TABLE ON *.*"];

/// Writes both files of an engine that serves HTTP on `port`.
pub(super) fn write(plan: &Plan, port: u16) -> Result<()> {
    plan.dir.write("users.xml", &users(plan))?;
    plan.dir.write("config.xml", &server(plan, port))
}

fn server(plan: &Plan, port: u16) -> String {
    let path = |name: &str| escape(&plan.dir.join(name).display().to_string());
    let empty: String = EMPTY_FOLDERS
        .iter()
        .map(|(key, folder)| {
            format!("    <{key}>{}/</{key}>\n", path(&format!("engine/{folder}")).trim_end_matches('/'))
        })
        .collect();
    let silent: String = SILENT
        .iter()
        .map(|name| format!("<logger><name>{name}</name><level>none</level></logger>"))
        .collect();
    let native =
        plan.native_port.map(|port| format!("    <tcp_port>{port}</tcp_port>\n")).unwrap_or_default();
    format!(
        "<clickhouse>
    <logger><level>warning</level><console>1</console><console_log_level>warning</console_log_level><levels>{silent}</levels></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>{}</http_port>
{native}    <storage_configuration><disks><default><keep_free_space_bytes>{KEPT_FREE}</keep_free_space_bytes></default></disks></storage_configuration>
    <keep_alive_timeout>30</keep_alive_timeout>
    <max_concurrent_queries>{}</max_concurrent_queries>
    <users_config>{users}</users_config>
    <user_directories><users_xml><path>{users}</path></users_xml></user_directories>
    <default_database></default_database>
    <database>default</database>
    <display_name>bionicpro</display_name>
    <timezone>UTC</timezone>
{empty}    <dictionaries_config>{}</dictionaries_config>
    <access_control_improvements>
        <table_engines_require_grant>true</table_engines_require_grant>
        <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
        <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
        <settings_constraints_replace_previous>true</settings_constraints_replace_previous>
    </access_control_improvements>
{}</clickhouse>
",
        port,
        plan.max_concurrent_queries,
        path("engine/empty/dictionaries/*.xml"),
        plan.remotes,
        users = path("users.xml"),
    )
}

fn users(plan: &Plan) -> String {
    let accounts = &plan.accounts;
    let defaults: String = DEFAULTS.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    let (profiles, users): (String, String) = accounts
        .iter()
        .map(|(account, password)| (profile(account), user(account, password, plan.allow_host_access)))
        .unzip();
    let startup = grants(STARTUP_GRANTS.iter().copied());
    // The bounds of the account with the fewest, for accounts that switch to this profile.
    let bounds = accounts.first().map(|(account, _)| bounds(account)).unwrap_or_default();
    format!(
        "<clickhouse>
    <profiles>
        <default>{defaults}{bounds}</default>
        <startup><profile>default</profile><max_sessions_for_user>1</max_sessions_for_user></startup>
{profiles}    </profiles>
    <users>
        <!-- The engine starts as this account, which takes its only session: no other session can begin. -->
        <default>
            <password></password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>startup</profile>
            <quota>default</quota>
{startup}        </default>
{users}    </users>
    <quotas><default></default></quotas>
</clickhouse>
"
    )
}

fn profile(account: &Account) -> String {
    let values = account.settings.iter().filter_map(|setting| {
        let name = setting.name;
        setting.value.map(|value| format!("<{name}>{}</{name}>", escape(value)))
    });
    let (name, values, bounds) = (account.name, values.collect::<String>(), bounds(account));
    format!("        <{name}><profile>default</profile>{values}{bounds}</{name}>\n")
}

fn bounds(account: &Account) -> String {
    let bounds = account.settings.iter().filter_map(|setting| {
        let bound = match setting.bound {
            Bound::Free => return None,
            Bound::Min(min) => format!("<min>{min}</min>"),
            Bound::Between(min, max) => format!("<min>{min}</min><max>{max}</max>"),
            Bound::Fixed => "<const/>".to_owned(),
        };
        Some(format!("<{0}>{bound}</{0}>", setting.name))
    });
    format!("<constraints>{}</constraints>", bounds.collect::<String>())
}

fn user(account: &Account, password: &Secret, allow_host_access: bool) -> String {
    let name = account.name;
    // With `allow_host_access` the owner of the databases has every right.
    let is_open = allow_host_access && name == bionicpro_warehouse::access::LOADER;
    let grants = if is_open { String::new() } else { grants(account.grants.iter().map(String::as_str)) };
    format!(
        "        <{name}>
            <password_sha256_hex>{}</password_sha256_hex>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>{name}</profile>
            <quota>default</quota>
{grants}        </{name}>
",
        hex(digest(&SHA256, password.expose_secret().as_bytes()).as_ref())
    )
}

fn grants<'a>(grants: impl Iterator<Item = &'a str>) -> String {
    let queries: String =
        grants.map(|grant| format!("                <query>GRANT {}</query>\n", escape(grant))).collect();
    format!("            <grants>\n{queries}            </grants>\n")
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

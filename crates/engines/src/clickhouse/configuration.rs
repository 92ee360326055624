//! The engine's configuration, written before each start: ports, paths, accounts.

use std::fmt::Write;
use std::path::Path;

use bionicpro_model::{Result, Secret};
use bionicpro_warehouse::access::{Account, Bound};

use super::data_dir::DataDir;

/// Settings for every account; a statement may set others.
///
/// The sizes keep the process small. Measured with 2 GB of RowBinary, rows of 64 bytes, through the engine's own sizes and
/// these: see `bench/`. Threads that only format would cost each small answer 0.3 ms.
const DEFAULTS: [(&str, &str); 10] = [
    ("max_insert_block_size", "65536"),
    ("min_insert_block_size_rows", "262144"),
    ("min_insert_block_size_bytes", "33554432"),
    ("max_block_size", "32768"),
    ("max_read_buffer_size", "262144"),
    ("output_format_parallel_formatting", "0"),
    ("cancel_http_readonly_queries_on_client_close", "1"),
    // Of a form's fields, which are values of parameters; heads are bounded by the edge.
    ("http_max_field_value_size", "16777216"),
    // Said, so that an account with limits may not take this profile in the place of its own.
    ("max_execution_time", "0"),
    ("max_memory_usage", "0"),
];

/// Folders of files that SQL may name. They stay empty.
const EMPTY_FOLDERS: [(&str, &str); 4] = [
    ("user_files_path", "empty/files/"),
    ("user_scripts_path", "empty/scripts/"),
    ("format_schema_path", "empty/schemas/"),
    ("top_level_domains_path", "empty/domains/"),
];

/// Sources of messages that repeat statements or what clients send; and one that misses a counter behind the fence.
const SILENT: [&str; 4] =
    ["executeQuery", "DynamicQueryHandler", "ParallelParsingBlockInputFormat", "ThreadStatus"];

/// Rights of the start-up query: it opens the ports and reads standard input.
const STARTUP_GRANTS: [&str; 3] = ["SYSTEM LISTEN ON *.*", "READ ON FILE", "CREATE TEMPORARY TABLE ON *.*"];

/// Ports and limits of an engine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// The private port of its HTTP interface.
    pub(super) http_port: u16,
    /// The port of its native protocol, if it is spoken.
    pub(super) native_port: Option<u16>,
    /// Statements that run at once.
    pub(super) max_concurrent_queries: u32,
    /// Whether SQL may reach the machine's files and network.
    pub(super) allow_host_access: bool,
}

/// Writes both files into the data directory.
pub(super) fn write(
    dir: &DataDir,
    settings: &Settings,
    accounts: &[(Account, Secret)],
    remotes: &str,
) -> Result<()> {
    let users = users(settings, accounts);
    dir.write("users.xml", &users)?;
    dir.write("config.xml", &server(dir.path(), settings, remotes))?;
    Ok(())
}

fn server(dir: &Path, settings: &Settings, remotes: &str) -> String {
    let path = |name: &str| escape(&dir.join(name).display().to_string());
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
        settings.native_port.map(|port| format!("    <tcp_port>{port}</tcp_port>\n")).unwrap_or_default();
    format!(
        "<clickhouse>
    <logger><level>warning</level><console>1</console><console_log_level>warning</console_log_level><levels>{silent}</levels></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>{}</http_port>
{native}    <keep_alive_timeout>30</keep_alive_timeout>
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
{remotes}</clickhouse>
",
        settings.http_port,
        settings.max_concurrent_queries,
        path("engine/empty/dictionaries/*.xml"),
        users = path("users.xml"),
    )
}

fn users(settings: &Settings, accounts: &[(Account, Secret)]) -> String {
    let defaults: String = DEFAULTS.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
    let (profiles, users): (String, String) = accounts
        .iter()
        .map(|(account, password)| (profile(account), user(account, password, settings)))
        .unzip();
    let startup = grants(STARTUP_GRANTS.iter().copied());
    // Whoever takes this profile is bound as the least bound account is.
    let bounds = accounts.first().map(|(account, _)| bounds(account)).unwrap_or_default();
    format!(
        "<clickhouse>
    <profiles>
        <default>{defaults}{bounds}</default>
        <startup><profile>default</profile><max_sessions_for_user>1</max_sessions_for_user></startup>
{profiles}    </profiles>
    <users>
        <!-- The engine starts as this account, whose one session that is: no other can begin. -->
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

fn user(account: &Account, password: &Secret, settings: &Settings) -> String {
    let name = account.name;
    // The owner of the databases, where the operator has opened the machine to SQL.
    let is_open = settings.allow_host_access && name == bionicpro_warehouse::access::LOADER;
    let grants = if is_open { String::new() } else { grants(account.grants.iter().map(String::as_str)) };
    format!(
        "        <{name}>
            <password_sha256_hex>{}</password_sha256_hex>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>{name}</profile>
            <quota>default</quota>
{grants}        </{name}>
",
        sha256_hex(password.expose_secret())
    )
}

fn grants<'a>(grants: impl Iterator<Item = &'a str>) -> String {
    let queries: String =
        grants.map(|grant| format!("                <query>GRANT {}</query>\n", escape(grant))).collect();
    format!("            <grants>\n{queries}            </grants>\n")
}

fn sha256_hex(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

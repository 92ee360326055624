//! Settings that an administrator may make for an account in a database: none changes what is read, or ends a
//! run.

use std::collections::HashMap;
use std::time::Duration;

use bionicpro_model::{Kind, Result};
use bionicpro_sources::{
    Baseline, CellBatch, CellRequest, ChangesConfig, Crm, CrmConfig, Database, Lock, Since, Telemetry,
    TelemetryConfig,
};
use bionicpro_testing::TestDatabase;
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use crate::table::{ages, as_user, range};

/// A CRM, and telemetry with instants with and without a time zone. It has types whose text depends on
/// settings, a view, and an index that may leave out rows.
const TABLES: &str = "
    CREATE SCHEMA crm;
    CREATE TABLE crm.people (id uuid, name text, email text, ldap_username text);
    CREATE VIEW crm.customers AS SELECT * FROM crm.people;
    CREATE TABLE crm.prosthesis_models (id uuid, name text, warranty_years smallint);
    CREATE TABLE crm.prostheses (
        id uuid, customer_id uuid, model_id uuid, chip_id text, serial_number interval, updated_at timestamp,
        manufacture_date date);
    INSERT INTO crm.people VALUES
        ('00000000-0000-0000-0000-00000000000a', 'Анна', 'a@example.com', 'anna'),
        ('00000000-0000-0000-0000-00000000000b', 'Ivan', NULL, NULL);
    INSERT INTO crm.prosthesis_models VALUES ('00000000-0000-0000-0000-0000000000f1', 'Grip', 2);
    INSERT INTO crm.prostheses VALUES
        ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-00000000000a',
         '00000000-0000-0000-0000-0000000000f1', 'CHIP-1', '1 day', '2024-02-03 04:05:06', '2024-02-03'),
        ('00000000-0000-0000-0000-0000000000c2', NULL, NULL, NULL, NULL, NULL, NULL);
    CREATE SCHEMA telemetry;
    CREATE TABLE telemetry.raw_telemetry (
        chip_id text, event_time timestamp, response_time_ms integer, battery_level real, error_code interval,
        created_at timestamptz NOT NULL DEFAULT now(), inserted_by xid8 NOT NULL DEFAULT pg_current_xact_id());
    CREATE INDEX ON telemetry.raw_telemetry (chip_id, event_time);
    CREATE INDEX ON telemetry.raw_telemetry (event_time);
    CREATE INDEX ON telemetry.raw_telemetry (inserted_by);
    CREATE SCHEMA zoned;
    CREATE TABLE zoned.raw_telemetry (
        chip_id varchar, event_time timestamptz, response_time_ms numeric, battery_level float8, error_code bytea,
        created_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'));
    CREATE INDEX ON zoned.raw_telemetry (event_time);
    CREATE INDEX ON zoned.raw_telemetry (created_at);";

/// Objects that a search path may put in the place of the server's own.
const SHADOWS: &str = "
    CREATE SCHEMA odd;
    CREATE TABLE odd.raw_telemetry (chip_id text);
    CREATE TABLE odd.pg_class (oid oid, relname name, relnamespace oid, relkind text);
    CREATE TABLE odd.pg_locks (pid integer);
    CREATE TABLE odd.pg_stat_activity (pid integer);
    CREATE FUNCTION odd.date_trunc(text, timestamp) RETURNS timestamp LANGUAGE sql IMMUTABLE AS 'SELECT timestamp ''2001-01-01''';
    CREATE FUNCTION odd.date_trunc(text, timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS 'SELECT timestamptz ''2001-01-01''';
    CREATE FUNCTION odd.hashtextextended(text, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint / 0';
    CREATE FUNCTION odd.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT timestamptz ''2001-01-01''';
    CREATE FUNCTION odd.pg_export_snapshot() RETURNS text LANGUAGE sql AS 'SELECT ''none''';
    CREATE FUNCTION odd.one(bigint, anyelement) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint';
    CREATE FUNCTION odd.zero(bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint';
    CREATE AGGREGATE odd.count(anyelement) (sfunc = odd.one, stype = bigint);
    CREATE AGGREGATE odd.count(*) (sfunc = odd.zero, stype = bigint);
    CREATE FUNCTION odd.sums(bigint, integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 7::bigint';
    CREATE AGGREGATE odd.sum(integer) (sfunc = odd.sums, stype = bigint);
    CREATE FUNCTION odd.never(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
    CREATE OPERATOR odd.= (leftarg = text, rightarg = text, function = odd.never);
    CREATE FUNCTION odd.never(name, name) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
    CREATE OPERATOR odd.= (leftarg = name, rightarg = name, function = odd.never);
    CREATE FUNCTION odd.never(timestamp, timestamp) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
    CREATE OPERATOR odd.>= (leftarg = timestamp, rightarg = timestamp, function = odd.never);
    CREATE OPERATOR odd.< (leftarg = timestamp, rightarg = timestamp, function = odd.never);
    GRANT USAGE ON SCHEMA odd TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA odd TO PUBLIC;";

/// Settings that are texts, and the values to try. For the other types, the catalogue lists the accepted
/// values.
const TEXTS: &[(&str, &[&str])] = &[
    ("search_path", &["odd, pg_catalog", "odd", "", "telemetry"]),
    ("DateStyle", &["SQL, DMY", "German", "Postgres, MDY"]),
    ("TimeZone", &["Asia/Kolkata", "Australia/Lord_Howe"]),
    ("timezone_abbreviations", &["Australia", "India"]),
    ("client_encoding", &["LATIN1", "SQL_ASCII"]),
    ("lc_messages", &["de_DE.UTF-8", "C.UTF-8"]),
    ("lc_monetary", &["de_DE.UTF-8", "C.UTF-8"]),
    ("lc_numeric", &["de_DE.UTF-8", "C.UTF-8"]),
    ("lc_time", &["de_DE.UTF-8", "C.UTF-8"]),
    ("application_name", &["'", ""]),
    ("backtrace_functions", &["errfinish"]),
    ("createrole_self_grant", &["set, inherit"]),
    ("default_table_access_method", &["heap"]),
    ("default_tablespace", &["nowhere"]),
    ("temp_tablespaces", &["nowhere"]),
    ("default_text_search_config", &["pg_catalog.russian"]),
    ("dynamic_library_path", &["/nowhere"]),
    ("extension_control_path", &["/nowhere"]),
    ("local_preload_libraries", &["nowhere"]),
    ("session_preload_libraries", &["nowhere"]),
    ("restrict_nonsystem_relation_kind", &["view, foreign-table"]),
    ("wal_consistency_checking", &["all"]),
];

/// With missing libraries, the account cannot connect. Each of these settings is tried alone, as are those
/// named below.
const KEEP_OUT: [&str; 2] = ["local_preload_libraries", "session_preload_libraries"];
/// A session may end between two of its transactions: the run is tried again.
const MAY_END: &str = "idle_session_timeout";
/// A session of the account hides when its transaction began: creation times are useless then, and the error
/// says so.
const MAY_REFUSE: &str = "track_activities";

/// The number of settings that are tried together; one by one if that fails.
const AT_ONCE: usize = 12;
/// The time limit for a read, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct World {
    database: TestDatabase,
    admin: Client,
    role: String,
    source: Database,
    crm: CrmConfig,
    telemetry: Vec<(TelemetryConfig, Option<Baseline>)>,
}

impl World {
    async fn new() -> World {
        let database = bionicpro_testing::postgres().database().await;
        let admin = database.client().await;
        let role = format!("set_up_in_{}", database.name);
        admin.batch_execute(&format!("{TABLES}; {SHADOWS}")).await.unwrap();
        insert(&admin, "2024-01-15 08:10").await;
        let grants = ["crm", "telemetry", "zoned"].map(|schema| {
            format!("GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};")
        });
        admin
            .batch_execute(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'p'; GRANT pg_read_all_stats TO {role}; {}
                 CREATE ROLE {role}_group; GRANT pg_read_all_stats TO {role}_group; GRANT {role}_group TO {role}; {}",
                grants.concat(),
                grants.concat().replace(&role, &format!("{role}_group"))
            ))
            .await
            .unwrap();
        let url = Some(as_user(&database.url, &role, "p"));
        let crm = CrmConfig { url: url.clone(), ..CrmConfig::default() };
        let telemetry = [
            ("telemetry", ChangesConfig::TransactionColumn),
            ("zoned", ChangesConfig::CreationTime),
            ("zoned", ChangesConfig::RowXmin),
        ];
        let source = Database::crm(&crm).unwrap();
        let mut world = World { database, admin, role, source, crm, telemetry: Vec::new() };
        for (schema, changes) in telemetry {
            let schema = schema.to_owned();
            let config = TelemetryConfig {
                url: url.clone(),
                schema,
                changes,
                connections: 2,
                ..TelemetryConfig::default()
            };
            let telemetry = Telemetry::open(&world.source, &config, 0).await.unwrap();
            let baseline = telemetry.baseline(None);
            assert!(baseline.is_some());
            world.telemetry.push((config, baseline));
        }
        // Rows that the baselines have not seen.
        insert(&world.admin, "2024-01-15 18:40").await;
        world
    }

    /// Everything that the pipeline reads from a source.
    async fn seen(&self) -> Result<Vec<String>> {
        let facts = self.source.facts().await?;
        let mut seen = vec![format!(
            "{} {} {} {} {}",
            facts.version,
            facts.version_number,
            facts.is_standby,
            facts.sees_all_transactions,
            facts.could_write
        )];
        let crm = Crm::read(&self.source, &self.crm, 0).await?;
        seen.push(format!("{} {:?} {:?}", crm.fingerprint, crm.customers, crm.prostheses));
        for (config, baseline) in &self.telemetry {
            let telemetry = Telemetry::open(&self.source, config, 0).await?;
            seen.push(format!("{:?}", telemetry.changes()));
            let new = match telemetry.since(baseline.as_ref().unwrap()).await? {
                Since::New(new) => Some(new),
                other => {
                    seen.push(format!("{other:?}"));
                    None
                }
            };
            seen.extend(cells(&telemetry, &CellRequest { new, ..CellRequest::nothing(ages()) }).await?);
            if config.changes == ChangesConfig::RowXmin {
                continue;
            }
            seen.extend(cells(&telemetry, &CellRequest::range(range("2024-01-14", "2024-01-18"))).await?);
            let (oldest, hours) =
                (telemetry.oldest_hour().await?, telemetry.hours_from(DateTime::UNIX_EPOCH, 10).await?);
            seen.push(format!(
                "{oldest:?} {hours:?} {:?}",
                telemetry.outside(DateTime::<Utc>::MAX_UTC).await?
            ));
            seen.push(format!("{:?}", telemetry.rows_by_day(&range("2024-01-14", "2024-01-18")).await?));
            let lock = Lock::take(telemetry.end().await?, "settings").await?;
            seen.push(format!("{}", lock.is_held().await));
            seen.push(format!(
                "{}",
                Lock::try_take(self.source.connect().await?, "settings").await?.is_none()
            ));
            lock.release().await;
        }
        Ok(seen)
    }

    /// Returns whether the account can connect and query at all.
    async fn is_let_in(&self) -> bool {
        let url = as_user(&self.database.url, &self.role, "p");
        match tokio_postgres::connect(url.expose_secret().as_str(), tokio_postgres::NoTls).await {
            Ok((client, connection)) => {
                tokio::spawn(connection);
                client.simple_query("SELECT 1").await.is_ok()
            }
            Err(_) => false,
        }
    }

    /// Reads under these settings; returns what is wrong, `None` if nothing is.
    async fn try_out(&self, settings: &[(String, String)], usual: &[String]) -> Option<String> {
        let account = format!("ALTER ROLE {} IN DATABASE {}", self.role, self.database.name);
        for (name, value) in settings {
            // A value that the server does not accept cannot be a setting of an account.
            let _ = self
                .admin
                .batch_execute(&format!("{account} SET {name} = '{}'", value.replace('\'', "''")))
                .await;
        }
        let seen = tokio::time::timeout(PATIENCE, self.seen()).await;
        let is_let_in = self.is_let_in().await;
        self.admin.batch_execute(&format!("{account} RESET ALL")).await.unwrap();
        let wrong = match seen {
            Ok(Ok(seen)) if seen == usual => return None,
            Ok(Ok(seen)) => {
                let differs: Vec<_> =
                    seen.iter().zip(usual).filter(|(one, two)| one != two).take(2).collect();
                format!("{differs:?}")
            }
            Ok(Err(error)) if may_fail(settings, error.kind(), is_let_in) => return None,
            Ok(Err(error)) => error.report(),
            Err(_) => "hangs".to_owned(),
        };
        Some(format!("{settings:?}: {wrong}"))
    }
}

/// Returns whether one setting alone may make a read fail like this: one with which the account cannot
/// connect, or one of the few named above.
fn may_fail(settings: &[(String, String)], kind: Kind, is_let_in: bool) -> bool {
    match (settings, kind) {
        ([(name, _)], Kind::Unreachable) => !is_let_in || name == MAY_END,
        ([(name, _)], Kind::Config) => name == MAY_REFUSE,
        _ => false,
    }
}

async fn insert(admin: &Client, at: &str) {
    // Enough for several queries, and several hours on both sides of midnight in every time zone.
    let rows = |codes: &str| {
        format!(
            "SELECT 'CHIP-' || n % 3, timestamp '{at}' + n * interval '37 minutes', n, n / 3.0, {codes} FROM generate_series(1, 60) AS n"
        )
    };
    let into = |schema: &str| {
        format!(
            "INSERT INTO {schema}.raw_telemetry (chip_id, event_time, response_time_ms, battery_level, error_code)"
        )
    };
    admin
        .batch_execute(&format!(
            "SET TimeZone = 'UTC'; {} {}; {} {}",
            into("telemetry"),
            rows("CASE n % 3 WHEN 0 THEN interval '0' WHEN 1 THEN interval '1 day' END"),
            into("zoned"),
            rows("CASE n % 3 WHEN 0 THEN ''::bytea WHEN 1 THEN '0'::bytea END"),
        ))
        .await
        .unwrap();
}

/// Every cell with all of its values.
async fn cells(telemetry: &Telemetry, wanted: &CellRequest) -> Result<Vec<String>> {
    let (sender, mut batches) = mpsc::channel::<CellBatch>(4);
    let gather = async {
        let mut cells = Vec::new();
        while let Some(batch) = batches.recv().await {
            cells.extend((0..batch.len()).map(|at| {
                format!(
                    "{:?} {} {} {} {} {} {} {} {:?} {} {} {:?} {:?} {:?} {:?}",
                    batch.chip_id[at],
                    batch.hour[at],
                    batch.from[at],
                    batch.movements[at],
                    batch.errors[at],
                    batch.anomalies[at],
                    batch.response_count[at],
                    batch.response_sum[at],
                    batch.response_squares[at],
                    batch.battery_count[at],
                    batch.battery_sum[at],
                    batch.battery_squares[at],
                    batch.battery_min[at],
                    batch.battery_last_at[at],
                    batch.battery_last[at],
                )
            }));
        }
        cells
    };
    let (summary, mut cells) = tokio::join!(telemetry.cells(wanted, sender, |_| ()), gather);
    summary?;
    cells.sort();
    Ok(cells)
}

/// Name and values to try of every setting that can be made for an account, as the server describes them.
async fn settings(admin: &Client) -> Vec<(String, String)> {
    let texts: HashMap<&str, &[&str]> = TEXTS.iter().copied().collect();
    let rows = admin
        .query(
            "SELECT name, vartype, coalesce(unit, ''), coalesce(min_val, ''), coalesce(max_val, ''), enumvals
             FROM pg_settings WHERE context IN ('user', 'superuser') ORDER BY name",
            &[],
        )
        .await
        .unwrap();
    let mut settings = Vec::new();
    for row in rows {
        let text = |at| row.get::<_, String>(at);
        let (name, kind, unit) = (text(0), text(1), text(2));
        let values = match kind.as_str() {
            "bool" => vec!["on".to_owned(), "off".to_owned()],
            "enum" => row.get(5),
            "string" => texts
                .get(name.as_str())
                .into_iter()
                .flat_map(|texts| texts.iter())
                .map(|text| (*text).to_owned())
                .collect(),
            // Shorter than any pause of a reader, but long enough for a transaction to begin.
            _ if name.ends_with("_timeout") && matches!(unit.as_str(), "ms" | "s") => {
                vec![text(3), text(4), "20ms".to_owned()]
            }
            _ => vec![text(3), text(4), "1".to_owned()],
        };
        settings.extend(values.into_iter().map(|value| (name.clone(), value)));
    }
    settings
}

/// Groups of a few settings, without any setting twice and with similar names apart: they may undo each
/// other.
fn groups(settings: Vec<(String, String)>) -> Vec<Vec<(String, String)>> {
    let is_alone = |name: &str| KEEP_OUT.contains(&name) || [MAY_END, MAY_REFUSE].contains(&name);
    let (alone, mut settings): (Vec<_>, Vec<_>) = settings.into_iter().partition(|(name, _)| is_alone(name));
    let mut seen: HashMap<String, usize> = HashMap::new();
    // The first value of each, then the second of each, and so on.
    settings.sort_by_cached_key(|(name, _)| {
        let number = seen.entry(name.clone()).or_default();
        *number += 1;
        *number
    });
    let mut rounds: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for setting in settings {
        if rounds.last().unwrap().iter().any(|(name, _)| *name == setting.0) {
            rounds.push(Vec::new());
        }
        rounds.last_mut().unwrap().push(setting);
    }
    let mut groups: Vec<_> = alone.into_iter().map(|setting| vec![setting]).collect();
    for round in rounds {
        let count = round.len().div_ceil(AT_ONCE);
        groups.extend((0..count).map(|at| round.iter().skip(at).step_by(count).cloned().collect()));
    }
    groups
}

#[tokio::test]
async fn no_setting_of_the_account_changes_what_is_read_or_ends_a_run() {
    let world = World::new().await;
    let usual = world.seen().await.unwrap_or_else(|error| panic!("{}", error.report()));
    assert_eq!(world.seen().await.unwrap(), usual);
    let mut settings = settings(&world.admin).await;
    assert!(settings.len() > 300, "{}", settings.len());
    // The catalogue does not list it.
    settings.push(("role".to_owned(), format!("{}_group", world.role)));
    let mut wrong = Vec::new();
    for group in groups(settings) {
        if world.try_out(&group, &usual).await.is_none() {
            continue;
        }
        eprintln!("one by one: {group:?}");
        for setting in group {
            let mut found = None;
            // The pipeline retries too; a machine may be so busy that even the shortest statement takes too
            // long.
            for _ in 0..3 {
                found = world.try_out(std::slice::from_ref(&setting), &usual).await;
                if found.is_none() {
                    break;
                }
            }
            wrong.extend(found);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

//! The rights of each account: every relation and column, and every way out of the warehouse that the engine
//! lists.

use std::collections::BTreeSet;

use bionicpro_engines::config::WarehouseServeConfig;
use bionicpro_model::SecretUrl;
use bionicpro_warehouse::Warehouse;
use bionicpro_warehouse::access::{LOADER, ML, READER};

use crate::harness::Served;

/// A marker in every column that may contain a person's name.
const PERSON: &str = "Ivan-of-the-Marker";
/// Columns that lead to a person's name.
const PERSONAL: [&str; 4] = ["ldap_username", "customer_name", "customer_email", "serial_number"];

/// A warehouse with a mart of one person.
async fn with_a_person() -> Served {
    let served = Served::fresh(WarehouseServeConfig::default());
    let url = SecretUrl::parse(&served.url).unwrap();
    let url =
        SecretUrl::parse(&url.expose_secret().as_str().replace("http://", "http://bionicpro@")).unwrap();
    let url = url.with_password(&bionicpro_model::Secret::new(served.password(LOADER))).unwrap();
    let config = bionicpro_warehouse::Config { url: Some(url), ..bionicpro_warehouse::Config::default() };
    Warehouse::new(&config).unwrap().migrate(false).await.unwrap();
    let id = "toUUID('0192d7a0-0000-4000-8000-000000000001')";
    served.run(&format!(
        "INSERT INTO reports.user_prosthesis_stats (user_id, ldap_username, prosthesis_id, chip_id, date, hour, movements_count, \
         customer_name, customer_email, prosthesis_model, version) SELECT {id}, '{PERSON}', {id}, 'CHIP', today(), \
         toStartOfHour(now()), 1, '{PERSON}', '{PERSON}', 'Model', 1"
    )).await;
    served
        .run(&format!("INSERT INTO reports.users VALUES ({id}, '{PERSON}', '{PERSON}', '{PERSON}', 1, 0)"))
        .await;
    served.run(&format!(
        "INSERT INTO reports.user_prostheses (user_id, prosthesis_id, chip_id, prosthesis_model, serial_number, version) \
         SELECT {id}, {id}, 'CHIP', 'Model', '{PERSON}', 1"
    )).await;
    served
}

/// The response to a statement, or the code of its refusal.
async fn ask(served: &Served, account: &str, sql: &str) -> Result<String, i32> {
    let response =
        served.post_as(account, &[("database", "reports")]).body(sql.to_owned()).send().await.unwrap();
    let code = crate::harness::header(&response, "x-clickhouse-exception-code");
    let text = response.text().await.unwrap();
    match code.parse() {
        Err(_) => Ok(text),
        Ok(code) => Err(code),
    }
}

#[tokio::test]
async fn each_column_is_readable_by_whom_it_is_for() {
    let served = with_a_person().await;
    let columns = "SELECT table, name, type FROM system.columns WHERE database = 'reports' ORDER BY table, position FORMAT TSV";
    let columns = served.run(columns).await;
    let for_reader = [
        "users",
        "user_prostheses",
        "chip_owners",
        "etl_runs",
        "data_as_of",
        "schema_migrations",
        "user_prosthesis_stats",
        "report_changes",
        "marks",
    ];
    let for_ml = [
        "ml_hourly_stats",
        "ml_daily_stats",
        "ml_prostheses",
        "ml_ownership",
        "mart_history",
        "marks",
        "daily_stats",
        "data_as_of",
        "schema_migrations",
    ];
    let partly_for_ml = ["user_prosthesis_stats", "user_prostheses", "chip_owners", "etl_runs"];
    let mut cells = 0;
    let mut of_ml = BTreeSet::new();
    for line in columns.lines() {
        let (table, column, _) = of_line(line);
        for account in [LOADER, READER, ML] {
            for sql in [
                format!("SELECT {column} FROM reports.{table} LIMIT 1"),
                format!("SELECT count() FROM reports.{table} WHERE toString({column}) = 'x'"),
                format!("SELECT toString(max({column})) FROM reports.{table}"),
                format!("EXPLAIN PLAN SELECT {column} FROM reports.{table}"),
                format!("SELECT {column} FROM merge('reports', '^{table}$')"),
            ] {
                let answer = ask(&served, account, &sql).await;
                let may = match account {
                    LOADER => true,
                    READER => for_reader.contains(&table),
                    _ if for_ml.contains(&table) => true,
                    // Column by column: those that the views read, and none that leads to a person.
                    _ if partly_for_ml.contains(&table) => answer.is_ok() && !PERSONAL.contains(&column),
                    _ => false,
                };
                // The mart's views read more than an account of the API may.
                let is_merge = sql.contains("merge(");
                assert!(
                    answer.is_ok() == may || (is_merge && answer.is_err()),
                    "{account}: {sql}: {answer:?}"
                );
                if account == ML {
                    assert!(!answer.as_deref().unwrap_or_default().contains(PERSON), "{sql}: {answer:?}");
                    if answer.is_ok() && partly_for_ml.contains(&table) {
                        of_ml.insert(format!("{table}.{column}"));
                    }
                }
                cells += 1;
            }
        }
    }
    assert!(cells >= 300, "{cells}");
    // A new column fails here until it is granted or listed as withheld.
    let secret = "etl_runs: baseline, duration_ms, error, error_kind, form, hint, anomalies, bytes, notes, orphans, snapshot, tombstones, unreadable";
    for line in columns.lines() {
        let (table, column, kind) = of_line(line);
        if partly_for_ml.contains(&table) {
            let is_read = of_ml.contains(&format!("{table}.{column}"));
            let is_kept_back = PERSONAL.contains(&column)
                || (table == "chip_owners" && column == "updated_at")
                || (table == "etl_runs" && secret.split([' ', ',']).any(|word| word == column));
            assert_ne!(
                is_read, is_kept_back,
                "{table}.{column}: say in access/rights.rs or here whether ML engineers read it"
            );
            // The engine answers these from a subcolumn, which the grant of the column has to include.
            let part = match kind {
                "String" => format!("{column} != ''"),
                _ if kind.contains("Nullable") => format!("{column} IS NOT NULL"),
                _ => continue,
            };
            let answer = ask(&served, ML, &format!("SELECT count() FROM reports.{table} WHERE {part}")).await;
            assert_eq!(answer.is_ok(), is_read, "{table}: {part}: {answer:?}");
        }
    }
    eprintln!("{cells} cells");
}

/// A column's table, name and type.
fn of_line(line: &str) -> (&str, &str, &str) {
    let mut parts = line.splitn(3, '\t');
    let mut part = || parts.next().unwrap();
    (part(), part(), part())
}

#[tokio::test]
async fn readers_write_nothing_and_take_nothing_away() {
    let served = with_a_person().await;
    let tables = served
        .run("SELECT name FROM system.tables WHERE database = 'reports' ORDER BY name FORMAT TSV")
        .await;
    for account in [READER, ML] {
        for table in tables.lines() {
            for sql in [
                format!("INSERT INTO reports.{table} SELECT * FROM reports.{table} LIMIT 0"),
                format!("TRUNCATE TABLE reports.{table}"),
                format!("DROP TABLE reports.{table}"),
                format!("OPTIMIZE TABLE reports.{table} FINAL"),
                format!("ALTER TABLE reports.{table} DELETE WHERE 1"),
                format!("ALTER TABLE reports.{table} FREEZE"),
                format!("ALTER TABLE reports.{table} ADD COLUMN x UInt8"),
                format!("RENAME TABLE reports.{table} TO reports.x"),
                format!("CREATE VIEW reports.x AS SELECT * FROM reports.{table}"),
                format!("CREATE TABLE reports.x AS reports.{table}"),
                format!("DETACH TABLE reports.{table}"),
            ] {
                let answer = ask(&served, account, &sql).await;
                assert!(answer.is_err(), "{account}: {sql}: {answer:?}");
            }
        }
        for sql in [
            "DROP DATABASE reports",
            "CREATE DATABASE x",
            "CREATE TABLE default.x (a Int8) ENGINE = Memory",
            "KILL QUERY WHERE 1",
            "SYSTEM SHUTDOWN",
            "SYSTEM DROP MARK CACHE",
            "CREATE USER x",
            "GRANT SELECT ON *.* TO ml",
            "CREATE FUNCTION x AS () -> 1",
            "SET readonly = 0",
            "SELECT 1 SETTINGS readonly = 0",
            "BACKUP DATABASE reports TO Memory('x')",
            "CREATE ROW POLICY x ON reports.users USING 1 TO ALL",
            "CREATE NAMED COLLECTION x AS a = 1",
            "SELECT 1 SETTINGS max_execution_time = 100000",
            "SELECT 1 SETTINGS max_memory_usage = 0",
            "SELECT 1 SETTINGS max_execution_time = 0",
            "SELECT 1 SETTINGS max_parser_depth = 0",
            "SELECT 1 SETTINGS profile = 'default'",
            "SELECT 1 SETTINGS profile = 'startup'",
            "SELECT 1 SETTINGS profile = 'bionicpro'",
        ] {
            let answer = ask(&served, account, sql).await;
            assert!(answer.is_err(), "{account}: {sql}: {answer:?}");
        }
    }
    assert_eq!(served.run("SELECT count() FROM reports.users").await, "1\n");
}

#[tokio::test]
async fn a_persons_name_is_in_no_table_of_the_system() {
    let served = with_a_person().await;
    let tables = "SELECT database || '.' || name FROM system.tables WHERE database IN ('system', 'INFORMATION_SCHEMA') FORMAT TSV";
    let mut read = 0;
    let tables = served.run(tables).await;
    for table in tables.lines() {
        for account in [READER, ML] {
            let answer = ask(&served, account, &format!("SELECT * FROM {table} LIMIT 10000")).await;
            if let Ok(text) = &answer {
                read += 1;
                assert!(!text.contains(PERSON), "{account}: {table}");
                assert!(!text.contains(&served.password(LOADER)), "{account}: {table}");
            }
        }
        let rows =
            ask(&served, LOADER, &format!("SELECT * FROM {table} LIMIT 10000")).await.unwrap_or_default();
        for account in [LOADER, READER, ML] {
            assert!(!rows.contains(&served.password(account)), "{table}");
        }
    }
    assert!(read > 20, "{read}");
}

#[tokio::test]
async fn the_account_that_the_engine_starts_with_is_of_no_use() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let served = Served::fresh(WarehouseServeConfig {
        native_listen: Some(([127, 0, 0, 1], port).into()),
        ..WarehouseServeConfig::default()
    });
    // The edge's address, and the engine's private one, which any account of the machine may reach.
    let config = std::fs::read_to_string(served.data().join("config.xml")).unwrap();
    let private = config.split("<http_port>").nth(1).unwrap().split('<').next().unwrap();
    for url in [served.url.clone(), format!("http://127.0.0.1:{private}/")] {
        for credentials in [
            None,
            Some(("default", None)),
            Some(("default", Some(""))),
            Some(("default", Some("x"))),
            Some(("nobody", None)),
            Some(("", None)),
        ] {
            let mut request = reqwest::Client::new().post(&url).body("SELECT 1");
            if let Some((user, password)) = credentials {
                request = request.basic_auth(user, password);
            }
            let (status, code, text) = crate::harness::refusal(request.send().await.unwrap()).await;
            assert!(
                status >= 400 && [516, 700, 194].contains(&code),
                "{url} {credentials:?}: {status} {code} {text}"
            );
        }
    }
    // The native protocol's hello of a client that signs in as `default`. The response is an exception, a
    // packet of type 2.
    let mut hello = vec![0, 4];
    hello.extend_from_slice(b"test");
    hello.extend_from_slice(&[24, 8, 0xb6, 0xa8, 0x03, 0, 7]);
    hello.extend_from_slice(b"default\0");
    let answer = {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(&hello).await.unwrap();
        let mut answer = vec![0; 512];
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), stream.read(&mut answer)).await;
        answer.truncate(read.unwrap().unwrap());
        answer
    };
    // A refusal on this port ends the engine, which is why the port is closed by default.
    assert_ne!(answer.first(), Some(&0), "{}", String::from_utf8_lossy(&answer));
    served.wait_for("SELECT 1", "1").await;
}

/// Calls of a function with arguments of each kind, which cover functions that are new in an engine.
fn calls(function: &str, file: &str, url: &str) -> Vec<String> {
    let arguments = [
        String::new(),
        format!("'{file}'"),
        format!("'{file}', 'LineAsString'"),
        format!("'{file}', 'LineAsString', 'line String'"),
        format!("'{url}', 'LineAsString', 'line String'"),
        format!("'{url}'"),
        format!("'{url}', NOSIGN, 'LineAsString', 'line String'"),
        format!("'default', '{file}', 'LineAsString', 'line String'"),
        "'127.0.0.1:1', 'reports', 'users'".to_owned(),
        "'127.0.0.1:1', 'reports', 'users', 'a', 'b'".to_owned(),
        "'reports', 'users'".to_owned(),
        "'default', 'reports', 'users'".to_owned(),
        "reports.users".to_owned(),
        "SELECT * FROM reports.users".to_owned(),
    ];
    arguments.iter().map(|arguments| format!("SELECT * FROM {function}({arguments}) LIMIT 10")).collect()
}

#[tokio::test]
async fn nothing_leads_out_of_the_warehouse() {
    let served = with_a_person().await;
    let engines = served.engines();
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("secret");
    let secret = "the-content-of-a-file-of-this-machine";
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let called = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&called);
    let listening = tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    });
    let (file, mut asked) = (file.display().to_string(), 0);
    let list =
        async |sql: &str| -> Vec<String> { served.run(sql).await.lines().map(str::to_owned).collect() };
    let functions = list("SELECT name FROM system.table_functions FORMAT TSV").await;
    assert!(functions.len() > 50, "{}", functions.len());
    let mut statements: Vec<String> =
        functions.iter().flat_map(|function| calls(function, &file, &url)).collect();
    for engine in list("SELECT name FROM system.table_engines FORMAT TSV").await {
        for arguments in [
            "",
            &format!("('{file}')"),
            &format!("('{url}', CSV)"),
            &format!("(CSV, '{file}')"),
            "('127.0.0.1:1', 'reports', 'users', 'a', 'b')",
        ] {
            let name = format!("default.made_{}", statements.len());
            statements.push(format!(
                "CREATE TABLE {name} (line String) ENGINE = {engine}{arguments} ORDER BY line"
            ));
            statements.push(format!("CREATE TABLE {name} (line String) ENGINE = {engine}{arguments}"));
            statements.push(format!("SELECT * FROM {name}"));
        }
    }
    for engine in list("SELECT name FROM system.database_engines FORMAT TSV").await {
        for arguments in ["", &format!("('{file}')"), "('127.0.0.1:1', 'a', 'b', 'c')"] {
            statements
                .push(format!("CREATE DATABASE made_{} ENGINE = {engine}{arguments}", statements.len()));
        }
    }
    for function in [
        "file",
        "executable",
        "catboostEvaluate",
        "getServerSetting",
        "getMaxTableNameLengthForDatabase",
        "aiGenerate",
        "addressToLine",
        "demangle",
    ] {
        statements.push(format!("SELECT {function}('{file}')"));
        statements.push(format!("SELECT arrayMap({function}, ['{file}'])"));
        statements.push(format!("SELECT * APPLY {function} FROM (SELECT '{file}')"));
    }
    for sql in [
        format!("SELECT 1 INTO OUTFILE '{file}.out'"),
        format!("SELECT 1 INTO OUTFILE '{file}' APPEND"),
        format!("INSERT INTO FUNCTION file('{file}', 'LineAsString', 'line String') SELECT 'x'"),
        format!("INSERT INTO FUNCTION url('{url}', 'LineAsString', 'line String') SELECT 'x'"),
        format!("INSERT INTO default.x FROM INFILE '{file}' FORMAT LineAsString"),
        format!("BACKUP DATABASE reports TO File('{file}.backup')"),
        format!("RESTORE DATABASE reports FROM File('{file}')"),
        format!("ATTACH TABLE default.x FROM '{file}' (a Int8) ENGINE = MergeTree ORDER BY a"),
        format!(
            "CREATE TABLE default.x1 (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '{file}/')"
        ),
        format!(
            "CREATE TABLE default.x2 (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint = '{url}/')"
        ),
        "CREATE TABLE default.x3 (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 'x'"
            .to_owned(),
        format!(
            "CREATE DICTIONARY default.d1 (k UInt64, v String) PRIMARY KEY k SOURCE(FILE(PATH '{file}' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)"
        ),
        format!(
            "CREATE DICTIONARY default.d2 (k UInt64, v String) PRIMARY KEY k SOURCE(HTTP(URL '{url}' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)"
        ),
        format!(
            "CREATE DICTIONARY default.d3 (k UInt64, v String) PRIMARY KEY k SOURCE(EXECUTABLE(COMMAND 'cat {file}' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)"
        ),
        "SELECT * FROM default.d1".to_owned(),
        "SELECT * FROM default.d2".to_owned(),
        "SELECT * FROM default.d3".to_owned(),
        format!("SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{file}'"),
        format!("SELECT 1 FORMAT Template SETTINGS format_template_row = '{file}'"),
        format!("SELECT 1 FORMAT Protobuf SETTINGS format_schema = '{file}:M'"),
        format!("SELECT 1 SETTINGS additional_result_filter = 'throwIf(1, file(''{file}''))'"),
        format!("SELECT 1 SETTINGS format_avro_schema_registry_url = '{url}'"),
        "CREATE USER x".to_owned(),
        "CREATE ROLE x".to_owned(),
        "GRANT ALL ON *.* TO bionicpro".to_owned(),
        "SYSTEM SHUTDOWN".to_owned(),
        "SYSTEM KILL".to_owned(),
        "SYSTEM STOP LISTEN HTTP".to_owned(),
        "SYSTEM RELOAD CONFIG".to_owned(),
        "SYSTEM START LISTEN TCP".to_owned(),
        "SYSTEM LOAD PRIMARY KEY".to_owned(),
        format!("SELECT * FROM `{file}`"),
        format!("SELECT * FROM \u{201c}{file}\u{201d}"),
        format!("SELECT a$b$, file('{file}') FROM (SELECT 1 AS a$b$)"),
        format!("SELECT * FROM format(Values, 'line String', $$(file('{file}'))$$)"),
    ] {
        statements.push(sql);
    }
    for account in [LOADER, READER, ML] {
        for sql in &statements {
            let answer = served
                .post_as(account, &[("database", "reports"), ("max_execution_time", "5")])
                .body(sql.clone())
                .send()
                .await;
            let text = answer
                .unwrap_or_else(|error| panic!("{account}: {sql}: {error}"))
                .text()
                .await
                .unwrap_or_default();
            assert!(!text.contains(secret), "{account}: {sql}: {text}");
            assert!(account != ML || !text.contains(PERSON), "{account}: {sql}: {text}");
            asked += 1;
        }
    }
    listening.abort();
    assert_eq!(called.load(std::sync::atomic::Ordering::Relaxed), 0, "an address was called");
    let left: Vec<_> =
        std::fs::read_dir(outside.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["secret"], "something was written");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{secret}\n"));
    assert_eq!(served.engines(), engines, "an engine ended");
    eprintln!("{asked} statements");
}

#[tokio::test]
async fn settings_that_lead_out_are_held_fast_for_every_account() {
    let served = with_a_person().await;
    for account in [LOADER, READER, ML] {
        for name in ["format_schema", "format_template_row", "format_template_resultset"] {
            let answer = ask(&served, account, &format!("SELECT 1 SETTINGS {name} = 'x'")).await;
            assert_eq!(answer, Err(452), "{account}: {name}");
        }
        for (name, value) in [("max_parser_depth", "3000"), ("max_ast_depth", "100000")] {
            let answer = ask(&served, account, &format!("SELECT 1 SETTINGS {name} = {value}")).await;
            assert_eq!(answer, Err(452), "{account}: {name}");
        }
    }
    // Another profile does not lift the limits of all accounts either.
    for profile in ["default", "startup", "bionicpro"] {
        let session = [("session_id", profile)];
        let set =
            served.post_as(LOADER, &session).body(format!("SET profile = '{profile}'")).send().await.unwrap();
        assert_eq!(set.status(), 200, "{profile}");
        let raise =
            served.post_as(LOADER, &session).body("SET max_parser_depth = 3000").send().await.unwrap();
        assert_eq!(crate::harness::refusal(raise).await.1, 452, "{profile}");
    }
}

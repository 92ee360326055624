//! SQL stays inside the warehouse, whatever it is dressed as.

use crate::harness::{post, refusal, run};

/// Statements that reach for files, programs or the network; each is refused with ACCESS_DENIED (497), or because a
/// setting that leads there is fixed (452).
const REACHING_OUT: &[&str] = &[
    "SELECT * FROM file('/etc/hostname', 'LineAsString')",
    "DESCRIBE TABLE file('/etc/hostname')",
    "SELECT file('/etc/hostname')",
    "SELECT `file`('/etc/hostname')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "SELECT * FROM /* x */ `url` /* y */ ('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "SELECT * FROM s3('https://bucket.s3.amazonaws.com/x/a.csv', 'CSV', 'a Int8')",
    "SELECT * FROM gcs('https://storage.googleapis.com/bucket/a.csv', 'CSV', 'a Int8')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'CSV', 'a Int8')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'a Int8')",
    "SELECT * FROM redis('127.0.0.1:1', 'a', 'a Int8')",
    "SELECT * FROM sqlite('/etc/x.db', 't')",
    "SELECT * FROM odbc('DSN=x', 'a', 'b')",
    "SELECT * FROM jdbc('x', 'a', 'b')",
    "SELECT * FROM remote('127.0.0.1:1', 'system', 'one')",
    "SELECT * FROM icebergLocal('/etc')",
    "SELECT * FROM deltaLakeLocal('/etc')",
    "SELECT * FROM executable('x.sh', 'CSV', 'a Int8')",
    "SELECT * FROM view(SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8'))",
    "SELECT 1 WHERE 1 IN (SELECT a FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8'))",
    "INSERT INTO FUNCTION file('/tmp/x.csv', 'CSV', 'a Int8') SELECT 1",
    "INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'CSV', 'a Int8') SELECT 1",
    "INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'CSV', 'a Int8') FORMAT CSV\n1",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "INSERT INTO taken FROM INFILE '/etc/hostname' FORMAT CSV",
    "INSERT INTO taken VALUES (file('/etc/hostname'))",
    "INSERT INTO taken SETTINGS format_template_row = '/etc/hostname' FORMAT Template\nx",
    "SELECT 1 SETTINGS format_schema = '/etc/hostname:M' FORMAT Protobuf",
    "SELECT 1 SETTINGS dialect = 'prql'",
    "SELECT * FROM numbers(1) SETTINGS additional_table_filters = {'system.numbers': '1'}",
    "CREATE TABLE x (a Int8) ENGINE = File(CSV)",
    "CREATE TABLE x (a Int8) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
    "CREATE TABLE x (a Int8) ENGINE = S3('http://127.0.0.1:1/bucket/x', 'CSV')",
    "CREATE TABLE x (a Int8) ENGINE = PostgreSQL('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "CREATE TABLE x (a Int8) ENGINE = EmbeddedRocksDB(0, '/tmp/x') PRIMARY KEY a",
    "CREATE TABLE x (a Int8) ENGINE = Distributed('default', 'a', 'b')",
    "CREATE TEMPORARY TABLE x (a Int8) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
    "CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint = 'http://127.0.0.1:1/')",
    "CREATE VIEW x AS SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "CREATE MATERIALIZED VIEW x ENGINE = MergeTree ORDER BY a AS SELECT a FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
    "CREATE FUNCTION x AS path -> file(path)",
    "CREATE DATABASE x ENGINE = Filesystem('/etc')",
    "CREATE DATABASE x ENGINE = PostgreSQL('127.0.0.1:1', 'a', 'b', 'c')",
    "CREATE DATABASE x ENGINE = SQLite('/tmp/x')",
    "CREATE DICTIONARY x (a UInt64) PRIMARY KEY a SOURCE(FILE(PATH '/etc/hostname' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE NAMED COLLECTION x AS a = 1",
    "CREATE USER x",
    "BACKUP TABLE taken TO Disk('default', 'x')",
    "ATTACH TABLE x FROM '/tmp/x' (a Int8) ENGINE = MergeTree ORDER BY a",
    "SYSTEM SHUTDOWN",
];

#[tokio::test]
async fn sql_reaches_no_file_program_or_network() {
    run("CREATE TABLE IF NOT EXISTS taken (a String) ENGINE = MergeTree ORDER BY a").await;
    let mut let_through = Vec::new();
    for sql in REACHING_OUT {
        let (_, code, text) = refusal(post(&[]).body(*sql).send().await.unwrap()).await;
        match code {
            497 => assert!(text.contains("engines.warehouse.allow_host_access"), "{sql}: {text}"),
            // The last: opened before the engine looks at its grants, and stopped by the kernel.
            452 | 481 => {}
            _ => let_through.push(format!("{sql}: {text}")),
        }
    }
    assert!(let_through.is_empty(), "{}", let_through.join("\n"));
    assert_eq!(run("SELECT count() FROM taken").await, "0\n");
}

#[tokio::test]
async fn a_page_elsewhere_that_names_this_address_its_own_gets_no_answer() {
    for host in ["evil.example", "localhost.evil.example:8123"] {
        let response = post(&[]).header("host", host).body("SELECT 1").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 421, "{host}");
    }
    let response = post(&[]).header("host", "localhost:1").body("SELECT 1").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
}

#[tokio::test]
async fn a_path_is_no_table() {
    assert_eq!(run("EXISTS TABLE `/etc/hostname`").await, "0\n");
    let (_, code, _) = refusal(post(&[]).body("SELECT * FROM `/etc/hostname`").send().await.unwrap()).await;
    assert_eq!(code, 60);
}

#[tokio::test]
async fn settings_of_the_url_lead_nowhere_either() {
    for (name, value) in
        [("format_template_row", "/etc/hostname"), ("dialect", "prql"), ("additional_result_filter", "1")]
    {
        let response = post(&[("query", "SELECT 1"), (name, value)]).send().await.unwrap();
        assert_eq!(refusal(response).await.1, 452, "{name}");
    }
}

#[tokio::test]
async fn what_stays_inside_is_allowed() {
    for sql in [
        "CREATE DATABASE inside",
        "CREATE TABLE inside.t (a UInt64, file String) ENGINE = ReplacingMergeTree ORDER BY a",
        "CREATE VIEW inside.v AS SELECT * FROM inside.t",
        "CREATE MATERIALIZED VIEW inside.m ENGINE = SummingMergeTree ORDER BY a AS SELECT a FROM inside.t",
        "CREATE FUNCTION inside_plus AS (x) -> x + 1",
        "INSERT INTO inside.t SELECT number, 'file(x)' FROM numbers(10)",
        "ALTER TABLE inside.t ADD COLUMN b UInt8 DEFAULT inside_plus(1)",
        "ALTER TABLE inside.t UPDATE file = 'x' WHERE a = 1 SETTINGS mutations_sync = 1",
        "OPTIMIZE TABLE inside.t FINAL",
        "SELECT * FROM merge('inside', 't') AS a, numbers(2) AS b, values('x UInt8', 1) AS c, view(SELECT 1) AS d",
        "SELECT * FROM generateRandom('a Int8') LIMIT 1",
        "RENAME TABLE inside.t TO inside.u",
        "SYSTEM FLUSH LOGS",
        "DROP FUNCTION inside_plus",
        "DROP DATABASE inside SYNC",
    ] {
        run(sql).await;
    }
}

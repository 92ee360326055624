"""What SQL may not reach: the machine's files, its network, other programs."""

from __future__ import annotations

import http.server
import threading

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

# Denied by grants, a fixed setting, the server's own settings or the kernel; a function, a cluster or a
# script that is not there.
REFUSALS = (497, 452, 358, 36, 76, 1001, 481, 46, 701, 1, 344, 48)
SECRET = "the-content-of-a-file-on-this-machine"


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text(f"{SECRET}\n")
    return path


@pytest.fixture
def listener():
    """An HTTP server that remembers who called."""
    calls = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"1\n")

        do_HEAD = do_POST = do_PUT = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/x", calls
    server.shutdown()
    server.server_close()


def _refused(client, statement: str, *codes: int) -> None:
    with pytest.raises(DatabaseError) as refused:
        client.command(statement)
    assert refused.value.code in (codes or (497,)), str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM file('{file}', 'CSV', 's String')",
        "SELECT * FROM FiLe('{file}', CSV)",
        "SELECT * FROM `file`('{file}', CSV)",
        "SELECT * FROM file/**/('{file}', CSV)",
        "WITH x AS (SELECT * FROM file('{file}', CSV)) SELECT * FROM x",
        "SELECT (SELECT any(c1) FROM file('{file}', CSV))",
        "SELECT count() FROM system.one WHERE 1 IN (SELECT 1 FROM file('{file}', CSV))",
        "DESCRIBE file('{file}', CSV)",
        "EXPLAIN PIPELINE SELECT * FROM file('{file}', CSV)",
        "CREATE TABLE t ENGINE = Memory AS SELECT * FROM file('{file}', CSV)",
        "CREATE TABLE t AS file('{file}', 'CSV', 's String')",
        "CREATE VIEW v AS SELECT * FROM file('{file}', 'CSV', 's String')",
        "INSERT INTO FUNCTION file('{file}', 'CSV', 's String') SELECT 'x'",
        "INSERT INTO TABLE FUNCTION file('{file}', 'CSV', 's String') VALUES ('x')",
        "SELECT 1 INTO OUTFILE '{file}'",
        "SELECT 1 INTO OUTFILE '{file}' APPEND FORMAT CSV",
        "CREATE TABLE t (s String) ENGINE = File(CSV, '{file}')",
        "CREATE TABLE t (s String) ENGINE = File(CSV)",
        "SELECT * FROM fileCluster('default', '{file}', CSV)",
        "SELECT * FROM executable('cat {file}', CSV, 's String')",
        "CREATE TABLE t (s String) ENGINE = Executable('cat {file}', CSV)",
        "SELECT * FROM sqlite('{file}', 't')",
        "CREATE TABLE t ENGINE = SQLite('{file}', 't')",
        "CREATE DATABASE d ENGINE = SQLite('{file}')",
        "CREATE DATABASE d ENGINE = Filesystem('/etc')",
        "BACKUP DATABASE default TO File('{file}.backup')",
    ],
)
def a_file_of_the_machine_is_out_of_reach(client, secret_file, statement):
    _refused(client, statement.replace("{file}", str(secret_file)), *REFUSALS)
    assert secret_file.read_text() == f"{SECRET}\n"
    assert not secret_file.with_suffix(".csv.backup").exists()


def a_file_does_not_come_in_by_from_infile(client, secret_file):
    client.command("CREATE TABLE t (s String) ENGINE = Memory")
    _refused(client, f"INSERT INTO t FROM INFILE '{secret_file}' FORMAT CSV", *REFUSALS)
    assert client.command("SELECT count() FROM t") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT file('{file}')",
        "SELECT `file` ('{file}')",
        "SELECT arrayMap(x -> file(x), ['{file}'])",
        "SELECT arrayMap(file, ['{file}'])",
        "SELECT * APPLY file FROM (SELECT '{file}')",
        "EXPLAIN SELECT file('{file}')",
        "SELECT * FROM format(Values, 's String', $$(file('{file}'))$$)",
        "SELECT 1 FROM system.one SETTINGS additional_result_filter = 'throwIf(1, file(\\'{file}\\'))'",
        "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{file}'",
        "SELECT 1 FORMAT Template SETTINGS format_template_row = '{file}'",
        "CREATE TABLE t (a UInt8, s String DEFAULT file('{file}')) ENGINE = Memory",
        "INSERT INTO here VALUES (file('{file}'))",
        "INSERT INTO here FORMAT Values (arrayMap(file, ['{file}'])[1])",
    ],
)
def a_file_does_not_come_in_by_an_expression(client, secret_file, statement):
    client.command("CREATE TABLE here (s String) ENGINE = Memory")
    _refused(client, statement.replace("{file}", str(secret_file)), *REFUSALS)
    assert client.command("SELECT count() FROM here") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS disk = "
        "disk(type = local, path = '{path}/')",
        "CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS disk = "
        "disk(type = object_storage, object_storage_type = local, path = '{path}/')",
        "CREATE TABLE t (k UInt64, v String) ENGINE = EmbeddedRocksDB(0, '{path}') PRIMARY KEY k",
        "CREATE DATABASE d ENGINE = Atomic SETTINGS disk = disk(type = local, path = '{path}/')",
    ],
)
def nothing_is_written_outside_the_data_directory(client, tmp_path, statement):
    path = tmp_path / "outside"
    _refused(client, statement.replace("{path}", str(path)), *REFUSALS)
    assert not path.exists()


def the_warehouses_own_password_is_out_of_reach(client, warehouse):
    with pytest.raises(DatabaseError) as refused:
        client.command(f"SELECT arrayMap(file, ['{warehouse.data / 'password'}'])")
    assert warehouse.password not in str(refused.value)


def a_path_is_no_table(client, secret_file):
    with pytest.raises(DatabaseError) as refused:
        client.command(f"SELECT * FROM `{secret_file}`")
    assert refused.value.code in (60, 497)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM url('{url}', CSV, 'n UInt8')",
        "SELECT * FROM URL('{url}', CSV)",
        "INSERT INTO FUNCTION url('{url}', CSV, 'n UInt8') SELECT 1",
        "CREATE TABLE t (n UInt8) ENGINE = URL('{url}', CSV)",
        "SELECT * FROM s3('{url}yz/key.csv', NOSIGN, CSV, 'n UInt8')",
        "CREATE TABLE t (n UInt8) ENGINE = S3('{url}yz/key.csv', NOSIGN, CSV)",
        "SELECT * FROM urlCluster('default', '{url}', CSV, 'n UInt8')",
        "SELECT * FROM postgresql('127.0.0.1:5432', 'db', 't', 'u', 'p')",
        "CREATE TABLE t (n Int32) ENGINE = PostgreSQL('127.0.0.1:5432', 'db', 't', 'u', 'p')",
        "CREATE DATABASE d ENGINE = PostgreSQL('127.0.0.1:5432', 'db', 'u', 'p')",
        "SELECT * FROM mysql('127.0.0.1:3306', 'db', 't', 'u', 'p')",
        "SELECT * FROM remote('127.0.0.1:9000', 'default', 't')",
        "CREATE TABLE t (n UInt8) ENGINE = Distributed('default', 'default', 't')",
        "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', CSV, 'n UInt8')",
        "SELECT * FROM mongodb('127.0.0.1:27017', 'd', 'c', 'u', 'p', 'n UInt8')",
        "SELECT * FROM redis('127.0.0.1:6379', 'k', 'k String, v String')",
        "CREATE DICTIONARY d (k UInt64, v String) PRIMARY KEY k SOURCE(HTTP(URL '{url}' FORMAT CSV)) "
        "LAYOUT(FLAT()) LIFETIME(0)",
        "CREATE TABLE t (n UInt8) ENGINE = Kafka('127.0.0.1:9092', 'topic', 'group', 'CSV')",
        "CREATE NAMED COLLECTION c AS url = '{url}'",
    ],
)
def the_network_is_out_of_reach(client, listener, statement):
    url, calls = listener
    try:
        client.command(statement.replace("{url}", url))
    except DatabaseError as error:
        # 46, 48, 56: this engine was built without it. 701: there is no cluster.
        assert error.code in (497, 46, 48, 56, 701), str(error)
    else:
        assert statement.startswith("CREATE DICTIONARY"), "it was let through"
        with pytest.raises(DatabaseError):
            client.command("SELECT * FROM d")
    assert calls == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE USER someone",
        "GRANT ALL ON *.* TO default",
        "CREATE ROLE r",
        "ALTER USER default IDENTIFIED BY 'x'",
        "SYSTEM SHUTDOWN",
        "SYSTEM KILL",
        "SYSTEM RELOAD CONFIG",
    ],
)
def rights_and_the_process_itself_are_out_of_reach(client, statement):
    with pytest.raises(DatabaseError):
        client.command(statement)
    assert client.command("SELECT 1") == 1


@pytest.mark.parametrize("setting", ["allow_introspection_functions", "readonly"])
def a_setting_does_not_widen_the_rights(client, secret_file, setting):
    for value in (0, 1, 2):
        with pytest.raises(DatabaseError):
            client.command(f"SELECT * FROM file('{secret_file}', CSV)", settings={setting: value})

"""Connecting: credentials, ping, what the client reads first, headers of an answer."""

from __future__ import annotations

import re
import stat
import uuid

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from warehouse import USER


def a_client_learns_version_zone_and_settings(connect):
    client = connect()
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", client.server_version)
    assert str(client.server_tz) == "UTC"
    assert len(client.server_settings) > 500
    assert client.min_version("25.8")


def the_settings_that_the_client_sets_are_writable(connect):
    client = connect()
    for name in ("date_time_input_format", "enable_http_compression", "send_progress_in_http_headers"):
        assert client.server_settings[name].readonly == 0, name
    assert client.command("SELECT getSetting('cancel_http_readonly_queries_on_client_close')") in (
        1,
        "true",
        True,
    )


def ping_needs_no_password_and_says_when_nobody_is_there(connect, warehouse):
    client = connect()
    assert client.ping() is True
    assert client.http.request("GET", f"{client.url}/ping").data == b"Ok.\n"
    assert client.http.request("GET", f"{client.url}/replicas_status").data == b"Ok.\n"
    client.url = "http://127.0.0.1:9"
    client._backend.url = client.url
    assert client.ping() is False


def the_password_file_is_the_owners_alone(warehouse):
    assert stat.S_IMODE((warehouse.data / "password").stat().st_mode) == 0o600
    assert len(warehouse.password) >= 20


@pytest.mark.parametrize(
    "credentials",
    [
        {"password": "wrong"},
        {"password": ""},
        {"username": "default", "password": ""},
        {"username": "somebody"},
        {"username": "bionicpro' OR '1'='1"},
    ],
    ids=str,
)
def a_wrong_credential_is_refused(connect, credentials):
    with pytest.raises(DatabaseError) as refused:
        connect(**credentials)
    # The engine's own account has its one session already.
    expected = (
        (700, "USER_SESSION_LIMIT_EXCEEDED")
        if "default" in credentials.values()
        else (516, "AUTHENTICATION_FAILED")
    )
    assert (refused.value.code, refused.value.name) == expected


def a_refusal_does_not_repeat_the_password(connect):
    with pytest.raises(DatabaseError) as refused:
        connect(password="a-secret-that-nobody-set")
    assert "a-secret-that-nobody-set" not in str(refused.value)


def each_way_of_giving_the_password_works(connect, warehouse):
    http = connect().http
    url = f"http://{warehouse.host}:{warehouse.port}/"
    query = {"query": "SELECT 42"}
    ways = [
        (query, {"X-ClickHouse-User": USER, "X-ClickHouse-Key": warehouse.password}),
        ({**query, "user": USER, "password": warehouse.password}, {}),
    ]
    for fields, headers in ways:
        answer = http.request("GET", url, fields=fields, headers=headers)
        assert (answer.status, answer.data) == (200, b"42\n"), answer.data
    assert http.request("GET", url, fields=query).status == 403


def a_database_that_does_not_exist_is_named(connect):
    with pytest.raises(DatabaseError) as refused:
        connect(database="no_such_database")
    assert refused.value.code == 81
    assert "no_such_database" in str(refused.value)


def nobody_listening_is_an_operational_error():
    with pytest.raises(OperationalError):
        clickhouse_connect.get_client(host="127.0.0.1", port=9, username=USER, password="x")


def a_dsn_connects(connect, warehouse, database):
    client = clickhouse_connect.get_client(
        dsn=f"http://{USER}:{warehouse.password}@{warehouse.host}:{warehouse.port}/{database}"
    )
    assert client.command("SELECT currentDatabase()") == database
    client.close()


def the_query_id_is_the_callers_and_comes_back(connect):
    client = connect()
    mine = str(uuid.uuid4())
    assert client.query("SELECT 1", settings={"query_id": mine}).query_id == mine
    silent = connect(autogenerate_query_id=False)
    assert uuid.UUID(silent.query("SELECT 1").query_id)


def an_answer_says_format_zone_and_name(connect):
    client = connect()
    answer = client.raw_stream("SELECT 1 AS n", fmt="CSVWithNames")
    assert answer.read() == b'"n"\n1\n'
    assert answer.headers["X-ClickHouse-Format"] == "CSVWithNames"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["Content-Type"].startswith("text/csv")


def the_summary_counts_what_was_read_and_written(client):
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    written = client.insert("t", [[n] for n in range(1000)], column_names=["n"])
    assert written.written_rows == 1000
    assert written.written_bytes() == 8000
    assert uuid.UUID(written.query_id())
    read = client.query("SELECT * FROM t").summary
    assert (read["read_rows"], read["read_bytes"], read["result_rows"]) == ("1000", "8000", "1000")
    assert int(read["elapsed_ns"]) > 0
    copied = client.command("INSERT INTO t SELECT n + 1000 FROM t")
    assert copied.written_rows == 1000

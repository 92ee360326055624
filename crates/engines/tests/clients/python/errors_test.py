"""Errors: the class, the code, the name and the text that a server gives."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError


@pytest.mark.parametrize(
    ("statement", "code", "name", "status"),
    [
        ("SELEKT 1", 62, "SYNTAX_ERROR", 400),
        ("SELECT 1; SELECT 2", 62, "SYNTAX_ERROR", 400),
        ("SELECT * FROM nowhere", 60, "UNKNOWN_TABLE", 404),
        ("SELECT * FROM no_database.t", 81, "UNKNOWN_DATABASE", 404),
        ("SELECT no_column FROM system.one", 47, "UNKNOWN_IDENTIFIER", 404),
        ("SELECT no_function(1)", 46, "UNKNOWN_FUNCTION", 404),
        ("SELECT 1 FORMAT NoFormat", 73, "UNKNOWN_FORMAT", 404),
        ("SELECT 1 SETTINGS no_such_setting = 1", 115, "UNKNOWN_SETTING", 404),
        ("SELECT toUInt8('x')", 6, "CANNOT_PARSE_TEXT", 400),
        ("SELECT CAST('x' AS Enum('a' = 1))", 691, "UNKNOWN_ELEMENT_OF_ENUM", 500),
        ("SELECT intDiv(1, 0)", 153, "ILLEGAL_DIVISION", 500),
        ("SELECT 'a' + 1", 43, "ILLEGAL_TYPE_OF_ARGUMENT", 500),
        ("DROP TABLE nowhere", 60, "UNKNOWN_TABLE", 404),
        ("INSERT INTO nowhere VALUES (1)", 60, "UNKNOWN_TABLE", 404),
    ],
)
def an_error_has_the_code_name_and_status_of_a_server(client, statement, code, name, status):
    with pytest.raises(DatabaseError) as refused:
        client.command(statement)
    assert (refused.value.code, refused.value.name) == (code, name)
    assert not isinstance(refused.value, (OperationalError, ProgrammingError))
    answer = client.http.request(
        "POST",
        client.url,
        body=statement,
        fields=None,
        headers={**client.headers, "X-ClickHouse-Database": client.database},
    )
    assert answer.status == status
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code)
    text = answer.data.decode()
    assert text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in text
    assert "(version " in text


def an_error_leaves_the_client_usable(client):
    for _ in range(20):
        with pytest.raises(DatabaseError):
            client.query("SELECT * FROM nowhere")
        assert client.query("SELECT 1").result_rows == [(1,)]


def an_empty_statement_is_a_syntax_error(client):
    with pytest.raises(DatabaseError) as refused:
        client._raw_request(b"", {"query": " "})
    assert refused.value.code == 62


def an_unknown_setting_in_the_url_is_named(client):
    with pytest.raises(DatabaseError) as refused:
        client.command("SELECT 1", settings={"no_such_setting": "1"})
    assert (refused.value.code, refused.value.name) == (115, "UNKNOWN_SETTING")
    assert "no_such_setting" in str(refused.value)


def a_setting_of_another_type_is_refused(client):
    with pytest.raises(DatabaseError) as refused:
        client.command("SELECT 1", settings={"max_threads": "many"})
    assert refused.value.code is not None


def a_path_that_nobody_answers_is_not_found(client):
    answer = client.http.request("GET", f"{client.url}/no/such/path", headers=client.headers)
    assert answer.status == 404


def a_get_request_cannot_write(client):
    answer = client.http.request(
        "GET", client.url, fields={"query": "CREATE DATABASE written_by_get"}, headers=client.headers
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert client.command("EXISTS DATABASE written_by_get") == 0


def a_memory_limit_ends_a_query_and_not_the_warehouse(client):
    with pytest.raises(DatabaseError) as refused:
        client.query(
            "SELECT groupArray(number) FROM numbers(10000000)", settings={"max_memory_usage": 10_000_000}
        )
    assert (refused.value.code, refused.value.name) == (241, "MEMORY_LIMIT_EXCEEDED")
    assert client.query("SELECT 1").result_rows == [(1,)]

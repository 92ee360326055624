"""Parameters: bound by the server, whatever they hold."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from ipaddress import IPv4Address

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

HOSTILE = [
    "",
    "it's",
    "'; DROP TABLE t; --",
    "\\' OR 1=1 --",
    "tab\tnew\nline\rnull\0end",
    "back\\slash\\n",
    "{x:String}",
    "%s %(x)s {x}",
    "a+b&c=d%26#e?f;g",
    "Ивáн 🦾 مرحبا",
    "\N{BYTE ORDER MARK}bom",
    "NULL",
    "\\N",
    '`"$$/*--*/',
    "x" * 100_000,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value[:24]))
def a_string_arrives_as_it_was_sent(client, value):
    result = client.query("SELECT {x:String}, length({x:String})", parameters={"x": value})
    assert result.result_rows == [(value, len(value.encode()))]


@pytest.mark.parametrize("value", HOSTILE[:-1], ids=lambda value: repr(value[:24]))
def a_string_arrives_in_a_form(connect, value):
    client = connect(form_encode_query_params=True)
    assert client.query("SELECT {x:String}", parameters={"x": value}).result_rows == [(value,)]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("UInt8", 255),
        ("Int64", -(2**63)),
        ("UInt256", 2**256 - 1),
        ("Float64", 0.1),
        ("Bool", True),
        ("Date", datetime.date(2026, 11, 23)),
        ("DateTime('UTC')", datetime.datetime(2026, 11, 23, 10, 20, 30)),
        ("DateTime64(6, 'UTC')", datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)),
        ("UUID", uuid.UUID("019aa000-0000-7000-8000-000000000001")),
        ("IPv4", IPv4Address("10.0.0.1")),
        ("Decimal(18, 4)", Decimal("-12345.6789")),
        ("Array(String)", ["a", "it's", "b\\", ""]),
        ("Array(Array(Int32))", [[1, 2], [], [-3]]),
        ("Array(Nullable(String))", ["a", None, "NULL"]),
        ("Nullable(String)", None),
        ("Nullable(Int32)", None),
        ("Nullable(Int32)", 5),
        ("Tuple(Int32, String)", (1, "it's")),
        ("LowCardinality(String)", "x"),
    ],
    ids=str,
)
def a_value_of_each_type_arrives(client, kind, value):
    result = client.query(f"SELECT {{x:{kind}}} AS x", parameters={"x": value})
    assert result.result_rows == [(value,)]


def a_parameter_may_name_a_table_and_a_column(client, database):
    client.command("CREATE TABLE `odd name` (`a b` UInt8) ENGINE = Memory")
    client.command("INSERT INTO `odd name` VALUES (5)")
    result = client.query(
        "SELECT {column:Identifier} FROM {database:Identifier}.{table:Identifier}",
        parameters={"column": "a b", "database": database, "table": "odd name"},
    )
    assert result.result_rows == [(5,)]


def a_parameter_binds_in_a_command_and_an_insert(client):
    client.command("CREATE TABLE t (n Int32, s String) ENGINE = MergeTree ORDER BY n")
    client.command(
        "INSERT INTO t SELECT number, {s:String} FROM numbers({n:UInt64})", parameters={"s": "it's", "n": 3}
    )
    client.command(
        "ALTER TABLE t DELETE WHERE n = {n:Int32} SETTINGS mutations_sync = 2", parameters={"n": 1}
    )
    assert client.query("SELECT * FROM t ORDER BY n").result_rows == [(0, "it's"), (2, "it's")]


def a_parameter_that_is_missing_is_named(client):
    with pytest.raises(DatabaseError) as refused:
        client.query("SELECT {nowhere:String}")
    assert refused.value.code == 456
    assert "nowhere" in str(refused.value)


def a_parameter_of_another_type_is_refused(client):
    with pytest.raises(DatabaseError) as refused:
        client.query("SELECT {n:UInt8}", parameters={"n": "no number"})
    assert refused.value.code in (27, 457)


def a_parameter_is_a_value_and_never_sql(client):
    client.command("CREATE TABLE t (s String) ENGINE = Memory")
    client.command("INSERT INTO t VALUES ('a'), ('b')")
    result = client.query("SELECT count() FROM t WHERE s = {s:String}", parameters={"s": "a' OR '1'='1"})
    assert result.result_rows == [(0,)]


def parameters_bound_by_the_client_work_too(client):
    result = client.query("SELECT %(s)s, %(n)s", parameters={"s": "it's \\ \n", "n": [1, 2]})
    assert result.result_rows == [("it's \\ \n", [1, 2])]


def a_parameter_does_not_outlive_its_query(connect):
    client = connect(session_id=str(uuid.uuid4()))
    client.query("SELECT {x:String}", parameters={"x": "kept?"})
    with pytest.raises(DatabaseError) as refused:
        client.query("SELECT {x:String}")
    assert refused.value.code == 456
